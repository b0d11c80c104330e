"""The numbers of the cash desk: every movement of cash for an account has one, without a gap.

A number is given in the transaction that moves the money, so that neither can be there without the
other; who books first has the lower one.
"""

from ..ids import AccountNumber
from ..ledger.accounts import CASH
from ..ledger.payment_rows import CashReceipt
from ..ledger.ports import LedgerTransaction
from ..ledger.posting import Posting
from ..ledger.records import Transfer, TransferKind
from ..money.amount import Amount

_MOVING = frozenset({TransferKind.POSTED, TransferKind.POST})


def number_cash(
    tx: LedgerTransaction, transfer: Transfer, account: AccountNumber, approver: str = ""
) -> int | None:
    """Give a transfer that was just booked its number; None if it moves no cash."""
    if transfer.kind not in _MOVING or CASH not in {transfer.debit, transfer.credit}:
        return None
    last = tx.last(CashReceipt)
    receipt = CashReceipt(
        number=1 if last is None else last.number + 1,
        account=account,
        amount=transfer.amount if transfer.debit == CASH else Amount(-transfer.amount),
        transfer_id=transfer.id,
        at=transfer.recorded_at,
        user=transfer.user,
        approver=approver,
    )
    tx.add(receipt)
    return receipt.number


def paper_number(
    tx: LedgerTransaction, posting: Posting, account: AccountNumber, approver: str = ""
) -> int | None:
    """Return the number of what was booked: a new one, or that which it had before."""
    if not posting.replayed:
        return number_cash(tx, posting.transfer, account, approver)
    paper = paper_of(tx, posting.transfer)
    return None if paper is None else paper.number


def paper_of(tx: LedgerTransaction, transfer: Transfer) -> CashReceipt | None:
    """Return the numbered paper of a transfer, if it has one."""
    if CASH not in {transfer.debit, transfer.credit}:
        return None
    return next(iter(tx.rows(CashReceipt, transfer_id=transfer.id)), None)
