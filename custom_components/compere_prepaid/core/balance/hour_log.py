"""From believed readings to the registers at the hours, until they are in the ledger.

A reading costs next to nothing until it is the first one behind an hour: then the register at the
hour follows from it and the reading before. What is not written yet is lost with a crash; the first
reading afterwards fills the gap from what the ledger has.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import batched
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..ids import MeterSerial
from ..ledger.allocation_rows import DayRegisters
from ..ledger.ports import LedgerTransaction
from ..metering.plausibility import Baseline, assess
from ..metering.reading import MeterReading
from ..prepayment.calendar import day_of
from .hours import NOBODYS, Point, hour_marks, points_of, register_between, registers_text

LONGEST_GAP = timedelta(days=40)
"""A longer time without readings is filled no further back than this."""

_DAY = timedelta(days=1)


class _Place(NamedTuple):
    """Where a register is kept: the row of a generation's day, and the place in it."""

    generation: int
    day: date
    place: int


@dataclass(slots=True)
class _Meter:
    """What is remembered of a meter."""

    last: Point
    generation: int
    next_mark: datetime
    first: MeterReading | None
    """The first reading of this run, while it was not compared with what the ledger has."""
    first_generation: int
    max_power_w: int
    skips: bool = False
    """Whether the next hour is left out, because the register began anew before it."""
    unwritten: dict[_Place, Point] = field(default_factory=dict)


@dataclass(slots=True)
class HourLog:
    """The registers at the hours of a site's meters, as far as they are not written."""

    zone: ZoneInfo
    _meters: dict[MeterSerial, _Meter] = field(default_factory=dict)
    _left: list[tuple[MeterSerial, dict[_Place, Point]]] = field(default_factory=list)
    """What is to be written of meters that are gone."""

    def take(self, reading: MeterReading, generation: int, max_power_w: int) -> bool:
        """Take a believed reading of a register generation; tell whether an hour is known by it.

        Generation 0 is what a meter counts while it is nobody's. Readings without a register, or
        from before the last one, change nothing.
        """
        wh, at, meter = reading.energy_wh, reading.at, self._meters.get(reading.serial)
        if wh is None or (meter is not None and at <= meter.last.at):
            return False
        now = Point(at, wh)
        if meter is None:
            just_before = now._replace(at=at - timedelta.resolution)
            self._meters[reading.serial] = _Meter(
                now,
                generation,
                self._next_mark(at),
                reading,
                generation,
                max_power_w,
                unwritten=self._between(just_before, now, generation, skips=False),
            )
            return True  # there may be a gap behind it
        before, meter.last = meter.last, now
        was, meter.generation = meter.generation, generation
        meter.max_power_w = max_power_w
        if not _goes_on(before, reading, (was, generation), max_power_w):
            meter.skips = generation == NOBODYS
            meter.next_mark = self._next_mark(at)
            return False
        if at < meter.next_mark:
            return False
        of = generation if was == generation else NOBODYS
        meter.unwritten |= self._between(before, now, of, skips=meter.skips)
        meter.skips, meter.next_mark = False, self._next_mark(at)
        return True

    def forget(self, serial: MeterSerial) -> None:
        """Remember a meter no more; what is known of it is still written."""
        if (meter := self._meters.pop(serial, None)) is not None:
            self._left.append((serial, meter.unwritten))

    def write(self, tx: LedgerTransaction) -> None:
        """Put what is not written yet into the rows of the days; nothing is forgotten by it."""
        tx.prefetch((), [serial for serial, one in self._meters.items() if one.first is not None])
        for serial, meter in self._meters.items():
            if meter.first is not None:
                self._put(tx, serial, self._gap(tx, meter.first, meter))
            self._put(tx, serial, meter.unwritten)
        for serial, unwritten in self._left:
            self._put(tx, serial, unwritten)

    def snapshot(self) -> HourLog:
        """Return what is to be written now, to be worked on while readings go on."""
        return HourLog(
            self.zone,
            {
                serial: _Meter(
                    meter.last,
                    meter.generation,
                    meter.next_mark,
                    meter.first,
                    meter.first_generation,
                    meter.max_power_w,
                    unwritten=dict(meter.unwritten),
                )
                for serial, meter in self._meters.items()
                if meter.unwritten or meter.first is not None
            },
            list(self._left),
        )

    def slices(self, meters: int) -> Iterator[HourLog]:
        """Yield what is to be written in parts of so many meters."""
        for some in batched(self._meters.items(), meters, strict=False):
            yield HourLog(self.zone, dict(some))
        for left in batched(self._left, meters, strict=False):
            yield HourLog(self.zone, {}, list(left))

    def written(self, snapshot: HourLog) -> None:
        """Forget what was written: all of a snapshot is in the ledger."""
        for serial, done in snapshot._meters.items():
            meter = self._meters.get(serial)
            if meter is not None:
                for place in done.unwritten:
                    meter.unwritten.pop(place, None)
                if meter.first is done.first:
                    meter.first = None
        del self._left[: len(snapshot._left)]

    def _gap(
        self, tx: LedgerTransaction, first: MeterReading, meter: _Meter
    ) -> dict[_Place, Point]:
        """Return the hours between what the ledger has of a meter and its first reading."""
        generation = meter.first_generation
        known = self._known(tx, first, _DAY) or self._known(tx, first, LONGEST_GAP)
        mark = tx.mark(first.serial)
        if mark is not None and mark.at < first.at:
            known.append((Point(mark.at, mark.wh), mark.generation))
        if not known or first.energy_wh is None:
            return {}
        before, was = max(known)
        if not _goes_on(before, first, (was, generation), meter.max_power_w):
            return {}
        of = generation if was == generation else NOBODYS
        return self._between(before, Point(first.at, first.energy_wh), of, skips=False)

    def _known(
        self, tx: LedgerTransaction, first: MeterReading, back: timedelta
    ) -> list[tuple[Point, int]]:
        """Return the registers before a reading, no longer back than this, and whose they are."""
        since, until = day_of(first.at - back, self.zone), day_of(first.at, self.zone)
        rows = tx.day_registers([first.serial], since, until).get(first.serial, ())
        return [
            (point, row.generation)
            for row in rows
            for point in points_of(row, self.zone)
            if point is not None and point.at < first.at
        ]

    def _between(
        self, before: Point, now: Point, generation: int, *, skips: bool
    ) -> dict[_Place, Point]:
        """Return the registers at the hours behind one reading and up to the next one."""
        marks = list(self._marks(max(before.at, now.at - LONGEST_GAP), now.at))
        if skips and marks:
            marks = [mark for mark in marks if mark[0] != marks[0][0]]
        return {
            _Place(generation, day, place): register_between(before, now, at)
            for at, day, place in marks
        }

    def _marks(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, date, int]]:
        """Yield the hours behind an instant and up to another one: midnight is in two days."""
        day = day_of(since, self.zone)
        while day <= day_of(until, self.zone):
            for place, at in enumerate(hour_marks(day, self.zone)):
                if since < at <= until:
                    yield at, day, place
            day += _DAY

    def _next_mark(self, at: datetime) -> datetime:
        return next(mark for mark in hour_marks(day_of(at, self.zone), self.zone) if mark > at)

    def _put(
        self, tx: LedgerTransaction, serial: MeterSerial, unwritten: dict[_Place, Point]
    ) -> None:
        """Put registers into their rows, beside those that are there."""
        rows: dict[tuple[int, date], dict[int, Point]] = {}
        for (generation, day, place), point in unwritten.items():
            rows.setdefault((generation, day), {})[place] = point
        for (generation, day), points in rows.items():
            row = tx.find(DayRegisters, meter=serial, generation=generation, day=day)
            known = dict(enumerate(points_of(row, self.zone))) if row else {}
            places = range(len(hour_marks(day, self.zone)))
            kept = registers_text(points.get(place) or known.get(place) for place in places)
            if row is None or row.registers != kept:
                tx.put(DayRegisters(meter=serial, generation=generation, day=day, registers=kept))


def _goes_on(
    before: Point, reading: MeterReading, generations: tuple[int, int], max_power_w: int
) -> bool:
    """Tell whether a register moved from a reading to the next one, and was not another one.

    Charging has looked at the readings of one generation; those that are nobody's are looked at
    here. From one generation to the next the ledger says where they end and begin.
    """
    if NOBODYS not in generations:
        return generations[0] == generations[1]
    baseline = Baseline(wh=before.wh, at=before.at)
    return assess(baseline, reading, max_power_w=max_power_w, now=reading.at) is None
