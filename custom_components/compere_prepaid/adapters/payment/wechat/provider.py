"""WeChat Pay (API v3, direct merchant) as a payment provider.

A request repeats the parameters that were stored when it was first made: with the same order number
and the same parameters WeChat answers for the same order, with others it refuses. Amounts are whole
fen there; its days are China's.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from http import HTTPStatus
import json
import secrets
from typing import Any
from urllib.parse import quote

from aiohttp import ClientSession

from ....core.clock import Clock
from ....core.errors import InvalidInputError
from ....core.ledger.payment_rows import Method, PayOrder, ProviderRefund
from ....core.money.amount import Amount, Currency
from ....core.payment.provider import (
    BadNoticeError,
    BillEntry,
    BillMissingError,
    Capability,
    Checkout,
    HttpReply,
    Jsapi,
    Notice,
    NoticeFault,
    Outcome,
    Payer,
    PaymentState,
    Qr,
    Redirect,
    RefundOutcome,
    RefundState,
    RejectedError,
    RetryableError,
    Unknown,
    Unpaid,
)
from ...clock import SystemClock
from .bill import read_bill, unpacked
from .client import Answer, WeChatClient
from .login import WeChatLogin
from .reading import CHINA, payment_state, read_json, refund_state, text_of
from .resource import decrypt
from .settings import WeChatSettings, check, private_key_of, public_key_of
from .signing import Signer
from .trial import try_settings
from .verifying import Doubt, NotGenuineError, Verifier

CURRENCY = "CNY"
NOTICE_LIMIT = 64 * 1024

BILL_READY = time(10)
"""A day's bill is there by this time of the next day, in China."""

_PATHS = {Method.JSAPI: "jsapi", Method.REDIRECT: "h5", Method.QR: "native"}
_TEXTS = {"zh-Hans": "预付电费充值", "ms": "Tambah nilai elektrik", "en": "Electricity top-up"}
_REASON_BYTES = 80
_FAULTS = {
    Doubt.UNSIGNED: NoticeFault.NOISE,
    Doubt.PROBE: NoticeFault.NOISE,
    Doubt.TIME: NoticeFault.TIME,
}
_DEVICES = frozenset({"iOS", "Android", "Wap"})


class WeChatProvider:
    """One merchant's account. Implements `PaymentProvider`."""

    def __init__(
        self,
        key: str,
        settings: WeChatSettings,
        *,
        session: ClientSession,
        currency: Currency,
        notify_url: Callable[[], str],
        is_sandbox: bool = False,
        clock: Clock | None = None,
    ) -> None:
        """Read the keys; nothing is asked yet. `notify_url` tells where notices go to from now on.

        Raises `InvalidInputError`, whose key says which setting cannot work.
        """
        check(settings)
        if currency.code != CURRENCY and not is_sandbox:
            raise InvalidInputError("wechat_currency", currency=currency.code)
        self._key = key
        self._settings = settings
        self._currency = currency
        self._notify_url = notify_url
        self._is_sandbox = is_sandbox
        self._clock = clock or SystemClock()
        self._signer = Signer(settings.mchid, settings.merchant_serial, private_key_of(settings))
        known = {settings.public_key_id: public_key_of(settings)} if settings.public_key_id else {}
        self._client = WeChatClient(settings, self._signer, Verifier(known), session, self._clock)
        self.login = WeChatLogin(settings, session) if settings.app_secret else None
        """Learns a payer's openid, which JSAPI needs; None where no secret was given."""

    @property
    def key(self) -> str:
        """Name the provider within the site."""
        return self._key

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Everything but charging while nobody is there."""
        return frozenset(Capability) - {Capability.AUTOMATIC}

    @property
    def methods(self) -> frozenset[Method]:
        """What the contract has; inside WeChat only with a way to learn who pays."""
        hidden = set() if self.login else {Method.JSAPI}
        return (self._settings.methods & frozenset(_PATHS)) - hidden

    @property
    def is_sandbox(self) -> bool:
        """Tell whether this speaks to the bundled gateway."""
        return self._is_sandbox

    def today(self, now: datetime) -> date:
        """Return the day in China."""
        return now.astimezone(CHINA).date()

    def parameters(self, order: PayOrder, payer: Payer) -> str:
        """Return what `create` will ask; raises `InvalidInputError` for what cannot be asked."""
        request: dict[str, Any] = {
            "appid": self._settings.appid,
            "mchid": self._settings.mchid,
            "description": _description(order, payer.language),
            "out_trade_no": order.id,
            "time_expire": order.expires_at.astimezone(CHINA).isoformat(timespec="seconds"),
            "notify_url": self._notify_url(),
            "amount": {"total": self._units(order.amount), "currency": self._currency.code},
        }
        if payer.method not in self.methods:
            raise InvalidInputError("wechat_method_missing", method=payer.method.value)
        if payer.method is Method.JSAPI:
            if not payer.openid:
                raise InvalidInputError("wechat_openid_missing")
            request["payer"] = {"openid": payer.openid}
        if payer.method is Method.REDIRECT:
            kind = payer.device if payer.device in _DEVICES else "Wap"
            request["scene_info"] = {
                "payer_client_ip": payer.client_ip or "127.0.0.1",
                "h5_info": {"type": kind},
            }
        return json.dumps(
            {"request": request, "return_url": payer.return_url},
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
        )

    async def create(self, order: PayOrder) -> Checkout:
        """Ask for the order; asking again gives a fresh way to pay the same one."""
        stored = json.loads(order.params)
        answer = await self._client.ask(
            "POST", f"/v3/pay/transactions/{_PATHS[order.method]}", stored["request"]
        )
        data = answer.expect()
        try:
            match order.method:
                case Method.JSAPI:
                    return Jsapi(
                        parameters=self._signer.bridge_parameters(
                            stored["request"]["appid"],
                            text_of(data, "prepay_id"),
                            int(self._clock.now().timestamp()),
                        )
                    )
                case Method.QR:
                    return Qr(text=_address(data, "code_url"))
                case _:
                    return Redirect(url=_page(data, "h5_url", stored["return_url"]))
        except NotGenuineError as error:
            raise RetryableError("wechat_answer_strange", reason=order.method.value) from error

    async def query(self, order: PayOrder) -> PaymentState:
        """Ask for the order; an answer about another order is none."""
        target = f"{_order_path(order)}?mchid={self._settings.mchid}"
        try:
            answer = await self._client.ask("GET", target)
            if answer.code == "ORDER_NOT_EXIST" and answer.is_genuine:
                return Unpaid(order_id=order.id, is_final=False, reason=answer.code)
            state = self._payment(dict(answer.expect()))
        except (RetryableError, RejectedError) as error:
            return Unknown(order_id=order.id, reason=str(error))
        except NotGenuineError as error:
            return Unknown(order_id=order.id, reason=error.doubt.value)
        if state.order_id != order.id:
            return Unknown(order_id=order.id, reason=f"told of {state.order_id}")
        return state

    async def close(self, order: PayOrder) -> PaymentState:
        """Close the order; one that could not be closed may have been paid: it is asked for."""
        try:
            answer = await self._client.ask(
                "POST", f"{_order_path(order)}/close", {"mchid": self._settings.mchid}
            )
        except (RetryableError, RejectedError) as error:
            return Unknown(order_id=order.id, reason=str(error))
        if _is_over(answer):
            return Unpaid(order_id=order.id, is_final=True, reason=answer.code or "CLOSED")
        return await self.query(order)

    def parse_notice(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Verify, decrypt and read a notice."""
        if len(body) > NOTICE_LIMIT:
            raise BadNoticeError("too long", NoticeFault.NOISE)
        try:
            self._client.verifier.verify(headers, body, now)
            notice = read_json(body)
            return Notice(id=text_of(notice, "id"), news=self._news(notice))
        except NotGenuineError as error:
            fault = _FAULTS.get(error.doubt, NoticeFault.SIGNATURE)
            raise BadNoticeError(error.doubt.value, fault) from error

    def ack(self, outcome: Outcome) -> HttpReply:
        """Answer a notice; whatever is no success makes WeChat send it again."""
        match outcome:
            case Outcome.ACCEPTED:
                return HttpReply(status=HTTPStatus.NO_CONTENT)
            case Outcome.REFUSED:
                return HttpReply(
                    status=HTTPStatus.BAD_REQUEST, body=b'{"code":"FAIL","message":"refused"}'
                )
        return HttpReply(
            status=HTTPStatus.INTERNAL_SERVER_ERROR, body=b'{"code":"FAIL","message":"try again"}'
        )

    async def refund(self, refund: ProviderRefund, paid: Amount) -> RefundState:
        """Ask for the refund; its number makes asking again harmless.

        Only a refusal that WeChat signed is one: an earlier answer may have been lost, and the
        money be on its way.
        """
        answer = await self._client.ask(
            "POST",
            "/v3/refund/domestic/refunds",
            {
                "transaction_id": refund.txn,
                "out_refund_no": refund.id,
                "reason": _cut(refund.reason, _REASON_BYTES) or "refund",
                "notify_url": self._notify_url(),
                "amount": {
                    "refund": self._units(refund.amount),
                    "total": self._units(paid),
                    "currency": self._currency.code,
                },
            },
        )
        if not answer.is_genuine:
            raise RetryableError("wechat_not_genuine", reason=answer.code or answer.status)
        try:
            return _of_this(refund, refund_state(dict(answer.expect()), "status"))
        except NotGenuineError as error:
            raise RetryableError("wechat_answer_strange", reason="refund") from error

    async def query_refund(self, refund: ProviderRefund) -> RefundState:
        """Ask for the refund."""
        try:
            answer = await self._client.ask(
                "GET", f"/v3/refund/domestic/refunds/{quote(refund.id, safe='')}"
            )
            if answer.is_genuine and answer.code == "RESOURCE_NOT_EXISTS":
                return RefundState(
                    refund_id=refund.id, outcome=RefundOutcome.MISSING, reason=answer.code
                )
            return _of_this(refund, refund_state(dict(answer.expect()), "status"))
        except (RetryableError, RejectedError) as error:
            reason = str(error)
        except NotGenuineError as error:
            reason = error.doubt.value
        return RefundState(refund_id=refund.id, outcome=RefundOutcome.UNKNOWN, reason=reason)

    async def bill(self, day: date) -> AsyncIterator[BillEntry]:
        """Fetch the day's trade bill, unpack it and check its hash."""
        ready = datetime.combine(day + timedelta(days=1), BILL_READY, CHINA)
        if self._clock.now() < ready.astimezone(UTC) and not self._is_sandbox:
            raise RetryableError("wechat_bill_not_ready", day=day)
        answer = await self._client.ask(
            "GET", f"/v3/bill/tradebill?bill_date={day}&bill_type=ALL&tar_type=GZIP"
        )
        if answer.code == "NO_STATEMENT_EXIST":
            raise BillMissingError("wechat_bill_missing", day=day)
        data = answer.expect()
        try:
            packed = await self._client.fetch_file(_address(data, "download_url"))
            text = await unpacked(packed, text_of(data, "hash_type"), text_of(data, "hash_value"))
        except NotGenuineError as error:
            raise RetryableError("wechat_bill_damaged", day=day) from error
        try:
            entries = await asyncio.to_thread(
                read_bill,
                text,
                mchid=self._settings.mchid,
                appid=self._settings.appid,
                currency=self._currency,
            )
        except (NotGenuineError, ValueError) as error:
            raise RetryableError("wechat_bill_unreadable", day=day) from error
        for entry in entries:
            yield entry

    async def try_out(self) -> None:
        """Have WeChat prove each setting that can be proven."""
        await try_settings(self._settings, self._client, self.login, secrets.token_hex(13))

    def _news(self, notice: dict[str, Any]) -> PaymentState | RefundState | None:
        event = text_of(notice, "event_type")
        if event.startswith("TRANSACTION."):
            return self._payment(self._content(notice))
        if event.startswith("REFUND."):
            content = self._content(notice)
            if text_of(content, "mchid") != self._settings.mchid:
                return None
            return refund_state(content, "refund_status")
        return None

    def _content(self, notice: dict[str, Any]) -> dict[str, Any]:
        return read_json(decrypt(self._settings.apiv3_key.encode(), notice.get("resource")))

    def _payment(self, data: dict[str, Any]) -> PaymentState:
        return payment_state(
            data,
            mchid=self._settings.mchid,
            appid=self._settings.appid,
            currency=self._currency,
        )

    def _units(self, amount: Amount) -> int:
        """Return an amount in the currency's smallest coin (fen)."""
        units, rest = divmod(amount, self._currency.minor)
        if rest:
            raise InvalidInputError(
                "amount_too_precise",
                amount=self._currency.exact(amount),
                digits=self._currency.digits,
                currency=self._currency.code,
            )
        return units


def _order_path(order: PayOrder) -> str:
    return f"/v3/pay/transactions/out-trade-no/{quote(order.id, safe='')}"


def _is_over(answer: Answer) -> bool:
    """Tell whether nothing can be paid any more, by the answer to closing."""
    if answer.is_done:
        return True
    return answer.is_genuine and answer.code in {"ORDER_CLOSED", "ORDER_NOT_EXIST"}


def _of_this(refund: ProviderRefund, state: RefundState) -> RefundState:
    """Return the state if it is this refund's."""
    if state.refund_id != refund.id:
        raise NotGenuineError(Doubt.CONTENT)
    return state


def _description(order: PayOrder, language: str) -> str:
    """Return what stands on the payer's own bill: no name, no whole number."""
    text = _TEXTS.get(language, _TEXTS["en"])
    return f"{text} …{order.meter[-4:]}" if order.meter else text


def _page(data: Mapping[str, Any], name: str, return_url: str) -> str:
    """Return a page's address that says where to go afterwards."""
    url = _address(data, name)
    if not url.startswith(("https://", "http://")):
        raise NotGenuineError(Doubt.CONTENT)
    if not return_url:
        return url
    return f"{url}{'&' if '?' in url else '?'}redirect_url={quote(return_url, safe='')}"


def _address(data: Mapping[str, Any], name: str) -> str:
    """Return a field that is an address."""
    value = data.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 2048:
        raise NotGenuineError(Doubt.CONTENT)
    return value


def _cut(text: str, size: int) -> str:
    """Return as much of a text as fits into so many bytes."""
    with suppress(UnicodeEncodeError):
        return text.encode()[:size].decode(errors="ignore")
    return ""
