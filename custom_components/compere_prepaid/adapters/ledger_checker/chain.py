"""Audit of the chain: every transfer is as it was booked, in its place, and what they add up to.

The walk needs nothing but the transfers up to a number, which never change again. So it can be done
in another process at the same time as the rest, whatever is booked meanwhile. Version 2 of the
chain is short enough to hash millions in a minute; the loop here is written for that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
import json
from typing import Any, NamedTuple

from .book import Book, Row

LIMIT = 2**62
GENESIS = sha256(b"compere_prepaid transfer 1").hexdigest()
PAID = frozenset({"charge", "standing", "service", "minimum", "demand"})
"""Codes of transfers that a charge or a fee stands behind."""

_KINDS = frozenset({"posted", "pending", "post", "void"})
_RESOLVING = frozenset({"post", "void"})
_OLD = "SELECT * FROM transfer WHERE site = :site AND seq <= :until ORDER BY seq"
_NEW = """
    SELECT seq, id, debit, credit, amount, code, kind, COALESCE(pending_id, ''), source, "user",
           reason, detail, outcome, effective_at, recorded_at, payload_hash, prev_hash, hash
    FROM transfer WHERE site = :site AND seq > :since AND seq <= :until ORDER BY seq
"""
_QUOTES = 22
"""A payload has 11 texts. With more quotes, or what JSON escapes, one must look closer."""


class Way(NamedTuple):
    """From where to where money moved, and why."""

    debit: str
    credit: str
    code: str
    kind: str


@dataclass(slots=True)
class Pending:
    """A transfer that waits to be posted or voided."""

    debit: str
    credit: str
    amount: int
    recorded_at: int


@dataclass(slots=True)
class Walk:
    """What the transfers read so far add up to."""

    seq: int = 0
    hash: str = GENESIS
    at: int = 0
    """When the last one was recorded."""
    moved: dict[tuple[str, str, str, str], list[int]] = field(default_factory=dict)
    """Amount and number of transfers of each `Way`."""
    open: dict[str, Pending] = field(default_factory=dict)
    agreed: int = 0
    """A sum of fingerprints of all transfers that pay for charges and fees: the charges and fees
    must make the same sum. It is only compared within one audit: fingerprints differ by process."""

    def add(self, debit: str, credit: str, code: str, kind: str, amount: int) -> None:
        """Count a transfer."""
        tally = self.moved.setdefault((debit, credit, code, kind), [0, 0])
        tally[0] += amount
        tally[1] += 1

    def data(self) -> dict[str, Any]:
        """Return the walk as plain data, for another process."""
        return {
            "seq": self.seq,
            "hash": self.hash,
            "at": self.at,
            "moved": [[*way, *tally] for way, tally in self.moved.items()],
            "open": [
                [name, one.debit, one.credit, one.amount, one.recorded_at]
                for name, one in self.open.items()
            ],
            "agreed": self.agreed,
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Walk:
        """Return the walk that `data` wrote."""
        return cls(
            seq=data["seq"],
            hash=data["hash"],
            at=data["at"],
            moved={tuple(entry[:4]): entry[4:] for entry in data["moved"]},
            open={name: Pending(*one) for name, *one in data["open"]},
            agreed=data["agreed"],
        )


def walk(book: Book, until: int) -> Walk:
    """Follow the chain from its beginning to a transfer."""
    result = Walk()
    old_until = min(book.old_until, until)
    if old_until:
        for row in book.rows(_OLD, until=old_until):
            _take_old(book, result, row)
    for rows in book.batches(_NEW, since=old_until, until=until):
        _take(book, result, rows)
    _compare_lookups(book, result, until)
    return result


def _take(book: Book, result: Walk, rows: list[Any]) -> None:
    """Take transfers of version 2: both hashes anew, the place in the chain, the totals."""
    number, last, agreed, moved = result.seq, result.hash, result.agreed, result.moved
    for (
        seq, name, debit, credit, amount, code, kind, pending, source, user,
        reason, detail, outcome, effective_at, recorded_at, payload, before, link,
    ) in rows:  # fmt: skip
        said = (
            f'["compere_prepaid payload 2","{name}","{debit}","{credit}",{amount},"{code}",'
            f'"{kind}","{pending}","{source}","{user}","{reason}","{detail}"]'
        )
        if said.count('"') != _QUOTES or "\\" in said or not said.isprintable():
            said = _said(
                (name, debit, credit, amount, code, kind, pending, source, user, reason, detail)
            )
        place = (
            f"compere_prepaid transfer 2|{before}|{seq}|{recorded_at}|{effective_at}|"
            f"{payload}|{outcome}"
        )
        if (
            seq != number + 1
            or before != last
            or sha256(said.encode()).hexdigest() != payload
            or sha256(place.encode()).hexdigest() != link
        ):
            _explain(book, f"transfer {seq} ({name})", seq == number + 1, before == last)
        number, last = seq, link
        if kind != "posted" or pending or not 0 < amount < LIMIT or debit == credit:
            transfer = Pending(debit, credit, amount, recorded_at)
            _take_unusual(book, result, f"transfer {seq} ({name})", (name, kind, pending), transfer)
        if code in PAID:
            agreed += hash((name, debit, credit, amount, code, kind, detail))
        way = (debit, credit, code, kind)
        if (tally := moved.get(way)) is None:
            moved[way] = [amount, 1]
        else:
            tally[0] += amount
            tally[1] += 1
        result.at = recorded_at
    result.seq, result.hash, result.agreed = number, last, agreed


def _said(fields: tuple[object, ...]) -> str:
    """Write what was asked for as the chain does, whatever characters it has."""
    text = ("compere_prepaid payload 2", *fields)
    return json.dumps(text, ensure_ascii=False, separators=(",", ":"))


def _explain(book: Book, name: str, *good: bool) -> None:
    """Say what is wrong with a transfer's place in the chain, or that its content is."""
    numbered, chained = good
    book.expect(numbered, f"{name}: another number should come here")
    book.expect(chained, f"{name}: is not chained to the one before it")
    if numbered and chained:
        book.fault(f"{name}: was changed after it was booked")


def _take_unusual(
    book: Book, result: Walk, name: str, phase: tuple[str, str, str], transfer: Pending
) -> None:
    """Take a transfer in two phases, and look at one that cannot be."""
    own, kind, pending = phase
    moves = 0 < transfer.amount < LIMIT and transfer.debit != transfer.credit
    book.expect(moves, f"{name}: moves nothing, or more than there can be")
    book.expect(kind in _KINDS, f"{name}: is of no known kind")
    resolves = bool(pending) == (kind in _RESOLVING)
    book.expect(resolves, f"{name}: a post or void names what it resolves, others do not")
    if kind == "pending":
        result.open[own] = transfer
    if kind not in _RESOLVING:
        return
    before = result.open.pop(pending, None)
    if before is None:
        book.fault(f"{name}: {pending} is not pending")
        return
    fits = (transfer.debit, transfer.credit) == (before.debit, before.credit) and (
        transfer.amount == before.amount or (kind == "post" and transfer.amount < before.amount)
    )
    book.expect(fits, f"{name}: does not fit {pending}, which it resolves")


def _take_old(book: Book, result: Walk, row: Row) -> None:
    """Take a transfer of version 1, whose chain hashed each field behind its length."""
    name = f"transfer {row['seq']} ({row['id']})"
    content = (
        *(row[key] for key in ("id", "debit", "credit", "amount", "code", "kind")),
        row["pending_id"] or "",
        *(row[key] for key in ("source", "user", "reason", "detail")),
    )
    payload = fingerprint(b"compere_prepaid payload 1", content)
    place = (row["prev_hash"], row["seq"], row["recorded_at"], row["effective_at"], payload)
    link = fingerprint(b"compere_prepaid transfer 1", (*place, *content))
    untouched = (row["payload_hash"], row["hash"], row["outcome"]) == (payload, link, "")
    book.expect(untouched, f"{name}: was changed after it was booked")
    numbered, chained = row["seq"] == result.seq + 1, row["prev_hash"] == result.hash
    if not (numbered and chained):
        _explain(book, name, numbered, chained)
    transfer = Pending(row["debit"], row["credit"], row["amount"], row["recorded_at"])
    phase = (row["id"], row["kind"], row["pending_id"] or "")
    _take_unusual(book, result, name, phase, transfer)
    result.add(row["debit"], row["credit"], row["code"], row["kind"], row["amount"])
    result.seq, result.hash, result.at = row["seq"], row["hash"], row["recorded_at"]


def fingerprint(tag: bytes, fields: tuple[object, ...]) -> str:
    """Hash fields as text, each behind its length in four bytes, behind a tag."""
    parts = (str(value).encode() for value in fields)
    framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return sha256(tag + framed).hexdigest()


def _compare_lookups(book: Book, result: Walk, until: int) -> None:
    """Check that a look-up by ledger account finds as many transfers as the chain has.

    The engine answers this from its index of accounts, so a damaged index shows here.
    """
    for side, column in enumerate(("debit", "credit")):
        walked: dict[str, int] = {}
        for way, (_, count) in result.moved.items():
            walked[way[side]] = walked.get(way[side], 0) + count
        query = f"""
            SELECT {column}, COUNT(*) AS found FROM transfer
            WHERE site = :site AND seq <= :until GROUP BY {column}
        """  # noqa: S608  -- one of two names
        found = {row[column]: row["found"] for row in book.rows(query, until=until)}
        for account in sorted(found.keys() | walked.keys()):
            says, has = found.get(account, 0), walked.get(account, 0)
            book.expect(
                says == has,
                f"ledger account {account}: {says} transfers are found by their {column}, "
                f"the chain has {has}",
            )
