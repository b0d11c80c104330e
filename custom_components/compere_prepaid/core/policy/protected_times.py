"""Protected times: when nobody is cut for credit.

Windows of weekdays and of types of special days, in minutes of the site's calendar day. A window
may pass midnight; it then belongs to the day on which it begins, whatever the next day is. Windows
that touch or overlap are one (joined). Where clocks are put forward or back a window begins when
they first show its beginning and ends when they last show its end: the tenant is given the hour.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from ..tariff.year import MINUTES_PER_DAY, WEEKDAYS

HORIZON_DAYS = 32
"""A protected time that goes on for longer has no end that could be told."""

REMEMBERED_DAYS = 64
"""Today is asked about all the time, and the days on which a notice or a grace ends."""

type Windows = tuple[tuple[int, int], ...]
"""From and to in minutes. A `to` that is not after its `from` lies on the next day."""

_NOTHING: Mapping[Any, Any] = MappingProxyType({})
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)


class Window(NamedTuple):
    """A joined protected time, in UTC; `end` is None where none is in sight (`HORIZON_DAYS`).

    One that began longer ago than that is told to have begun then.
    """

    start: datetime
    end: datetime | None


_start = attrgetter("start")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedTimes:
    """When nobody is cut for credit.

    `week` has the windows of each weekday (0 is Monday), 0 to 1440 is the whole day; `special`
    those of each type of special day that has its own, maybe none. `days` are the special days of
    the `calendar` that it names: the type of each, or the weekday as which it counts. A type
    without windows of its own counts as the weekday that it is. `reminder_minutes` before the end
    a cut that waits is announced.
    """

    week: Mapping[int, Windows] = _NOTHING
    special: Mapping[str, Windows] = _NOTHING
    calendar: str = ""
    days: Mapping[date, str] = _NOTHING
    reminder_minutes: int = 60
    _memory: dict[tuple[ZoneInfo, date], tuple[Window, ...]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def on(self, days: Mapping[date, str]) -> ProtectedTimes:
        """Return the same with the special days of its calendar, as far as they say something."""
        told = {day: kind for day, kind in days.items() if kind in self.special or kind in WEEKDAYS}
        return replace(self, days=told)

    def window(self, at: datetime, zone: ZoneInfo) -> Window | None:
        """Return the joined protected time that an instant lies in; None outside."""
        windows = self._joined(at, zone)
        index = bisect_right(windows, at, key=_start)
        found = windows[index - 1] if index else None
        return found if found and (found.end is None or at < found.end) else None

    def never_allows_cut(self, today: date) -> bool:
        """Tell whether no minute is left for a cut from a day on, as far as its days are known."""
        if any(
            _is_open(self.week.get(day, ()), self.week.get((day - 1) % 7, ())) for day in range(7)
        ):
            return False
        special = (day for day in self.days if day >= today)
        return not any(
            _is_open(self._of(day), self._of(day - _DAY))
            for one in special
            for day in (one, one + _DAY)
        )

    def _of(self, day: date) -> Windows:
        """Return the windows that begin on a day of the calendar."""
        kind = self.days.get(day, "")
        if kind in self.special:
            return self.special[kind]
        return self.week.get(WEEKDAYS.index(kind) if kind in WEEKDAYS else day.weekday(), ())

    def _joined(self, at: datetime, zone: ZoneInfo) -> tuple[Window, ...]:
        """Return the joined windows around the day of an instant, worked out once."""
        if not self.week and not self.special:
            return ()
        around = zone, at.astimezone(zone).date()
        known = self._memory.get(around)
        if known is None:
            if len(self._memory) >= REMEMBERED_DAYS:
                self._memory.clear()
            known = self._memory[around] = tuple(self._join(around[1], zone))
        return known

    def _join(self, today: date, zone: ZoneInfo) -> Iterator[Window]:
        last, end_of_last = (
            _first_shown(today + timedelta(days=HORIZON_DAYS + more), 0, zone) for more in (0, 1)
        )
        begun: tuple[datetime, datetime] | None = None
        for start, end in self._windows(today, zone):
            if begun is not None and start <= begun[1]:
                begun = begun[0], max(begun[1], end)
                continue
            if begun is not None:
                yield Window(*begun)
            begun = start, end
            if start >= last:
                return
        if begun is not None:
            yield Window(begun[0], None if begun[1] >= end_of_last else begun[1])

    def _windows(self, today: date, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
        """Yield the windows around a day, as instants, by their beginning."""
        for offset in range(-HORIZON_DAYS, HORIZON_DAYS + 1):
            day = today + timedelta(days=offset)
            for start, end in sorted(self._of(day)):
                since = _first_shown(day, start, zone)
                until = _last_shown(day, end if end > start else end + MINUTES_PER_DAY, zone)
                if since < until:
                    yield since, until


NEVER_PROTECTED = ProtectedTimes()
"""Of policies that protect no times."""


def _is_open(windows: Windows, before: Windows) -> bool:
    """Tell whether a day has an unprotected minute, given its windows and those of the day before.

    Days are taken as 24 hours long.
    """
    reached = max((end for start, end in before if end <= start), default=0)
    for start, end in sorted(windows):
        if start > reached:
            return True
        reached = max(reached, end if end > start else end + MINUTES_PER_DAY)
    return reached < MINUTES_PER_DAY


def _first_shown(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """Return when clocks first show a minute of a day; where they skip it, when they do so."""
    first, again = _shown(day, minutes, zone)
    return first if first <= again else _jump(again, first, zone)


def _last_shown(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """Return when the minute before a minute of a day (or the next) is over for the last time."""
    first, again = _shown(day, minutes - 1, zone)
    return again + _MINUTE if first <= again else _jump(again, first, zone)


def _shown(day: date, minutes: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return both instants of a wall-clock minute; out of order where clocks skip it."""
    day += timedelta(days=minutes // MINUTES_PER_DAY)
    wall = datetime.combine(day, time(minutes % MINUTES_PER_DAY // 60, minutes % 60), zone)
    return wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC)


def _jump(early: datetime, late: datetime, zone: ZoneInfo) -> datetime:
    """Return when clocks are put forward between two instants, to the second."""
    before = early.astimezone(zone).utcoffset()
    while late - early > _SECOND:
        middle = early + (late - early) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late
