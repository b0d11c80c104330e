"""From readings to rows: whatever the rhythm of readings, crashes and registers that begin anew."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.core.balance.hour_log import HourLog
from custom_components.compere_prepaid.core.balance.hours import (
    HOUR,
    NOBODYS,
    HourEnergy,
    Point,
    hours_of,
    register_between,
    register_lines,
)
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.metering.reading import MeterReading, Quantity
from tests.adapters.ledger_books import METER, install, opened, remove, use, write_tariff

BERLIN = ZoneInfo("Europe/Berlin")
MAX_W = 20_000
BEFORE_SPRING = datetime(2026, 3, 28, 12, 30, tzinfo=UTC)
"""Half a day before clocks are moved in Berlin."""

moves = st.lists(
    st.tuples(
        st.integers(1, 5 * 3600), st.integers(0, 20_000), st.sampled_from(["", "write", "crash"])
    ),
    min_size=3,
    max_size=20,
)
"""Seconds since the reading before, mean power since then, and what happens."""

numbers = count()


def reading(at: datetime, wh: int, meter: MeterSerial = METER) -> MeterReading:
    """Return a reading of the register."""
    return MeterReading(serial=meter, at=at, values={Quantity.ENERGY_IMPORT: wh})


async def known(
    ledger: DatabaseLedger, marks: Sequence[datetime], meter: MeterSerial = METER
) -> list[HourEnergy | None]:
    """Return what the ledger has of hours."""
    line = await ledger.read(
        lambda tx: register_lines(tx, [meter], marks[0], marks[-1], BERLIN)[meter]
    )
    hours = line.hours(marks)
    return [hours.get(at) for at in marks[:-1]]


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[DatabaseLedger]:
    """Return an empty book."""
    async with opened(tmp_path / "ledger.db") as ledger:
        yield ledger


async def write(log: HourLog, ledger: DatabaseLedger) -> None:
    """Write what a log knows."""
    snapshot = log.snapshot()
    await ledger.run(snapshot.write)
    log.written(snapshot)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves)
async def test_no_hour_is_missing(
    ledger: DatabaseLedger, moves: list[tuple[int, int, str]]
) -> None:
    """Each hour's register is that between its readings, whether or not a crash came between.

    After a crash the readings since the last hour that was written are as if never taken, and what
    lies between is reckoned from what the ledger has. The same register goes on, so the hours are
    together what it moved.
    """
    meter = MeterSerial(f"33B{next(numbers):010}")
    at, wh, log = BEFORE_SPRING, 1000, HourLog(BERLIN)
    points = [Point(at, wh)]
    log.take(reading(at, wh, meter), NOBODYS, MAX_W)
    for seconds, watts, then in moves:
        if then == "crash":
            log = HourLog(BERLIN)
        at += timedelta(seconds=seconds)
        wh += seconds * watts // 3600
        points.append(Point(at, wh))
        log.take(reading(at, wh, meter), NOBODYS, MAX_W)
        if then == "write":
            await write(log, ledger)
    await write(log, ledger)
    marks = hours_of(points[0].at, points[-1].at, BERLIN)
    if len(marks) < 2:
        return
    found = await known(ledger, marks, meter)
    begin = next((place for place, hour in enumerate(found) if hour), len(found))
    hours = [hour for hour in found[begin:] if hour is not None]
    assert len(hours) == len(found) - begin
    registers = [
        next(
            register_between(before, after, mark)
            for before, after in pairwise(points)
            if before.at <= mark <= after.at
        )
        for mark in marks
    ]
    if all(then != "crash" for _, _, then in moves):
        assert begin == 0
        assert [hour.wh for hour in hours] == [
            after.wh - before.wh for before, after in pairwise(registers)
        ]
        assert [hour.estimated for hour in hours] == [
            before.estimated or after.estimated for before, after in pairwise(registers)
        ]
    if hours:
        # an hour with readings on both sides that were taken is never moved by a crash elsewhere
        assert sum(hour.wh for hour in hours) <= points[-1].wh - points[0].wh
        assert min(hour.wh for hour in hours) >= 0


async def test_a_crash_is_filled(ledger: DatabaseLedger) -> None:
    """What happened between the last hour that was written and the first reading is spread evenly.

    It is marked as reckoned where that took more than an hour; what is nobody's is filled like what
    somebody is charged for, and of the latter the bill mark is better known.
    """
    noon = BEFORE_SPRING - HOUR / 2
    marks = [noon + number * HOUR for number in range(8)]
    log = HourLog(BERLIN)
    for minutes in range(0, 130, 10):
        log.take(reading(noon + timedelta(minutes=minutes), 10 * minutes), NOBODYS, MAX_W)
    await write(log, ledger)
    after = HourLog(BERLIN)
    after.take(reading(noon + 6 * HOUR, 1200 + 4 * 500), NOBODYS, MAX_W)
    after.take(reading(noon + 7 * HOUR, 3900), NOBODYS, MAX_W)
    await write(after, ledger)
    assert await known(ledger, marks) == [
        *(HourEnergy(600, estimated=False),) * 2,
        *(HourEnergy(500, estimated=True),) * 4,
        HourEnergy(700, estimated=False),
    ]


async def test_a_register_that_changes_hands_and_begins_anew(ledger: DatabaseLedger) -> None:
    """What is nobody's passes on to the next tenant's generation, hour by hour.

    Where nobody's register falls, or leaps over what its breaker lets through, the hour is unknown.
    """
    noon = BEFORE_SPRING - HOUR / 2
    log = HourLog(BERLIN)

    def take(hours: float, wh: int, generation: int = NOBODYS) -> None:
        log.take(reading(noon + hours * HOUR, wh), generation, MAX_W)

    await ledger.run(write_tariff)
    take(-0.5, 100)
    take(0.5, 200)
    take(1.5, 50)
    take(2.25, 150)
    take(3.5, 9_000_000)
    take(4.25, 9_000_750)
    take(5.25, 9_001_750)
    await write(log, ledger)
    await ledger.run(install(start_wh=9_002_000, at=noon + 5.5 * HOUR))
    take(5.5, 9_002_000, 1)
    take(6.5, 9_003_000, 1)
    await ledger.run(use(1000, "free"))
    await ledger.run(remove(at=noon + 6.5 * HOUR))
    take(7.5, 9_003_500)
    take(8.5, 9_004_500)
    log.forget(METER)
    await write(log, ledger)
    marks = [noon + number * HOUR for number in range(9)]
    assert await known(ledger, marks) == [
        *(None, None, None, None, None),
        HourEnergy(250 + 250 + 500, estimated=False),
        HourEnergy(500 + 250, estimated=False),
        HourEnergy(250 + 500, estimated=False),
    ]


async def test_many_meters_are_written_in_parts(ledger: DatabaseLedger) -> None:
    """Each part is a transaction, and is forgotten when it is written; those that left come too."""
    log, serials = HourLog(BERLIN), [MeterSerial(f"33C{number:010}") for number in range(5)]
    for wh, at in enumerate((BEFORE_SPRING, BEFORE_SPRING + 2 * HOUR)):
        for serial in serials:
            log.take(reading(at, 1000 * wh, serial), NOBODYS, MAX_W)
    log.forget(serials[0])
    first, *others = log.snapshot().slices(2)
    await ledger.run(first.write)
    log.written(first)
    assert len(list(log.snapshot().slices(2))) == len(others) == 2
    for part in others:
        await ledger.run(part.write)
        log.written(part)
    assert not list(log.snapshot().slices(2))
    at = BEFORE_SPRING + timedelta(minutes=30)
    for serial in serials:
        (hour,) = await known(ledger, (at, at + HOUR), serial)
        assert hour is not None
        assert hour.wh == 500
