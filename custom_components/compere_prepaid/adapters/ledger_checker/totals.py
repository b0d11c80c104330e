"""Audit of the totals: what the ledger accounts' rows say is what their transfers make.

Each transfer is one row with both its sides, so debits and credits cannot differ; what can be wrong
is a total that does not add up, or a debt that was paid twice.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from .book import Book
from .chain import LIMIT, Walk

_SIDES = {"asset": "D", "expense": "D", "liability": "C", "income": "C", "equity": "C"}
_MOVING = frozenset({"posted", "post"})
_PENDING_LIMIT_US = 7 * 24 * 3600 * 1_000_000
"""A payment or refund that waits for longer was forgotten, most likely."""


@dataclass(slots=True)
class Totals:
    """What the row of a ledger account must say."""

    dr: int = 0
    cr: int = 0
    dr_pending: int = 0
    cr_pending: int = 0
    touched: int = 0
    """By how many transfers; each transaction counts its row's version on by one."""


_SUMS = ("dr", "cr", "dr_pending", "cr_pending")


@dataclass(slots=True)
class Accounts:
    """The totals of all ledger accounts, as the transfers make them."""

    totals: dict[str, Totals] = field(default_factory=lambda: defaultdict(Totals))

    @classmethod
    def of(cls, walk: Walk) -> Accounts:
        """Add up what a walk counted."""
        accounts = cls()
        for (debit, credit, _, kind), (amount, count) in walk.moved.items():
            taken, given = accounts.totals[debit], accounts.totals[credit]
            taken.touched += count
            given.touched += count
            if kind in _MOVING:
                taken.dr += amount
                given.cr += amount
        for pending in walk.open.values():
            accounts.totals[pending.debit].dr_pending += pending.amount
            accounts.totals[pending.credit].cr_pending += pending.amount
        return accounts


def audit_totals(book: Book, walk: Walk) -> Accounts:
    """Compare the chain's head and the stored totals with what was walked."""
    heads = list(book.rows("SELECT seq, hash FROM chain_head WHERE site = :site"))
    book.expect(
        [(head["seq"], head["hash"]) for head in heads] == [(walk.seq, walk.hash)],
        f"the chain's head does not point at its last transfer, number {walk.seq}",
    )
    for row in book.rows("SELECT COUNT(*) AS found FROM transfer WHERE site = :site"):
        more = row["found"] - walk.seq
        book.expect(more == 0, f"{more} transfers are not in the chain")
    accounts = Accounts.of(walk)
    _compare(book, accounts)
    for name, pending in walk.open.items():
        days = (walk.at - pending.recorded_at) // (24 * 3600 * 1_000_000)
        if walk.at - pending.recorded_at > _PENDING_LIMIT_US:
            book.hints.append(
                f"{name}: {book.money(pending.amount)} have been pending for {days} days"
            )
    return accounts


def _compare(book: Book, accounts: Accounts) -> None:
    """Compare the stored totals with those of the transfers, account by account."""
    stored = {row["id"]: row for row in book.rows("SELECT * FROM account WHERE site = :site")}
    for account in sorted(stored.keys() | accounts.totals.keys()):
        name, row = f"ledger account {account}", stored.get(account)
        if row is None:
            book.fault(f"{name}: has transfers but no totals")
            continue
        totals = accounts.totals[account]
        side = _SIDES.get(account.partition(":")[0])
        book.expect(row["normal"] == side, f"{name}: stands on a side that it cannot have")
        book.expect(abs(totals.cr - totals.dr) < LIMIT, f"{name}: its balance is too large")
        book.expect(
            1 <= row["version"] <= totals.touched,
            f"{name}: was written {row['version']} times for {totals.touched} transfers",
        )
        for column in _SUMS:
            says, makes = row[column], getattr(totals, column)
            book.expect(
                says == makes,
                f"{name}: {column} says {book.money(says)}, its transfers make {book.money(makes)}",
            )
    excess = sum(row["dr"] - row["cr"] for row in stored.values())
    book.expect(excess == 0, f"all debits exceed all credits by {book.money(excess)}")
