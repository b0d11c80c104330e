"""Quiet hours: the part of each day in which nobody is told what can wait.

They are times of the site's wall clock. Where summer time takes a time of the night away, the quiet
ends when the clock jumps over it; where it gives an hour twice, the quiet lasts to the second one,
and begins with the first.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From a time of the day (included) to another (not included), which may be of the next."""

    start: time
    end: time
    zone: ZoneInfo

    def until(self, now: datetime) -> datetime | None:
        """Return when the quiet that reigns now ends (UTC); None if it is not quiet."""
        today = now.astimezone(self.zone).date()
        for day in (today - timedelta(days=1), today):
            last = day if self.start < self.end else day + timedelta(days=1)
            begins = wall_time(datetime.combine(day, self.start), self.zone)
            ends = wall_time(datetime.combine(last, self.end), self.zone, late=True)
            if begins <= now < ends:
                return ends
        return None


def wall_time(wall: datetime, zone: ZoneInfo, *, late: bool = False) -> datetime:
    """Return the instant (UTC) at which a wall clock shows a time, or jumps over it.

    Of a time that it shows twice the first is meant, or with `late` the second.
    """
    found = wall.replace(tzinfo=zone, fold=int(late)).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == wall:
        return found
    # the time does not exist: both folds lie beside the jump, an equal time before and behind it
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    behind = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return _jump(before, behind, zone)


def _jump(before: datetime, behind: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant between two at which a zone's offset changes, to the second."""
    offset = before.astimezone(zone).utcoffset()
    low, high = int(before.timestamp()), int(behind.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        moment = datetime.fromtimestamp(middle, UTC)
        if moment.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)
