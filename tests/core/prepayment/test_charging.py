"""From readings to charges and decisions, on a real ledger file."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.events import (
    CreditWarning,
    CutOff,
    ReadingTrusted,
    SuspectReading,
)
from custom_components.compere_prepaid.core.ledger.records import HoldKind
from custom_components.compere_prepaid.core.metering.reading import MeterReading, Quantity
from custom_components.compere_prepaid.core.policy.credit import SupplyState, supply_state
from tests.core.prepayment.desk import METER, OTHER, SHOP, Desk, money


def state(desk: Desk) -> SupplyState:
    """Return the shop's supply state."""
    account = desk.book.account(SHOP)
    return supply_state(account.policy, account.available, off=account.off)


async def test_first_reading_charges_nothing(desk: Desk) -> None:
    """What a meter counted before it was ours is nobody's."""
    await desk.shop("200")
    await desk.read(5_000_000)
    assert desk.balance == 200
    assert await desk.verified() == (0, 0)


async def test_balance_is_exact_between_postings(desk: Desk) -> None:
    """A live balance knows every Wh before it is posted."""
    await desk.shop("200", rates="Retail")
    await desk.read(1000)
    desk.clock.forward(minutes=1)
    await desk.read(1001)
    assert desk.balance == Decimal(200) - Decimal("0.0009876")
    assert (await desk.verified())[0] == 0


async def test_warned_once_per_level_then_cut(desk: Desk) -> None:
    """A tenant falls through 100 and 50, each told once, and is cut at 0."""
    await desk.shop("101")
    wh = 0
    await desk.read(wh)
    for _ in range(102):
        desk.clock.forward(minutes=2)
        wh += 1000
        await desk.read(wh)
    assert [event.level for event in desk.told(CreditWarning)] == [money(100), money(50)]  # type: ignore[attr-defined]
    assert len(desk.told(CutOff)) == 1
    assert [demand.closed for demand in desk.demands] == [False]
    assert state(desk) is SupplyState.OFF
    await desk.charging.settle_all("test")
    assert await desk.verified() == (102_000, 102_000)


async def test_cut_decides_on_the_exact_value(desk: Desk) -> None:
    """One Wh of credit is credit: shown as 0.00, but not cut."""
    await desk.shop("1")
    await desk.read(0)
    desk.clock.forward(minutes=2)
    await desk.read(999)
    assert desk.balance == Decimal("0.001")
    assert not desk.told(CutOff)
    desk.clock.forward(minutes=1)
    await desk.read(1000)
    assert desk.told(CutOff)


async def test_border_between_readings_is_split_and_marked(desk: Desk) -> None:
    """E5: 7.5 kWh from 21:30 to 22:45 over the border at 22:00 cost 5.74065, estimated."""
    desk.clock.time = datetime(2026, 3, 2, 13, 30, tzinfo=UTC)
    await desk.shop("100", rates="Retail")
    await desk.read(0)
    desk.clock.forward(minutes=75)
    await desk.read(7500)
    assert desk.balance == Decimal(100) - Decimal("5.74065")
    assert await desk.verified() == (7500, 7500)


async def test_tier_border_is_exact(desk: Desk) -> None:
    """E5: with 198.4 kWh this month, 5 kWh cost 1.6 × 0.435 + 3.4 × 0.509 = 2.4266."""
    await desk.shop("500", rates="Ladder")
    await desk.read(0)
    desk.clock.forward(hours=20)
    await desk.read(198_400)
    before = desk.balance
    desk.clock.forward(hours=1)
    await desk.read(203_400)
    assert before - desk.balance == Decimal("2.4266")


async def test_ladder_survives_a_restart(desk: Desk) -> None:
    """How far the month's ladder was climbed is read back from the charges."""
    await desk.shop("500", rates="Ladder")
    await desk.read(0)
    desk.clock.forward(hours=20)
    await desk.read(198_400)
    before = desk.balance
    await desk.restart()
    await desk.shop("500", rates="Ladder")
    desk.clock.forward(hours=1)
    await desk.read(203_400)
    assert before - desk.balance == Decimal("2.4266")


async def test_a_suspect_reading_freezes_money_and_relay(desk: Desk) -> None:
    """Backwards and impossible readings charge nothing, cut nothing, are told once."""
    await desk.shop("1")
    await desk.read(10_000)
    for wh in (9_000, 9_000, None, 10**9):
        desk.clock.forward(minutes=1)
        await desk.read(wh)
    assert [event.reason for event in desk.told(SuspectReading)] == [  # type: ignore[attr-defined]
        "backwards",
        "missing",
        "implausible",
    ]
    assert desk.balance == 1
    assert not desk.demands


async def test_the_next_plausible_reading_goes_on_from_the_old_baseline(desk: Desk) -> None:
    """No Wh is lost or charged twice over suspect readings."""
    await desk.shop("100")
    await desk.read(10_000)
    desk.clock.forward(minutes=1)
    await desk.read(3)
    desk.clock.forward(minutes=1)
    await desk.read(10_500)
    assert desk.told(ReadingTrusted)
    assert desk.balance == Decimal("99.5")


async def test_restart_loses_and_doubles_nothing(desk: Desk) -> None:
    """What accrued unposted before a kill is charged by the next reading."""
    await desk.shop("100")
    await desk.read(0)
    for step in range(1, 10):
        desk.clock.forward(minutes=7)
        await desk.read(step * 700)
        if step % 3 == 0:
            await desk.restart()
            await desk.shop("100")
    await desk.charging.settle_all("test")
    assert desk.balance == Decimal(100) - Decimal("6.3")
    assert await desk.verified() == (6300, 6300)


async def test_no_relay_opens_before_a_fresh_reading(desk: Desk) -> None:
    """After a restart an exhausted account is cut by its meter's first reading, not before."""
    await desk.shop("10")
    await desk.read(0)
    await desk.restart()
    await desk.shop("10")
    await desk.cashier.adjust(SHOP, money(-10), reason="test", reference="1")
    assert not desk.demands
    desk.clock.forward(minutes=1)
    await desk.read(1)
    assert [demand.closed for demand in desk.demands] == [False]


async def test_account_with_two_meters_cuts_both(desk: Desk) -> None:
    """An account's money supplies all its meters, and its end cuts all of them."""
    await desk.shop("2", meters=(METER, OTHER))
    await desk.read(0)
    await desk.read(0, OTHER)
    desk.clock.forward(minutes=5)
    await desk.read(1000)
    await desk.read(1000, OTHER)
    assert {demand.meter for demand in desk.demands} == {METER, OTHER}
    assert await desk.verified() == (2000, 2000)


async def test_a_meter_that_moves_on_begins_a_new_generation(desk: Desk) -> None:
    """What a meter counts without an account is charged to nobody."""
    await desk.shop("100")
    await desk.read(0)
    desk.clock.forward(minutes=10)
    await desk.read(1000)
    await desk.supplies.detach(SHOP, METER)
    desk.clock.forward(minutes=10)
    await desk.read(5000)
    await desk.supplies.attach(SHOP, METER)
    desk.clock.forward(minutes=1)
    await desk.read(5001)
    desk.clock.forward(minutes=1)
    await desk.read(5101)
    await desk.charging.settle_all("test")
    assert desk.balance == Decimal(100) - 1 - Decimal("0.1")
    assert await desk.verified() == (1100, 1100)


async def test_days_left_by_the_published_rule(desk: Desk) -> None:
    """Days left are credit over mean spending; none in sight without use, 0 without credit."""
    await desk.shop("100")
    account = desk.book.account(SHOP)
    assert account.days_left(desk.clock.now()) is None
    await desk.read(0)
    for day in range(1, 8):
        desk.clock.forward(days=1)
        await desk.read(day * 10_000)
    assert account.available == money(30)
    assert account.days_left(desk.clock.now()) == 3000


async def test_unknown_tariff_and_policy_are_refused(desk: Desk) -> None:
    """An account cannot be opened on terms that do not exist."""
    with pytest.raises(InvalidInputError, match="tariff_unknown"):
        await desk.shop("1", rates="None such")
    assert SHOP not in desk.book.accounts


async def test_holds_by_hand_and_by_rule_are_independent(desk: Desk) -> None:
    """A top-up releases no_credit and nothing else; the manual hold keeps the relay open."""
    await desk.shop("1")
    await desk.read(0)
    await desk.agreements.place_hold([METER], HoldKind.MANUAL, user="anna")
    desk.clock.forward(minutes=5)
    await desk.read(2000)
    await desk.cashier.top_up([SHOP], money(10), reference="r1")
    assert desk.book.meter(METER).holds == (HoldKind.MANUAL,)
    assert [demand.closed for demand in desk.demands] == [False]
    await desk.agreements.release_hold([METER], HoldKind.MANUAL, user="anna", administrator=True)
    assert [demand.closed for demand in desk.demands] == [False, True]


async def test_power_that_is_not_told_is_reckoned_from_the_register(desk: Desk) -> None:
    """How soon credit ends must not depend on which registers a poll asked for."""
    await desk.shop("100")
    await desk.read(0, watts=1000)
    meter = desk.book.meter(METER)
    assert meter.power_mw == 1_000_000
    at = desk.clock.forward(minutes=6)
    grown = MeterReading(serial=METER, at=at, values={Quantity.ENERGY_IMPORT: 500})
    await desk.charging.on_reading(grown)
    assert meter.power_mw == 5_000_000
    assert desk.book.account(SHOP).seconds_left(1_000_000, meter.power_mw) == 99.5 * 3600 // 5
