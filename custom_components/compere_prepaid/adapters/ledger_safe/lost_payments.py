"""What an old book says of payments, orders and bills behind the point of a restoration.

Transfers are booked again by `lost`; the rows here are what they mean: whose payment it was, which
order it paid, who assigned it, what went back. They come with their transfers, or not at all. The
papers of the cash desk are numbered anew with their transfers, and its counts are made again: they
speak of places in a chain that is another one now. Allocation runs come back as proposals: approved
again they are posted under the same ids.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
import sqlite3
from typing import Any

from sqlalchemy import Connection, StaticPool, create_engine

from ...core.ids import TransferId
from ...core.ledger.account_rows import HistoryRow
from ...core.ledger.allocation_rows import (
    AllocationRun,
    AllocationShare,
    AllocationStep,
    BillCancellation,
    RunStep,
    SupplierBill,
)
from ...core.ledger.payment_rows import (
    Approval,
    AutoTopUp,
    BillLine,
    CashReceipt,
    MeterToken,
    OrderState,
    PaymentNotice,
    PaymentStateRow,
    PayOrder,
    PortalDevice,
    PortalPin,
    ProviderRefund,
    ProviderTxn,
    Reconciliation,
    SuspenseAssignment,
    TenantChoice,
)
from ...core.ledger.ports import LedgerTransaction
from ..ledger_database.forms import Form
from ..ledger_database.plain import FORMS

_HISTORY: tuple[type[HistoryRow], ...] = (
    ProviderTxn,
    SuspenseAssignment,
    PaymentNotice,
    BillLine,
    Reconciliation,
    CashReceipt,
    SupplierBill,
    BillCancellation,
    AllocationRun,
    AllocationShare,
    AllocationStep,
)
"""Each behind what it refers to."""
_STATE: tuple[type[PaymentStateRow], ...] = (
    PayOrder,
    ProviderRefund,
    Approval,
    TenantChoice,
    PortalPin,
    MeterToken,
    PortalDevice,
    AutoTopUp,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LostState:
    """How something stood at the end of the old book, and how it stands in the restored one."""

    row: PaymentStateRow
    before: PaymentStateRow | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LostPayments:
    """The rows that a restored book lacks."""

    history: tuple[HistoryRow, ...] = ()
    states: tuple[LostState, ...] = ()
    is_read: bool = False
    """Whether the old book's rows could be read."""


type Known = dict[type, dict[tuple[object, ...], Any]]
"""The rows of a book by kind and key."""


def read_payments(raw: sqlite3.Connection, site: str) -> Known:
    """Read all rows about payments of a site's book."""
    with _reading(raw) as connection:
        return {
            form.kind: {
                form.key(row): row
                for row in map(form.record, connection.execute(form.query(), {"key_site": site}))
            }
            for form in map(_form, (*_HISTORY, *_STATE))
        }


def compare(old: Known, new: Known) -> LostPayments:
    """Return what the old book has that the new one has not."""
    return LostPayments(
        history=tuple(
            row for kind in _HISTORY for key, row in old[kind].items() if key not in new[kind]
        ),
        states=tuple(
            LostState(row=row, before=new[kind].get(key))
            for kind in _STATE
            for key, row in old[kind].items()
            if new[kind].get(key) != row
        ),
        is_read=True,
    )


def transfers_of(lost: LostPayments) -> frozenset[TransferId]:
    """Return the transfers that rows speak of; without their rows they would mean nothing."""
    names = (getattr(row, "transfer_id", None) for row in lost.history)
    return frozenset(name for name in names if name is not None)


def approvers_of(lost: LostPayments) -> Mapping[TransferId, str]:
    """Return who approved what at the cash desk, by its transfer."""
    papers = (row for row in lost.history if isinstance(row, CashReceipt))
    return {paper.transfer_id: paper.approver for paper in papers}


def keep_again(tx: LedgerTransaction, lost: LostPayments) -> None:
    """Store the rows whose transfers are in the book; what is there already stays as it is.

    Something that moved on since the restoration stays where it is now. An order whose payment is
    not in the book is asked for again: its provider knows.
    """
    for row in lost.history:
        _keep_row(tx, row)
    for state in lost.states:
        if _find(tx, state.row) != state.before:
            continue
        match state.row:
            case PayOrder(provider=provider, paid_txn=txn) as order if txn:
                if tx.find(ProviderTxn, provider=provider, txn=txn) is None:
                    order = replace(order, state=OrderState.CLOSING, paid_txn="")
                tx.put(order)
            case ProviderRefund(provider=provider, txn=txn) as refund:
                if tx.find(ProviderTxn, provider=provider, txn=txn) is not None:
                    tx.put(refund)
            case other:
                tx.put(other)


def _keep_row(tx: LedgerTransaction, row: HistoryRow) -> None:
    if isinstance(row, CashReceipt):
        return  # numbered anew with its transfer
    if isinstance(row, AllocationStep):
        _step_again(tx, row)
        return
    transfer_id = getattr(row, "transfer_id", None)
    booked = transfer_id is None or tx.find_transfer(transfer_id) is not None
    if booked and _find(tx, row) is None:
        tx.add(row)


def _step_again(tx: LedgerTransaction, step: AllocationStep) -> None:
    """Lay a run aside that was rejected or taken back; one that was posted is to be posted again.

    A run that is posted in this book and was taken back later is to be taken back again.
    """
    if step.step is RunStep.POSTED or tx.rows(AllocationStep, run=step.run):
        return
    tx.add(replace(step, step=RunStep.REJECTED))


def _find(tx: LedgerTransaction, row: HistoryRow | PaymentStateRow) -> object:
    form = _form(type(row))
    return tx.find(type(row), **dict(zip(form.key_names, form.key(row), strict=True)))


def _form(kind: type) -> Form[Any]:
    return next(form for form in FORMS if form.kind is kind)


@contextmanager
def _reading(raw: sqlite3.Connection) -> Iterator[Connection]:
    """Read rows by their forms over a connection that is open already."""
    factory, raw.row_factory = raw.row_factory, None
    engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool)
    try:
        with engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")
    finally:
        raw.row_factory = factory
