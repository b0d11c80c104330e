"""Audit of the money: the chain of transfers, and the totals that they make.

Each transfer is one row with both its sides, so debits and credits cannot differ; what can be wrong
is a row that was changed or is gone, a chain that does not hold, and a total that does not add up.
"""

from collections import defaultdict
from dataclasses import dataclass, field, fields
import hashlib

from .book import Book, Row, fingerprint

_LIMIT = 2**62
_SIDES = {"asset": "D", "expense": "D", "liability": "C", "income": "C", "equity": "C"}
_RESOLVING = ("post", "void")


@dataclass(slots=True)
class _Totals:
    """What the row of a ledger account must say; `version` counts what touched it."""

    dr: int = 0
    cr: int = 0
    dr_pending: int = 0
    cr_pending: int = 0
    version: int = 0


@dataclass(slots=True)
class _Tally:
    """What the transfers read so far add up to."""

    accounts: dict[str, _Totals] = field(default_factory=lambda: defaultdict(_Totals))
    pending: dict[str, Row] = field(default_factory=dict)


def audit_money(book: Book) -> int:
    """Walk the chain from its beginning to its head, add up, compare; count the transfers."""
    tally = _Tally()
    seq, last = 0, hashlib.sha256(b"compere_prepaid transfer 1").hexdigest()
    for row in book.rows("SELECT * FROM transfer WHERE site = :site ORDER BY seq"):
        name = f"transfer {row['seq']} ({row['id']})"
        book.expect(row["seq"] == seq + 1, f"{name}: number {seq + 1} should come here")
        book.expect(row["prev_hash"] == last, f"{name}: is not chained to the one before it")
        book.expect(_is_untouched(row), f"{name}: was changed after it was booked")
        _add(book, tally, name, row)
        seq, last = row["seq"], row["hash"]
    heads = list(book.rows("SELECT seq, hash FROM chain_head WHERE site = :site"))
    book.expect(
        [(head["seq"], head["hash"]) for head in heads] == [(seq, last)],
        f"the chain's head does not point at its last transfer, number {seq}",
    )
    _compare_totals(book, tally)
    return seq


def _is_untouched(row: Row) -> bool:
    """Work out a transfer's two hashes anew."""
    content = (
        *(row[name] for name in ("id", "debit", "credit", "amount", "code", "kind")),
        row["pending_id"] or "",
        *(row[name] for name in ("source", "user", "reason", "detail")),
    )
    payload = fingerprint(b"compere_prepaid payload 1", content)
    place = (row["prev_hash"], row["seq"], row["recorded_at"], row["effective_at"], payload)
    link = fingerprint(b"compere_prepaid transfer 1", (*place, *content))
    return bool(row["payload_hash"] == payload and row["hash"] == link)


def _add(book: Book, tally: _Tally, name: str, row: Row) -> None:
    """Add a transfer to the totals of both its accounts."""
    amount, kind = row["amount"], row["kind"]
    debit, credit = tally.accounts[row["debit"]], tally.accounts[row["credit"]]
    debit.version += 1
    credit.version += 1
    moves = 0 < amount < _LIMIT and row["debit"] != row["credit"]
    book.expect(moves, f"{name}: moves nothing, or more than there can be")
    known = kind in {"posted", "pending", *_RESOLVING}
    book.expect(known, f"{name}: is of no known kind")
    resolves = (row["pending_id"] is not None) == (kind in _RESOLVING)
    book.expect(resolves, f"{name}: a post or void names what it resolves, others do not")
    if kind in {"posted", "post"}:
        debit.dr += amount
        credit.cr += amount
    if kind == "pending":
        tally.pending[row["id"]] = row
        debit.dr_pending += amount
        credit.cr_pending += amount
    if kind in _RESOLVING:
        _resolve(book, tally, name, row)


def _resolve(book: Book, tally: _Tally, name: str, row: Row) -> None:
    """Take a pending transfer off the pending totals, which can be done once."""
    pending = tally.pending.pop(row["pending_id"], None)
    if pending is None:
        book.faults.append(f"{name}: {row['pending_id']} is not pending")
        return
    fits = (row["debit"], row["credit"]) == (pending["debit"], pending["credit"]) and (
        row["amount"] == pending["amount"]
        or (row["kind"] == "post" and row["amount"] < pending["amount"])
    )
    book.expect(fits, f"{name}: does not fit {row['pending_id']}, which it resolves")
    tally.accounts[pending["debit"]].dr_pending -= pending["amount"]
    tally.accounts[pending["credit"]].cr_pending -= pending["amount"]


def _compare_totals(book: Book, tally: _Tally) -> None:
    """Compare the stored totals with those of the transfers, account by account."""
    stored = {row["id"]: row for row in book.rows("SELECT * FROM account WHERE site = :site")}
    for account in sorted(stored.keys() | tally.accounts.keys()):
        name, row = f"ledger account {account}", stored.get(account)
        if row is None:
            book.faults.append(f"{name}: has transfers but no totals")
            continue
        totals = tally.accounts[account]
        side = _SIDES.get(account.partition(":")[0])
        book.expect(row["normal"] == side, f"{name}: stands on a side that it cannot have")
        book.expect(abs(totals.cr - totals.dr) < _LIMIT, f"{name}: its balance is too large")
        for column in fields(totals):
            says, makes = row[column.name], getattr(totals, column.name)
            shown = str if column.name == "version" else book.money
            book.expect(
                says == makes,
                f"{name}: {column.name} says {shown(says)}, its transfers make {shown(makes)}",
            )
    excess = sum(row["dr"] - row["cr"] for row in stored.values())
    book.expect(excess == 0, f"all debits exceed all credits by {book.money(excess)}")
