"""Demand as readings tell it: in its period, and in the months of the site."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from custom_components.compere_prepaid.core.metering.reading import Quantity
from tests.core.prepayment.desk import SHOP, START, Desk

FIRST_OF_APRIL = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)

POWER: dict[str, Any] = {
    "name": "Power",
    "valid_from": "2020-01-01",
    "prices": {"peak": Decimal(0), "flat": Decimal(0)},
    "schedule": [{"slots": {"00:00": "flat", "12:00": "peak", "14:00": "flat"}}],
    "demand": [
        {"name": "any", "quantity": "kW", "minutes": 15, "prices": [{"price": 1}]},
        {"name": "all", "quantity": "kVA", "minutes": 15, "prices": [{"price": 1}]},
        {
            "name": "noon",
            "quantity": "kVA",
            "minutes": 15,
            "period": "peak",
            "prices": [{"price": 1}],
        },
    ],
}


def peaks(desk: Desk) -> dict[tuple[str, int], tuple[int, datetime]]:
    """Return the highest demands by name and month."""
    found = desk.book.account(SHOP).demand.peaks
    return {(key.name, month.month): (one.quantity, one.at) for (month, key), one in found.items()}


async def test_apparent_power_of_a_period(desk: Desk) -> None:
    """It counts for the time up to the reading that told it, in the period of that instant."""
    await desk.write(POWER)
    await desk.shop("100", rates="Power")  # at ten
    await desk.read(0, more={Quantity.APPARENT_POWER: 99_000_000})
    noon = START + timedelta(hours=2)
    for minutes, kva in ((105, 9), (120, 8), (135, 5), (150, 6), (165, 7)):
        desk.clock.time = START + timedelta(minutes=minutes)
        await desk.read(minutes * 10, more={Quantity.APPARENT_POWER: kva * 1_000_000})
    quarter = timedelta(minutes=15)
    assert peaks(desk) == {
        ("any", 3): (600, START),
        ("all", 3): (9000, START),
        ("noon", 3): (8000, noon - quarter),
    }


async def test_demand_of_a_meter_that_was_silent_over_the_end_of_a_month(desk: Desk) -> None:
    """Its blocks belong to the months of the site, also those that could wait no longer."""
    await desk.write(POWER)
    desk.clock.time = FIRST_OF_APRIL - timedelta(hours=8)
    await desk.shop("100", rates="Power")
    await desk.read(0)
    desk.clock.time = FIRST_OF_APRIL + timedelta(days=7)
    await desk.read(4000 * 176, more={Quantity.APPARENT_POWER: 5_000_000})
    begin = FIRST_OF_APRIL - timedelta(hours=8)
    assert peaks(desk) == {
        ("any", 3): (4000, begin),
        ("any", 4): (4000, FIRST_OF_APRIL),
        ("all", 3): (5000, begin),
        ("all", 4): (5000, FIRST_OF_APRIL),
    }


async def test_demand_at_the_beginning_of_a_month(desk: Desk) -> None:
    """In the site's zone: in UTC it is still the month before."""
    await desk.write(POWER)
    desk.clock.time = FIRST_OF_APRIL
    await desk.shop("100", rates="Power")
    await desk.read(0)
    desk.clock.forward(minutes=15)
    await desk.read(1000)
    assert peaks(desk) == {("any", 4): (4000, FIRST_OF_APRIL)}
