"""A tenant pays with a bank's code, and a cashier confirms what came to the bank."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest

from custom_components.compere_prepaid.adapters.payment.static_qr.emv import objects, read_code
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.payment_rows import (
    Method,
    OrderState,
    PaymentNotice,
)
from custom_components.compere_prepaid.core.payment.orders import OrderRequest
from custom_components.compere_prepaid.core.payment.provider import AwaitCashier, Payer
from custom_components.compere_prepaid.payments.service import Ordered
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.mall import Mall
from tests.actions.asking import BAKERY, NOODLES, TEA, named_as_cashiers, refused
from tests.site_fixtures import expected_event, running_site
from tests.stories.telling import PRICE, ask, burn, contact, relay_settled, verified

SEEN: dict[str, Any] = {"bank_reference": "ft26092100123 ", "amount": "50.00"}


@pytest.fixture
async def site(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> AsyncIterator[CompereSite]:
    """Run a site in Singapore whose owner takes PayNow."""
    how: dict[str, Any] = {
        "accounts": {NOODLES: (NOODLES,), TEA: (TEA, BAKERY)},
        "price": PRICE,
        "currency": "SGD",
        "time_zone": "Asia/Singapore",
        "opening_balance": "1",
    }
    async with running_site(hass, mall, tmp_path, **how) as site:
        data = {"kind": "paynow", "proxy": "201411660R", "payee": "Riverside Mall"}
        hass.config_entries.async_add_subentry(
            site.entry,
            ConfigSubentry(
                data=MappingProxyType(data),
                subentry_id="provider-paynow",
                subentry_type="provider",
                title="PayNow",
                unique_id="provider:paynow",
            ),
        )
        await hass.async_block_till_done()
        yield site


async def ordered(site: CompereSite, key: str = "tap-1", account: str = NOODLES) -> Ordered:
    """Order 50 dollars."""
    request = OrderRequest(
        account=AccountNumber(account),
        amount=site.currency.parse("50"),
        provider="paynow",
        key=key,
    )
    return await site.payments.async_order(request, Payer(method=Method.CASHIER))


def reference(order: Ordered) -> str:
    """Return what the tenant tells the cashier; it is in the code as well."""
    assert isinstance(order.checkout, AwaitCashier)
    facts = dict(read_code(order.checkout.text))
    assert facts["54"] == "50.00"
    assert dict(objects(facts["62"]))["01"] == order.checkout.reference
    return order.checkout.reference


async def test_the_light_comes_back(
    hass: HomeAssistant, mall: Mall, site: CompereSite, anna: str
) -> None:
    """Confirmed by its reference, in the cashier's name; confirmed again it is the same."""
    named_as_cashiers(hass, site, anna)
    async with expected_event(hass, "cut_off", account=NOODLES):
        await burn(mall, site, NOODLES, 1500)
    await relay_settled(site.controller, next(iter(site.meters)))
    order = await ordered(site)
    listed = await ask(hass, "list_payments", anna)
    assert [one["reference"] for one in listed["open_orders"]] == [reference(order)]
    async with expected_event(hass, "restored", account=NOODLES):
        answer = await ask(hass, "confirm_payment", anna, order=reference(order), **SEEN)
    assert (answer["account"], answer["amount"], answer["balance"]) == (NOODLES, "50.00", "49.50")
    assert (answer["txn"], answer["source"], answer["replayed"]) == (
        "FT26092100123",
        "cashier",
        False,
    )
    assert contact(mall.meter(NOODLES)) == "closed"
    assert (await site.payments.async_known(order.order.id)).state is OrderState.PAID
    transfer = await site.ledger.read(lambda tx: tx.find_transfer(answer["transfer"]))
    assert transfer is not None
    assert (transfer.user, transfer.debit) == (anna, "asset:clearing:paynow")
    again = await ask(hass, "confirm_payment", anna, order=order.order.id.lower(), **SEEN)
    assert again == answer | {"replayed": True}
    listed = await ask(hass, "list_payments", anna, account=NOODLES)
    assert (listed["open_orders"], [one["txn"] for one in listed["payments"]]) == (
        [],
        ["FT26092100123"],
    )
    await verified(hass)


async def test_two_cashiers_at_the_same_line(hass: HomeAssistant, site: CompereSite) -> None:
    """The same line of the statement, for two orders and at the same time: credited once."""
    orders = [await ordered(site), await ordered(site, "tap-2", TEA)]
    answers = await asyncio.gather(
        *(ask(hass, "confirm_payment", order=reference(order), **SEEN) for order in orders),
        return_exceptions=True,
    )
    refusals = [one for one in answers if isinstance(one, ServiceValidationError)]
    assert [one.translation_key for one in refusals] == ["bank_reference_used"]
    accounts = [(await ask(hass, "get_account", account=one))["balance"] for one in (NOODLES, TEA)]
    assert sorted(accounts) == ["1.00", "51.00"]
    await verified(hass)


@pytest.mark.parametrize("spelled", ["FT 2609 2100 123", "ft-26092100-123", "FT2609/2100.123"])
async def test_the_same_line_spelled_otherwise(
    hass: HomeAssistant, site: CompereSite, spelled: str
) -> None:
    """It is the same payment, for its order and for any other."""
    order, other = await ordered(site), await ordered(site, "tap-2", TEA)
    await ask(hass, "confirm_payment", order=reference(order), **SEEN)
    again = SEEN | {"bank_reference": spelled}
    answer = await ask(hass, "confirm_payment", order=reference(order), **again)
    assert (answer["txn"], answer["replayed"]) == ("FT26092100123", True)
    async with refused(site, "bank_reference_used", reference="FT26092100123"):
        await ask(hass, "confirm_payment", order=reference(other), **again)


async def test_an_order_is_confirmed_once(hass: HomeAssistant, site: CompereSite) -> None:
    """A reference that was typed wrong does not credit the order a second time."""
    order = await ordered(site)
    await ask(hass, "confirm_payment", order=reference(order), **SEEN)
    typed = SEEN | {"bank_reference": "FT26092100124"}
    async with refused(site, "order_paid_already", reference="FT26092100123"):
        await ask(hass, "confirm_payment", order=reference(order), **typed)
    assert (await ask(hass, "get_account", account=NOODLES))["balance"] == "51.00"
    await verified(hass)


async def test_another_amount(hass: HomeAssistant, site: CompereSite) -> None:
    """A wrong amount is asked about; what came is credited if it is meant."""
    order = reference(await ordered(site))
    other = SEEN | {"amount": "45"}
    async with refused(site, "amount_not_ordered", ordered="50.00", amount="45.00"):
        await ask(hass, "confirm_payment", order=order, **other)
    answer = await ask(hass, "confirm_payment", order=order, **other, other_amount=True)
    assert (answer["amount"], answer["balance"], answer["verdict"]) == (
        "45.00",
        "46.00",
        "credited",
    )
    await verified(hass)


async def test_confirmed_long_after(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """A code that ran out may still have been paid: it is listed, and can be confirmed."""
    assert isinstance(mall.clock, ManualClock)
    order = await ordered(site)
    mall.clock.advance(seconds=3 * 86_400 + 60)
    for _ in range(2):
        await site.payments.watcher.work_off()
    listed = await ask(hass, "list_payments", days=3)
    assert listed["open_orders"] == []
    assert [one["reference"] for one in listed["lapsed_orders"]] == [reference(order)]
    answer = await ask(hass, "confirm_payment", order=reference(order), **SEEN)
    assert answer["verdict"] == "credited"
    assert (await ask(hass, "list_payments"))["lapsed_orders"] == []


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"order": "0000000000"}, "order_unknown"),
        ({"bank_reference": "é-12"}, "bank_reference_wrong"),
        ({"bank_reference": "x"}, "bank_reference_wrong"),
        ({"amount": "0"}, "amount_not_positive"),
        ({"amount": "fifty"}, "amount_not_a_number"),
        ({"amount": "50.001"}, "amount_too_precise"),
    ],
)
async def test_refused(
    hass: HomeAssistant, site: CompereSite, wrong: dict[str, str], refusal: str
) -> None:
    """What is typed wrong changes nothing."""
    data = SEEN | {"order": reference(await ordered(site))} | wrong
    async with refused(site, refusal):
        await ask(hass, "confirm_payment", **data)


async def test_nobody_sends_notices_about_codes(hass: HomeAssistant, site: CompereSite) -> None:
    """Whoever tries learns that there is nothing, and it is not even kept."""
    reply = await site.payments.async_notice("paynow", {}, b"{}")
    assert reply.status == HTTPStatus.NOT_FOUND
    assert not await site.ledger.read(lambda tx: tx.rows(PaymentNotice))


async def test_who_may(hass: HomeAssistant, site: CompereSite, anna: str) -> None:
    """A user who is no cashier neither confirms nor looks."""
    order = reference(await ordered(site))
    async with refused(site, "not_allowed"):
        await ask(hass, "confirm_payment", anna, order=order, **SEEN)
    async with refused(site, "not_allowed"):
        await ask(hass, "list_payments", anna)
    async with refused(site, "account_unknown"):
        await ask(hass, "list_payments", account="nobody")
