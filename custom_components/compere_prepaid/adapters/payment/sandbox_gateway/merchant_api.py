"""What the gateway offers to the merchant's machine: WeChat Pay v3 over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta
from http import HTTPStatus
import json
import secrets
from typing import Any

from aiohttp import web

from .arithmetic import authorization_fields, decoded, is_signed, request_text
from .asking import MerchantFaultError, check_order, check_refund, wrong
from .bills import Bills
from .keys import BEGINS, ENDS
from .notices import refund_data, transaction
from .orders import Order
from .state import GatewayState

_AGE_LIMIT_S = 300
_LONGEST_ORDER = timedelta(days=7)
_PIECES = 20


class MerchantApi:
    """Answers the merchant."""

    def __init__(self, state: GatewayState, bills: Bills) -> None:
        """Nothing is served yet."""
        self._state = state
        self._bills = bills
        self._files: dict[str, bytes] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return all routes."""
        transactions = "/v3/pay/transactions"
        table: list[tuple[str, str, Callable[[web.Request, bytes], Awaitable[Any]]]] = [
            ("POST", f"{transactions}/{{kind:jsapi|h5|native}}", self._create),
            ("GET", f"{transactions}/out-trade-no/{{number}}", self._query),
            ("POST", f"{transactions}/out-trade-no/{{number}}/close", self._close),
            ("POST", "/v3/refund/domestic/refunds", self._refund),
            ("GET", "/v3/refund/domestic/refunds/{number}", self._query_refund),
            ("GET", "/v3/bill/tradebill", self._bill),
            ("GET", "/v3/certificates", self._certificates),
        ]
        return [
            *(web.route(method, path, self._answering(handler)) for method, path, handler in table),
            web.get("/v3/billdownload/file", self._file),
        ]

    def _answering(
        self, handler: Callable[[web.Request, bytes], Awaitable[Any]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Return a handler that checks the request's signature and signs the answer."""

        async def answer(request: web.Request) -> web.StreamResponse:
            body = await request.read()
            if self._state.faults.statuses:
                return web.Response(
                    status=self._state.faults.statuses.pop(0), text="<html>busy</html>"
                )
            try:
                self._check_signature(request, body)
                data = await handler(request, body)
                status = HTTPStatus.NO_CONTENT if data is None else HTTPStatus.OK
            except MerchantFaultError as error:
                data = {"code": error.code, "message": error.message}
                status = HTTPStatus(error.status)
            if self._state.faults.loses_answer() and request.transport is not None:
                request.transport.abort()
            return await self._send(request, status, data)

        return answer

    async def _send(
        self, request: web.Request, status: HTTPStatus, data: Mapping[str, Any] | None
    ) -> web.StreamResponse:
        body = b"" if data is None else json.dumps(data, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"}
        if status is not HTTPStatus.UNAUTHORIZED:
            asked = request.headers.get("Wechatpay-Serial", "")
            headers |= self._state.voice.headers(body, asked)
        if not (slow_s := self._state.faults.slow_answers_s):
            return web.Response(status=status, body=body, headers=headers)
        response = web.StreamResponse(status=status, headers=headers)
        await response.prepare(request)
        for at in range(0, len(body), max(1, len(body) // _PIECES)):
            await response.write(body[at : at + max(1, len(body) // _PIECES)])
            await asyncio.sleep(slow_s / _PIECES)
        return response

    def _check_signature(self, request: web.Request, body: bytes) -> None:
        fields = authorization_fields(request.headers.get("Authorization", ""))
        if fields is None or fields["mchid"] != self._state.keys.mchid:
            raise MerchantFaultError(HTTPStatus.UNAUTHORIZED, "SIGN_ERROR", "merchant")
        if fields["serial_no"] != self._state.keys.merchant_serial:
            raise MerchantFaultError(HTTPStatus.UNAUTHORIZED, "SIGN_ERROR", "serial_no")
        at = fields["timestamp"]
        now = int(self._state.voice.now().timestamp())
        if not at.isdecimal() or abs(now - int(at)) > _AGE_LIMIT_S:
            raise MerchantFaultError(HTTPStatus.UNAUTHORIZED, "SIGN_ERROR", "timestamp")
        text = request_text(request.method, request.raw_path, fields, body)
        if not is_signed(self._state.merchant, text, decoded(fields["signature"])):
            raise MerchantFaultError(HTTPStatus.UNAUTHORIZED, "SIGN_ERROR", "signature")

    async def _create(self, request: web.Request, body: bytes) -> dict[str, str]:
        kind, asked = request.match_info["kind"], _object(body)
        trade_type = check_order(kind, asked, self._state.keys, self._state.currency.code)
        order = self._ordered(trade_type, asked)
        token = f"wx{secrets.token_urlsafe(20)}"
        self._state.book.add_token(order, token)
        await self._state.book.keep(order)
        if self._state.faults.notice_first and order.pay(self._state.voice.now()):
            await self._state.book.keep(order)
            await self._state.notices.tell(order)
        page = f"{self._state.payer_url}/pay/{token}"
        match kind:
            case "jsapi":
                return {"prepay_id": token}
            case "native":
                return {"code_url": page}
        return {"h5_url": f"{page}?package=1"}

    def _ordered(self, trade_type: str, asked: dict[str, Any]) -> Order:
        """Return the order of this number: a new one, or the same asked for again."""
        text = json.dumps([trade_type, asked], sort_keys=True, ensure_ascii=False)
        now = self._state.voice.now()
        if (order := self._state.book.orders.get(asked["out_trade_no"])) is not None:
            if order.request != text:
                raise MerchantFaultError(
                    HTTPStatus.FORBIDDEN, "OUT_TRADE_NO_USED", "number was used"
                )
            if (state := order.state_at(now)) != "NOTPAY":
                code = "ORDER_CLOSED" if state == "CLOSED" else "ORDERPAID"
                raise MerchantFaultError(HTTPStatus.BAD_REQUEST, code, "the order is over")
            return order
        expires = asked.get("time_expire", (now + _LONGEST_ORDER).isoformat(timespec="seconds"))
        soonest = now + timedelta(minutes=1)
        if datetime.fromisoformat(expires) < soonest:
            expires = soonest.isoformat(timespec="seconds")
        return Order(
            id=asked["out_trade_no"],
            trade_type=trade_type,
            request=text,
            total=asked["amount"]["total"],
            currency=self._state.currency.code,
            description=asked["description"],
            notify_url=asked["notify_url"],
            openid=asked.get("payer", {}).get("openid", ""),
            expires_at=expires,
        )

    async def _query(self, request: web.Request, _: bytes) -> dict[str, Any]:
        if request.query.get("mchid") != self._state.keys.mchid:
            raise MerchantFaultError(HTTPStatus.BAD_REQUEST, "MCH_NOT_EXISTS", "no such merchant")
        return transaction(
            self._order(request), self._state.book, self._state.voice, self._state.faults
        )

    async def _close(self, request: web.Request, body: bytes) -> None:
        if _object(body) != {"mchid": self._state.keys.mchid}:
            raise wrong("mchid")
        order = self._order(request)
        if self._state.faults.pay_while_closing:
            await self._state.pay(order)
        match order.state_at(self._state.voice.now()):
            case "CLOSED":
                raise MerchantFaultError(HTTPStatus.BAD_REQUEST, "ORDER_CLOSED", "closed before")
            case "SUCCESS":
                raise MerchantFaultError(HTTPStatus.BAD_REQUEST, "ORDERPAID", "the order is paid")
        if self._state.faults.user_paying:
            raise MerchantFaultError(HTTPStatus.ACCEPTED, "USER_PAYING", "the payer is paying")
        order.state = "CLOSED"
        await self._state.book.keep(order)

    async def _refund(self, _: web.Request, body: bytes) -> dict[str, Any]:
        asked = _object(body)
        number, amount, total = check_refund(asked)
        order = self._paid(asked)
        if (refund := self._state.book.refunds.get(number)) is not None:
            if (refund.order_id, refund.amount) != (order.id, amount):
                raise MerchantFaultError(HTTPStatus.FORBIDDEN, "INVALID_REQUEST", "number was used")
            return refund_data(refund, order, "status")
        if total != order.total:
            raise MerchantFaultError(HTTPStatus.BAD_REQUEST, "INVALID_REQUEST", "another total")
        if amount + sum(one.amount for one in self._state.book.refunds_of(order)) > total:
            raise MerchantFaultError(HTTPStatus.FORBIDDEN, "NOT_ENOUGH", "more than was paid")
        notify_url = asked.get("notify_url", order.notify_url)
        refund = await self._state.open_refund(order, number, amount, notify_url)
        answer = refund_data(refund, order, "status")
        await self._state.end_refund(refund)
        return answer

    async def _query_refund(self, request: web.Request, _: bytes) -> dict[str, Any]:
        if (refund := self._state.book.refunds.get(request.match_info["number"])) is None:
            raise MerchantFaultError(HTTPStatus.NOT_FOUND, "RESOURCE_NOT_EXISTS", "no such refund")
        return refund_data(refund, self._state.book.orders[refund.order_id], "status")

    async def _bill(self, request: web.Request, _: bytes) -> dict[str, str]:
        query = dict(request.query)
        try:
            day = date.fromisoformat(query.pop("bill_date", ""))
        except ValueError:
            raise wrong("bill_date") from None
        if query != {"bill_type": "ALL", "tar_type": "GZIP"}:
            raise wrong("bill_type")
        if day >= self._state.voice.now().date():
            raise MerchantFaultError(HTTPStatus.BAD_REQUEST, "STATEMENT_CREATING", "not there yet")
        if (bill := self._bills.write(day)) is None:
            raise MerchantFaultError(
                HTTPStatus.BAD_REQUEST, "NO_STATEMENT_EXIST", "nothing happened"
            )
        token = secrets.token_urlsafe(16)
        self._files = {token: bill[0]}
        return {
            "hash_type": "SHA1",
            "hash_value": bill[1],
            "download_url": f"{self._state.base_url}/v3/billdownload/file?token={token}",
        }

    async def _file(self, request: web.Request) -> web.Response:
        try:
            self._check_signature(request, b"")
        except MerchantFaultError as error:
            return web.Response(status=error.status)
        data = self._files.pop(request.query.get("token", ""), None)
        return (
            web.Response(status=HTTPStatus.NOT_FOUND) if data is None else web.Response(body=data)
        )

    async def _certificates(self, _: web.Request, __: bytes) -> dict[str, Any]:
        entry = {
            "serial_no": self._state.keys.certificate_serial,
            "effective_time": BEGINS.isoformat(),
            "expire_time": ENDS.isoformat(),
            "encrypt_certificate": self._state.voice.encrypted(self._state.keys.certificate),
        }
        return {"data": [entry]}

    def _order(self, request: web.Request) -> Order:
        if (order := self._state.book.orders.get(request.match_info["number"])) is None:
            raise MerchantFaultError(HTTPStatus.NOT_FOUND, "ORDER_NOT_EXIST", "no such order")
        return order

    def _paid(self, asked: dict[str, Any]) -> Order:
        """Return the paid order that is to be refunded."""
        for order in self._state.book.orders.values():
            if order.txn and asked.get("transaction_id") == order.txn:
                return order
        order_or_none = self._state.book.orders.get(asked.get("out_trade_no", ""))
        if order_or_none is None or not order_or_none.txn:
            raise MerchantFaultError(HTTPStatus.NOT_FOUND, "RESOURCE_NOT_EXISTS", "no such payment")
        return order_or_none


def _object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise wrong("body")
    return data
