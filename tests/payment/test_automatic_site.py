"""Automatic top-ups of a running site: charged once for each fall, whatever goes wrong."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.payment_rows import (
    AutoTopUp,
    Method,
    OrderState,
    PayOrder,
)
from simulator.mall import Mall
from tests.notifications.phones import TENANT, Phone, all_sent, reach
from tests.payment.stripe_site import SHOP, StripeSite, stripe_site
from tests.site_fixtures import all_begun, all_online, one_line_mall
from tests.stories.telling import ask, burn, verified

HOUR, DAY = 3600, 86_400


@pytest.fixture
async def mall(socket_enabled: None) -> AsyncIterator[Mall]:
    """Open a mall of one shop."""
    async with one_line_mall(1) as mall:
        yield mall


@pytest.fixture
async def shop(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> AsyncIterator[StripeSite]:
    """Open a shop with 20 yuan whose tenant has paid 30 more with a card that may be kept."""
    async with stripe_site(hass, mall, tmp_path, opening_balance="20") as shop:
        await shop.pay(await shop.order("30", keep_means=True))
        yield shop


async def switched_on(shop: StripeSite, threshold: str = "10", amount: str = "40") -> AutoTopUp:
    """Switch it on."""
    parse = shop.site.currency.parse
    return await shop.site.payments.automatic.switch_on(SHOP, parse(threshold), parse(amount))


async def orders(shop: StripeSite) -> list[PayOrder]:
    """Return the automatic orders, the oldest first."""
    found = await shop.site.ledger.read(lambda tx: tx.rows(PayOrder, method=Method.AUTOMATIC))
    return sorted(found, key=lambda order: order.created_at)


async def restarted(hass: HomeAssistant, shop: StripeSite) -> None:
    """Start the site anew, as after a crash, and let it ask for what it finds unfinished."""
    entry = shop.site.entry
    assert await hass.config_entries.async_reload(entry.entry_id)
    shop.site = entry.runtime_data
    await all_online(shop.site)
    await all_begun(shop.site)
    await shop.site.payments.watcher.work_off()
    await hass.async_block_till_done()


async def test_charged_once_for_each_fall(shop: StripeSite) -> None:
    """Nothing above the threshold, once below it, and again only for the next fall."""
    kept = await shop.site.payments.automatic.get(SHOP)
    assert kept is not None
    assert not kept.enabled
    parse = shop.site.currency.parse
    assert (kept.threshold, kept.amount) == (parse("100"), parse("30"))  # to begin with
    await burn(shop.mall, shop.site, SHOP, 42_000)  # 8 yuan left
    await shop.look()
    assert shop.automatic_orders == []  # kept, and yet nobody switched it on
    kept = await switched_on(shop)
    for _ in range(3):
        await shop.look()
    (charge,) = shop.automatic_orders
    assert (charge["amount"], charge["customer"]) == (4000, kept.means.split('"')[3])
    assert shop.site.book.account(SHOP).available == shop.site.currency.parse("48")
    await burn(shop.mall, shop.site, SHOP, 40_000)
    for _ in range(3):
        await shop.look()
    assert len(shop.automatic_orders) == 2
    assert [order.state for order in await orders(shop)] == [OrderState.PAID] * 2
    for event in shop.stripe.events:
        await shop.tell(event)
    assert shop.site.book.account(SHOP).available == shop.site.currency.parse("48")
    assert (await shop.site.ledger.verify()).ok


async def test_too_small_to_help(shop: StripeSite) -> None:
    """A charge that does not lift credit above the threshold is not repeated before a day."""
    await switched_on(shop, threshold="45", amount="10")
    await burn(shop.mall, shop.site, SHOP, 40_000)
    for _ in range(3):
        await shop.look()
    assert len(shop.automatic_orders) == 1
    shop.wait(DAY)
    await shop.look()
    assert len(shop.automatic_orders) == 2


async def test_no_more_than_three_a_day(shop: StripeSite) -> None:
    """However fast credit falls."""
    await switched_on(shop)
    for _ in range(5):
        await burn(shop.mall, shop.site, SHOP, 41_000)
        await shop.look()
        await shop.look()
    assert len(shop.automatic_orders) == 3
    shop.wait(DAY)
    await shop.look()
    assert len(shop.automatic_orders) == 4


async def test_a_card_that_is_declined(hass: HomeAssistant, shop: StripeSite) -> None:
    """It is tried three times, an hour apart; then it is off, and the tenant is told."""
    phone = Phone(hass, TENANT)
    reach(hass, shop.site, SHOP, notify=[phone.name])
    await hass.async_block_till_done()
    await switched_on(shop)
    await burn(shop.mall, shop.site, SHOP, 42_000)
    with shop.stripe.failing(decline="insufficient_funds"):
        for tries in range(1, 4):
            for _ in range(2):
                await shop.look()
            assert len(shop.automatic_orders) == tries
            shop.wait(HOUR)
        await shop.look()
    await all_sent(shop.site)
    assert phone.titles[-1] == "Automatic top-up stopped"
    kept = await shop.site.payments.automatic.get(SHOP)
    assert kept is not None
    assert not kept.enabled
    shop.wait(DAY)
    await shop.look()
    assert len(shop.automatic_orders) == 3
    assert [order.state for order in await orders(shop)] == [OrderState.CLOSED] * 3

    await switched_on(shop)
    await shop.look()
    assert len(shop.automatic_orders) == 4
    assert (await orders(shop))[-1].state is OrderState.PAID


async def test_ended_between_charge_and_credit(hass: HomeAssistant, shop: StripeSite) -> None:
    """Stripe charged, and nobody heard of it: after the restart the query credits, once."""
    await switched_on(shop)
    await burn(shop.mall, shop.site, SHOP, 42_000)
    with shop.stripe.failing(lose_posts=1):
        await shop.look()
    (order,) = await orders(shop)
    assert order.state is OrderState.NEW
    assert len(shop.automatic_orders) == 1
    await restarted(hass, shop)
    await shop.look()
    (order,) = await orders(shop)
    assert order.state is OrderState.PAID
    assert len(shop.automatic_orders) == 1
    assert shop.site.book.account(SHOP).available == shop.site.currency.parse("48")
    await verified(hass)


async def test_ended_between_order_and_charge(hass: HomeAssistant, shop: StripeSite) -> None:
    """Stripe never heard of it: the order lapses, and the next one is made an hour later."""
    await switched_on(shop)
    await burn(shop.mall, shop.site, SHOP, 42_000)
    with shop.stripe.failing(refuse_with=[500] * 9):
        await shop.look()
        assert [order.state for order in await orders(shop)] == [OrderState.NEW]
        await restarted(hass, shop)
        await shop.look()
    assert shop.automatic_orders == []
    shop.wait(16 * 60)
    for _ in range(2):
        await shop.site.payments.watcher.work_off()
    assert [order.state for order in await orders(shop)] == [OrderState.CLOSED]
    await shop.look()
    assert shop.automatic_orders == []
    shop.wait(HOUR)
    await shop.look()
    assert [order.state for order in await orders(shop)] == [OrderState.CLOSED, OrderState.PAID]
    assert len(shop.automatic_orders) == 1


@pytest.mark.parametrize(
    "point",
    [
        "before GET payment_methods",
        "after GET payment_methods",
        "before POST payment_intents",
        "after POST payment_intents",
    ],
)
async def test_ended_anywhere(hass: HomeAssistant, shop: StripeSite, point: str) -> None:
    """Wherever it ends on the way to the card, and starts anew: charged once, credited once."""
    await switched_on(shop)
    await burn(shop.mall, shop.site, SHOP, 42_000)

    def end(passed: str) -> None:
        task = shop.site.payments.automatic._round
        if passed == point and task is not None:
            shop.stripe.passing = lambda _: None
            task.cancel()

    shop.stripe.passing = end
    with pytest.raises(asyncio.CancelledError):
        await shop.look()
    (order,) = await orders(shop)
    assert order.state is OrderState.NEW
    await restarted(hass, shop)
    for _ in range(4):  # the query of the start, or asking again, finds out
        await shop.look()
    assert len(shop.automatic_orders) == 1
    assert [one.state for one in await orders(shop)] == [OrderState.PAID]
    assert shop.site.book.account(SHOP).available == shop.site.currency.parse("48")
    await verified(hass)


async def test_a_line_that_was_down(shop: StripeSite) -> None:
    """Whether Stripe heard of an order or not, it is asked again, and charges once."""
    await switched_on(shop)
    for faults in ({"lose_posts": 1}, {"refuse_with": [503]}):
        await burn(shop.mall, shop.site, SHOP, 41_000)
        with shop.stripe.failing(**faults):
            await shop.look()
        shop.wait(30)
        await shop.look()  # too soon
        assert (await orders(shop))[-1].state is OrderState.NEW
        shop.wait(120)
        await shop.look()
        assert (await orders(shop))[-1].state is OrderState.PAID
        await shop.look()
    assert len(shop.automatic_orders) == 2


async def test_switched_off(shop: StripeSite) -> None:
    """What is off charges nothing, and a new card does not switch it on."""
    await switched_on(shop)
    await shop.site.payments.automatic.switch_off(SHOP)
    await burn(shop.mall, shop.site, SHOP, 42_000)
    await shop.look()
    before = await shop.site.payments.automatic.get(SHOP)
    await shop.pay(await shop.order("1", keep_means=True))
    kept = await shop.site.payments.automatic.get(SHOP)
    assert kept is not None
    assert before is not None
    assert not kept.enabled
    assert kept.means != before.means
    await shop.look()
    assert shop.automatic_orders == []


async def test_a_book_that_was_restored_charges_nobody(shop: StripeSite) -> None:
    """A payment may be missing from it: first somebody looks."""
    await switched_on(shop)
    await burn(shop.mall, shop.site, SHOP, 42_000)
    shop.site.book.restored = "12-9f3c01aa77de"
    await shop.look()
    assert shop.automatic_orders == []


async def test_what_can_be_chosen(shop: StripeSite) -> None:
    """The policy's limits hold, and nothing can be charged that was not kept."""
    with pytest.raises(InvalidInputError, match="amount_not_positive"):
        await switched_on(shop, amount="0")
    with pytest.raises(InvalidInputError, match="amount_not_positive"):
        await switched_on(shop, threshold="-1")
    with pytest.raises(InvalidInputError, match="account_unknown"):
        await shop.site.payments.automatic.get("nobody")


async def test_a_tenant_who_moved_out(hass: HomeAssistant, shop: StripeSite) -> None:
    """Whoever moved out is charged no more, whatever is left to pay."""
    await switched_on(shop)
    await burn(shop.mall, shop.site, SHOP, 42_000)
    await ask(hass, "move_out", account=SHOP)
    await shop.look()
    assert shop.automatic_orders == []


async def test_the_policy_has_changed(hass: HomeAssistant, shop: StripeSite) -> None:
    """Neither less than the policy allows is charged, nor more than the tenant agreed to."""
    await switched_on(shop)
    rules = "policies: [{name: P, warning_levels: [50], minimum_top_up: 60}]"
    site = "site: {name: Riverside Mall, currency: CNY, time_zone: Asia/Shanghai, kind: sandbox}"
    answer = await ask(hass, "import_site", content=f"{site}\n{rules}\n")
    assert answer["faults"] == []
    await ask(hass, "apply_policy", account=SHOP, policy="P")
    await burn(shop.mall, shop.site, SHOP, 42_000)
    await shop.look()
    assert shop.automatic_orders == []
    kept = await shop.site.payments.automatic.get(SHOP)
    assert kept is not None
    assert not kept.enabled
    await all_sent(shop.site)
    messages = shop.site.notifier.memory.messages(AccountNumber(SHOP))
    assert "Automatic top-up stopped" in [message.title for message in messages]
    with pytest.raises(InvalidInputError, match="top_up_too_small"):
        await switched_on(shop)


async def test_nothing_was_kept(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """Who paid without agreeing has nothing that could be charged."""
    async with stripe_site(hass, mall, tmp_path) as shop:
        await shop.pay(await shop.order("30"))
        assert await shop.site.payments.automatic.get(SHOP) is None
        with pytest.raises(InvalidInputError, match="means_missing"):
            await switched_on(shop)
        with pytest.raises(InvalidInputError, match="means_missing"):
            await shop.site.payments.automatic.switch_off(SHOP)
