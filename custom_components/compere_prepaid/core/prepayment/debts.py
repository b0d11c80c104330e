"""Debts: what a tenant owes from earlier, and what is taken for it.

A debt lies on a ledger account of its own. It is recovered out of top-ups (`waterfall`), or by
instalments that fall due day by day: those are taken while there is credit, and else wait for the
next top-up.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from ..ids import AccountNumber, TransferId
from ..ledger.account_rows import (
    Debt,
    DebtKind,
)
from ..ledger.accounts import debt_of, tenant
from ..ledger.ports import LedgerTransaction
from ..ledger.posting import post_new
from ..ledger.records import (
    NewTransfer,
    TransferCode,
)
from ..money.amount import ZERO, Amount
from .calendar import day_of, day_share, day_start, days_of_month
from .slip import Slip
from .waterfall import Owed, Waterfall

_DAY = timedelta(days=1)


def outstanding(tx: LedgerTransaction, debt: Debt) -> Amount:
    """Return what is still owed of a debt."""
    return Amount(-tx.balance(debt_of(debt.account, debt.name)))


def owed(
    tx: LedgerTransaction, account: AccountNumber, at: datetime, zone: ZoneInfo
) -> tuple[Owed, ...]:
    """Return for what a top-up may be used now, debt by debt; caps count from Monday."""
    today = day_of(at, zone)
    monday = day_start(today - today.weekday() * _DAY, zone)
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
                week_left=cap and Amount(max(0, cap - _recovered(tx, debt, monday))),
                due=debt.due,
            )
        )
    return tuple(found)


def take_from_top_up(slip: Slip, steps: Waterfall, cause: TransferId) -> None:
    """Pay debts out of a top-up, as the waterfall says."""
    for name, amount in steps.debts.items():
        _recover(slip, name, amount, TransferId(f"debt:{name}:{cause}"))
    for name, amount in steps.time_debts.items():
        debt = slip.tx.find(Debt, account=slip.account, name=name)
        if debt is not None:
            slip.tx.put(replace(debt, due=Amount(debt.due - amount)))


def take_instalments(slip: Slip, today: date | None, available: Amount, zone: ZoneInfo) -> None:
    """Let instalments fall due through a day, and take what credit allows."""
    for debt in slip.tx.rows(Debt, account=slip.account):
        if debt.kind is not DebtKind.TIME or today is None:
            continue
        due, day = int(debt.due), debt.due_through or day_of(debt.opened_at, zone)
        while day < today:
            day += _DAY
            due += _instalment(debt, day)
        due = min(due, outstanding(slip.tx, debt))
        taken = max(0, min(due, available))
        if taken:
            day_text = today.isoformat()
            cause = TransferId(f"debt:{slip.account}:{debt.name}:{day_text}")
            _recover(slip, debt.name, Amount(taken), cause)
            available = Amount(available - taken)
        slip.tx.put(replace(debt, due=Amount(due - taken), due_through=day))


def _instalment(debt: Debt, day: date) -> int:
    """Return what falls due on a day; the shares of a week or a month make the whole."""
    if debt.per == "week":
        return day_share(debt.amount, day.weekday() + 1, 7)
    if debt.per == "month":
        return day_share(debt.amount, day.day, days_of_month(day))
    return debt.amount


def _recover(slip: Slip, name: str, amount: Amount, transfer_id: TransferId) -> None:
    request = NewTransfer(
        id=transfer_id,
        debit=tenant(slip.account),
        credit=debt_of(slip.account, name),
        amount=amount,
        code=TransferCode.DEBT_RECOVERY,
        effective_at=slip.at,
        source="debt",
        reason=name,
    )
    post_new(slip.tx, request, slip.at)


def _recovered(tx: LedgerTransaction, debt: Debt, since: datetime) -> Amount:
    """Return what was recovered of a debt since an instant, and not given back."""
    totals = tx.totals(debt_of(debt.account, debt.name), since)
    codes = (TransferCode.DEBT_RECOVERY, TransferCode.REVERSAL)
    return Amount(sum(totals.get(code, ZERO) for code in codes))
