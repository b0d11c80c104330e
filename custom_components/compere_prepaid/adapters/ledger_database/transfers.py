"""Transfers, the chain's head and the totals of the ledger accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import RowMapping, Select, bindparam, or_, select, union_all, update

from ...core.errors import InvalidInputError, LedgerReadOnlyError
from ...core.ids import TransferId
from ...core.ledger.records import ChainHead, Transfer, TransferCode, TransferKind
from ...core.money.amount import MAX_AMOUNT, ZERO, Amount
from .columns import TEXT
from .forms import Form, with_key
from .rows import Rows, Scope
from .sums import EVER
from .tables import account as account_table, chain_head, transfer as transfer_table

_NORMAL = {"asset": "D", "expense": "D", "liability": "C", "income": "C", "equity": "C"}
"""On which side a ledger account stands, by the first word of its name."""

_MAX_TOTAL = 2**63
"""What a column holds."""


@dataclass(slots=True, kw_only=True)
class _Totals:
    """All that ever moved on a ledger account."""

    id: str
    normal: str
    dr: int = 0
    cr: int = 0
    dr_pending: int = 0
    cr_pending: int = 0
    version: int = 0

    def add(self, transfer: Transfer, pending: int) -> None:
        """Add a transfer to its side; it resolves what was `pending` of it."""
        amount, reserved = transfer.amount, -pending
        if transfer.kind is TransferKind.PENDING:
            amount, reserved = ZERO, transfer.amount
        elif transfer.kind is TransferKind.VOID:
            amount = ZERO
        if self.id == transfer.debit:
            self.dr += amount
            self.dr_pending += reserved
        else:
            self.cr += amount
            self.cr_pending += reserved

    @property
    def fits(self) -> bool:
        """Whether all of it fits 64 bits, with room for what may come next."""
        return (
            -MAX_AMOUNT < self.cr - self.dr < MAX_AMOUNT
            and self.cr < _MAX_TOTAL
            and self.dr < _MAX_TOTAL
        )


_RESOLVES = frozenset({TransferKind.POST, TransferKind.VOID})
_TOTALS = Form(_Totals, account_table, owner=1, guard="account.version = excluded.version - 1")
_TRANSFERS = Form(Transfer, transfer_table)
_RESOLVING = select(transfer_table.c.id).where(with_key(transfer_table, "pending_id"))
_LEASE = select(chain_head).where(with_key(chain_head))
_LOCKED_LEASE = _LEASE.with_for_update()
_MOVE_HEAD = (
    update(chain_head)
    .where(with_key(chain_head, "seq", "hash", "epoch"))
    .values(seq=bindparam("new_seq"), hash=bindparam("new_hash"), token=bindparam("new_token"))
)


def _latest() -> Select[Any]:
    """Build the query for an account's latest transfers.

    One index for each side: with a single OR the engine would read and sort them all.
    """
    sides = [
        _TRANSFERS.query()
        .where(
            transfer_table.c[side] == bindparam("account"),
            transfer_table.c.effective_at >= bindparam("since"),
            or_(
                bindparam("only", type_=TEXT) == "",
                transfer_table.c.code == bindparam("only", type_=TEXT),
            ),
        )
        .order_by(transfer_table.c.effective_at.desc(), transfer_table.c.seq.desc())
        .limit(bindparam("limit"))
        .subquery()
        for side in ("debit", "credit")
    ]
    both = union_all(*(select(side) for side in sides)).subquery()
    newest = both.c.effective_at.desc(), both.c.seq.desc()
    return select(both).order_by(*newest).limit(bindparam("limit"))


_LATEST = _latest()


class TransferRows(Rows):
    """The part of a transaction that moves money."""

    def __init__(self, scope: Scope) -> None:
        """Work on a site's rows."""
        super().__init__(scope)
        self._transfers = self._sheet(_TRANSFERS)
        self._totals = self._sheet(_TOTALS)
        self._lease: RowMapping | None = None
        self._head: ChainHead | None = None

    def claim(self) -> None:
        """Make sure that this instance still holds the site, and keep others out until the end.

        Raises `LedgerReadOnlyError` (`ledger_taken_over`).
        """
        self._lease = self._first_lease(_LOCKED_LEASE)
        if self._lease["epoch"] != self._epoch:
            self._taken_over()
        self._memory.check(self._lease["token"])

    def head(self) -> ChainHead:
        """Return the end of the chain."""
        if self._head is None:
            if self._lease is None:
                self._lease = self._first_lease(_LEASE)
            self._head = ChainHead(seq=self._lease["seq"], hash=self._lease["hash"])
        return self._head

    def move_head(self, before: ChainHead, after: ChainHead) -> None:
        """Set the head if it is still `before` and this instance still holds the site."""
        if before != self.head():
            self._taken_over()
        self._head, self._wrote = after, True

    def find_transfer(self, transfer_id: TransferId) -> Transfer | None:
        """Return the transfer with this id, if any."""
        return self._transfers.find(transfer_id)

    def insert_transfer(self, transfer: Transfer) -> None:
        """Store a transfer and add its amount to the totals of both ledger accounts."""
        pending = self._resolved(transfer)
        self._add(self._transfers, transfer)
        for account in (transfer.debit, transfer.credit):
            totals = self._of_account(account)
            totals.add(transfer, pending)
            if not totals.fits:
                self._fail(InvalidInputError("balance_too_large", account=account))
            if (account,) not in self._totals.unwritten:
                totals.version += 1
                self._totals.put(totals)

    def balance(self, account: str) -> Amount:
        """Return credits − debits of a ledger account (0 for one that never moved)."""
        totals = self._totals.find(account)
        return Amount(0 if totals is None else totals.cr - totals.dr)

    def reserved(self, account: str) -> Amount:
        """Return what pending transfers will take off a ledger account if they are posted."""
        totals = self._totals.find(account)
        return Amount(0 if totals is None else totals.dr_pending)

    def transfers(
        self,
        account: str,
        limit: int,
        *,
        since: datetime | None = None,
        only: TransferCode | None = None,
    ) -> Sequence[Transfer]:
        """Return the latest transfers that touch a ledger account, newest first."""
        found = self._query(
            _LATEST,
            account=account,
            limit=limit,
            since=since or EVER,
            only=only or "",
        )
        return [_TRANSFERS.record(row) for row in found]

    def _seal_head(self, token: str) -> None:
        """Store where the chain ends now, and which transaction brought it there."""
        if self._lease is None:
            self._broken("a transaction that was not claimed wrote")
        if not self._wrote:
            self._memory.token = self._lease["token"]
            return
        head = self.head()
        moved = self._connection.execute(
            _MOVE_HEAD,
            {
                "key_site": self._site,
                "key_seq": self._lease["seq"],
                "key_hash": self._lease["hash"],
                "key_epoch": self._epoch,
                "new_seq": head.seq,
                "new_hash": head.hash,
                "new_token": token,
            },
        )
        if moved.rowcount != 1:
            self._taken_over()
        self._memory.token = token

    def _first_lease(self, query: Select[Any]) -> RowMapping:
        row = self._connection.execute(query, {"key_site": self._site}).mappings().first()
        if row is None:
            self._broken("the chain has no head")
        return row

    def _taken_over(self) -> NoReturn:
        holder = self._first_lease(_LEASE)["holder"]
        self._fail(LedgerReadOnlyError("ledger_taken_over", holder=holder))

    def _of_account(self, account: str) -> _Totals:
        """Return an account's totals; an account begins with its first transfer."""
        totals = self._totals.find(account)
        if totals is None:
            normal = _NORMAL.get(account.partition(":")[0])
            if normal is None:
                self._fail(InvalidInputError("ledger_account_unknown", account=account))
            totals = _Totals(id=account, normal=normal)
        return totals

    def _resolved(self, transfer: Transfer) -> int:
        """Return how much pending money a transfer resolves, having checked that it may."""
        resolves = transfer.kind in _RESOLVES
        if not resolves and transfer.pending_id is None:
            return 0
        pending = self.find_transfer(transfer.pending_id) if transfer.pending_id else None
        if not resolves or pending is None or not self._resolvable(pending, transfer):
            reference = transfer.pending_id or transfer.id
            self._fail(InvalidInputError("pending_not_open", reference=reference))
        return pending.amount

    def _resolvable(self, pending: Transfer, by: Transfer) -> bool:
        """Tell whether a pending transfer is open, and resolved by one that fits it."""
        enough = (
            by.amount == pending.amount
            if by.kind is TransferKind.VOID
            else by.amount <= pending.amount
        )
        return (
            pending.kind is TransferKind.PENDING
            and (pending.debit, pending.credit) == (by.debit, by.credit)
            and enough
            and not any(self._query(_RESOLVING, key_pending_id=pending.id))
        )
