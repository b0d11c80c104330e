"""What a statement is compared with and what it draws: energy and cost of other times.

The cost of a time is all that the electricity fund was charged in it, with tax: what was paid,
refunded, lent or moved is none, and shared costs are of other things than what a tenant used. Of a
time in which the account was not there nothing is known, which is not nothing used.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from ..ledger.account_rows import Debt, Tenancy
from ..ledger.accounts import Fund, debt_of
from ..ledger.records import Charge, TransferCode
from ..money.amount import Amount
from ..prepayment.calendar import day_of, day_start, days_of_month, month_of, next_month
from .model import Chart, DayUse, DebtLeft, MonthUse, Usage
from .sources import Sources

COST_CODES = frozenset(
    {
        *(TransferCode.CHARGE, TransferCode.STANDING, TransferCode.MINIMUM),
        *(TransferCode.DEMAND, TransferCode.CORRECTION, TransferCode.TAX),
    }
)
"""What the electricity fund is charged; all else only moves money that is the tenant's or owed."""

MONTHS_DRAWN = 13
"""A month and the same one a year before stand at the two ends."""

DAYS_DRAWN = 100
"""The days of a longer time are not drawn."""

_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


type Time = tuple[datetime, datetime]
"""From an instant to before another."""


def month_time(month: date, zone: ZoneInfo) -> Time:
    """Return when a month of the site begins and ends."""
    return day_start(month, zone), day_start(next_month(month), zone)


def year_before(time: Time, zone: ZoneInfo) -> Time:
    """Return the same time a year before, by the calendar."""
    since, until = time
    return _year_back(since, zone), _year_back(until, zone)


def _year_back(at: datetime, zone: ZoneInfo) -> datetime:
    day = day_of(at, zone)
    first = day.replace(year=day.year - 1, day=1)
    same = first.replace(day=min(day.day, days_of_month(first)))
    return day_start(same, zone) + (at - day_start(day, zone))


def time_there(tenancy: Tenancy, time: Time) -> Time | None:
    """Return the part of a time in which an account was there, if it was."""
    since, until = max(time[0], tenancy.opened_at), time[1]
    closed = tenancy.closed_at
    if until <= since or (closed is not None and closed < since):
        return None
    return since, until


@dataclass(frozen=True, slots=True)
class Past:
    """Looks at other times of an account."""

    sources: Sources
    tenancy: Tenancy
    zone: ZoneInfo

    def days(self, since: datetime, until: datetime) -> int:
        """Count the calendar days that a time shares something with."""
        return (day_of(until - _INSTANT, self.zone) - day_of(since, self.zone)).days + 1

    def usage(self, time: Time) -> Usage | None:
        """Return what was used and charged in a time, or None if the account was not there."""
        if (within := time_there(self.tenancy, time)) is None:
            return None
        since, until = within
        account = self.tenancy.account
        totals = self.sources.totals(account, Fund.ELECTRICITY, since, until)
        cost = -sum(amount for code, amount in totals.items() if code in COST_CODES)
        return Usage(
            since=since,
            until=until,
            days=self.days(since, until),
            energy_wh=self.sources.energy_wh(account, since, until),
            cost=Amount(cost),
        )

    def chart(self, since: datetime, until: datetime, charges: Iterable[Charge]) -> Chart:
        """Return what is drawn of a time, of which these are the charges."""
        days = self._days(since, until, charges) if self._is_short(since, until) else ()
        return Chart(days=tuple(days), months=tuple(self._months(until)))

    def _is_short(self, since: datetime, until: datetime) -> bool:
        return self.days(since, until) <= DAYS_DRAWN

    def _days(
        self, since: datetime, until: datetime, charges: Iterable[Charge]
    ) -> Iterator[DayUse]:
        sums: dict[date, list[int]] = {}
        for charge in charges:
            one = sums.setdefault(day_of(charge.from_at, self.zone), [0, 0])
            one[0] += charge.to_wh - charge.from_wh
            one[1] += charge.amount
        day, last = day_of(since, self.zone), day_of(until - _INSTANT, self.zone)
        opened = day_of(self.tenancy.opened_at, self.zone)
        while day <= last:
            energy_wh, cost = sums.get(day, (0, 0))
            if day < opened:
                yield DayUse(day=day, energy_wh=None, cost=None)
            else:
                yield DayUse(day=day, energy_wh=energy_wh, cost=Amount(cost))
            day += _DAY

    def _months(self, until: datetime) -> Iterator[MonthUse]:
        last = month_of(until - _INSTANT, self.zone)
        months = [last.replace(year=last.year - 1)]
        while len(months) < MONTHS_DRAWN:
            months.append(next_month(months[-1]))
        borders = [*(day_start(month, self.zone) for month in months), until]
        spent = self.sources.spending(self.tenancy.account, borders)
        for month, end, one in zip(months, borders[1:], spent, strict=True):
            if end <= self.tenancy.opened_at:
                yield MonthUse(month=month, energy_wh=None, cost=None)
            else:
                yield MonthUse(month=month, energy_wh=one.energy_wh, cost=one.amount)

    def debts(self, until: datetime) -> Iterator[DebtLeft]:
        """Yield what is owed at the end of a time."""
        tx = self.sources.tx
        for debt in tx.rows(Debt, account=self.tenancy.account):
            name = debt_of(debt.account, debt.name)
            later = sum(tx.totals(name, since=until).values())
            if owed := later - tx.balance(name):
                yield DebtLeft(name=debt.name, owed=Amount(owed))
