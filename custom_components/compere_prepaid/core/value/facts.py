"""What the ledger knows about the value of prepaying: read out of it, nothing concluded yet.

Everything here may take its time: it reads account by account and meter by meter, and keeps only
what figures need. The owner's own account is left out everywhere: the owner owes itself nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
import json
from zoneinfo import ZoneInfo

from ..ids import AccountNumber, MeterSerial, TransferId
from ..ledger.account_rows import Debt, Supply, Tenancy
from ..ledger.accounts import tenant
from ..ledger.allocation_rows import DayRegisters
from ..ledger.ports import LedgerTransaction
from ..ledger.records import HoldKind, TransferCode
from ..money.amount import ZERO, Amount
from ..policy.protection import NIGHT
from ..policy.reconnections import RECONNECTION, reconnections
from ..prepayment.calendar import day_of, day_start, days_name, next_month
from ..prepayment.debts import outstanding
from ..prepayment.deciding import CREDIT_CAUSE
from .arrears import Standing
from .leakage import Leak, leaks
from .readings import Readings

_DAY = timedelta(days=1)
_ALL = tuple(TransferCode)
_CHARGES = (
    TransferCode.CHARGE,
    TransferCode.STANDING,
    TransferCode.MINIMUM,
    TransferCode.DEMAND,
    TransferCode.CORRECTION,
    TransferCode.TAX,
)
"""What a bill would have on it that is paid out of the electricity fund."""

_QUIET = tuple(range(NIGHT[0] // 60, NIGHT[1] // 60))
"""The hours of a day in which its base load is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The days from `since` to before `until`, in the site's zone."""

    since: date
    until: date
    zone: ZoneInfo

    @property
    def name(self) -> str:
        """Return the month's name (`2026-10`), or the first and the last day of what is none."""
        return days_name(self.since, self.until)

    @property
    def last(self) -> date:
        """The last day."""
        return self.until - _DAY

    @property
    def begin(self) -> datetime:
        """The first instant."""
        return day_start(self.since, self.zone)

    @property
    def end(self) -> datetime:
        """The first instant behind it."""
        return day_start(self.until, self.zone)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.until - self.since).days

    def months(self) -> Iterator[date]:
        """Yield the beginnings of months that lie in it."""
        month = self.since if self.since.day == 1 else next_month(self.since.replace(day=1))
        while month < self.until:
            yield month
            month = next_month(month)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long tenants waited from the booking of a payment until their relay was closed."""

    waits: Sequence[timedelta]
    kept_since: date | None
    """Since when the ledger keeps it; None if it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What the registers at the hours say of the meters of tenants."""

    readings: Readings
    leaks: tuple[Leak, ...]
    meters: int
    """Of so many meters enough nights are known to judge one."""
    known_since: date | None
    """The first day of which registers at the hours are known."""


def read_standing(tx: LedgerTransaction, period: Period, owner: AccountNumber | None) -> Standing:
    """Read how accounts stood at the end of each day, and what those who left still owe."""
    begin, end = period.begin, period.end
    balances: dict[AccountNumber, Sequence[Amount]] = {}
    charged = debts = left = 0
    owing: dict[AccountNumber, Amount] = {}
    for tenancy in tx.rows(Tenancy):
        account, closed_at = tenancy.account, tenancy.closed_at
        if account == owner or tenancy.opened_at >= end or (closed_at and closed_at < begin):
            continue
        daily = _daily(tx, account, period)
        charged -= sum(tx.sums_by_step(tenant(account), _CHARGES, begin, end, end - begin).values())
        owed = sum(outstanding(tx, debt) for debt in tx.rows(Debt, account=account))
        if closed_at is None or closed_at >= end:
            balances[account], debts = daily, debts + owed
            continue
        gone = max(1, -(-(closed_at - begin) // _DAY))  # on which of the days it left
        balances[account] = [*daily[: gone - 1], *[ZERO] * (len(daily) - gone + 1)]
        left += 1
        if (minus := owed + max(0, -daily[-1])) > 0:
            owing[account] = Amount(minus)
    return Standing(
        balances=balances,
        charged=Amount(charged),
        days=period.days,
        debts=Amount(debts),
        left=left,
        left_owing=owing,
    )


def _daily(tx: LedgerTransaction, account: AccountNumber, period: Period) -> Sequence[Amount]:
    """Return the electricity fund at the end of each day of 24 hours, the last as it is cut."""
    fund = tenant(account)
    moved = tx.sums_by_step(fund, _ALL, period.begin, period.end, _DAY)
    balance: int = sum(tx.totals(fund, until=period.begin).values())
    daily = []
    for place in range(-(-(period.end - period.begin) // _DAY)):
        balance += moved.get(place, 0)
        daily.append(Amount(balance))
    return daily


def read_waits(tx: LedgerTransaction, period: Period) -> Waits:
    """Read how long it took from a top-up's booking until the relay was read back closed."""
    waits = []
    for one in reconnections(tx, period.begin, period.end):
        paid = (
            tx.find_transfer(TransferId(one.cause.removeprefix(CREDIT_CAUSE)))
            if one.cause.startswith(CREDIT_CAUSE)
            else None
        )
        if paid is not None and paid.code is TransferCode.TOP_UP:
            waits.append(max(timedelta(), one.closed_at - paid.recorded_at))
    kept = [
        datetime.fromisoformat(json.loads(document.content)["closed_at"])
        for document in tx.documents(RECONNECTION)
    ]
    return Waits(waits=waits, kept_since=day_of(min(kept), period.zone) if kept else None)


def read_protection_cuts(tx: LedgerTransaction, period: Period) -> Mapping[str, int]:
    """Count how often protection opened a relay, by kind of hold."""
    return {
        kind.value: sum(
            period.begin <= hold.placed_at < period.end
            for hold in tx.holds_since(kind, period.begin)
        )
        for kind in (HoldKind.OVERLOAD, HoldKind.PROTECTION)
    }


def read_watched(tx: LedgerTransaction, period: Period, owner: AccountNumber | None) -> Watched:
    """Read which readings came by themselves, and whose base load rose."""
    borders = list(period.months())
    at_borders = at_moves = reckoned = watched = 0
    found: list[Leak] = []
    first: date | None = None
    supplied = _supplies(tx, period, owner)
    left = _left(tx, supplied)
    every = tx.day_registers(list(supplied), period.since, period.until)
    for serial, supplies in supplied.items():
        rows = every.get(serial, ())
        if rows:
            first = rows[0].day if first is None else min(first, rows[0].day)
        known = _at_midnight(rows)
        for supply in supplies:
            here = [day for day in borders if _supplied(supply, day_start(day, period.zone))]
            at_borders += sum(known.get(day) is True for day in here)
            reckoned += sum(known.get(day) is not True for day in here)
            at_moves += supply in left and _ends_in(supply, period)
            nights = _nights(rows, supply, period.until, period.zone)
            watched += bool(nights)
            found += leaks(serial, nights)
    return Watched(
        readings=Readings(at_borders=at_borders, at_moves=at_moves, reckoned=reckoned),
        leaks=tuple(found),
        meters=watched,
        known_since=first,
    )


def _supplies(
    tx: LedgerTransaction, period: Period, owner: AccountNumber | None
) -> Mapping[MeterSerial, Sequence[Supply]]:
    """Return what supplied tenants within a time, by meter."""
    found: dict[MeterSerial, list[Supply]] = {}
    for supply in tx.rows(Supply):
        ended = supply.to_at is not None and supply.to_at <= period.begin
        if supply.account != owner and supply.from_at < period.end and not ended:
            found.setdefault(supply.meter, []).append(supply)
    return found


def _left(
    tx: LedgerTransaction, supplied: Mapping[MeterSerial, Sequence[Supply]]
) -> frozenset[Supply]:
    """Return the supplies that ended because a tenant moved out: that is never done unread.

    A supply after which another one of the account began was ended by somebody who stood there.
    """
    closed = {one.account for one in tx.rows(Tenancy) if one.closed_at is not None}
    last_begin: dict[AccountNumber, datetime] = {}
    for supply in tx.rows(Supply):
        last_begin[supply.account] = max(
            supply.from_at, last_begin.get(supply.account, supply.from_at)
        )
    return frozenset(
        supply
        for supplies in supplied.values()
        for supply in supplies
        if supply.account in closed
        and supply.to_at is not None
        and last_begin[supply.account] < supply.to_at
    )


def _ends_in(supply: Supply, period: Period) -> bool:
    return supply.to_at is not None and period.begin <= supply.to_at < period.end


def _supplied(supply: Supply, at: datetime) -> bool:
    return supply.from_at < at and (supply.to_at is None or at <= supply.to_at)


def _at_midnight(rows: Iterable[DayRegisters]) -> Mapping[date, bool]:
    """Return the days at whose first instant the register is known: True if it was read then."""
    known: dict[date, bool] = {}
    for row in rows:
        places = json.loads(row.registers)
        for day, place in ((row.day, places[0]), (row.day + _DAY, places[-1])):
            if place is not None:
                known[day] = known.get(day, False) or isinstance(place, int)
    return known


def _nights(
    rows: Iterable[DayRegisters], supply: Supply, until: date, zone: ZoneInfo
) -> Sequence[tuple[date, int]]:
    """Return the Wh of the quietest hour of each night in which something flowed.

    A night of which an hour is not known tells nothing; nor does one without any energy, for a
    relay was open or a shop was dark.
    """
    nights = []
    for row in rows:
        begin = day_start(row.day, zone)
        if (
            row.day >= until
            or row.generation != supply.generation
            or not _supplied(supply, begin + _DAY)
        ):
            continue
        places = json.loads(row.registers)[_QUIET[0] : _QUIET[-1] + 2]
        if len(places) > len(_QUIET) and all(isinstance(place, int) for place in places):
            base = min(after - before for before, after in pairwise(places))
            if base > 0 and supply.from_at < begin:
                nights.append((row.day, base))
    return nights
