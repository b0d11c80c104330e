"""Debts: what a tenant owes from earlier, and how it is recovered."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from ..errors import InvalidInputError
from ..ids import AccountNumber, TransferId
from ..ledger.accounts import ADJUSTMENT, debt_of, tenant
from ..ledger.ports import LedgerTransaction
from ..ledger.posting import post, post_new
from ..ledger.records import Debt, DebtKind, NewTransfer, TransferCode
from ..money.amount import ZERO, Amount
from .book import AccountBook
from .calendar import day_of, day_share, day_start, next_month
from .slip import Slip
from .settlement import AccountDue
from .waterfall import PPM, Owed

_DAY = timedelta(days=1)
PERS = ("day", "week", "month")


def outstanding(tx: LedgerTransaction, debt: Debt) -> Amount:
    """Return what is still owed of a debt."""
    return Amount(-tx.balance(debt_of(debt.account, debt.name)))


def owed(tx: LedgerTransaction, account: AccountNumber, week_began: datetime) -> tuple[Owed, ...]:
    """Return what a top-up may be used for, debt by debt; `week_began` says since when caps count."""
    found = []
    for debt in tx.rows(Debt, account=account):
        left = outstanding(tx, debt)
        if left <= 0:
            continue
        percent = debt.kind is DebtKind.PERCENT
        cap = debt.amount if percent and debt.amount else None
        found.append(
            Owed(
                name=debt.name,
                outstanding=left,
                ppm=debt.ppm if percent else 0,
                week_left=None if cap is None else Amount(max(0, cap - _paid(tx, debt, week_began))),
                due=debt.due,
            )
        )
    return tuple(found)


def _paid(tx: LedgerTransaction, debt: Debt, since: datetime) -> Amount:
    """Return what was recovered of a debt since an instant."""
    totals = tx.totals(debt_of(debt.account, debt.name), since)
    return totals.get(TransferCode.DEBT_RECOVERY, ZERO)
