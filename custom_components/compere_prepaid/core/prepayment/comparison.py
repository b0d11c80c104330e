"""Spending of the running day, week and month beside the same of the past.

A day is compared with what is usual on such a day of the week, whole; a week with the week before
up to the same day, a month with the month before up to the same date. Of the day that runs, the
same share is counted in the past. Weeks begin on Monday.
"""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from ..money.amount import Amount
from .calendar import day_of, day_start, days_of_month, month_before
from .forecast import usual_day
from .spending import SpendingLog


class Compared(NamedTuple):
    """What was spent so far, and in the past; None where the past is not known."""

    amount: Amount
    before: Amount | None

    @property
    def change(self) -> int | None:
        """How much more than in the past, in thousandths; None beside nothing."""
        if self.before is None or self.before <= 0:
            return None
        return (self.amount - self.before) * 1000 // self.before


class Comparison(NamedTuple):
    """An account's spending as of an instant."""

    today: Amount
    usual_today: Amount | None
    """What is usual on such a day of the week, all of it; None before there was one."""
    yesterday: Amount
    week: Compared
    month: Compared


def week_began(today: date) -> date:
    """Return the Monday of a day's week."""
    return today - timedelta(days=today.weekday())


def compare(log: SpendingLog, now: datetime) -> Comparison:
    """Sum up what was spent in the running day, week and month, and in those before."""
    today = day_of(now, log.zone)
    monday, first = week_began(today), today.replace(day=1)
    last_month = month_before(first)
    same_date = last_month.replace(day=min(today.day, days_of_month(last_month)))
    usual = usual_day(log, today)
    return Comparison(
        today=log.on(today),
        usual_today=Amount(usual.amount) if usual else None,
        yesterday=log.on(today - timedelta(days=1)),
        week=Compared(
            log.since_day(monday),
            _until_same_moment(log, monday - timedelta(days=7), today - timedelta(days=7), now),
        ),
        month=Compared(log.since_day(first), _until_same_moment(log, last_month, same_date, now)),
    )


def _until_same_moment(log: SpendingLog, first: date, last: date, now: datetime) -> Amount | None:
    """Return what was spent from a day on until another was as far on as today is now."""
    if log.since is None or log.since > day_start(first, log.zone):
        return None
    today = day_of(now, log.zone)
    began = day_start(today, log.zone)
    length = day_start(today + timedelta(days=1), log.zone) - began
    part = log.on(last) * ((now - began) // _SECOND) // (length // _SECOND)
    return Amount(log.between(first, last) + part)


_SECOND = timedelta(seconds=1)
