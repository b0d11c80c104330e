"""Rows of hourly registers on both engines: few meters, many meters, and which there are."""

from datetime import date, timedelta

import pytest

from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.ledger.allocation_rows import DayRegisters
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from tests.adapters.ledger_books import ENGINES, METER, install, remove

pytestmark = [pytest.mark.usefixtures("socket_enabled"), pytest.mark.parametrize("engine", ENGINES)]

FIRST = date(2026, 3, 1)
METERS = [MeterSerial(f"33B02509{number:05}") for number in range(12)]


def row(meter: MeterSerial, day: int, generation: int = 0) -> DayRegisters:
    """Return a day of a meter."""
    return DayRegisters(
        meter=meter,
        generation=generation,
        day=FIRST + timedelta(days=day),
        registers=f"[{day},null]",
    )


async def test_few_and_many_meters(ledger: DatabaseLedger) -> None:
    """However many are asked for, each has its own days, by day and generation; no others."""
    await ledger.run(install(METERS[0]))
    await ledger.run(remove(METERS[0]))
    await ledger.run(install(METERS[0]))

    def keep(tx: LedgerTransaction) -> None:
        for meter in METERS:
            for day in range(4):
                tx.put(row(meter, day))
        tx.put(row(METERS[0], 1, 2))
        tx.put(row(METERS[0], 1, 1))
        tx.put(row(METER, 9))

    await ledger.run(keep)
    since, until = FIRST + timedelta(days=1), FIRST + timedelta(days=2)
    expected = {meter: [row(meter, 1), row(meter, 2)] for meter in METERS}
    expected[METERS[0]][1:1] = [row(METERS[0], 1, 1), row(METERS[0], 1, 2)]
    many = await ledger.read(lambda tx: tx.day_registers([*METERS, METER], since, until))
    assert many == expected
    few = await ledger.read(lambda tx: tx.day_registers([METERS[0], METER], since, until))
    assert few == {METERS[0]: expected[METERS[0]]}
    assert await ledger.read(lambda tx: tx.metered(since, until)) == tuple(METERS)
    generations = await ledger.read(lambda tx: tx.generations([METERS[0], METER]))
    assert {meter: [one.generation for one in known] for meter, known in generations.items()} == {
        METERS[0]: [1, 2]
    }


async def test_a_day_is_written_again(ledger: DatabaseLedger) -> None:
    """The latest row of a day replaces the one before."""
    await ledger.run(lambda tx: tx.put(row(METER, 0)))
    later = DayRegisters(meter=METER, generation=0, day=FIRST, registers="[0,5]")
    await ledger.run(lambda tx: tx.put(later))
    found = await ledger.read(lambda tx: tx.day_registers([METER], FIRST, FIRST))
    assert found == {METER: [later]}
