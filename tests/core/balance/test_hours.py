"""Registers at the hours: exact at readings, monotone between them, and nothing lost over a day."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.balance.hours import (
    HOUR,
    PeakHour,
    Point,
    RegisterLine,
    Stretch,
    hour_marks,
    hours_of,
    peak_hour,
    points_of,
    register_between,
    register_lines,
    registers_text,
)
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.ledger.allocation_rows import DayRegisters
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from tests.adapters.ledger_books import METER, install, opened, remove, use, write_tariff

SHANGHAI, KOLKATA, BERLIN, LORD_HOWE = map(
    ZoneInfo, ("Asia/Shanghai", "Asia/Kolkata", "Europe/Berlin", "Australia/Lord_Howe")
)
OTHER, LAST = MeterSerial("33B0250100002"), MeterSerial("33B0250100003")
DAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
"""Noon of that day in Shanghai."""

readings = st.lists(
    st.tuples(st.integers(1, 30_000), st.integers(0, 50_000)), min_size=2, max_size=30
)
"""Seconds since the reading before, and Wh since then."""


def stretch(moves: list[tuple[int, int]]) -> Stretch:
    """Return a register that moved so."""
    at, wh, points = NOON, 1000, []
    for seconds, counted in moves:
        at, wh = at + timedelta(seconds=seconds), wh + counted
        points.append(Point(at, wh))
    return Stretch(1, tuple(points))


@given(readings, st.integers(0, 900_000))
def test_between_readings(moves: list[tuple[int, int]], second: int) -> None:
    """A register is exact at readings, lies between its neighbours elsewhere, and never falls."""
    one = stretch(moves)
    for point in one.points:
        assert one.at(point.at) == point
    at = NOON + timedelta(seconds=second)
    found = one.at(at)
    if not one.points[0].at <= at <= one.points[-1].at:
        assert found is None
        return
    assert found is not None
    before = max(point for point in one.points if point.at <= at)
    after = min(point for point in one.points if point.at >= at)
    assert before.wh <= found.wh <= after.wh
    assert found.estimated == (after.at - before.at > HOUR)
    later = one.at(min(at + timedelta(seconds=1), one.points[-1].at))
    assert later is not None
    assert later.wh >= found.wh


@given(readings, st.sampled_from([SHANGHAI, KOLKATA, BERLIN, LORD_HOWE]))
def test_hours_add_up(moves: list[tuple[int, int]], zone: ZoneInfo) -> None:
    """The hours of a time are together what the register moved between its ends."""
    line = RegisterLine((stretch(moves),))
    first, last = line.stretches[0].points[0].at, line.stretches[0].points[-1].at
    marks = hours_of(first, last, zone)
    if len(marks) < 2:
        return
    start, end = line.at(marks[0]), line.at(marks[-1])
    assert start is not None
    assert end is not None
    hours = line.hours(marks)
    assert list(hours) == list(marks[:-1])
    assert sum(hour.wh for hour in hours.values()) == end.wh - start.wh
    (span,) = line.spans(marks[0], marks[-1])
    assert span.energy_wh == end.wh - start.wh


@pytest.mark.parametrize(
    ("zone", "day", "places", "last"),
    [
        (SHANGHAI, date(2026, 3, 2), 25, HOUR),
        (KOLKATA, date(2026, 3, 2), 25, HOUR),
        (BERLIN, date(2026, 3, 29), 24, HOUR),
        (BERLIN, date(2026, 10, 25), 26, HOUR),
        (LORD_HOWE, date(2026, 4, 5), 26, HOUR / 2),
        (LORD_HOWE, date(2026, 10, 4), 25, HOUR / 2),
    ],
    ids=str,
)
def test_days_over_daylight_saving(zone: ZoneInfo, day: date, places: int, last: timedelta) -> None:
    """A day has an hour more or less as clocks are moved, and begins where its zone says."""
    marks = hour_marks(day, zone)
    assert len(marks) == places
    assert marks[0].astimezone(zone).isoformat().startswith(f"{day}T00:00:00")
    assert {b - a for a, b in pairwise(marks[:-1])} == {HOUR}
    assert marks[-1] - marks[-2] == last
    assert marks[-1].astimezone(zone).date() == day + timedelta(days=1)


@given(st.lists(st.none() | st.tuples(st.integers(0, 10**9), st.booleans()), max_size=25))
def test_what_is_kept_comes_back(kept: list[tuple[int, bool] | None]) -> None:
    """What a day's row says is what was put into it."""
    marks = hour_marks(DAY, SHANGHAI)
    points = [one and Point(at, *one) for at, one in zip(marks, kept, strict=False)]
    row = DayRegisters(meter=METER, generation=1, day=DAY, registers=registers_text(points))
    assert list(points_of(row, SHANGHAI)) == points


def test_an_even_load_is_rounded_down() -> None:
    """A third of the time is a third of the energy, never more."""
    found = register_between(Point(NOON, 100), Point(NOON + 3 * HOUR, 200), NOON + HOUR)
    assert found == Point(NOON + HOUR, 133, estimated=True)
    same = Point(NOON, 7)
    assert register_between(same, same, NOON) == same


MIDNIGHT = datetime(2026, 3, 1, 16, tzinfo=UTC)


async def test_what_the_ledger_has(tmp_path: Path) -> None:
    """A register that was replaced is exact up to its last reading and from its first one on.

    What the meter counts while it is nobody's is counted from hour to hour; where such a register
    began anew, nothing is.
    """
    swapped, left = MIDNIGHT + 2.5 * HOUR, MIDNIGHT + 4 * HOUR
    async with opened(tmp_path / "ledger.db") as ledger:
        for work in (
            write_tariff,
            install(start_wh=1000, at=MIDNIGHT - 40 * HOUR),
            use(2600, "free"),
            remove(at=swapped),
            install(start_wh=50, at=swapped),
            use(400, "free"),
            remove(at=left),
        ):
            await ledger.run(work)

        def keep(tx: LedgerTransaction) -> None:
            tx.put(day_row(1, 2000, 2500, 3500))
            tx.put(day_row(2, None, None, None, 250))
            tx.put(day_row(0, *(None,) * 5, 460, 500, "560", 20, 60, None, 80, 90))
            tx.put(day_row(1, 10, 5, meter=OTHER))

        await ledger.run(keep)

        async def line(since: float, until: float) -> RegisterLine:
            begin, end = MIDNIGHT + since * HOUR, MIDNIGHT + until * HOUR
            lines = await ledger.read(lambda tx: register_lines(tx, [METER], begin, end, SHANGHAI))
            return lines[METER]

        async def at_all(*hours: float) -> list[tuple[int, int, bool] | None]:
            found = [(await line(hour, hour)).at(MIDNIGHT + hour * HOUR) for hour in hours]
            return [
                None if one is None else (one.generation, one.wh, one.estimated) for one in found
            ]

        assert await at_all(0, 0.5, 2.25, 2.5, 3) == [
            *((1, 2000, False), (1, 2250, False), (1, 3550, False)),
            *((2, 50, False), (2, 250, False)),
        ]
        # the closed register reaches to where nobody's begins, and that one to its last hour
        assert await at_all(4, 4.5, 7, 7.5, 8, 9, 10, 11.5, 12.5) == [
            *((0, 450, False), (0, 455, False), (0, 560, True), None),
            *((0, 20, False), (0, 60, False), None, (0, 85, False), None),
        ]
        # before the first row there is only where the register began, long before
        assert await at_all(-1) == [(1, 1975, True)]

        whole, end = await line(0, 24), MIDNIGHT + 24 * HOUR
        spans = whole.spans(MIDNIGHT, end)
        told = [(s.generation, s.from_wh, s.to_wh, s.estimated) for s in spans]
        assert told == [
            *((1, 2000, 3600, False), (2, 50, 450, False)),
            *((0, 450, 560, True), (0, 20, 60, False), (0, 80, 90, False)),
        ]
        hours = whole.hours(hours_of(MIDNIGHT, end, SHANGHAI))
        assert {(at - MIDNIGHT) // HOUR: energy.wh for at, energy in hours.items()} == {
            0: 500,
            1: 1000,
            2: 100 + 200,
            3: 200,
            4: 10,
            5: 40,
            6: 60,
            # in the hour after 7 the register began anew, and what is behind 10 is not known
            8: 40,
            11: 10,
        }


def test_the_hour_in_which_all_used_most() -> None:
    """It is that of the sum; a meter that is not known then has no part in it."""

    def line(*registers: int) -> RegisterLine:
        points = [Point(MIDNIGHT + place * HOUR, wh) for place, wh in enumerate(registers)]
        return RegisterLine((Stretch(1, tuple(points)),))

    lines = {METER: line(0, 500, 900, 900), OTHER: line(0, 0, 300, 900), LAST: line(0, 5)}
    marks = [MIDNIGHT + place * HOUR for place in range(4)]
    assert peak_hour(lines, marks) == PeakHour(MIDNIGHT + HOUR, {METER: 400, OTHER: 300})
    assert peak_hour({METER: RegisterLine(())}, marks) is None
    assert peak_hour(lines, marks[:1]) is None
    half = (*marks[:2], marks[1] + HOUR / 2)  # as where clocks are moved by half an hour
    assert peak_hour({OTHER: lines[OTHER]}, half) == PeakHour(half[1], {OTHER: 300})


def day_row(generation: int, *known: int | str | None, meter: MeterSerial = METER) -> DayRegisters:
    """Return a day's row with these registers from midnight on; texts are reckoned."""
    points = (None if one is None else Point(NOON, int(one), isinstance(one, str)) for one in known)
    return DayRegisters(
        meter=meter, generation=generation, day=DAY, registers=registers_text(points)
    )
