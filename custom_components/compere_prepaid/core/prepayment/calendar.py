"""The site's calendar: days and months in its own zone, right over daylight saving."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


def month_of(at: datetime, zone: ZoneInfo) -> date:
    """Return the first day of the site's month that an instant lies in."""
    return at.astimezone(zone).date().replace(day=1)


def day_of(at: datetime, zone: ZoneInfo) -> date:
    """Return the site's calendar day that an instant lies in."""
    return at.astimezone(zone).date()


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant (UTC) at which a calendar day of the site begins."""
    return datetime.combine(day, time(), zone).astimezone(UTC)
