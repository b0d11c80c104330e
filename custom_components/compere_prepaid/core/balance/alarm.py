"""When unexplained losses become an alarm, and when it is over: days decide, not hours.

The alarm follows from the days alone, so that it is the same whenever somebody works it out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from .energy_balance import Balance

RAISE_PPM = 20_000
"""So much of a day's energy, beyond what the feeder may lose, is too much."""

CLEAR_PPM = 10_000
"""With less than this a day is in order again."""

DAYS = 2
"""So many days, one after the other, raise the alarm or end it."""

ENOUGH_HOURS = 12
"""A day of which less is known decides nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LossAlarm:
    """A feeder loses more than it may, since a day; `balance` is that of the days since then."""

    since: date
    through: date
    days: int
    balance: Balance


@dataclass(frozen=True, slots=True, kw_only=True)
class FeederStanding:
    """How a feeder stands: None where there was no such feeder."""

    today: Balance | None = None
    yesterday: Balance | None = None
    month: Balance | None = None
    alarm: LossAlarm | None = None


def loss_alarm(days: Iterable[tuple[date, Balance]]) -> LossAlarm | None:
    """Return the alarm that stands behind the last of some days, if one does."""
    alarm: LossAlarm | None = None
    bad: list[tuple[date, Balance]] = []
    good = 0
    for day, balance in days:
        part = balance.unexplained_ppm
        if part is None or balance.hours < ENOUGH_HOURS:
            continue
        good = good + 1 if part < CLEAR_PPM else 0
        if alarm is not None:
            total = alarm.balance.plus(balance)
            alarm = LossAlarm(since=alarm.since, through=day, days=alarm.days + 1, balance=total)
            if good >= DAYS:
                alarm = None
            continue
        bad = [*bad, (day, balance)] if part >= RAISE_PPM else []
        if len(bad) >= DAYS:
            total = bad[0][1]
            for _, other in bad[1:]:
                total = total.plus(other)
            alarm = LossAlarm(since=bad[0][0], through=day, days=len(bad), balance=total)
            bad = []
    return alarm
