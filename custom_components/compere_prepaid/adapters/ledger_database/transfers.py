"""Transfers, the chain's head and the totals of the ledger accounts."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, bindparam, insert, select, union_all

from ...core.errors import InvalidInputError, LedgerReadOnlyError
from ...core.ids import TransferId
from ...core.ledger.records import ChainHead, Transfer, TransferKind
from ...core.money.amount import MAX_AMOUNT, Amount
from .rows import Rows, with_key
from .schema import account as account_table, chain_head, transfer as transfer_table

_NORMAL = {"asset": "D", "expense": "D", "liability": "C", "income": "C", "equity": "C"}
"""On which side a ledger account stands, by the first word of its name."""

_EVER = datetime(1, 1, 1, tzinfo=UTC)
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)

_TOTALS = ("dr", "cr", "dr_pending", "cr_pending")

_NEW_ACCOUNT = insert(account_table)
_LEASE = select(chain_head).where(with_key(chain_head)).with_for_update()


def _latest() -> Select[Any]:
    """Build the query for an account's latest transfers.

    One index for each side: with a single OR the engine would read and sort them all.
    """
    sides = [
        select(transfer_table)
        .where(
            with_key(transfer_table, side),
            transfer_table.c.effective_at >= bindparam("since"),
            transfer_table.c.effective_at < bindparam("until"),
        )
        .order_by(transfer_table.c.seq.desc())
        .limit(bindparam("limit"))
        .subquery()
        for side in ("debit", "credit")
    ]
    both = union_all(*(select(side) for side in sides)).subquery()
    return select(both).order_by(both.c.seq.desc()).limit(bindparam("limit"))


_LATEST = _latest()


class TransferRows(Rows):
    """The part of a transaction that moves money."""

    def claim(self) -> None:
        """Make sure that this instance still holds the site, and keep others out until the end.

        Raises `LedgerReadOnlyError` (`ledger_taken_over`).
        """
        row = self._first(_LEASE, self._key())
        if row is None:
            self._broken("the chain has no head")
        if row["epoch"] != self._epoch:
            self._fail(LedgerReadOnlyError("ledger_taken_over", holder=row["holder"]))

    def head(self) -> ChainHead:
        """Return the end of the chain."""
        row = self._row(chain_head)
        return ChainHead(seq=row["seq"], hash=row["hash"])

    def move_head(self, before: ChainHead, after: ChainHead) -> None:
        """Set the head if it is still `before` and this instance still holds the site."""
        here = {"seq": before.seq, "hash": before.hash, "epoch": self._epoch}
        if self._change(chain_head, here, seq=after.seq, hash=after.hash) != 1:
            holder = self._row(chain_head)["holder"]
            self._fail(LedgerReadOnlyError("ledger_taken_over", holder=holder))

    def find_transfer(self, transfer_id: TransferId) -> Transfer | None:
        """Return the transfer with this id, if any."""
        return self._find(Transfer, transfer_table, id=transfer_id)

    def insert_transfer(self, transfer: Transfer) -> None:
        """Store a transfer and add its amount to the totals of both ledger accounts."""
        pending = self._resolved(transfer)
        self._insert(transfer_table, transfer)
        for account, side in ((transfer.debit, "dr"), (transfer.credit, "cr")):
            change = dict.fromkeys(_TOTALS, 0)
            if transfer.kind in {TransferKind.POSTED, TransferKind.POST}:
                change[side] = transfer.amount
            elif transfer.kind is TransferKind.PENDING:
                change[f"{side}_pending"] = transfer.amount
            if pending is not None:
                change[f"{side}_pending"] = -pending.amount
            self._add_to(account, change)

    def balance(self, account: str) -> Amount:
        """Return credits − debits of a ledger account (0 for one that never moved)."""
        row = self._get(account_table, id=account)
        return Amount(0 if row is None else row["cr"] - row["dr"])

    def reserved(self, account: str) -> Amount:
        """Return what pending transfers will take off a ledger account if they are posted."""
        row = self._get(account_table, id=account)
        return Amount(0 if row is None else row["dr_pending"])

    def transfers(
        self,
        account: str,
        limit: int,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Sequence[Transfer]:
        """Return the latest transfers that touch a ledger account, newest first."""
        parameters = self._key(debit=account, credit=account) | {
            "limit": limit,
            "since": since or _EVER,
            "until": until or _NEVER,
        }
        return self._records(Transfer, _LATEST, parameters)

    def _resolved(self, transfer: Transfer) -> Transfer | None:
        """Return the pending transfer that this one resolves, having checked that it may."""
        resolves = transfer.kind in {TransferKind.POST, TransferKind.VOID}
        if not resolves and transfer.pending_id is None:
            return None
        pending = self.find_transfer(transfer.pending_id) if transfer.pending_id else None
        if not resolves or pending is None or not self._resolvable(pending, transfer):
            reference = transfer.pending_id or transfer.id
            self._fail(InvalidInputError("pending_not_open", reference=reference))
        return pending

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
            and self._get(transfer_table, pending_id=pending.id) is None
        )

    def _add_to(self, account: str, change: dict[str, int]) -> None:
        """Add to an account's totals; the account begins with its first transfer."""
        normal = _NORMAL.get(account.partition(":")[0])
        if normal is None:
            self._fail(InvalidInputError("ledger_account_unknown", account=account))
        row = self._get(account_table, id=account)
        if row is None:
            new = {"site": self._site, "id": account, "normal": normal, "version": 1}
            self._execute(_NEW_ACCOUNT, new | change)
            return
        after = {total: row[total] + change[total] for total in _TOTALS}
        if abs(after["cr"] - after["dr"]) >= MAX_AMOUNT:
            self._fail(InvalidInputError("balance_too_large", account=account))
        same = {"id": account, "version": row["version"]}
        if self._change(account_table, same, version=row["version"] + 1, **after) != 1:
            self._broken(f"ledger account {account} changed within a transaction")
