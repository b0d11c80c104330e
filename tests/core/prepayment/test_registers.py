"""The meter's own tariff registers, where a border was missed."""

from decimal import Decimal
from typing import Any

import pytest

from custom_components.compere_prepaid.core.ledger.records import Charge
from custom_components.compere_prepaid.core.metering.reading import Quantity
from tests.core.prepayment.desk import METER, SHOP, START, Desk

RETAIL = {
    "name": "Metered",
    "valid_from": "2020-01-01",
    "prices": {"peak": Decimal(2), "flat": Decimal(1)},
    "schedule": [{"slots": {"00:00": "flat", "08:00": "peak", "12:00": "flat"}}],
    "meter_registers": {"peak": "T1", "flat": "T2"},
}


def told(t1: int, t2: int) -> dict[Quantity, int]:
    """Return what the meter's tariff registers show."""
    return {Quantity.ENERGY_T1: t1, Quantity.ENERGY_T2: t2}


async def charges(desk: Desk) -> list[tuple[str, int, bool]]:
    """Return period, Wh and estimate of all charges."""
    await desk.charging.settle_all("test")

    def read(tx: Any) -> list[Charge]:
        return list(tx.charges(SHOP, START, desk.clock.now()))

    found = await desk.ledger.read(read)
    return [(one.period, one.to_wh - one.from_wh, one.estimated) for one in found]


async def open_shop(desk: Desk) -> None:
    """Read the meter in the peak, at 10:00."""
    await desk.write(RETAIL)
    await desk.shop("100", rates="Metered")
    await desk.read(5000, more=told(3000, 2000))


async def test_registers_decide_over_a_missed_border(desk: Desk) -> None:
    """Time would have said half and half; the meter knows that the evening was quiet."""
    await open_shop(desk)
    desk.clock.forward(hours=4)
    await desk.read(9000, more=told(6900, 2100))
    assert await charges(desk) == [("peak", 3900, False), ("flat", 100, False)]
    assert desk.balance == Decimal(100) - Decimal("7.9")
    assert await desk.verified() == (4000, 4000)


async def test_registers_are_kept_over_a_restart(desk: Desk) -> None:
    """The case that matters: nobody was there when the border passed."""
    await open_shop(desk)
    await desk.charging.settle_all("test")
    await desk.restart()
    await desk.shop("100", rates="Metered")
    assert desk.book.meter(METER).registers == {"T1": 3000, "T2": 2000}
    desk.clock.forward(hours=4)
    await desk.read(9000, more=told(6900, 2100))
    assert await charges(desk) == [("peak", 3900, False), ("flat", 100, False)]


@pytest.mark.parametrize("t1", [6899, 6901])
async def test_a_step_of_rounding_is_forgiven(desk: Desk, t1: int) -> None:
    """Each register is rounded by itself; the sum is what is charged."""
    await open_shop(desk)
    desk.clock.forward(hours=4)
    await desk.read(9000, more=told(t1, 2100))
    assert await charges(desk) == [("peak", 3900, False), ("flat", 100, False)]


@pytest.mark.parametrize(
    "registers", [{}, told(6000, 2100), told(2900, 6100), {Quantity.ENERGY_T1: 6900}]
)
async def test_registers_that_disagree_are_not_believed(
    desk: Desk, registers: dict[Quantity, int]
) -> None:
    """Then time decides, and the lines say so."""
    await open_shop(desk)
    desk.clock.forward(hours=4)
    await desk.read(9000, more=registers)
    assert await charges(desk) == [("peak", 2000, True), ("flat", 2000, True)]


async def test_border_between_two_near_readings_is_no_estimate(desk: Desk) -> None:
    """A line with many meters reads them within seconds: that is reading at the border."""
    await open_shop(desk)
    desk.clock.forward(minutes=119, seconds=50)
    await desk.read(7000)
    desk.clock.forward(seconds=20)
    await desk.read(7100)
    assert await charges(desk) == [
        ("peak", 2000, False),
        ("peak", 50, False),
        ("flat", 50, False),
    ]
