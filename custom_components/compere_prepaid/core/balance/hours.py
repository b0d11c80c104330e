"""What registers showed at the hours, and what meters counted between any two instants.

The ledger keeps the register of every meter at each hour of the site's days (`DayRegisters`), also
of meters that nobody is charged by. Where no reading fell on an hour, the register is that of an
even load between the readings before and after it; readings that are more than an hour apart make
it a reckoned one. All readings are believed ones, so a register never falls within a generation,
and the hours of a time always add up to what the register moved in it.

Generation 0 is what a meter counts while it has no generation in the ledger, because it is nobody's
and the site has no owner's account. There a register may begin anew without anybody saying so: what
is not known from hour to hour is a gap then, and nothing is counted over it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
import json
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..ids import MeterSerial
from ..ledger.allocation_rows import DayRegisters
from ..ledger.ports import LedgerTransaction
from ..ledger.records import RegisterGeneration
from ..prepayment.calendar import day_of, day_start

HOUR = timedelta(hours=1)
"""Readings further apart than this make the registers between them reckoned ones."""

NOBODYS = 0
"""The generation of what a meter counts while the ledger has none for it."""

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST_HOUR = timedelta(minutes=90)
"""The last place of a day that is half an hour longer stands further from the one before it."""


class Point(NamedTuple):
    """A register at an instant; `estimated` if it lies in a time without readings."""

    at: datetime
    wh: int
    estimated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterAt:
    """What a meter's register showed at an instant, in Wh."""

    generation: int
    wh: int
    estimated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergySpan:
    """What a register generation counted from an instant to another, as far as it is known."""

    generation: int
    from_wh: int
    to_wh: int
    estimated: bool
    since: datetime
    until: datetime

    @property
    def energy_wh(self) -> int:
        """What was counted."""
        return self.to_wh - self.from_wh


class HourEnergy(NamedTuple):
    """What a meter counted in an hour; `estimated` if an end of it lies in a time unread."""

    wh: int
    estimated: bool


class PeakHour(NamedTuple):
    """The hour in which meters together counted most, and the mean W of each in it."""

    at: datetime
    mean_w: Mapping[MeterSerial, int]


@lru_cache(maxsize=2048)
def hour_marks(day: date, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Return the instants (UTC) at which a day's hours begin, and the one at which it ends.

    An hour is one of elapsed time, so that a day over daylight saving has 23 or 25 of them; where
    clocks are moved by half an hour the last one is half as long.
    """
    at, end = day_start(day, zone), day_start(day + _DAY, zone)
    marks = []
    while at < end:
        marks.append(at)
        at += HOUR
    return (*marks, end)


def hours_of(since: datetime, until: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Return the beginnings of all hours that lie within a time, and the end of the last one."""
    marks: dict[datetime, None] = {}
    day = day_of(since, zone)
    while day <= day_of(until, zone):
        marks |= dict.fromkeys(at for at in hour_marks(day, zone) if since <= at <= until)
        day += _DAY
    return tuple(marks)


def register_between(before: Point, after: Point, at: datetime) -> Point:
    """Return the register at an instant between two readings, of an even load; rounded down."""
    if at in {before.at, after.at}:
        return before if at == before.at else after
    elapsed = after.at - before.at
    moved = (after.wh - before.wh) * ((at - before.at) // _MICROSECOND) // (elapsed // _MICROSECOND)
    is_far = elapsed > HOUR or before.estimated or after.estimated
    return Point(at, before.wh + moved, is_far)


def registers_text(points: Iterable[Point | None]) -> str:
    """Return a day's registers as they are kept (`DayRegisters.registers`)."""
    kept = (point and (str(point.wh) if point.estimated else point.wh) for point in points)
    return json.dumps(list(kept), separators=(",", ":"))


def points_of(row: DayRegisters, zone: ZoneInfo) -> tuple[Point | None, ...]:
    """Return the registers of a day by its hours; None where nothing is known."""
    return tuple(_points(row, hour_marks(row.day, zone)))


def _points(row: DayRegisters, marks: Sequence[datetime]) -> Iterator[Point | None]:
    for at, kept in zip(marks, json.loads(row.registers), strict=False):
        if kept is None:
            yield None
        else:
            yield Point(at, int(kept), estimated=kept.__class__ is str)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A register that moved on from point to point, without a gap."""

    generation: int
    points: tuple[Point, ...]
    _at: Sequence[datetime] = field(init=False, repr=False, compare=False)
    _by_time: Mapping[datetime, Point] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Know where to find which point."""
        object.__setattr__(self, "_at", [point.at for point in self.points])
        object.__setattr__(self, "_by_time", {point.at: point for point in self.points})

    def at(self, at: datetime) -> Point | None:
        """Return the register at an instant, if it lies within the stretch."""
        if (known := self._by_time.get(at)) is not None:
            return known
        place = bisect_left(self._at, at)
        if place in {0, len(self._at)}:
            return None
        return register_between(self.points[place - 1], self.points[place], at)

    def between(self, since: datetime, until: datetime) -> tuple[Point, Point] | None:
        """Return the register at both ends of what a time has in common with the stretch."""
        first, last = self.points[0], self.points[-1]
        start = first if since <= first.at else self.at(since)
        end = last if until >= last.at else self.at(until)
        return (start, end) if start and end and start.at < end.at else None

    def hours(self, marks: Sequence[datetime]) -> Mapping[datetime, HourEnergy]:
        """Return what was counted from mark to mark, where both lie within the stretch."""
        found: dict[datetime, HourEnergy] = {}
        get = self._by_time.get
        points = [get(mark) or self.at(mark) for mark in marks]
        for since, (start, end) in zip(marks, pairwise(points), strict=False):
            if start is not None and end is not None:
                is_estimated = start.estimated or end.estimated
                found[since] = HourEnergy(end.wh - start.wh, is_estimated)
        return found


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """All that is known of a meter's register in a time, in the order of time."""

    stretches: tuple[Stretch, ...]

    def at(self, at: datetime) -> RegisterAt | None:
        """Return what the register showed at an instant; of two registers the later one."""
        for stretch in reversed(self.stretches):
            if (point := stretch.at(at)) is not None:
                return RegisterAt(
                    generation=stretch.generation, wh=point.wh, estimated=point.estimated
                )
        return None

    def spans(self, since: datetime, until: datetime) -> tuple[EnergySpan, ...]:
        """Return what was counted in a time, of each register.

        Where the first span begins later than asked, or the last one ends earlier, nothing is known
        of the rest; no span at all: nothing is known.
        """
        found = ((one.generation, one.between(since, until)) for one in self.stretches)
        return tuple(
            EnergySpan(
                generation=generation,
                from_wh=ends[0].wh,
                to_wh=ends[1].wh,
                estimated=ends[0].estimated or ends[1].estimated,
                since=ends[0].at,
                until=ends[1].at,
            )
            for generation, ends in found
            if ends is not None
        )

    def hours(self, marks: Sequence[datetime]) -> Mapping[datetime, HourEnergy]:
        """Return what was counted from mark to mark, by the first of both.

        Those at an end of which the register is not known are left out.
        """
        if len(self.stretches) == 1:
            return self.stretches[0].hours(marks)
        found: dict[datetime, HourEnergy] = {}
        for since, until in pairwise(marks):
            energy = self._within_one(since, until) or self._over_several(since, until)
            if energy is not None:
                found[since] = energy
        return found

    def _within_one(self, since: datetime, until: datetime) -> HourEnergy | None:
        for stretch in self.stretches:
            start, end = stretch.at(since), stretch.at(until)
            if start is not None and end is not None:
                return HourEnergy(end.wh - start.wh, start.estimated or end.estimated)
        return None

    def _over_several(self, since: datetime, until: datetime) -> HourEnergy | None:
        if self.at(since) is None or self.at(until) is None:
            return None
        if not (spans := self.spans(since, until)):
            return None  # a register that began anew in between
        return HourEnergy(sum(span.energy_wh for span in spans), any(s.estimated for s in spans))


NOTHING_KNOWN = RegisterLine(())
"""Of a meter that was never read."""


def register_lines(
    tx: LedgerTransaction,
    meters: Iterable[MeterSerial],
    since: datetime,
    until: datetime,
    zone: ZoneInfo,
) -> Mapping[MeterSerial, RegisterLine]:
    """Read what is known of meters' registers around a time; of each meter, if only that nothing.

    What it takes to work with is in the answer: whatever is heavy needs no transaction.
    """
    wanted = list(dict.fromkeys(meters))
    days = tx.day_registers(wanted, day_of(since, zone) - _DAY, day_of(until, zone) + _DAY)
    marks = {row.day: hour_marks(row.day, zone) for rows in days.values() for row in rows}
    generations = tx.generations(wanted)
    return {
        meter: RegisterLine(
            tuple(_stretches(days.get(meter, ()), marks, generations.get(meter, ())))
        )
        for meter in wanted
    }


def peak_hour(
    lines: Mapping[MeterSerial, RegisterLine], marks: Sequence[datetime]
) -> PeakHour | None:
    """Return the hour from mark to mark in which meters counted most, the first of equals.

    A meter of which that hour is not known is not in the answer. None if nothing is known at all.
    """
    by_meter = {meter: line.hours(marks) for meter, line in lines.items()}
    totals: dict[datetime, int] = {}
    for hours in by_meter.values():
        for at, energy in hours.items():
            totals[at] = totals.get(at, 0) + energy.wh
    if not totals:
        return None
    peak = min(totals, key=lambda at: (-totals[at], at))
    length = (marks[bisect_right(marks, peak)] - peak) // _MICROSECOND
    return PeakHour(
        peak,
        {
            meter: hours[peak].wh * (HOUR // _MICROSECOND) // length
            for meter, hours in by_meter.items()
            if peak in hours
        },
    )


def _stretches(
    rows: Iterable[DayRegisters],
    marks: Mapping[date, Sequence[datetime]],
    generations: Iterable[RegisterGeneration],
) -> Iterator[Stretch]:
    """Yield a register's stretches: one for each generation, and what was nobody's between them."""
    kept: dict[int, list[Point | None]] = {}
    for row in rows:
        kept.setdefault(row.generation, []).extend(_points(row, marks[row.day]))
    found: list[Stretch] = []
    for generation in generations:
        known = kept.get(generation.generation, ())
        if points := _of_generation(generation, filter(None, known)):
            found.append(Stretch(generation.generation, points))
    nobodys = list(_without_gaps(kept.get(NOBODYS, ())))
    yield from _joined(sorted((*found, *nobodys), key=lambda one: one.points[0].at))


def _of_generation(generation: RegisterGeneration, known: Iterable[Point]) -> tuple[Point, ...]:
    """Return a generation's points from where it begins to where it ends."""
    start_at, closed_at = generation.start_at, generation.closed_at
    points = {start_at: Point(start_at, generation.start_wh)}
    for point in known:  # they come in the order of time
        if start_at < point.at and (closed_at is None or point.at < closed_at):
            points[point.at] = point
    if closed_at is not None and generation.closed_wh is not None:
        points[closed_at] = Point(closed_at, generation.closed_wh)
    return tuple(points.values())


def _without_gaps(points: Iterable[Point | None]) -> Iterator[Stretch]:
    """Yield the stretches of points that follow each other hour by hour and never fall."""
    run: list[Point] = []
    for point in points:
        if run and point is not None and point.at == run[-1].at:
            continue  # a day ends where the next one begins
        is_next = bool(run) and point is not None and _follows(run[-1], point)
        if run and not is_next:
            yield Stretch(NOBODYS, tuple(run))
            run = []
        if point is not None:
            run.append(point)
    if run:
        yield Stretch(NOBODYS, tuple(run))


def _joined(stretches: Sequence[Stretch]) -> Iterator[Stretch]:
    """Yield stretches of which those that are nobody's reach to their neighbours."""
    for place, stretch in enumerate(stretches):
        if stretch.generation != NOBODYS:
            yield stretch
            continue
        points = stretch.points
        if place and _follows(before := stretches[place - 1].points[-1], points[0]):
            points = (before, *points)
        after = stretches[place + 1].points[0] if place + 1 < len(stretches) else None
        if after is not None and _follows(points[-1], after):
            points = (*points, after)
        yield Stretch(NOBODYS, points)


def _follows(before: Point, after: Point) -> bool:
    """Tell whether a register moved on from a point to another one soon after."""
    return before.wh <= after.wh and timedelta(0) < after.at - before.at <= _LONGEST_HOUR
