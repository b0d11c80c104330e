"""What is believed of what arrives: nothing that was touched anywhere."""

import base64
from datetime import UTC, datetime
import json
from typing import cast

from aiohttp import ClientSession
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.compere_prepaid.adapters.clock import SystemClock
from custom_components.compere_prepaid.adapters.payment.sandbox_gateway.faults import Faults
from custom_components.compere_prepaid.adapters.payment.sandbox_gateway.voice import Voice
from custom_components.compere_prepaid.adapters.payment.wechat.provider import (
    NOTICE_LIMIT,
    WeChatProvider,
)
from custom_components.compere_prepaid.adapters.payment.wechat.settings import WeChatSettings
from custom_components.compere_prepaid.core.payment.provider import (
    BadNoticeError,
    Outcome,
    Paid,
    RefundOutcome,
    RefundState,
    Unpaid,
)
from tests.adapters.payment.shop import YUAN, shared_keys

KEYS = shared_keys()
FAULTS = Faults()
VOICE = Voice(KEYS, FAULTS, SystemClock())
PAYMENT = {
    "appid": KEYS.appid,
    "mchid": KEYS.mchid,
    "out_trade_no": "01JD0000000000000000000001",
    "transaction_id": "4200000000202611260000000001",
    "trade_state": "SUCCESS",
    "success_time": "2026-11-26T00:30:00+08:00",
    "amount": {"total": 5000, "payer_total": 4500, "currency": "CNY"},
}
REFUND = {
    "mchid": KEYS.mchid,
    "out_refund_no": "R1",
    "refund_id": "5030",
    "refund_status": "ABNORMAL",
}


def provider() -> WeChatProvider:
    """Return a provider that reads notices."""
    return WeChatProvider(
        "wechat",
        WeChatSettings(
            mchid=KEYS.mchid,
            appid=KEYS.appid,
            merchant_serial=KEYS.merchant_serial,
            merchant_key=KEYS.merchant_key,
            apiv3_key=KEYS.apiv3_key,
            public_key_id=KEYS.public_key_id,
            public_key=KEYS.public_key,
        ),
        session=cast("ClientSession", None),  # reading asks nobody
        currency=YUAN,
        notify_url=lambda: "https://pay.example/notify/wechat",
    )


PROVIDER = provider()


def notice(
    content: object = PAYMENT, event: str = "TRANSACTION.SUCCESS"
) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a genuine notice."""
    body = VOICE.notice("n-1", event, "transaction", json.loads(json.dumps(content)))
    return VOICE.headers(body), body


def read(headers: dict[str, str], body: bytes) -> object:
    """Return what a notice tells."""
    return PROVIDER.parse_notice(headers, body, datetime.now(UTC)).news


def test_a_payment() -> None:
    """The ordered total counts, also where a coupon paid part; its day is China's."""
    news = read(*notice())
    assert isinstance(news, Paid)
    assert news.amount == YUAN.parse("50")
    assert news.day.isoformat() == "2026-11-26"
    assert news.paid_at == datetime(2026, 11, 25, 16, 30, tzinfo=UTC)
    assert news.foreign == ""


@pytest.mark.parametrize(
    ("changes", "foreign", "amount"),
    [
        ({"mchid": "1999999999"}, "mchid 1999999999", "50"),
        ({"appid": "wx0"}, "appid wx0", "50"),
        ({"amount": {"total": 5000, "currency": "HKD"}}, "", None),
        ({"amount": {"total": 1, "currency": "CNY"}}, "", "0.01"),
        ({"trade_state": "REFUND"}, "", "50"),
    ],
)
def test_payments_that_are_not_as_ordered(
    changes: dict[str, object], foreign: str, amount: str | None
) -> None:
    """They are told as they are; it is the crediting that decides."""
    news = read(*notice(PAYMENT | changes))
    assert isinstance(news, Paid)
    assert news.foreign == foreign
    assert news.amount == (None if amount is None else YUAN.parse(amount))


def test_what_is_no_payment() -> None:
    """Other states pay nothing; refunds have words of their own; the rest does not concern us."""
    news = read(*notice(PAYMENT | {"trade_state": "PAYERROR"}))
    assert news == Unpaid(order_id="01JD0000000000000000000001", is_final=True, reason="PAYERROR")
    assert read(*notice(REFUND, "REFUND.ABNORMAL")) == RefundState(
        refund_id="R1", outcome=RefundOutcome.ABNORMAL, provider_ref="5030", reason="ABNORMAL"
    )
    assert read(*notice(REFUND | {"mchid": "1"}, "REFUND.SUCCESS")) is None
    assert read(*notice({}, "PAYSCORE.USER_OPEN_SERVICE")) is None


@pytest.mark.parametrize(
    "content",
    [
        PAYMENT | {"amount": {"total": 0, "currency": "CNY"}},
        PAYMENT | {"amount": {"total": True, "currency": "CNY"}},
        PAYMENT | {"amount": {"total": 50.0, "currency": "CNY"}},
        PAYMENT | {"amount": {"total": 10**12, "currency": "CNY"}},
        PAYMENT | {"amount": None},
        PAYMENT | {"success_time": "2026-11-26T00:30:00"},
        PAYMENT | {"success_time": "0001-01-01T00:00:00+08:00"},
        PAYMENT | {"transaction_id": ""},
        PAYMENT | {"out_trade_no": "x" * 65},
        {},
        [],
    ],
    ids=[
        "nothing",
        "no number",
        "a float",
        "too much",
        "no amount",
        "no zone",
        "long ago",
        "no transaction",
        "long order",
        "empty",
        "a list",
    ],
)
def test_what_cannot_be_read(content: object) -> None:
    """A payment without its facts is none, however well it is signed."""
    with pytest.raises(BadNoticeError):
        read(*notice(content))


def test_bodies_that_are_no_notice() -> None:
    """Signed or not, deep or long: a bad notice, and no other error."""
    for body in (b"", b"[]", b"{}", b"\xff", b"[" * 60_000, b'{"id":"1","event_type":"REFUND.X"}'):
        with pytest.raises(BadNoticeError):
            read(VOICE.headers(body), body)
    body = b" " * (NOTICE_LIMIT + 1)
    with pytest.raises(BadNoticeError, match="too long"):
        read(VOICE.headers(body), body)


@settings(max_examples=400)
@given(st.data())
def test_touched_anywhere_it_is_not_believed(data: st.DataObject) -> None:
    """One changed bit or character of body or headers, one byte more or less."""
    headers, body = notice()
    part = data.draw(st.sampled_from(["flip", "insert", "drop", "header"]))
    at = data.draw(st.integers(0, len(body) - 1))
    if part == "flip":
        bit = 1 << data.draw(st.integers(0, 7))
        body = bytes((*body[:at], body[at] ^ bit, *body[at + 1 :]))
    elif part == "insert":
        body = bytes((*body[:at], data.draw(st.integers(0, 255)), *body[at:]))
    elif part == "drop":
        body = body[:at] + body[at + 1 :]
    else:
        name = data.draw(st.sampled_from(sorted(headers)))
        value = headers[name]
        place = data.draw(st.integers(0, len(value) - 1))
        character = data.draw(st.characters().filter(lambda one: one != value[place]))
        headers[name] = value[:place] + character + value[place + 1 :]
    with pytest.raises(BadNoticeError):
        read(headers, body)


def test_a_line_end_cannot_move_between_nonce_and_body() -> None:
    """The same signed bytes, cut elsewhere, are another message."""
    headers, body = notice()
    first, rest = body[:1].decode(), body[1:]
    moved = headers | {"Wechatpay-Nonce": f"{headers['Wechatpay-Nonce']}\n{first}"}
    with pytest.raises(BadNoticeError):
        read(moved, rest)


def test_a_second_spelling_of_a_signature_is_none() -> None:
    """The spare bits of base64 change the text and not the bytes."""
    headers, body = notice()
    signature = headers["Wechatpay-Signature"]
    assert signature.endswith("==")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = alphabet[alphabet.index(signature[-3]) ^ 1]
    other = f"{signature[:-3]}{last}=="
    assert base64.b64decode(other) == base64.b64decode(signature)
    with pytest.raises(BadNoticeError):
        read(headers | {"Wechatpay-Signature": other}, body)


def test_headers_that_are_missing() -> None:
    """Each one is needed, but for the scheme, which has only one value."""
    headers, body = notice()
    for name in headers:
        rest = {other: value for other, value in headers.items() if other != name}
        if name == "Wechatpay-Signature-Type":
            assert read(rest, body) is not None
        else:
            with pytest.raises(BadNoticeError):
                read(rest, body)


def test_answers_to_notices() -> None:
    """Success has no body; whatever else makes the gateway come again."""
    assert PROVIDER.ack(Outcome.ACCEPTED).status == 204
    assert PROVIDER.ack(Outcome.REFUSED).status == 400
    failed = PROVIDER.ack(Outcome.FAILED)
    assert (failed.status, json.loads(failed.body)["code"]) == (500, "FAIL")
