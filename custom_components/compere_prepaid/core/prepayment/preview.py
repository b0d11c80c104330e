"""What a month would have cost under another tariff."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from ..errors import InvalidInputError
from ..ids import AccountNumber
from ..ledger.accounts import Fund, tenant
from ..ledger.ports import LedgerTransaction
from ..ledger.records import TransferCode
from ..money.amount import Amount
from ..tariff.bill import Bill, bill
from ..tariff.rating import Interval
from .book import AccountBook
from .calendar import day_start, month_before, month_of, next_month

_COSTS = frozenset(
    {
        TransferCode.CHARGE,
        TransferCode.STANDING,
        TransferCode.SERVICE,
        TransferCode.MINIMUM,
        TransferCode.DEMAND,
        TransferCode.TAX,
        TransferCode.CORRECTION,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A month of an account as it was charged, and as another tariff would have it."""

    month: date
    energy_wh: int
    charged: Amount
    bill: Bill


@dataclass(slots=True)
class Previewer:
    """Reckons the past under other tariffs; books nothing."""

    book: AccountBook

    async def preview(self, number: str, tariff: str, month: date | None = None) -> Preview:
        """Return what a month (the last one, if none is given) would have cost.

        Raises `InvalidInputError`: `account_unknown`, `tariff_unknown`, `tariff_not_in_force`,
        `month_in_future`.
        """
        account = self.book.account(number)
        other, zone = self.book.tariff(tariff), self.book.zone
        running = month_of(self.book.clock.now(), zone)
        first = month or month_before(running)
        if first > running:
            raise InvalidInputError("month_in_future", month=first)
        since = max(day_start(first, zone), account.tenancy.opened_at)
        until = min(day_start(next_month(first), zone), self.book.clock.now())

        def read(tx: LedgerTransaction) -> tuple[Sequence[Interval], Amount]:
            intervals = [
                Interval(charge.from_wh, charge.to_wh, charge.from_at, charge.to_at)
                for charge in tx.charges(account.number, since, until)
            ]
            return intervals, Amount(
                sum(_charged(tx, account.number, fund, since, until) for fund in Fund)
            )

        intervals, charged = await self.book.ledger.read(read)
        return Preview(
            month=first,
            energy_wh=sum(interval.to_wh - interval.from_wh for interval in intervals),
            charged=charged,
            bill=bill(other, intervals, zone=zone, since=since, until=until),
        )


def _charged(
    tx: LedgerTransaction, number: AccountNumber, fund: Fund, since: datetime, until: datetime
) -> int:
    """Return what was charged to a fund in a time."""
    totals = tx.totals(tenant(number, fund), since, until)
    return -sum(amount for code, amount in totals.items() if code in _COSTS)
