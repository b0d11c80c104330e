"""Protected times: when nobody is cut for credit.

Windows of weekdays, in minutes of the site's calendar day. A window may pass midnight; it then
belongs to the day on which it begins. Windows that touch or overlap are one (joined).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY_MINUTES = 24 * 60

HORIZON_DAYS = 32
"""A protected time that goes on for longer has no end that could be told."""


class Window(NamedTuple):
    """A joined protected time; `end` is None where none is in sight (`HORIZON_DAYS`)."""

    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedTimes:
    """When nobody is cut for credit.

    `week` has the windows of each weekday (0 is Monday) as from and to in minutes; a `to` that is
    not after its `from` lies on the next day, and 0 to 1440 is the whole day. `reminder_minutes`
    before the end a cut that waits is announced.
    """

    week: Mapping[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    reminder_minutes: int = 60

    def window(self, at: datetime, zone: ZoneInfo) -> Window | None:
        """Return the joined protected time that an instant lies in, in UTC; None outside."""
        found: Window | None = None
        today = at.astimezone(zone).date()
        for start, end in self._windows(today - timedelta(days=8), zone):
            if found is None or found.end is None or start > found.end:
                if start > at or (found is not None and found.end is not None and found.end > at):
                    break
                found = Window(start, end)
            elif end > found.end:
                found = Window(found.start, end)
        if found is None or found.end is None or not found.start <= at < found.end:
            return None
        last = datetime.combine(today + timedelta(days=HORIZON_DAYS), time(), zone)
        return found._replace(end=None) if found.end >= last else found

    def _windows(self, first: date, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
        """Yield the windows from a day on, as instants, by their beginning."""
        for offset in range(8 + HORIZON_DAYS + 1):
            day = first + timedelta(days=offset)
            for start, end in sorted(self.week.get(day.weekday(), ())):
                length = end if end > start else end + DAY_MINUTES
                yield _instant(day, start, zone), _instant(day, length, zone)


NEVER_PROTECTED = ProtectedTimes()
"""Of policies that protect no times."""


def _instant(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """Return the instant of a minute of a calendar day (or the next one) by the wall clock."""
    day += timedelta(days=minutes // DAY_MINUTES)
    wall = time(minutes % DAY_MINUTES // 60, minutes % 60)
    return datetime.combine(day, wall, zone).astimezone(UTC)
