"""What an account spent on each of the site's calendar days, as far as forecasts look back.

Spending is everything that lowers the electricity fund by itself: energy, standing and other
charges, and the tax on them. It is kept in memory by the day it is for, also before it is posted;
at start it is read from the ledger, one sum a day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..ids import AccountNumber
from ..ledger.accounts import tenant
from ..ledger.ports import LedgerTransaction
from ..ledger.records import TransferCode
from ..money.amount import Amount
from .calendar import day_of, day_start

SPENDING = frozenset(
    {
        TransferCode.CHARGE,
        TransferCode.STANDING,
        TransferCode.MINIMUM,
        TransferCode.DEMAND,
        TransferCode.TAX,
        TransferCode.CORRECTION,
    }
)
"""What an account's costs of a day or a month are made of."""

KEPT_DAYS = 62
"""So many days a running month and the one before it can have; forecasts look back less far."""


class Usual(NamedTuple):
    """What is usually spent on a day, and how far such days are from it."""

    amount: int
    spread: int = 0


@dataclass(slots=True)
class SpendingLog:
    """The sums of an account's days."""

    zone: ZoneInfo
    since: datetime | None = None
    """When the first interval that was charged began; None before there was one."""
    days: dict[date, int] = field(default_factory=dict)
    newest: date = date.min
    """The last day to which anything was added in this run."""
    changes: int = 0
    """Counts what may change the days before it."""
    week: tuple[date, int, Sequence[Usual] | None] | None = None
    """What was found to be usual, on which day and after which change: it is asked for often."""

    def add(self, amount: int, day: date) -> None:
        """Add to a day's sum; days of which nobody asks any more are forgotten."""
        is_new = day not in self.days
        self.days[day] = self.days.get(day, 0) + amount
        if day != self.newest:
            self.newest, self.changes = max(day, self.newest), self.changes + 1
        if is_new and len(self.days) > KEPT_DAYS:
            oldest = max(self.days) - timedelta(days=KEPT_DAYS)
            self.days = {day: sum_ for day, sum_ in self.days.items() if day > oldest}

    def on(self, day: date) -> Amount:
        """Return what was spent on a day."""
        return Amount(self.days.get(day, 0))

    def since_day(self, first: date) -> Amount:
        """Return what was spent from a day on."""
        return Amount(sum(amount for day, amount in self.days.items() if day >= first))

    def between(self, first: date, until: date) -> Amount:
        """Return what was spent from a day on and before another."""
        return Amount(sum(amount for day, amount in self.days.items() if first <= day < until))


def read_log(
    tx: LedgerTransaction, account: AccountNumber, now: datetime, zone: ZoneInfo
) -> SpendingLog:
    """Return what the ledger says of an account's last days."""
    today = day_of(now, zone)
    first = today - timedelta(days=KEPT_DAYS - 1)
    days = read_spending(tx, tenant(account), first, today, zone)
    return SpendingLog(zone, tx.first_charge_at(account), dict(days))


def read_spending(
    tx: LedgerTransaction, fund: str, first: date, last: date, zone: ZoneInfo
) -> Mapping[date, Amount]:
    """Return what the ledger says was spent out of a fund on each day from `first` to `last`.

    Days that are as long as their neighbour are asked for together: a day that is longer or shorter
    because clocks change is asked for alone.
    """
    days: dict[date, Amount] = {}
    day = first
    while day <= last:
        length, since, start = _length(day, zone), day_start(day, zone), day
        while day <= last and _length(day, zone) == length:
            day += timedelta(days=1)
        sums = tx.sums_by_step(fund, SPENDING, since, day_start(day, zone), length)
        days |= {start + timedelta(days=step): Amount(-amount) for step, amount in sums.items()}
    return days


def _length(day: date, zone: ZoneInfo) -> timedelta:
    """Return how long a calendar day is: not always 24 hours."""
    return day_start(day + timedelta(days=1), zone) - day_start(day, zone)
