"""What the hours of meters and feeders tell a person to go and look at, each with its numbers.

None of it is a proof. A meter that stands still may be that of a shop that is closed, and a load
that vanished while the losses grew may have moved elsewhere. What is found says where to look
first, and how much energy is at stake.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from statistics import median_low
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..ids import MeterSerial
from ..policy.night_load import NIGHTS, growth_of, in_night
from ..tariff.tax import PPM
from .energy_balance import FeederHour, Hours
from .hours import HourEnergy

STILL_HOURS = 48
"""A meter that counts nothing for so long is looked at: a closed day alone is no finding."""

REFERENCE_DAYS = 7
"""What is usual at an hour is the mean of that hour on so many days before."""

ENOUGH_REFERENCES = 3
"""With fewer of these days nothing is usual."""

STEP_HOURS = 24
"""A load that vanished is looked for in the last so many hours."""

ENOUGH_HOURS = 3
"""A relay that was open for less tells nothing."""

LEAST_W = 200
"""A smaller load is not missed: the losses of a feeder move by as much of themselves."""

CLEAR_PPM = 5_000
"""Losses that rise by a smaller part of the feeder's load say nothing of one meter behind it."""

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


class FindingKind(StrEnum):
    """What was found."""

    UNEXPLAINED_LOSS = "unexplained_loss"
    """A feeder loses more than it may, for days."""
    NEGATIVE_LOSS = "negative_loss"
    """The meters behind a feeder count more than its main meters."""
    STANDS_STILL = "stands_still"
    """A meter counts nothing, though its relay is closed and its neighbours move."""
    LIKELY_BYPASS = "likely_bypass"
    """A meter's load vanished, and what its feeder loses grew by as much."""
    SUSPECT_REGISTER = "suspect_register"
    """A meter's register runs backwards or leaps, and is not believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something to look at: where, in which time, and how many Wh it is about.

    `detail` is in plain numbers and words: Wh, W, parts in ppm, hours, days.
    """

    kind: FindingKind
    since: datetime
    until: datetime
    energy_wh: int
    feeder: str = ""
    meter: MeterSerial | None = None
    detail: Mapping[str, int | str] = field(default_factory=dict)


class OpenTime(NamedTuple):
    """A relay was to be open from an instant to another one; None if it still is."""

    since: datetime
    until: datetime | None

    def touches(self, since: datetime, until: datetime) -> bool:
        """Tell whether it has anything in common with a time."""
        return self.since < until and (self.until is None or self.until > since)

    def covers(self, since: datetime, until: datetime) -> bool:
        """Tell whether it was open all of a time."""
        return self.since <= since and (self.until is None or self.until >= until)


type OpenTimes = Mapping[MeterSerial, Sequence[OpenTime]]


def standing_still(
    hours: Hours,
    marks: Sequence[datetime],
    neighbours: Mapping[MeterSerial, Sequence[MeterSerial]],
    open_times: OpenTimes,
) -> tuple[Finding, ...]:
    """Return the meters that count nothing while at least half of their neighbours do.

    Only those are looked at whose neighbours are given. They counted something before, in the same
    time; a relay that was open excuses a meter.
    """
    found = []
    for meter, around in sorted(neighbours.items()):
        counted = hours.get(meter, {})
        still = _standing(counted, marks)
        before = [energy.wh for at, energy in counted.items() if at not in still]
        if len(still) < STILL_HOURS or not sum(before):
            continue
        since, until = still[-1], still[0] + _HOUR
        moving = [one for one in around if _counted(hours, one, still)]
        was_open = any(one.touches(since, until) for one in open_times.get(meter, ()))
        if was_open or not moving or len(moving) * 2 < len(around):
            continue
        usual_wh = sum(before) // len(before)
        found.append(
            Finding(
                kind=FindingKind.STANDS_STILL,
                since=since,
                until=until,
                energy_wh=usual_wh * len(still),
                meter=meter,
                detail={
                    "hours": len(still),
                    "usual_w": usual_wh,
                    "neighbours": len(around),
                    "neighbours_moving": len(moving),
                },
            )
        )
    return tuple(found)


def _standing(counted: Mapping[datetime, HourEnergy], marks: Sequence[datetime]) -> list[datetime]:
    """Return the last hours in which a meter counted nothing, the latest first.

    An hour that is not known says nothing: it ends them.
    """
    found: list[datetime] = []
    for at in reversed(marks[:-1]):
        if at not in counted or counted[at].wh:
            break
        found.append(at)
    return found


def _counted(hours: Hours, meter: MeterSerial, at: Iterable[datetime]) -> int:
    counted = hours.get(meter, {})
    return sum(counted[one].wh for one in at if one in counted)


class NightRank(NamedTuple):
    """A meter's base load at night, in W: of the last night, and what was usual before it.

    `growth` is in thousandths of a percent, None without enough nights; `share_ppm` is the base
    load's part of all that the meter counted.
    """

    meter: MeterSerial
    base_w: int
    usual_w: int
    growth: int | None
    nights: int
    share_ppm: int | None


def night_ranking(
    hours: Hours,
    night_of: Mapping[MeterSerial, tuple[int, int]],
    zone: ZoneInfo,
    open_times: OpenTimes,
) -> tuple[NightRank, ...]:
    """Return the base loads of meters at night, the greatest first.

    The base load of a night is what its quietest whole hour used, of those that were read; nights
    in which the relay was open tell nothing. `night_of` says from which to which minute of the
    site's day a night is.
    """
    every = {at for meter in night_of for at in hours.get(meter, ())}
    clocks = {at: _clock(at, zone) for at in every}
    found = []
    for meter, night in night_of.items():
        counted = hours.get(meter, {})
        nights = _nights(counted, night, clocks, open_times.get(meter, ()))
        if not nights:
            continue
        loads = [nights[day] for day in sorted(nights)][-NIGHTS:]
        total = sum(energy.wh for energy in counted.values())
        found.append(
            NightRank(
                meter,
                base_w=loads[-1],
                usual_w=median_low(loads),
                growth=growth_of(loads[-1] * 1000, [watts * 1000 for watts in loads[:-1]]),
                nights=len(loads),
                share_ppm=median_low(loads) * len(counted) * PPM // total if total else None,
            )
        )
    return tuple(sorted(found, key=lambda rank: (-rank.usual_w, rank.meter)))


class _Clock(NamedTuple):
    """The first and the last minute of an hour in the site's day, and that day."""

    first: int
    last: int
    day: date


def _nights(
    counted: Mapping[datetime, HourEnergy],
    night: tuple[int, int],
    clocks: Mapping[datetime, _Clock],
    opened: Sequence[OpenTime],
) -> dict[date, int]:
    """Return what the quietest hour of each night used, by the day on which the night ends."""
    nights: dict[date, int] = {}
    void: set[date] = set()
    for at, energy in counted.items():
        first, last, day = clocks[at]
        if energy.estimated or not (in_night(first, night) and in_night(last, night)):
            continue
        if night[1] <= night[0] <= first:
            day += _DAY
        if any(one.touches(at, at + _HOUR) for one in opened):
            void.add(day)
        nights[day] = min(nights.get(day, energy.wh), energy.wh)
    return {day: base for day, base in nights.items() if day not in void}


def _clock(at: datetime, zone: ZoneInfo) -> _Clock:
    begin, end = at.astimezone(zone), (at + _HOUR - timedelta.resolution).astimezone(zone)
    return _Clock(begin.hour * 60 + begin.minute, end.hour * 60 + end.minute, begin.date())


class _Change(NamedTuple):
    """How a meter and its feeder's losses differ from what is usual at these hours, in Wh."""

    usual_wh: int
    main_wh: int
    rise_wh: int
    """What the feeder loses beyond the part of its load that it usually loses."""
    drops: Mapping[datetime, int]
    """By how much the meter counts less in each hour that could be compared."""

    @property
    def drop_wh(self) -> int:
        """By how much the meter counts less in all of them."""
        return sum(self.drops.values())

    def is_suspicious(self, rise_wh: int) -> bool:
        """Tell whether at least half of a load is gone, and half of that is in such a rise."""
        drop_wh = self.drop_wh
        is_much = drop_wh >= LEAST_W * len(self.drops) and drop_wh * 2 >= self.usual_wh
        is_clear = rise_wh * PPM >= self.main_wh * CLEAR_PPM
        return is_much and is_clear and rise_wh * 2 >= drop_wh


class _Suspect(NamedTuple):
    """A meter whose load vanished in a time in which its feeder lost more."""

    meter: MeterSerial
    how: str
    window: Sequence[datetime]
    change: _Change


def likely_bypasses(
    feeder: str,
    balance: Sequence[FeederHour],
    hours: Hours,
    meters: Iterable[MeterSerial],
    open_times: OpenTimes,
) -> tuple[Finding, ...]:
    """Return meters whose load vanished while what the feeder loses grew by at least half of that.

    Either behind an open relay, or in the last day without any relay having moved.
    """
    read = {hour.at: hour for hour in balance if not hour.missing and not hour.estimated}
    suspects: list[_Suspect] = []
    for meter in sorted(meters):
        opened = open_times.get(meter, ())
        counted = {at: one.wh for at, one in hours.get(meter, {}).items() if not one.estimated}
        known = {at: counted[at] for at in sorted(counted.keys() & read.keys())}
        closed = {at for at in known if not any(one.touches(at, at + _HOUR) for one in opened)}
        for how, window in _windows(list(known), closed, opened):
            change = _change(window, {at for at in closed if at < window[0]}, known, read)
            if change is not None and change.is_suspicious(change.rise_wh):
                suspects.append(_Suspect(meter, how, window, change))
    return tuple(_covered(feeder, suspects))


def _covered(feeder: str, suspects: Iterable[_Suspect]) -> Iterator[Finding]:
    """Yield those whose drops the rise of the losses covers together: a rise is one load's.

    The one that is most like the rise comes first.
    """
    taken: Counter[datetime] = Counter()
    for one in sorted(suspects, key=lambda one: abs(one.change.drop_wh - one.change.rise_wh)):
        change = one.change
        left_wh = change.rise_wh - sum(taken[at] for at in change.drops)
        if not change.is_suspicious(left_wh):
            continue
        taken.update(change.drops)
        yield Finding(
            kind=FindingKind.LIKELY_BYPASS,
            since=one.window[0],
            until=one.window[-1] + _HOUR,
            energy_wh=min(change.drop_wh, left_wh),
            feeder=feeder,
            meter=one.meter,
            detail={
                "how": one.how,
                "hours": len(change.drops),
                "usual_wh": change.usual_wh,
                "drop_wh": change.drop_wh,
                "loss_rise_wh": change.rise_wh,
            },
        )


def _windows(
    known: Sequence[datetime], closed: set[datetime], opened: Iterable[OpenTime]
) -> Iterator[tuple[str, list[datetime]]]:
    """Yield the hours that are compared with others: behind an open relay, and the last ones."""
    for one in opened:
        window = [at for at in known if one.covers(at, at + _HOUR)]
        if len(window) >= ENOUGH_HOURS:
            yield "open_relay", window
    last = list(known[-STEP_HOURS:])
    if len(last) == STEP_HOURS and closed.issuperset(last):
        yield "step", last


def _change(
    window: Sequence[datetime],
    usual: set[datetime],
    counted: Mapping[datetime, int],
    balance: Mapping[datetime, FeederHour],
) -> _Change | None:
    """Compare hours with the same hours of the days before; None without enough of them.

    What cables lose grows with their load: the loss is compared with the part that is usual.
    """
    usual_wh, main_wh, rise_wh = 0, 0, 0
    drops: dict[datetime, int] = {}
    for at in window:
        days_back = (at - window[0]) // _DAY + 1
        references = [
            before
            for day in range(days_back, days_back + REFERENCE_DAYS)
            if (before := at - day * _DAY) in usual
        ]
        main_before = sum(balance[before].main_wh for before in references)
        if len(references) < ENOUGH_REFERENCES or not main_before:
            continue
        now, sub_before = balance[at], sum(balance[before].sub_wh for before in references)
        usually = sum(counted[before] for before in references) // len(references)
        usual_wh += usually
        drops[at] = usually - counted[at]
        main_wh += now.main_wh
        expected_wh = now.main_wh * (main_before - sub_before) // main_before
        rise_wh += now.main_wh - now.sub_wh - expected_wh
    return _Change(usual_wh, main_wh, rise_wh, drops) if len(drops) >= ENOUGH_HOURS else None
