"""Charging at its borders: when something is posted, and what is told of meters."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from custom_components.compere_prepaid.core.events import (
    CreditWarning,
    CutOff,
    ReadingTrusted,
    RegisterRolledOver,
    SuspectReading,
)
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.ledger.account_rows import Supply
from custom_components.compere_prepaid.core.ledger.records import (
    Announcement,
    Hold,
    HoldKind,
    RegisterGeneration,
)
from custom_components.compere_prepaid.core.metering.plausibility import Baseline
from custom_components.compere_prepaid.core.metering.reading import MeterReading, Quantity
from custom_components.compere_prepaid.core.policy.credit import Policy, Reconnect
from tests.core.prepayment.desk import METER, OTHER, SHOP, START, Desk, money

MODULUS = 100_000_000
FIRST_OF_APRIL = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)


async def power(desk: Desk, wh: int, watts: int | None = None) -> int:
    """Read a meter that may or may not tell its power; return what is reckoned with."""
    values = {Quantity.ENERGY_IMPORT: wh}
    if watts is not None:
        values[Quantity.POWER] = watts * 1000
    reading = MeterReading(serial=METER, at=desk.clock.now(), values=values, relay_closed=None)
    await desk.charging.on_reading(reading)
    return desk.book.meter(METER).power_mw


async def test_readings_of_others_are_passed_over(desk: Desk) -> None:
    """A meter that nobody set up charges nobody; falling silent neither."""
    await desk.shop("10")
    nobody = MeterSerial("M9")
    await desk.read(5, nobody)
    desk.charging.suspect(nobody, "missing")
    desk.charging.distrust(nobody)
    assert desk.events == []
    assert desk.balance == 10


async def test_generation_begins_at_the_first_reading(desk: Desk) -> None:
    """With the supply of the account; later ones say that the meter was taken up again."""
    await desk.shop("10")
    await desk.read(700, more={Quantity.ENERGY_T1: 400})
    meter = desk.book.meter(METER)
    assert meter.registers == {"T1": 400}
    assert meter.last == Baseline(wh=700, at=START)
    assert desk.book.account(SHOP).spending.since == START
    found = await desk.ledger.read(lambda tx: tx.generation(METER))
    assert found == RegisterGeneration(
        meter=METER, generation=1, start_wh=700, start_at=START, reason="installed"
    )
    assert await desk.ledger.read(lambda tx: tx.rows(Supply, meter=METER)) == (
        Supply(meter=METER, generation=1, number=1, account=SHOP, from_wh=700, from_at=START),
    )
    await desk.supplies.detach(SHOP, METER)
    await desk.supplies.attach(SHOP, METER)
    at = desk.clock.forward(minutes=1)
    await desk.read(700)
    assert await desk.ledger.read(lambda tx: tx.generation(METER)) == RegisterGeneration(
        meter=METER, generation=2, start_wh=700, start_at=at, reason="taken up"
    )
    assert desk.book.account(SHOP).spending.since == START


async def test_warning_is_stored_and_told(desk: Desk) -> None:
    """Once, with what is available; after a restart it is not told again."""
    await desk.shop("101")
    await desk.read(0)
    at = desk.clock.forward(minutes=1)
    await desk.read(1000)
    assert desk.told(CreditWarning) == [
        CreditWarning(at=at, account=SHOP, available=money(100), level=money(100))
    ]
    stored = await desk.ledger.read(lambda tx: tx.announcement(SHOP))
    assert stored == Announcement(account=SHOP, level=money(100))
    assert desk.book.account(SHOP).announced == money(100)
    await desk.restart()
    await desk.shop("101")
    desk.clock.forward(minutes=1)
    await desk.read(1500)
    assert len(desk.told(CreditWarning)) == 1
    await desk.cashier.top_up([SHOP], money(5), reference="r")
    assert await desk.ledger.read(lambda tx: tx.announcement(SHOP)) == Announcement(
        account=SHOP, level=None
    )


async def test_cut_is_stored_and_told(desk: Desk) -> None:
    """All meters that may be opened, in the name of the policy; told once."""
    await desk.shop("1", meters=(METER, OTHER))
    await desk.read(0)
    at = desk.clock.forward(minutes=1)
    await desk.read(1000)
    assert desk.told(CutOff) == [CutOff(at=at, account=SHOP, available=money(0), meters=(METER,))]
    assert await desk.ledger.read(lambda tx: tx.holds(METER)) == (
        Hold(
            meter=METER,
            kind=HoldKind.NO_CREDIT,
            placed_at=at,
            placed_by="credit policy",
            reason="Standard",
        ),
    )
    later = desk.clock.forward(minutes=1)
    await desk.read(0, OTHER)
    await desk.charging.settle_all("test")
    assert [(one.at, one.meters) for one in desk.told(CutOff)] == [  # type: ignore[attr-defined]
        (at, (METER,)),
        (later, (OTHER,)),
    ]
    assert desk.book.meter(OTHER).holds == (HoldKind.NO_CREDIT,)
    await desk.charging.settle_all("test")
    assert len(desk.demands) == 2


@pytest.mark.parametrize("reconnect", [Reconnect.CONFIRM, Reconnect.MANUAL])
async def test_supply_that_waits_for_a_person(desk: Desk, reconnect: Reconnect) -> None:
    """Credit alone does not bring it back."""
    await desk.write(Policy(name="Asking", warning_levels=(), reconnect=reconnect))
    await desk.shop("1", policy="Asking")
    await desk.read(0)
    desk.clock.forward(minutes=1)
    await desk.read(1000)
    await desk.cashier.top_up([SHOP], money(5), reference="r")
    assert [one.closed for one in desk.demands] == [False]


async def test_suspect_readings_are_told_with_what_they_said(desk: Desk) -> None:
    """Once for a reason; then when the meter can be believed again."""
    await desk.shop("500")
    desk.charging.suspect(METER, "other_meter")
    await desk.read(5000)
    at = desk.clock.forward(minutes=1)
    for _ in range(2):
        await desk.read(4000)
    meter = desk.book.meter(METER)
    assert (meter.suspicion, meter.may_open) == ("backwards", False)
    assert desk.events == [
        SuspectReading(
            at=START, meter=METER, reason="other_meter", energy_wh=None, baseline_wh=None
        ),
        ReadingTrusted(at=START, meter=METER),
        SuspectReading(at=at, meter=METER, reason="backwards", energy_wh=4000, baseline_wh=5000),
    ]
    again = desk.clock.forward(minutes=1)
    await desk.read(5001)
    assert desk.events[3:] == [ReadingTrusted(at=again, meter=METER)]
    assert (meter.suspicion, meter.may_open) == (None, True)


async def test_silent_meter_is_neither_trusted_nor_loaded(desk: Desk) -> None:
    """Until it is read again."""
    await desk.shop("10")
    await desk.read(0, watts=5000)
    desk.charging.distrust(METER)
    meter = desk.book.meter(METER)
    assert (meter.fresh, meter.may_open, meter.power_mw) == (False, False, 0)
    await desk.read(0, watts=5000)
    assert (meter.may_open, meter.power_mw) == (True, 5_000_000)


async def test_power_that_is_reckoned(desk: Desk) -> None:
    """As told, or as the register grew if that is more, or as told last."""
    await desk.shop("100")
    assert await power(desk, 0) == 0
    assert await power(desk, 0, 2000) == 2_000_000
    assert await power(desk, 10) == 2_000_000  # no time went by
    desk.clock.forward(minutes=6)
    assert await power(desk, 20) == 2_000_000  # grew by 100 W only
    desk.clock.forward(minutes=6)
    assert await power(desk, 520) == 5_000_000
    desk.clock.forward(minutes=6)
    assert await power(desk, 520, 0) == 0


async def test_meter_that_nobody_has(desk: Desk) -> None:
    """Its last reading is where the next account begins, and nothing is charged."""
    await desk.shop("100")
    await desk.read(100)
    await desk.supplies.detach(SHOP, METER)
    at = desk.clock.forward(minutes=1)
    await desk.read(600, watts=3000)
    meter = desk.book.meter(METER)
    assert (meter.last, meter.mark, meter.fresh, meter.power_mw) == (
        Baseline(wh=600, at=at),
        None,
        True,
        3_000_000,
    )
    assert desk.balance == 100


async def test_register_that_begins_anew(desk: Desk) -> None:
    """Charged up to its end in the old generation, and on from 0 in the next."""
    await desk.shop("100", modulus_wh=MODULUS)
    await desk.read(MODULUS - 600)
    at = desk.clock.forward(minutes=10)
    await desk.read(400)
    assert desk.told(RegisterRolledOver) == [
        RegisterRolledOver(at=at, meter=METER, energy_wh=400, modulus_wh=MODULUS)
    ]
    assert not desk.told(SuspectReading)
    turned = START + timedelta(minutes=6)
    await desk.charging.settle_all("test")
    assert desk.balance == 99
    assert await desk.ledger.read(lambda tx: tx.generation(METER)) == RegisterGeneration(
        meter=METER, generation=2, start_wh=0, start_at=turned, reason="rollover"
    )
    supplies = await desk.ledger.read(lambda tx: tx.rows(Supply, meter=METER))
    assert [(one.generation, one.from_wh, one.to_wh, one.to_at) for one in supplies] == [
        (1, MODULUS - 600, MODULUS, turned),
        (2, 0, None, None),
    ]
    charges = await desk.ledger.read(lambda tx: list(tx.charges(SHOP, START, at)))
    assert [(one.generation, one.from_wh, one.to_wh, one.from_at) for one in charges] == [
        (1, MODULUS - 600, MODULUS, START),
        (2, 0, 400, turned),
    ]
    assert await desk.verified() == (1000, 1000)


@pytest.mark.parametrize(("before", "modulus"), [(MODULUS // 2, MODULUS), (MODULUS - 600, None)])
async def test_register_that_only_seems_to_begin_anew(
    desk: Desk, before: int, modulus: int | None
) -> None:
    """In the middle of its range, or where its end is not known: it is suspect."""
    await desk.shop("100", modulus_wh=modulus)
    await desk.read(before)
    desk.clock.forward(minutes=10)
    await desk.read(400)
    assert not desk.told(RegisterRolledOver)
    assert [one.reason for one in desk.told(SuspectReading)] == ["backwards"]  # type: ignore[attr-defined]


async def test_rollover_of_a_meter_that_nobody_has(desk: Desk) -> None:
    """Nothing was charged by it, so nothing goes on."""
    await desk.shop("100", modulus_wh=MODULUS)
    await desk.supplies.detach(SHOP, METER)
    await desk.read(MODULUS - 600)
    desk.clock.forward(minutes=10)
    await desk.read(400)
    assert [one.reason for one in desk.told(SuspectReading)] == ["backwards"]  # type: ignore[attr-defined]
    assert not desk.told(RegisterRolledOver)


async def test_tier_is_climbed_over_the_end_of_a_month(desk: Desk) -> None:
    """Energy over midnight climbs the old ladder, then the new one from its foot."""
    ladder = [{"up_to": 1}, {"price": Decimal(2)}]
    data = {"name": "Steep", "valid_from": "2020-01-01", "prices": {"flat": Decimal(1)}}
    await desk.write(data | {"tiers": ladder})
    desk.clock.time = FIRST_OF_APRIL - timedelta(hours=2)
    await desk.shop("100", rates="Steep")
    await desk.read(0)
    desk.clock.forward(hours=1)
    await desk.read(900)
    desk.clock.forward(hours=2)
    await desk.read(1900)
    # 0.9 + 0.1, then 0.4 at 2 until midnight, and 0.5 on the first step of April
    assert desk.balance == Decimal(100) - 1 - Decimal("0.8") - Decimal("0.5")
    account = desk.book.account(SHOP)
    assert {month.month: one.energy_wh for month, one in account.months.items()} == {
        3: 1400,
        4: 500,
    }
    assert account.spending.days == {
        date(2026, 3, 31): money("1.8"),
        date(2026, 4, 1): money("0.5"),
    }
    desk.clock.forward(hours=1)
    await desk.read(2900)
    assert desk.balance == Decimal(100) - Decimal("2.3") - Decimal("0.5") - 1


async def test_register_that_stands_at_nothing_after_its_end(desk: Desk) -> None:
    """Read in the moment of its turn, it tells 0."""
    await desk.shop("100", modulus_wh=MODULUS)
    await desk.read(MODULUS - 600)
    desk.clock.forward(minutes=10)
    await desk.read(0)
    [event] = desk.told(RegisterRolledOver)
    assert isinstance(event, RegisterRolledOver)
    assert event.energy_wh == 0
    await desk.charging.settle_all("test")
    assert await desk.verified() == (600, 600)


async def test_ladder_of_a_month_that_another_meter_began(desk: Desk) -> None:
    """Energy over midnight goes on where the account's other meter has climbed to."""
    data = {"name": "Steep", "valid_from": "2020-01-01", "prices": {"flat": Decimal(1)}}
    await desk.write(data | {"tiers": [{"up_to": 1}, {"price": Decimal(2)}]})
    desk.clock.time = FIRST_OF_APRIL - timedelta(hours=1)
    await desk.shop("100", rates="Steep", meters=(METER, OTHER))
    await desk.read(0)
    desk.clock.time = FIRST_OF_APRIL
    await desk.read(0, OTHER)
    desk.clock.forward(hours=1)
    await desk.read(900, OTHER)
    assert desk.balance == Decimal("99.1")
    await desk.read(1000)  # half of it in March; in April 0.1 at 1, and 0.4 at 2
    assert desk.balance == Decimal("99.1") - Decimal("0.5") - Decimal("0.9")


@pytest.mark.parametrize(("seconds", "estimated"), [(60, False), (61, True)])
async def test_border_that_counts_as_read(desk: Desk, seconds: int, *, estimated: bool) -> None:
    """Between two readings a minute apart; with more between them its split is an estimate."""
    desk.clock.time = datetime(2026, 3, 2, 13, 59, 30, tzinfo=UTC)  # 21:59:30 in Shanghai
    await desk.shop("100", rates="Retail")
    await desk.read(0)
    desk.clock.forward(seconds=seconds)
    await desk.read(100)
    charges = await desk.ledger.read(lambda tx: list(tx.charges(SHOP, START, desk.clock.now())))
    assert [(one.period, one.estimated) for one in charges] == [
        ("peak", estimated),
        ("flat", estimated),
    ]
