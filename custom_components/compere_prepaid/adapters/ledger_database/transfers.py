"""Transfers, the chain's head and the totals of the ledger accounts."""

from collections.abc import Sequence

from sqlalchemy import select, union_all

from ...core.errors import InvalidInputError, LedgerReadOnlyError
from ...core.ids import TransferId
from ...core.ledger.records import ChainHead, Transfer, TransferKind
from ...core.money.amount import MAX_AMOUNT, Amount
from .rows import Rows
from .schema import account as account_table, chain_head, transfer as transfer_table

_NORMAL = {"asset": "D", "expense": "D", "liability": "C", "income": "C", "equity": "C"}
"""On which side a ledger account stands, by the first word of its name."""

_TOTALS = ("dr", "cr", "dr_pending", "cr_pending")


class TransferRows(Rows):
    """The part of a transaction that moves money."""

    def claim(self) -> None:
        """Make sure that this instance still holds the site, and keep others out until the end.

        Raises `LedgerReadOnlyError` (`ledger_taken_over`).
        """
        query = select(chain_head).where(self._at(chain_head)).with_for_update()
        row = self._connection.execute(query).mappings().one()
        if row["epoch"] != self._epoch:
            self._fail(LedgerReadOnlyError("ledger_taken_over", holder=row["holder"]))

    def head(self) -> ChainHead:
        """Return the end of the chain."""
        row = self._row(chain_head)
        return ChainHead(seq=row["seq"], hash=row["hash"])

    def move_head(self, before: ChainHead, after: ChainHead) -> None:
        """Set the head if it is still `before` and this instance still holds the site."""
        moved = self._execute(
            chain_head.update()
            .where(self._at(chain_head, seq=before.seq, hash=before.hash, epoch=self._epoch))
            .values(seq=after.seq, hash=after.hash)
        )
        if moved != 1:
            holder = self._row(chain_head)["holder"]
            self._fail(LedgerReadOnlyError("ledger_taken_over", holder=holder))

    def find_transfer(self, transfer_id: TransferId) -> Transfer | None:
        """Return the transfer with this id, if any."""
        query = select(transfer_table).where(self._at(transfer_table, id=transfer_id))
        return self._record(Transfer, query)

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
        row = self._first(select(account_table).where(self._at(account_table, id=account)))
        return Amount(0 if row is None else row["cr"] - row["dr"])

    def transfers(self, account: str, limit: int) -> Sequence[Transfer]:
        """Return the latest transfers that touch a ledger account, newest first."""
        # One index for each side: with a single OR the engine would read and sort them all.
        sides = [
            select(transfer_table)
            .where(self._at(transfer_table), side == account)
            .order_by(transfer_table.c.seq.desc())
            .limit(limit)
            .subquery()
            for side in (transfer_table.c.debit, transfer_table.c.credit)
        ]
        both = union_all(*(select(side) for side in sides)).subquery()
        return self._records(Transfer, select(both).order_by(both.c.seq.desc()).limit(limit))

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
        resolved = select(transfer_table).where(self._at(transfer_table, pending_id=pending.id))
        enough = (
            by.amount == pending.amount
            if by.kind is TransferKind.VOID
            else by.amount <= pending.amount
        )
        return (
            pending.kind is TransferKind.PENDING
            and (pending.debit, pending.credit) == (by.debit, by.credit)
            and enough
            and self._first(resolved) is None
        )

    def _add_to(self, account: str, change: dict[str, int]) -> None:
        """Add to an account's totals; the account begins with its first transfer."""
        normal = _NORMAL.get(account.partition(":")[0])
        if normal is None:
            self._fail(InvalidInputError("ledger_account_unknown", account=account))
        row = self._first(select(account_table).where(self._at(account_table, id=account)))
        if row is None:
            new = account_table.insert().values(
                site=self._site, id=account, normal=normal, version=1, **change
            )
            self._execute(new)
            return
        after = {total: row[total] + change[total] for total in _TOTALS}
        if abs(after["cr"] - after["dr"]) >= MAX_AMOUNT:
            self._fail(InvalidInputError("balance_too_large", account=account))
        updated = self._execute(
            account_table.update()
            .where(self._at(account_table, id=account, version=row["version"]))
            .values(**after, version=row["version"] + 1)
        )
        if updated != 1:
            self._broken(f"ledger account {account} changed within a transaction")
