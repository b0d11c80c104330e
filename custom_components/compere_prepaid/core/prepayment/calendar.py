"""The site's calendar: days and months in its own zone, right over daylight saving."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
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


def next_month(month: date) -> date:
    """Return the first day of the month after the one that begins on this day."""
    return (month + timedelta(days=31)).replace(day=1)


def month_before(month: date) -> date:
    """Return the first day of the month before the one that begins on this day."""
    return (month - timedelta(days=1)).replace(day=1)


def days_name(since: date, until: date) -> str:
    """Name days: `2026-10` for a month, else the first and the last one."""
    is_month = since.day == 1 and until == next_month(since)
    return f"{since:%Y-%m}" if is_month else f"{since}..{until - timedelta(days=1)}"


def day_share(total: int, number: int, days: int) -> int:
    """Return the share of one of so many days (1 is the first): all shares add up to the total."""
    return total * number // days - total * (number - 1) // days


def days_of_month(day: date) -> int:
    """Return how many days the month of a day has."""
    return monthrange(day.year, day.month)[1]
