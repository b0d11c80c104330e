"""Days left: exact where spending is even, ordered always, and right over a change of clocks."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.prepayment.calendar import day_start
from custom_components.compere_prepaid.core.prepayment.comparison import compare
from custom_components.compere_prepaid.core.prepayment.forecast import (
    HORIZON_DAYS,
    days_left,
    forecast,
    usual_week,
)
from custom_components.compere_prepaid.core.prepayment.spending import KEPT_DAYS, SpendingLog, Usual
from tests.core.prepayment.desk import SHOP, Desk

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 3, 2)
NEVER = 10**9


def log_of(days: list[int], *, zone: ZoneInfo = SHANGHAI, before: date = MONDAY) -> SpendingLog:
    """Return a log of the whole days before a day."""
    first = before - timedelta(days=len(days))
    by_day = {first + timedelta(days=n): amount for n, amount in enumerate(days)}
    return SpendingLog(zone, day_start(first, zone), by_day)


def at(day: date, hour: int = 0, minute: int = 0, *, zone: ZoneInfo = SHANGHAI) -> datetime:
    """Return an instant of a site's day."""
    return datetime.combine(day, time(hour, minute), zone).astimezone(UTC)


def or_never(days: int | None) -> int:
    """Return days that can be compared."""
    return NEVER if days is None else days


def test_no_end_is_in_sight_without_spending() -> None:
    """Nor is there one while nothing was charged yet; without credit it is here."""
    new = SpendingLog(SHANGHAI)
    assert forecast(10, new, at(MONDAY)) == (None, None, None, None)
    assert forecast(0, new, at(MONDAY)) == (0, 0, 0, None)
    assert forecast(-5, log_of([100] * 28), at(MONDAY)) == (0, 0, 0, None)
    assert days_left(-5, log_of([100] * 28), at(MONDAY)) == 0
    assert forecast(10, log_of([0] * 28), at(MONDAY)) == (None, None, None, None)
    assert days_left(10, log_of([0] * 5), at(MONDAY)) is None


@pytest.mark.parametrize("known", [14, 20, 35, 60])
@pytest.mark.parametrize("hour", [0, 6, 23])
def test_even_spending_is_exact(known: int, hour: int) -> None:
    """Whatever the hour: 250 at 100 a day last two days and a half, and the band is closed."""
    found = forecast(250, log_of([100] * known), at(MONDAY, hour))
    assert found == (2500, 2500, 2500, at(MONDAY + timedelta(days=2), hour) + timedelta(hours=12))


def test_a_closed_day_counts() -> None:
    """Who closes on Sundays spends nothing then: credit lasts over it."""
    saturday = MONDAY + timedelta(days=5)
    log = log_of([100, 0, 100, 100, 100, 100, 100] * 5, before=saturday)
    found = forecast(150, log, at(saturday))
    assert found.days_left == 2500
    assert found.expected_zero == at(MONDAY + timedelta(days=7), 12)
    exact = forecast(100, log, at(saturday))
    assert exact.days_left == 1000  # with the end of Saturday, not of Sunday
    assert exact.expected_zero == at(saturday + timedelta(days=1))


def test_band_is_the_spread_of_such_days() -> None:
    """Mondays of 80 and 120 are 100 ± 20; the other days are even."""
    weeks = [[monday, 100, 100, 100, 100, 100, 100] for monday in (80, 120, 80, 120)]
    log = log_of([day for week in weeks for day in week])
    week = usual_week(log, at(MONDAY))
    assert week is not None
    assert week == [Usual(100, 20), *[Usual(100)] * 6]
    found = forecast(60, log, at(MONDAY))
    assert (found.low, found.days_left, found.high) == (500, 600, 750)


def test_young_accounts_have_the_mean() -> None:
    """Of the time since the first charge, at most of a week and today; the days' spread is told."""
    log = SpendingLog(SHANGHAI, at(MONDAY, 12), {MONDAY: 40})
    assert days_left(100, log, at(MONDAY, 12, 4)) is None  # too short to say anything
    assert days_left(100, log, at(MONDAY, 14)) == 100 * 1000 * 2 // (40 * 24)
    for day, amount in enumerate((90, 110, 100), 1):
        log.add(amount, MONDAY + timedelta(days=day))
    now = at(MONDAY + timedelta(days=4))
    found = forecast(1000, log, now)
    assert usual_week(log, now) == [Usual(-(-340 * 24 // 84), 6)] * 7
    assert (found.low, found.days_left, found.high) == (
        1000 * 1000 // 104,
        1000 * 1000 // 98,
        1000 * 1000 // 92,
    )
    older = log_of([1000, *[50] * 7])
    older.add(25, MONDAY)
    assert days_left(100, older, at(MONDAY, 12)) == 2000  # what was before is not asked about


def test_what_is_read_late_is_usual_too() -> None:
    """Whatever is added to a day that is over changes what is usual; today's does not."""
    log = log_of([100] * 35)
    before = usual_week(log, at(MONDAY))
    log.add(50, MONDAY)
    assert usual_week(log, at(MONDAY)) == before
    for amount, usual in ((50, 110), (100, 130)):
        log.add(amount, MONDAY - timedelta(days=7))
        week = usual_week(log, at(MONDAY, 1))
        assert week is not None
        assert week[0].amount == usual
        log.add(50, MONDAY)
    tomorrow = usual_week(log, at(MONDAY + timedelta(days=1)))
    assert tomorrow is not None
    assert tomorrow[0].amount == 140


def test_first_day_counts_when_it_is_whole() -> None:
    """Two weeks that began at midnight are two weeks; an hour later they are not yet."""
    log = log_of([100] * 13 + [30])
    known = usual_week(log, at(MONDAY))
    assert known is not None
    assert known[6] == Usual(65, 35)
    assert log.since is not None
    log.since += timedelta(hours=1)
    later = usual_week(log, at(MONDAY))
    assert later is not None
    assert len(set(later)) == 1


@pytest.mark.parametrize(
    ("before", "hours"),
    [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 7), 24)],
)
def test_changed_clocks(before: date, hours: int) -> None:
    """A day of 23 or 25 hours is one day: half of it is spent at its half."""
    log = log_of([100] * 35, zone=BERLIN, before=before)
    begins = at(before, zone=BERLIN)
    found = forecast(150, log, begins)
    assert found.days_left == 1500
    assert found.expected_zero == begins + timedelta(hours=hours + 12)
    half = forecast(50, log, begins)
    assert half.expected_zero == begins + timedelta(minutes=hours * 30)
    noon = begins + timedelta(minutes=hours * 30)
    assert forecast(100, log, noon).expected_zero == begins + timedelta(hours=hours + 12)


def test_an_end_in_the_far_future_is_not_in_sight() -> None:
    """Ten years are."""
    log = log_of([1] * 35)
    assert days_left(HORIZON_DAYS, log, at(MONDAY)) == HORIZON_DAYS * 1000
    assert days_left(HORIZON_DAYS * 3, log, at(MONDAY)) is None
    assert forecast(10**18, log, at(MONDAY)) == (None, None, None, None)


histories = st.lists(st.integers(0, 10**12), min_size=1, max_size=50)
moments = st.integers(0, 86_399).map(lambda second: at(MONDAY) + timedelta(seconds=second))
credits_left = st.integers(1, 10**15)


@given(left=credits_left, days=histories, now=moments)
def test_the_band_is_around_the_middle(left: int, days: list[int], now: datetime) -> None:
    """And the middle is the same whoever asks; the instant is not before now."""
    log = log_of(days)
    found = forecast(left, log, now)
    assert found.days_left == days_left(left, log, now)
    assert 0 <= or_never(found.low) <= or_never(found.days_left) <= or_never(found.high)
    assert (found.expected_zero is None) == (found.days_left is None)
    if found.expected_zero is not None and found.days_left is not None:
        # no clocks change in Shanghai, so days are times
        told = now.replace(microsecond=0) + timedelta(days=found.days_left / 1000)
        assert abs(found.expected_zero - told) < timedelta(seconds=90)


@given(left=credits_left, more=st.integers(0, 10**12), days=histories, now=moments)
def test_more_credit_lasts_longer(left: int, more: int, days: list[int], now: datetime) -> None:
    """At each end of the band."""
    less, lasting = forecast(left, log_of(days), now), forecast(left + more, log_of(days), now)
    for before, after in zip(less[:3], lasting[:3], strict=True):
        assert or_never(before) <= or_never(after)


@given(
    left=credits_left,
    days=histories,
    now=moments,
    which=st.integers(0, 49),
    more=st.integers(1, 10**12),
)
def test_more_spending_leaves_fewer_days(
    left: int, days: list[int], now: datetime, which: int, more: int
) -> None:
    """On whatever day it was spent; and if every day costs twice as much, the band moves too."""
    before = forecast(left, log_of(days), now)
    dearer = [*days]
    dearer[which % len(days)] += more
    assert or_never(days_left(left, log_of(dearer), now)) <= or_never(before.days_left)
    doubled = forecast(left, log_of([2 * day for day in days]), now)
    assert or_never(doubled.days_left) <= or_never(before.days_left)
    assert or_never(doubled.low) <= or_never(before.low)


def test_log_forgets_what_nobody_asks_for() -> None:
    """Days older than two months."""
    log = log_of([1] * KEPT_DAYS)
    assert len(log.days) == KEPT_DAYS
    log.add(1, MONDAY)
    assert len(log.days) == KEPT_DAYS
    assert min(log.days) == MONDAY - timedelta(days=KEPT_DAYS - 1)
    log.add(1, MONDAY)
    assert (log.on(MONDAY), log.on(MONDAY + timedelta(days=1))) == (2, 0)


async def test_a_restart_changes_no_forecast(desk: Desk) -> None:
    """On the first of March the last five weeks reach back behind the month before."""
    desk.clock.time = at(date(2026, 1, 20))
    await desk.write(
        {
            "name": "Daily",
            "valid_from": "2020-01-01",
            "prices": {"flat": Decimal(1)},
            "standing": {"per_day": 2},
            "tax": {"percent": 10, "included": False},
        }
    )
    await desk.shop("1000", rates="Daily")
    register = 0
    for day in range(40):  # dearer day by day
        await desk.read(register)
        desk.clock.forward(hours=20)
        register += 1000 + 100 * day
        await desk.read(register)
        desk.clock.forward(hours=4)
    assert desk.clock.now() == at(date(2026, 3, 1))
    await desk.charging.settle_all("test")
    before = desk.book.account(SHOP)
    await desk.restart()
    await desk.shop("1000", rates="Daily")
    after = desk.book.account(SHOP)
    assert after.spending.days == before.spending.days
    assert len(after.spending.days) == 41
    now = desk.clock.now()
    assert after.forecast(now) == before.forecast(now)
    assert after.days_left(now) is not None
    assert compare(after.spending, now) == compare(before.spending, now)


def test_spending_beside_the_past() -> None:
    """To the same day and the same share of it."""
    wednesday = date(2026, 3, 11)
    log = log_of([100] * 60, before=wednesday)
    log.add(30, wednesday)
    found = compare(log, at(wednesday, 6))
    assert (found.today, found.usual_today, found.yesterday) == (30, 100, 100)
    assert (found.week.amount, found.week.before) == (230, 225)
    assert found.week.change == 22
    assert (found.month.amount, found.month.before) == (1030, 1025)
    assert found.month.change == 4


@pytest.mark.parametrize(
    ("today", "before"), [(date(2026, 3, 31), 2750), (date(2026, 5, 31), 2950)]
)
def test_a_month_beside_a_shorter_one(today: date, before: int) -> None:
    """The 31st is beside the last of the month before."""
    log = log_of([100] * 62, before=today)
    assert compare(log, at(today, 12)).month.before == before


def test_nothing_is_compared_with_what_was_not_charged() -> None:
    """A past that began before the first charge says nothing, nor does a free one."""
    log = log_of([100] * 9)
    found = compare(log, at(MONDAY, 12))
    assert (found.week.amount, found.week.before, found.month.before) == (0, 50, None)
    assert (found.week.change, found.month.change) == (-1000, None)
    free = log_of([0] * 60)
    free.add(10, MONDAY)
    found = compare(free, at(MONDAY, 12))
    assert (found.usual_today, found.week.before, found.week.change) == (0, 0, None)
    empty = compare(SpendingLog(SHANGHAI), at(MONDAY, 12))
    assert empty.usual_today is None
    assert (empty.today, empty.yesterday, empty.week.amount, empty.month.before) == (0, 0, 0, None)
