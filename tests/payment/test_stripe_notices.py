"""Stripe's notices: what is genuine is read, everything else is a bad notice and nothing worse."""

from collections.abc import Callable
import hashlib
import hmac
import json
from pathlib import Path
import re
import subprocess

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.adapters.payment.stripe.notices import EVENTS, read_notice
from custom_components.compere_prepaid.adapters.payment.stripe.objects import Reader
from custom_components.compere_prepaid.adapters.payment.stripe.settings import StripeSettings
from custom_components.compere_prepaid.adapters.payment.stripe.signature import sign, verify
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ledger.payment_rows import PayOrder
from custom_components.compere_prepaid.core.money.amount import Currency
from custom_components.compere_prepaid.core.payment.provider import (
    BadNoticeError,
    Dispute,
    NoticeFault,
    Outcome,
    Paid,
    RefundOutcome,
    RefundState,
    Unpaid,
)
from tests.payment.stripe_desk import MORNING, SITE, StripeDesk

pytestmark = pytest.mark.usefixtures("socket_enabled")

VECTOR_SECRET = "whsec_test_secret"  # noqa: S105  # published for trying
VECTOR_BODY = b'{"id":"evt_test","object":"event"}'
VECTOR_MAC = "8042376f6ca064adbe037642a718227dfd59047137eb49497a54c49eb0cfb724"
"""Of the library stripe-python 16.1.0, at 1700000000."""

NOW = int(MORNING.timestamp())


async def paid_order(desk: StripeDesk, amount: str = "50", *, keep_means: bool = False) -> PayOrder:
    """Order and pay."""
    order = desk.order(amount, keep_means=keep_means)
    await desk.provider.create(order)
    desk.stripe.pay(desk.session_of(order))
    return order


def test_published_vector() -> None:
    """The signature is Stripe's own, and OpenSSL's."""
    assert sign(VECTOR_SECRET, 1_700_000_000, VECTOR_BODY) == VECTOR_MAC
    done = subprocess.run(  # noqa: S603  # a fixed program
        ["openssl", "dgst", "-sha256", "-hmac", VECTOR_SECRET],  # noqa: S607
        input=b"1700000000." + VECTOR_BODY,
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().split()[-1] == VECTOR_MAC


@pytest.mark.parametrize(
    ("header", "fits"),
    [
        ("t={t},v1={mac}", True),
        ("t={t},v1={other},v1={mac}", True),
        ("v1={mac},t={t},v0={other}", True),
        (" t={t} , v1={mac} ", True),
        ("t={t},v0={mac}", False),
        ("t={t},v1={other}", False),
        ("t={t},v1=", False),
        ("t={t}", False),
        ("v1={mac}", False),
        ("t={t},t={t},v1={mac}", False),
        ("t=-{t},v1={mac}", False),
        ("t={t}.0,v1={mac}", False),
        ("t=99999999999999999999,v1={mac}", False),
        ("t={t},v1={mac}0", False),
        ("t={t},v1=é", False),
        ("", False),
    ],
)
def test_headers(header: str, fits: bool) -> None:
    """Any signature of the right scheme may fit; what else stands there says nothing."""
    value = header.format(t=NOW, mac=sign("whsec_1", NOW, b"{}"), other="0" * 64)
    if fits:
        verify(value, b"{}", ["whsec_1"], MORNING)
    else:
        with pytest.raises(BadNoticeError):
            verify(value, b"{}", ["whsec_1"], MORNING)


@pytest.mark.parametrize(("off", "fits"), [(-301, 0), (-300, 1), (0, 1), (300, 1), (301, 0)])
def test_age(off: int, fits: int) -> None:
    """Neither old notices nor such from the future are believed."""
    at = NOW + off
    header = f"t={at},v1={sign('whsec_1', at, b'{}')}"
    if fits:
        verify(header, b"{}", ["whsec_1"], MORNING)
    else:
        with pytest.raises(BadNoticeError, match="too far off"):
            verify(header, b"{}", ["whsec_1"], MORNING)


def test_two_secrets_while_one_is_replaced() -> None:
    """Both are good until the old one is taken out."""
    header = f"t={NOW},v1={sign('whsec_old', NOW, b'{}')}"
    verify(header, b"{}", ["whsec_new", "whsec_old"], MORNING)
    with pytest.raises(BadNoticeError):
        verify(header, b"{}", ["whsec_new"], MORNING)


async def test_paid_is_told(desk: StripeDesk) -> None:
    """Session and intent tell of the same payment; the query says the same."""
    order = await paid_order(desk, keep_means=True)
    by_session = desk.told(desk.last_event("checkout.session.completed")).news
    by_intent = desk.told(desk.last_event("payment_intent.succeeded")).news
    asked = await desk.provider.query(order)
    assert by_intent == asked
    assert isinstance(asked, Paid)
    assert json.loads(asked.means).keys() == {"customer"}
    assert by_session == asked


async def test_not_paid_yet(desk: StripeDesk) -> None:
    """A completed page alone is no payment; the bank's word is."""
    order = desk.order()
    await desk.provider.create(order)
    desk.stripe.pay(desk.session_of(order), later=True)
    waits = Unpaid(order_id=order.id, is_final=False)
    assert desk.told(desk.last_event("checkout.session.completed")).news == waits
    desk.stripe.arrive(desk.session_of(order))
    told = desk.told(desk.last_event("checkout.session.async_payment_succeeded")).news
    assert isinstance(told, Paid)
    assert told.amount == order.amount


async def test_nothing_comes_any_more(desk: StripeDesk) -> None:
    """A page that ran out, and a bank that said no."""
    order, other = desk.order(), desk.order()
    await desk.provider.create(order)
    await desk.provider.create(other)
    desk.stripe.run_out(desk.session_of(order))
    told = desk.told(desk.last_event("checkout.session.expired")).news
    assert told == Unpaid(order_id=order.id, is_final=True, reason="expired")
    desk.stripe.pay(desk.session_of(other), later=True)
    desk.stripe.fail(desk.session_of(other))
    told = desk.told(desk.last_event("checkout.session.async_payment_failed")).news
    assert told == Unpaid(order_id=other.id, is_final=True, reason="payment failed")


async def test_refund_is_told(desk: StripeDesk) -> None:
    """A refund that takes its time, and how it ended."""
    order = await paid_order(desk)
    paid = await desk.provider.query(order)
    assert isinstance(paid, Paid)
    refund = desk.refund(order, paid.txn, "20")
    with desk.stripe.failing(decline="slow_refund"):
        state = await desk.provider.refund(refund, order.amount)
    assert (state.refund_id, state.outcome) == (refund.id, RefundOutcome.PROCESSING)
    desk.stripe.finish_refund(state.provider_ref, "failed")
    told = desk.told(desk.last_event("refund.updated")).news
    assert isinstance(told, RefundState)
    assert (told.refund_id, told.outcome) == (refund.id, RefundOutcome.CLOSED)
    assert desk.told(desk.last_event("charge.refunded")).news is None
    charge = desk.last_event("charge.refunded")
    charge["data"]["object"]["refunds"] = {"data": [desk.stripe.refunds[state.provider_ref]]}
    assert desk.told(charge).news == told


async def test_dispute_is_told(desk: StripeDesk) -> None:
    """A payer's bank that takes the money back is told with the payment that it is about."""
    order = await paid_order(desk)
    paid = await desk.provider.query(order)
    assert isinstance(paid, Paid)
    desk.stripe.dispute(paid.txn)
    told = desk.told(desk.last_event("charge.dispute.created")).news
    assert told == Dispute(txn=paid.txn, amount=order.amount, reason="fraudulent")


async def test_a_dispute_of_another_business(desk: StripeDesk) -> None:
    """It may be about a charge without a payment intent, and is no news, nor anything wrong."""
    order = await paid_order(desk)
    paid = await desk.provider.query(order)
    assert isinstance(paid, Paid)
    desk.stripe.dispute(paid.txn)
    event = desk.last_event("charge.dispute.created")
    event["data"]["object"]["payment_intent"] = None
    assert desk.told(event).news is None


async def test_what_is_not_ours(desk: StripeDesk) -> None:
    """Others use the same account: another site, a web shop, events that nobody asked for."""
    await paid_order(desk)
    event = desk.last_event("checkout.session.completed")
    for metadata in ({}, {"compere_order": "1"}, {"compere_order": "1", "compere_site": "other"}):
        other = json.loads(json.dumps(event))
        other["data"]["object"]["metadata"] = metadata
        assert desk.told(other).news is None
    assert desk.told(event | {"type": "customer.created"}).news is None
    real = json.loads(json.dumps(event))
    real["data"]["object"]["livemode"] = True
    foreign = desk.told(real).news
    assert isinstance(foreign, Paid)
    assert foreign.foreign == "real money"


async def test_other_currency_has_no_amount(desk: StripeDesk) -> None:
    """An amount in another currency is none in the book's."""
    await paid_order(desk)
    event = desk.last_event("checkout.session.completed")
    event["data"]["object"]["currency"] = "usd"
    told = desk.told(event).news
    assert isinstance(told, Paid)
    assert (told.amount, told.currency) == (None, "USD")


async def test_altered_on_the_way(desk: StripeDesk, figure: Callable[[str], None]) -> None:
    """Every single bit of a notice matters."""
    await paid_order(desk)
    headers, body = desk.stripe.signed(desk.last_event("checkout.session.completed"))
    lower = {name.lower(): value for name, value in headers.items()}
    assert desk.provider.parse_notice(lower, body, MORNING).news is not None
    for place in range(8 * len(body)):
        bent = bytearray(body)
        bent[place // 8] ^= 1 << place % 8
        with pytest.raises(BadNoticeError):
            desk.provider.parse_notice(headers, bytes(bent), MORNING)
    figure(f"a notice of Stripe with one bit turned: {8 * len(body)} of {8 * len(body)} refused")


def test_what_the_page_asks_for() -> None:
    """The page about Stripe names the events that are understood, and no others."""
    page = (Path(__file__).parents[2] / "docs" / "payment-stripe.md").read_text("utf-8")
    named = re.findall(r"`((?:checkout|payment_intent|charge|refund)\.[a-z_.]+)`", page)
    assert sorted(named) == sorted(EVENTS)


async def test_answers(desk: StripeDesk) -> None:
    """What is not kept must come again."""
    statuses = {outcome: desk.provider.ack(outcome).status for outcome in Outcome}
    assert statuses == {Outcome.ACCEPTED: 200, Outcome.REFUSED: 400, Outcome.FAILED: 500}


SETTINGS = StripeSettings(secret_key="sk_test_12345678", webhook_secrets=(VECTOR_SECRET,))  # noqa: S106
READER = Reader(SITE, Currency.of("SGD"), is_test=True)

_LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats()
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
_FIELDS = st.fixed_dictionaries(
    {},
    optional={
        name: _JSON | st.sampled_from(["paid", "sgd", "succeeded", "complete", 1, -1, 2**80])
        for name in (
            "id",
            "status",
            "payment_status",
            "payment_intent",
            "amount",
            "amount_total",
            "amount_received",
            "currency",
            "created",
            "livemode",
            "reason",
            "refunds",
            "latest_charge",
        )
    },
)


@given(kind=st.sampled_from(EVENTS), fields=_FIELDS, order=_JSON, created=_JSON)
def test_genuine_nonsense(
    kind: str, fields: dict[str, object], order: object, created: object
) -> None:
    """Whatever a genuine event contains, it is read, or it is a bad notice."""
    metadata = {"compere_order": order, "compere_site": SITE, "compere_refund": order}
    thing = fields | {"metadata": metadata}
    event = {"id": "evt_1", "type": kind, "created": created, "data": {"object": thing}}
    body = json.dumps(event).encode()
    mac = hmac.new(VECTOR_SECRET.encode(), f"{NOW}.".encode() + body, hashlib.sha256).hexdigest()
    try:
        notice = read_notice(
            SETTINGS, READER, {"Stripe-Signature": f"t={NOW},v1={mac}"}, body, MORNING
        )
    except BadNoticeError:
        return
    if isinstance(notice.news, Paid):
        assert notice.news.order_id == order
        assert notice.news.amount is None or notice.news.currency == "SGD"


@pytest.mark.parametrize("seed", ["dispute", "intent", "refund", "session"])
def test_what_the_fuzzer_begins_with_is_read(seed: str) -> None:
    """Its first byte says that the rest is signed, and that is news."""
    first, *rest = (Path(__file__).parents[1] / "fuzz/seeds_stripe_notice" / seed).read_bytes()
    assert first & 1
    body = bytes(rest)
    header = {"Stripe-Signature": f"t={NOW},v1={sign(VECTOR_SECRET, NOW, body)}"}
    reader = Reader("mall", Currency.of("SGD"), is_test=True)
    assert read_notice(SETTINGS, reader, header, body, MORNING).news is not None


@given(header=st.text(), body=st.binary())
def test_stranger(header: str, body: bytes) -> None:
    """Whatever a stranger sends is refused."""
    with pytest.raises(BadNoticeError):
        read_notice(SETTINGS, READER, {"STRIPE-signature": header}, body, MORNING)


@pytest.mark.parametrize(
    "body", [b"[]", b"{", b"[" * 60_000, b'{"id":1e999}', b"7" * 5000, b" " * 70_000]
)
def test_genuine_but_no_event(body: bytes) -> None:
    """Also what is signed may be no event, or too long, or too deep; no key is wrong then."""
    header = {"Stripe-Signature": f"t={NOW},v1={sign(VECTOR_SECRET, NOW, body)}"}
    with pytest.raises(BadNoticeError) as refused:
        read_notice(SETTINGS, READER, header, body, MORNING)
    assert refused.value.fault is NoticeFault.NOISE


@pytest.mark.parametrize(
    ("key", "secrets", "refusal"),
    [
        ("pk_test_12345678901", ("whsec_123456789",), "stripe_key_wrong"),
        ("sk_test_12345678\n; drop", ("whsec_123456789",), "stripe_key_wrong"),
        ("", ("whsec_123456789",), "stripe_key_wrong"),
        ("sk_test_12345678901", (), "stripe_webhook_secret_wrong"),
        ("sk_test_12345678901", (" ",), "stripe_webhook_secret_wrong"),
        ("sk_test_12345678901", ("we_1234567890",), "stripe_webhook_secret_wrong"),
    ],
)
def test_settings_as_typed(key: str, secrets: tuple[str, ...], refusal: str) -> None:
    """The publishable key and the endpoint's id are what people paste by mistake."""
    with pytest.raises(InvalidInputError, match=refusal):
        StripeSettings.of(key, secrets)


def test_settings_keep_their_secrets() -> None:
    """Nothing secret is shown by accident; spaces around what was pasted do no harm."""
    settings = StripeSettings.of(" rk_live_12345678901 ", (" whsec_123456789 ", ""), "")
    assert settings.secret_key == "rk_live_12345678901"  # noqa: S105
    assert settings.webhook_secrets == ("whsec_123456789",)
    assert not settings.is_test
    assert "rk_live" not in repr(settings)
    assert "whsec" not in repr(settings)
