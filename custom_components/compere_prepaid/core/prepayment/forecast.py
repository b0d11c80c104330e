"""How long credit lasts: what is usual on each day of the week, and when that has used it up.

The rule, as it is told to owners and tenants:

- What is usual on a day is the mean of the same day of the week in the last 35 whole days (five
  Mondays, five Tuesdays, …), a closed day counting with the nothing that it cost. Standing charges
  and tax are spending too.
- Until two weeks are complete there is no week to speak of: then every day is like the mean of the
  last seven days and today so far, or of the time since the first charge where that is less.
- A day's spread is the mean distance of those days from their mean. The low end of the band is how
  long credit lasts if every day is dearer by its spread, the high end if every day is cheaper.
- Within a day it is reckoned as if spent evenly. Days that are longer or shorter because clocks
  change are one day each.

Money is whole book units, days left are thousandths of days. None means: no end in sight.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from .calendar import day_of, day_start
from .spending import SpendingLog, Usual

USUAL_DAYS = 35
"""Whole weeks, so that each day of the week is looked at equally often."""

WEEKS_FROM = 14
"""From so many whole days on, days of the week are told apart."""

MEAN_DAYS = 7
"""Before that, the mean of this many days (the rule that a vendor publishes)."""

FORECAST_FROM = timedelta(minutes=5)
"""A shorter time says nothing about how long credit will last."""

HORIZON_DAYS = 3650
"""An end that is farther away is not in sight."""

_SECOND = timedelta(seconds=1)


class Forecast(NamedTuple):
    """Thousandths of days until credit ends; `low` ≤ `days_left` ≤ `high`, where None is never."""

    days_left: int | None
    low: int | None
    high: int | None
    expected_zero: datetime | None
    """When credit ends, UTC; None if it has ended, or no end is in sight."""


class _Moment(NamedTuple):
    """An instant in the site's calendar."""

    day: date
    elapsed_s: int
    length_s: int


class _End(NamedTuple):
    """When credit ends: so many days after today, and what part of that day."""

    days: int
    part: int
    whole: int


def forecast(left: int, log: SpendingLog, now: datetime) -> Forecast:
    """Say how long `left` (available credit above the cut-off) lasts by the rule above."""
    if left <= 0:
        return Forecast(0, 0, 0, None)
    week = usual_week(log, now)
    if week is None:
        return Forecast(None, None, None, None)
    moment = _moment(log, now)
    ends = [
        _end(left, [max(0, usual.amount + sign * usual.spread) for usual in week], moment)
        for sign in (1, 0, -1)
    ]
    low, mid, high = (_thousandths(end, moment) for end in ends)
    return Forecast(mid, low, high, _instant(ends[1], moment, log))


def days_left(left: int, log: SpendingLog, now: datetime) -> int | None:
    """Return the middle of the forecast alone."""
    if left <= 0:
        return 0
    week = usual_week(log, now)
    if week is None:
        return None
    moment = _moment(log, now)
    return _thousandths(_end(left, [usual.amount for usual in week], moment), moment)


def usual_week(log: SpendingLog, now: datetime) -> Sequence[Usual] | None:
    """Return what is usual on each day of the week (0 is Monday); None while nothing was spent."""
    if log.since is None:
        return None
    today = day_of(now, log.zone)
    if (today - _first_whole(log, log.since)).days < WEEKS_FROM:
        return _plain_mean(log, log.since, now)
    if log.week is None or log.week[:2] != (today, log.changes):
        week = [_usual(_such_days(log, today, weekday)) for weekday in range(7)]
        log.week = today, log.changes, week if any(usual.amount for usual in week) else None
    return log.week[2]


def usual_day(log: SpendingLog, today: date) -> Usual | None:
    """Return what is usual on a day like today; None if no such day was charged from end to end."""
    days = _such_days(log, today, today.weekday())
    return _usual(days) if days else None


def _such_days(log: SpendingLog, today: date, weekday: int) -> Sequence[int]:
    """Return what was spent on this day of the week, in the whole days that are looked at."""
    if log.since is None:
        return []
    first = _first_whole(log, log.since)
    latest = today - timedelta(days=(today.weekday() - weekday - 1) % 7 + 1)
    such = (latest - timedelta(weeks=weeks) for weeks in range(USUAL_DAYS // 7))
    return [log.days.get(day, 0) for day in such if day >= first]


def _plain_mean(log: SpendingLog, since: datetime, now: datetime) -> Sequence[Usual] | None:
    """Return a week of equal days."""
    today = day_of(now, log.zone)
    first = today - timedelta(days=MEAN_DAYS)
    begins = max(since, day_start(first, log.zone))
    spent = log.between(day_of(begins, log.zone), today + timedelta(days=1))
    if spent <= 0 or now - begins < FORECAST_FROM:
        return None
    whole = max(first, _first_whole(log, since))
    days = [log.days.get(whole + timedelta(days=n), 0) for n in range((today - whole).days)]
    amount = _rounded_up(spent * 86_400, (now - begins) // _SECOND)
    return [Usual(amount, _usual(days).spread if days else 0)] * 7


def _first_whole(log: SpendingLog, since: datetime) -> date:
    """Return the first day that was charged from its beginning on."""
    day = day_of(since, log.zone)
    return day if day_start(day, log.zone) == since else day + timedelta(days=1)


def _usual(days: Sequence[int]) -> Usual:
    """Return the mean of days, and their mean distance from it."""
    count, total = len(days), sum(days)
    distance = sum(abs(day * count - total) for day in days)
    return Usual(max(0, _rounded_up(total, count)), distance // count**2)


def _rounded_up(dividend: int, divisor: int) -> int:
    """Divide so that the least spending is not none."""
    return -(-dividend // divisor)


def _end(left: int, week: Sequence[int], moment: _Moment) -> _End | None:
    """Walk along the days from the beginning of today, as if it had been spent evenly so far.

    What is left is carried as units × the seconds of a day, so that nothing is rounded.
    """
    today = moment.day.weekday()
    whole = moment.length_s
    rest = left * whole + week[today] * moment.elapsed_s
    if not (of_week := sum(week) * whole):
        return None
    weeks = (rest - 1) // of_week
    rest -= weeks * of_week
    days = weeks * 7
    while rest > (of_day := week[(today + days) % 7] * whole):
        rest -= of_day
        days += 1
    return None if days > HORIZON_DAYS else _End(days, rest, of_day)


def _thousandths(end: _End | None, moment: _Moment) -> int | None:
    """Return how far away the end is, in thousandths of days."""
    if end is None:
        return None
    total = end.part * moment.length_s - moment.elapsed_s * end.whole
    return end.days * 1000 + total * 1000 // (end.whole * moment.length_s)


def _instant(end: _End | None, moment: _Moment, log: SpendingLog) -> datetime | None:
    """Return when it is, on a day that may be longer or shorter than today."""
    if end is None:
        return None
    day = moment.day + timedelta(days=end.days)
    begins = day_start(day, log.zone)
    length = day_start(day + timedelta(days=1), log.zone) - begins
    return begins + length // _SECOND * end.part // end.whole * _SECOND


def _moment(log: SpendingLog, now: datetime) -> _Moment:
    day = day_of(now, log.zone)
    begins = day_start(day, log.zone)
    length = day_start(day + timedelta(days=1), log.zone) - begins
    return _Moment(day, (now - begins) // _SECOND, length // _SECOND)
