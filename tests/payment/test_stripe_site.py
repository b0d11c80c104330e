"""A tenant pays by card: from the tap to the light, and back to the card."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.core.ledger.payment_rows import (
    Method,
    OrderState,
    PaymentSource,
    ProviderTxn,
    TxnVerdict,
)
from custom_components.compere_prepaid.payments.offers import Offer
from tests.payment.stripe_site import SHOP, StripeSite, stripe_site
from tests.site_fixtures import expected_event, one_line_mall
from tests.stories.telling import ask, burn, contact, relay_settled, verified


@pytest.fixture
async def shop(
    hass: HomeAssistant, socket_enabled: None, tmp_path: Path
) -> AsyncIterator[StripeSite]:
    """Open a shop that has one yuan left."""
    async with (
        one_line_mall(1) as mall,
        stripe_site(hass, mall, tmp_path, opening_balance="1") as shop,
    ):
        yield shop


async def test_the_light_comes_back(hass: HomeAssistant, shop: StripeSite) -> None:
    """Whoever tells of it, and how often: it is credited once, and the relay closes."""
    mall, site = shop.mall, shop.site
    offer = Offer(
        key="stripe",
        title="Cards",
        kind="stripe",
        methods=frozenset({Method.REDIRECT}),
        is_sandbox=True,
        automatic=True,
    )
    assert site.payments.offers() == (offer,)
    async with expected_event(hass, "cut_off", account=SHOP):
        await burn(mall, site, SHOP, 1500)
    await relay_settled(site.controller, next(iter(site.meters)))
    order = await shop.order("20")
    shop.stripe.pay(shop.page_of(order))
    async with expected_event(hass, "restored", account=SHOP):
        assert (await site.payments.async_check(order.id)).state is OrderState.PAID
    assert contact(mall.meter(SHOP)) == "closed"
    for event in shop.stripe.events * 2:
        assert await shop.tell(event) is HTTPStatus.OK
    (txn,) = await site.ledger.read(lambda tx: tx.rows(ProviderTxn))
    assert (txn.verdict, txn.source) == (TxnVerdict.CREDITED, PaymentSource.QUERY)
    assert txn.transfer_id == f"pay:stripe:{txn.txn}"
    assert (await ask(hass, "get_account", account=SHOP))["balance"] == "19.50"
    await verified(hass)


async def test_paid_by_the_bank_a_day_later(hass: HomeAssistant, shop: StripeSite) -> None:
    """An order that could not be closed waits for the bank's money, however late."""
    site = shop.site
    order = await shop.order("20")
    shop.stripe.pay(shop.page_of(order), later=True)
    assert await shop.tell(shop.stripe.events[-1]) is HTTPStatus.OK
    shop.wait(16 * 60)
    await site.payments.watcher.work_off()
    await site.payments.watcher.work_off()
    found = await site.payments.async_find(order.id)
    assert found is not None
    assert found.state is OrderState.CLOSING
    shop.wait(20 * 3600)
    shop.stripe.arrive(shop.page_of(order))
    assert await shop.tell(shop.stripe.events[-1]) is HTTPStatus.OK
    found = await site.payments.async_find(order.id)
    assert found is not None
    assert found.state is OrderState.PAID


async def test_another_amount_than_was_ordered(hass: HomeAssistant, shop: StripeSite) -> None:
    """Genuine, and yet not what was ordered: it stands in suspense, and is acknowledged."""
    order = await shop.order("20")
    shop.stripe.pay(shop.page_of(order))
    event = shop.stripe.events[-1]
    event["data"]["object"]["amount_total"] = 2001
    async with expected_event(hass, "payment_unmatched", reason="other_amount"):
        assert await shop.tell(event) is HTTPStatus.OK
    listed = await ask(hass, "list_payments")
    assert [one["amount"] for one in listed["suspense"]] == ["20.01"]
    await verified(hass)


async def test_strangers_and_nonsense(hass: HomeAssistant, shop: StripeSite) -> None:
    """What is not signed with our secret is refused, and nothing moves."""
    order = await shop.order("20")
    shop.stripe.pay(shop.page_of(order))
    headers, body = shop.stripe.signed(shop.stripe.events[-1])
    for altered in (body.replace(b"2000", b"9000"), b"", b"{}"):
        reply = await shop.site.payments.async_notice("stripe", headers, altered)
        assert reply.status == HTTPStatus.BAD_REQUEST
    old = shop.stripe.signed(shop.stripe.events[-1], at=shop.stripe.now() - 301)
    assert (await shop.site.payments.async_notice("stripe", *old)).status == 400
    assert not await shop.site.ledger.read(lambda tx: tx.rows(ProviderTxn))


async def test_a_page_that_ran_out(hass: HomeAssistant, shop: StripeSite) -> None:
    """After its time an order's page is closed at Stripe, and the order with it."""
    order = await shop.order("20")
    shop.wait(16 * 60)
    for _ in range(2):
        await shop.site.payments.watcher.work_off()
    assert shop.stripe.sessions[shop.page_of(order)]["status"] == "expired"
    found = await shop.site.payments.async_find(order.id)
    assert found is not None
    assert found.state is OrderState.CLOSED
    assert (await ask(hass, "list_payments"))["open_orders"] == []


async def test_the_bill_agrees(hass: HomeAssistant, shop: StripeSite) -> None:
    """A day with a payment, one that nobody told of, and a refund: nothing is unexplained."""
    site = shop.site
    await shop.pay(await shop.order("20"))
    unheard = await shop.order("30")
    shop.stripe.pay(shop.page_of(unheard))
    (known,) = await site.ledger.read(lambda tx: tx.rows(ProviderTxn))
    refund = {"account": SHOP, "payment": known.txn, "provider": "stripe", "amount": "5"}
    answer = await ask(hass, "refund", **refund, reference="RF-1", reason="paid twice")
    assert answer["state"] == "succeeded"
    for event in shop.stripe.events[-2:]:
        assert await shop.tell(event) is HTTPStatus.OK
    shop.wait(24 * 3600)
    report = await ask(hass, "reconcile", provider="stripe")
    (day,) = [one for one in report["providers"]["stripe"] if one["payment"]["count"]]
    assert (day["unexplained"], day["faults"]) == ("0.00", [])
    assert day["fees"] == "2.70"  # 3.4 % and half a yuan each
    assert (await ask(hass, "get_account", account=SHOP))["balance"] == "46.00"
    clearing = await site.ledger.read(lambda tx: tx.balance("asset:clearing:stripe"))
    assert -clearing == site.currency.parse("42.30")
    found = await site.payments.async_find(unheard.id)
    assert found is not None
    assert found.state is OrderState.PAID
    await verified(hass)
