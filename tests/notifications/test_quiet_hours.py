"""Quiet hours on the wall clock: over midnight, and where summer time begins and ends."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.notifications.quiet_hours import QuietHours, wall_time

YEAR = datetime(2026, 1, 1, tzinfo=UTC)
SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")

NIGHT = QuietHours(start=time(22), end=time(7), zone=SHANGHAI)
LUNCH = QuietHours(start=time(12), end=time(14), zone=SHANGHAI)
SPRING = QuietHours(start=time(22), end=time(2, 30), zone=BERLIN)
"""On 2026-03-29 the clock jumps from 2:00 to 3:00, on 2026-10-25 it shows 2:30 twice."""


@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        (NIGHT, "2026-03-02T21:59:59+08:00", None),
        (NIGHT, "2026-03-02T22:00:00+08:00", "2026-03-03T07:00:00+08:00"),
        (NIGHT, "2026-03-02T23:59:59+08:00", "2026-03-03T07:00:00+08:00"),
        (NIGHT, "2026-03-03T00:00:00+08:00", "2026-03-03T07:00:00+08:00"),
        (NIGHT, "2026-03-03T06:59:59+08:00", "2026-03-03T07:00:00+08:00"),
        (NIGHT, "2026-03-03T07:00:00+08:00", None),
        (LUNCH, "2026-03-02T11:59:59+08:00", None),
        (LUNCH, "2026-03-02T12:00:00+08:00", "2026-03-02T14:00:00+08:00"),
        (LUNCH, "2026-03-02T14:00:00+08:00", None),
        (SPRING, "2026-03-29T01:59:59+01:00", "2026-03-29T03:00:00+02:00"),
        (SPRING, "2026-03-29T03:00:00+02:00", None),
        (SPRING, "2026-10-25T02:29:59+02:00", "2026-10-25T02:30:00+01:00"),
        (SPRING, "2026-10-25T02:29:59+01:00", "2026-10-25T02:30:00+01:00"),
        (SPRING, "2026-10-25T02:30:00+01:00", None),
    ],
)
def test_until_when(hours: QuietHours, now: str, until: str | None) -> None:
    """The table was written by hand."""
    found = hours.until(datetime.fromisoformat(now))
    assert found == (None if until is None else datetime.fromisoformat(until))


@given(
    st.integers(0, 365 * 86_400).map(lambda seconds: YEAR + timedelta(seconds=seconds)),
    st.times().map(lambda at: at.replace(microsecond=0)),
    st.times().map(lambda at: at.replace(microsecond=0)),
)
def test_the_end_is_ahead_and_near(now: datetime, start: time, end: time) -> None:
    """Whatever the hours: where it is quiet, the quiet ends within a day and an hour."""
    until = QuietHours(start=start, end=end, zone=BERLIN).until(now)
    if until is not None:
        assert now < until <= now + timedelta(hours=25)


@given(st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.times())
def test_wall_time_shows_the_wall(day: date, at: time) -> None:
    """The instant shows the wanted time, or is the jump that swallowed it."""
    wall = datetime.combine(day, at.replace(microsecond=0))
    shown = wall_time(wall, BERLIN).astimezone(BERLIN).replace(tzinfo=None)
    swallowed = day == date(2026, 3, 29) and time(2) <= wall.time() < time(3)
    assert shown == (datetime.combine(day, time(3)) if swallowed else wall)
