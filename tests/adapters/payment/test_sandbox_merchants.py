"""What the gateway refuses of merchants: by requests that are signed by hand."""

import json
from typing import Any

import pytest

from custom_components.compere_prepaid.adapters.payment.wechat.settings import private_key_of
from custom_components.compere_prepaid.adapters.payment.wechat.signing import Signer
from tests.adapters.payment.shop import Shop

QUERY = "/v3/pay/transactions/out-trade-no/NOBODY0001"


class Merchant:
    """Signs and sends requests, whatever they are."""

    def __init__(self, shop: Shop) -> None:
        """Be the shop's merchant."""
        self.shop = shop
        keys = shop.settings
        self.signer = Signer(keys.mchid, keys.merchant_serial, private_key_of(keys))

    async def ask(
        self, method: str, target: str, body: object = None, authorization: str | None = None
    ) -> tuple[int, str]:
        """Return status and code of an answer."""
        data = (
            b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        )
        if authorization is None:
            authorization = self.sign(method, target, data)
        async with self.shop.session.request(
            method,
            f"{self.shop.gateway.base_url}{target}",
            data=data or None,
            headers={"Authorization": authorization},
        ) as answer:
            text = await answer.text()
            return answer.status, json.loads(text).get("code", "") if text else ""

    def sign(self, method: str, target: str, data: bytes, off_s: int = 0) -> str:
        """Return the header of a request."""
        at = int(self.shop.clock.now().timestamp()) + off_s
        return self.signer.authorization(method, target, data, at)


@pytest.fixture
def merchant(shop: Shop) -> Merchant:
    """Return the shop's merchant."""
    return Merchant(shop)


async def test_signatures(shop: Shop, merchant: Merchant) -> None:
    """Nothing is answered to who does not sign exactly what is sent, now."""
    target = f"{QUERY}?mchid={shop.settings.mchid}"
    good = merchant.sign("GET", target, b"")
    assert await merchant.ask("GET", target, authorization=good) == (404, "ORDER_NOT_EXIST")
    for wrong in (
        "",
        good.replace("RSA2048", "RSA4096"),
        good.replace("mchid", "mch"),
        good.replace(shop.settings.mchid, "1"),
        good.replace(shop.settings.merchant_serial, "0" * 40),
        f'{good},mchid="{shop.settings.mchid}"',
        good.replace('signature="', 'signature="A'),
        merchant.sign("GET", target, b"", off_s=301),
        merchant.sign("GET", target, b"", off_s=-301),
        merchant.sign("POST", target, b""),
        merchant.sign("GET", QUERY, b""),
        merchant.sign("GET", target, b"\n"),
    ):
        assert await merchant.ask("GET", target, authorization=wrong) == (401, "SIGN_ERROR")
    in_other_order = ",".join(reversed(good.split(" ", 1)[1].split(",")))
    answer = await merchant.ask(
        "GET", target, authorization=f"WECHATPAY2-SHA256-RSA2048 {in_other_order}"
    )
    assert answer == (404, "ORDER_NOT_EXIST")


async def test_questions_that_are_wrong(shop: Shop, merchant: Merchant) -> None:
    """Each is refused with a word of its own."""
    order = await shop.paid("50")
    txn = shop.gateway.transaction_of(order.id)
    amount = {"refund": 100, "total": 5000, "currency": "CNY"}
    refunds = "/v3/refund/domestic/refunds"
    cases: list[tuple[str, str, Any, tuple[int, str]]] = [
        ("GET", f"{QUERY}?mchid=1", None, (400, "MCH_NOT_EXISTS")),
        ("POST", f"{QUERY}/close", {"mchid": "1"}, (400, "PARAM_ERROR")),
        ("POST", f"{QUERY}/close", b"[]", (400, "PARAM_ERROR")),
        ("POST", f"{QUERY}/close", b"{", (400, "PARAM_ERROR")),
        ("GET", "/v3/bill/tradebill?bill_date=x", None, (400, "PARAM_ERROR")),
        ("GET", "/v3/bill/tradebill?bill_date=2026-01-01", None, (400, "PARAM_ERROR")),
        ("POST", refunds, {"out_refund_no": ""}, (400, "PARAM_ERROR")),
        ("POST", refunds, {"out_refund_no": "R1"}, (400, "PARAM_ERROR")),
        (
            "POST",
            refunds,
            {"out_refund_no": "R1", "amount": {"refund": 0, "total": 1}},
            (400, "PARAM_ERROR"),
        ),
        (
            "POST",
            refunds,
            {"out_refund_no": "R1", "transaction_id": "4200", "amount": amount},
            (404, "RESOURCE_NOT_EXISTS"),
        ),
        (
            "POST",
            refunds,
            {"out_refund_no": "R1", "transaction_id": txn, "amount": amount | {"total": 1}},
            (400, "INVALID_REQUEST"),
        ),
        (
            "POST",
            refunds,
            {"out_refund_no": "R1", "out_trade_no": order.id, "amount": amount},
            (200, ""),
        ),
        (
            "POST",
            refunds,
            {"out_refund_no": "R1", "transaction_id": txn, "amount": amount | {"refund": 2}},
            (403, "INVALID_REQUEST"),
        ),
    ]
    for method, target, body, expected in cases:
        assert await merchant.ask(method, target, body) == expected, (target, body)


async def test_bills_are_fetched_by_who_asked(shop: Shop, merchant: Merchant) -> None:
    """The file has an address that nobody guesses, and its merchant signs for it."""
    target = "/v3/billdownload/file?token=guess"
    async with shop.session.get(f"{shop.gateway.base_url}{target}") as answer:
        assert answer.status == 401
    headers = {"Authorization": merchant.sign("GET", target, b"")}
    async with shop.session.get(f"{shop.gateway.base_url}{target}", headers=headers) as answer:
        assert answer.status == 404
