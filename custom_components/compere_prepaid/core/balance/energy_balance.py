"""The energy balance of feeders by hour: what went in, what came out, and what nobody counted.

An hour counts only if everything of it is known: of each main meter and of each meter behind them.
One unknown meter would make its whole consumption look like a loss.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

from ..ids import MeterSerial
from ..ledger.ports import LedgerTransaction
from ..ledger.records import Document
from ..prepayment.calendar import day_start
from ..tariff.tax import PPM
from .feeders import FEEDER, Feeder, feeder_of, feeders_on
from .hours import NOTHING_KNOWN, HourEnergy, RegisterLine, hour_marks, hours_of, register_lines

EXPECTED_PPM = 30_000
"""What may get lost where the feeder does not say: two meters of class 1 and the wiring's warmth,
for which IEC 60364-5-52 (annex G) advises a voltage drop of at most 3 to 5 %."""

SWAP = timedelta(days=1)
"""A meter that is first read so soon after another one was last read has taken its place."""

_DAY = timedelta(days=1)

type Hours = Mapping[MeterSerial, Mapping[datetime, HourEnergy]]
"""What meters counted, by the beginnings of hours; what is not known is left out."""


class FeederHour(NamedTuple):
    """What a feeder's meters counted in an hour; nothing if some are `missing`."""

    at: datetime
    main_wh: int
    sub_wh: int
    estimated: bool
    missing: tuple[MeterSerial, ...]

    @property
    def loss_wh(self) -> int | None:
        """What the main meters counted more than those behind them; None if that is unknown."""
        return None if self.missing else self.main_wh - self.sub_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """A feeder's energy over some hours. `missing` says for how many hours a meter was unknown."""

    expected_ppm: int
    hours: int = 0
    unknown_hours: int = 0
    estimated_hours: int = 0
    main_wh: int = 0
    sub_wh: int = 0
    expected_wh: int = 0
    missing: Mapping[MeterSerial, int] = field(default_factory=dict)

    @classmethod
    def of(cls, hours: Iterable[FeederHour], expected_ppm: int) -> Self:
        """Add up hours."""
        known, unknown, estimated = 0, 0, 0
        main_wh, sub_wh = 0, 0
        missing: Counter[MeterSerial] = Counter()
        for hour in hours:
            if hour.missing:
                unknown += 1
                missing.update(hour.missing)
                continue
            known += 1
            estimated += hour.estimated
            main_wh += hour.main_wh
            sub_wh += hour.sub_wh
        return cls(
            expected_ppm=expected_ppm,
            hours=known,
            unknown_hours=unknown,
            estimated_hours=estimated,
            main_wh=main_wh,
            sub_wh=sub_wh,
            expected_wh=main_wh * expected_ppm // PPM,
            missing=dict(missing),
        )

    def plus(self, other: Balance) -> Balance:
        """Return the balance of both times together, with what the later one expects."""
        return Balance(
            expected_ppm=other.expected_ppm,
            hours=self.hours + other.hours,
            unknown_hours=self.unknown_hours + other.unknown_hours,
            estimated_hours=self.estimated_hours + other.estimated_hours,
            main_wh=self.main_wh + other.main_wh,
            sub_wh=self.sub_wh + other.sub_wh,
            expected_wh=self.expected_wh + other.expected_wh,
            missing=Counter(self.missing) + Counter(other.missing),
        )

    @property
    def loss_wh(self) -> int:
        """What got lost; below zero if the main meters count too little."""
        return self.main_wh - self.sub_wh

    @property
    def unexplained_wh(self) -> int:
        """What got lost beyond what is expected."""
        return max(0, self.loss_wh - self.expected_wh)

    @property
    def loss_ppm(self) -> int | None:
        """The loss as a part of what the main meters counted; None if they counted nothing."""
        return self.loss_wh * PPM // self.main_wh if self.main_wh else None

    @property
    def unexplained_ppm(self) -> int | None:
        """The unexplained part; None if the main meters counted nothing."""
        return self.unexplained_wh * PPM // self.main_wh if self.main_wh else None


class Metered(NamedTuple):
    """What a balance is worked out of, once it was read: no transaction is needed any more."""

    since: date
    until: date
    """The first day behind it."""
    documents: tuple[Document, ...]
    lines: Mapping[MeterSerial, RegisterLine]


def read_metered(
    tx: LedgerTransaction,
    since: date,
    until: date,
    zone: ZoneInfo,
    present: Collection[MeterSerial],
) -> Metered:
    """Read the feeders and the registers of all meters, present or gone, on some days."""
    documents = tx.documents(FEEDER)
    listed = {
        serial
        for feeder in (feeder_of(document.content) for document in documents)
        for serial in (*feeder.main, *(feeder.meters or ()))
    }
    meters = sorted({*present, *listed, *tx.metered(since, until)})
    begin, end = day_start(since, zone), day_start(until, zone)
    return Metered(since, until, documents, register_lines(tx, meters, begin, end, zone))


def hours_of_meters(metered: Metered, zone: ZoneInfo) -> Hours:
    """Return what all meters counted by hour; this is the heavy part."""
    marks = hours_of(day_start(metered.since, zone), day_start(metered.until, zone), zone)
    return {meter: line.hours(marks) for meter, line in metered.lines.items()}


def days_of(since: date, until: date) -> tuple[date, ...]:
    """Return the days from one to before another."""
    return tuple(since + number * _DAY for number in range((until - since).days))


def expected_ppm_of(feeder: Feeder) -> int:
    """Return which part of a feeder's energy may get lost."""
    return EXPECTED_PPM if feeder.expected_loss_ppm is None else feeder.expected_loss_ppm


def meters_behind(
    feeder: Feeder, feeders: Mapping[str, Feeder], meters: Iterable[MeterSerial]
) -> tuple[MeterSerial, ...]:
    """Return the meters that count what leaves a feeder, each Wh once.

    `all` are the site's meters that are no feeder's main ones. Of a list that names another
    feeder's main meter and meters behind that, the main meter counts for them.
    """
    if feeder.meters is None:
        main = {serial for one in feeders.values() for serial in one.main}
        return tuple(sorted(serial for serial in set(meters) if serial not in main))
    listed = set(feeder.meters)
    hidden = {
        serial
        for other in feeders.values()
        if other.name != feeder.name and not listed.isdisjoint(other.main)
        for serial in other.meters or ()
    }
    return tuple(sorted(listed - hidden - set(feeder.main)))


def feeder_hours(
    name: str,
    metered: Metered,
    hours: Hours,
    zone: ZoneInfo,
    present: Collection[MeterSerial],
    days: Sequence[date],
) -> tuple[FeederHour, ...]:
    """Return a feeder's hours on days; days on which there is no such feeder have none."""
    found: list[FeederHour] = []
    for day in days:
        feeders = feeders_on(metered.documents, day)
        if (feeder := feeders.get(name)) is None or not feeder.main:
            continue
        behind = meters_behind(feeder, feeders, metered.lines)
        main = feeder.main
        excused = _Excused.of((*main, *behind), metered.lines, present)
        found += (
            _hour(at, until, (main, behind), hours, excused)
            for at, until in pairwise(hour_marks(day, zone))
        )
    return tuple(found)


class _Excused(NamedTuple):
    """From when on and until when meters are not missed: they are gone, or not there yet."""

    gone: Mapping[MeterSerial, datetime | None]
    """Meters that the site has no more, and when they were read last, if ever."""
    swapped_in: Mapping[MeterSerial, datetime]
    """Meters that took the place of these, and when those were read last."""

    @classmethod
    def of(
        cls,
        meters: Iterable[MeterSerial],
        lines: Mapping[MeterSerial, RegisterLine],
        present: Collection[MeterSerial],
    ) -> Self:
        """Look at the ends of what is known of meters."""
        known = {meter: lines.get(meter, NOTHING_KNOWN).stretches for meter in meters}
        gone = {
            meter: stretches[-1].points[-1].at if stretches else None
            for meter, stretches in known.items()
            if meter not in present
        }
        left = [end for end in gone.values() if end is not None]
        begins = {
            meter: stretches[0].points[0].at
            for meter, stretches in known.items()
            if stretches and meter in present
        }
        return cls(
            gone,
            {
                meter: min(begin, max(ends))
                for meter, begin in begins.items()
                if (ends := [end for end in left if -SWAP <= begin - end <= SWAP])
            },
        )

    def covers(self, meter: MeterSerial, at: datetime, until: datetime) -> bool:
        """Tell whether nobody misses a meter in an hour; the hour of a swap itself is unknown."""
        if meter in self.gone:
            end = self.gone[meter]
            return end is None or end <= at
        return meter in self.swapped_in and until <= self.swapped_in[meter]


def _hour(
    at: datetime,
    until: datetime,
    sides: tuple[Collection[MeterSerial], Collection[MeterSerial]],
    hours: Hours,
    excused: _Excused,
) -> FeederHour:
    """Return an hour of which both sides are known, or who is missing.

    A main meter is excused only by another one: without any, what went in is not known.
    """
    sums, is_estimated = [0, 0], False
    mains = sides[0]
    nothing_in = not any(at in hours.get(meter, {}) for meter in mains)
    missing: list[MeterSerial] = list(mains) if nothing_in else []
    for place, meters in enumerate(sides):
        for meter in meters:
            if place == 0 and nothing_in:
                continue
            energy = hours.get(meter, {}).get(at)
            if energy is not None:
                sums[place] += energy.wh
                is_estimated = is_estimated or energy.estimated
            elif not excused.covers(meter, at, until):
                missing.append(meter)
    return FeederHour(at, sums[0], sums[1], is_estimated, tuple(missing))
