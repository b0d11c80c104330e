"""Meters are replaced, registers begin anew or run over: each Wh is charged once (E9)."""

from datetime import timedelta
from decimal import Decimal

import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.events import RegisterRolledOver, SuspectReading
from custom_components.compere_prepaid.core.ledger.records import HoldKind
from custom_components.compere_prepaid.core.tenancy.replacement import Replacement
from custom_components.compere_prepaid.core.tenancy.supplies import MeterSetup
from tests.core.prepayment.desk import METER, OTHER, SHOP, START, Desk


def change(**more: object) -> Replacement:
    """Describe the replacement of the shop's meter by the other one."""
    values: dict[str, object] = {"old": METER, "new": OTHER, "reason": "broken", "user": "joe"}
    return Replacement(**(values | more))  # type: ignore[arg-type]


async def attach(desk: Desk, multiplier: int = 1) -> None:
    """Let the new meter take the place of the old one, as its new configuration does."""
    setup = MeterSetup(serial=OTHER, max_power_w=60_000, multiplier=multiplier)
    await desk.supplies.add_meter(setup)
    await desk.supplies.attach(SHOP, OTHER)


async def test_new_meter_that_starts_at_5000_has_used_nothing(desk: Desk) -> None:
    """E9, with the old meter's last reading taken by hand."""
    await desk.shop("100")
    await desk.read(1000)
    desk.clock.forward(hours=1)
    await desk.read(3000)
    desk.clock.forward(minutes=30)
    mark = await desk.replacements.replace_meter(change(final_wh=3400, start_wh=5_000_000))
    assert mark is not None
    assert mark.wh == 5_000_000
    await attach(desk)
    desk.clock.forward(minutes=10)
    await desk.read(5_000_250, OTHER)
    await desk.charging.settle_all("test")
    assert desk.balance == Decimal(100) - Decimal("2.4") - Decimal("0.25")
    assert await desk.verified() == (2650, 2650)
    generation = await desk.ledger.read(lambda tx: tx.generation(OTHER))
    assert generation is not None
    assert (generation.generation, generation.start_wh, generation.reason) == (
        1,
        5_000_000,
        "broken",
    )


async def test_new_meter_begins_with_its_first_reading(desk: Desk) -> None:
    """Where nobody wrote its reading down."""
    await desk.shop("100")
    await desk.read(1000)
    desk.clock.forward(hours=1)
    await desk.read(3000)
    assert await desk.replacements.replace_meter(change()) is None
    await attach(desk)
    desk.clock.forward(minutes=10)
    await desk.read(777, OTHER)
    desk.clock.forward(minutes=10)
    await desk.read(877, OTHER)
    assert desk.balance == Decimal(98) - Decimal("0.1")
    await desk.charging.settle_all("test")
    assert await desk.verified() == (2100, 2100)


async def test_holds_of_people_pass_on(desk: Desk) -> None:
    """Maintenance protects the person at the cable, whatever meter is there."""
    await desk.shop("100")
    await desk.read(1000)
    for kind in (HoldKind.MAINTENANCE, HoldKind.MANUAL):
        await desk.agreements.place_hold([METER], kind, user="joe", reason="work")
    await desk.replacements.replace_meter(change())
    await attach(desk)
    held = await desk.ledger.read(lambda tx: tx.holds(OTHER))
    assert {(hold.kind, hold.placed_by) for hold in held} == {
        (HoldKind.MAINTENANCE, "joe"),
        (HoldKind.MANUAL, "joe"),
    }
    assert await desk.ledger.read(lambda tx: tx.holds(METER)) == ()
    await desk.verified()


async def test_hold_for_credit_follows_the_account(desk: Desk) -> None:
    """A tenant without credit does not get power by a new meter, once that was read."""
    await desk.shop("1")
    await desk.read(0)
    desk.clock.forward(hours=1)
    await desk.read(2000)
    await desk.replacements.replace_meter(change())
    await attach(desk)
    desk.clock.forward(minutes=10)
    await desk.read(10, OTHER)
    held = await desk.ledger.read(lambda tx: tx.holds(OTHER))
    assert [hold.kind for hold in held] == [HoldKind.NO_CREDIT]
    await desk.verified()


async def test_reset_register_of_the_same_meter(desk: Desk) -> None:
    """A register that was set to 0 goes on from there, when somebody says so."""
    await desk.shop("100")
    await desk.read(50_000)
    desk.clock.forward(hours=1)
    await desk.read(51_000)
    desk.clock.forward(minutes=10)
    await desk.read(5)
    assert desk.told(SuspectReading)
    mark = await desk.replacements.replace_meter(change(new=METER, start_wh=0, reason="reset"))
    assert mark is not None
    desk.clock.forward(minutes=10)
    await desk.read(205)
    await desk.charging.settle_all("test")
    assert desk.balance == Decimal(99) - Decimal("0.205")
    assert await desk.verified() == (1205, 1205)


@pytest.mark.parametrize("final_wh", [2999, 3_000_000])
async def test_final_reading_that_cannot_be(desk: Desk, final_wh: int) -> None:
    """Less than is charged already, or more than the breaker lets through: nothing changes."""
    await desk.shop("100")
    await desk.read(1000)
    desk.clock.forward(hours=1)
    await desk.read(3000)
    desk.clock.forward(minutes=30)
    with pytest.raises(InvalidInputError, match="final_reading_wrong"):
        await desk.replacements.replace_meter(change(final_wh=final_wh))
    with pytest.raises(InvalidInputError, match="reason_missing"):
        await desk.replacements.replace_meter(change(reason=" "))
    assert desk.balance == 98


async def test_interrupted_replacement_can_be_repeated(desk: Desk) -> None:
    """Once the ledger has it, the same again changes nothing; a different one is refused."""
    await desk.shop("100")
    await desk.read(1000)
    desk.clock.forward(hours=1)
    await desk.read(3000)
    first = await desk.replacements.replace_meter(change(start_wh=50))
    await desk.restart()
    await desk.shop("100")
    desk.clock.forward(minutes=1)
    assert await desk.replacements.replace_meter(change(start_wh=50)) == first
    with pytest.raises(InvalidInputError, match="meter_in_service"):
        await desk.replacements.replace_meter(change(start_wh=50, reason="something else"))
    await attach(desk)
    desk.clock.forward(minutes=10)
    await desk.read(150, OTHER)
    await desk.charging.settle_all("test")
    assert await desk.verified() == (2100, 2100)


async def test_replacement_of_an_hour_ago(desk: Desk) -> None:
    """What the new meter counted since it was installed is believed, and charged."""
    await desk.shop("100")
    await desk.read(1000)
    exchanged = desk.clock.forward(hours=1)
    desk.clock.forward(hours=1)
    for wrong in (START - timedelta(seconds=1), desk.clock.time + timedelta(seconds=1)):
        with pytest.raises(InvalidInputError, match="replaced_when"):
            await desk.replacements.replace_meter(change(at=wrong))
    await desk.replacements.replace_meter(
        change(final_wh=2500, start_wh=10, at=exchanged, multiplier=10)
    )
    await attach(desk, multiplier=10)
    await desk.read(20_010, OTHER)
    await desk.charging.settle_all("test")
    assert not desk.told(SuspectReading)
    assert await desk.verified() == (21_500, 21_500)
    generation = await desk.ledger.read(lambda tx: tx.generation(OTHER))
    assert generation is not None
    assert (generation.start_at, generation.multiplier) == (exchanged, 10)


async def test_meter_in_service_cannot_replace_another(desk: Desk) -> None:
    """A serial number stands for one register."""
    await desk.shop("100")
    await desk.open_other("B-7", "10", meters=(OTHER,))
    await desk.read(0)
    await desk.read(0, OTHER)
    with pytest.raises(InvalidInputError, match="meter_in_service"):
        await desk.replacements.replace_meter(change())
    await desk.verified()


async def test_register_runs_over(desk: Desk) -> None:
    """E9: a five-digit register that goes from 99 940 to 85 used 145 kWh."""
    await desk.shop("1000", modulus_wh=100_000_000)
    await desk.read(99_940_000)
    desk.clock.forward(hours=5)
    await desk.read(85_000)
    [event] = desk.told(RegisterRolledOver)
    assert isinstance(event, RegisterRolledOver)
    assert not desk.told(SuspectReading)
    assert desk.balance == 1000 - 145
    await desk.charging.settle_all("test")
    assert await desk.verified() == (145_000, 145_000)
    await desk.restart()
    await desk.shop("1000", modulus_wh=100_000_000)
    desk.clock.forward(hours=1)
    await desk.read(86_000)
    await desk.charging.settle_all("test")
    assert await desk.verified() == (146_000, 146_000)


@pytest.mark.parametrize(("last", "now"), [(90_000_000, 85_000), (99_940_000, 9_000_000)])
async def test_register_far_from_its_end_did_not_run_over(desk: Desk, last: int, now: int) -> None:
    """It was replaced or reset, and a person must say so."""
    await desk.shop("1000", modulus_wh=100_000_000)
    await desk.read(last)
    desk.clock.forward(hours=5)
    await desk.read(now)
    assert desk.told(SuspectReading)
    assert desk.balance == 1000


async def test_other_transformer_begins_a_new_generation(desk: Desk) -> None:
    """What the register counted until then had the old ratio."""
    await desk.shop("1000")
    await desk.read(1000)
    desk.clock.forward(hours=1)
    await desk.read(2000)
    await desk.supplies.add_meter(MeterSetup(serial=METER, max_power_w=60_000, multiplier=40))
    desk.clock.forward(minutes=10)
    await desk.read(80_000)
    desk.clock.forward(minutes=10)
    await desk.read(80_400)
    await desk.charging.settle_all("test")
    assert desk.balance == Decimal(999) - Decimal("0.4")
    assert await desk.verified() == (1400, 1400)
    generation = await desk.ledger.read(lambda tx: tx.generation(METER))
    assert generation is not None
    assert (generation.generation, generation.multiplier) == (2, 40)
