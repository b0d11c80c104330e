"""Audit of the statements that were issued: each adds up, and says what the transfers say.

Which transfers a statement must tell follows from two things that it says itself: its anchor (so
many were booked when it was made) and its end. It tells those booked up to its anchor and effective
before its end, but for those that the statement it goes on from tells. So every transfer is on
exactly one statement that stands, and what a statement has of each kind must be the sum of its
transfers. Statements of versions before form 2 only have to add up.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
import json
from typing import Any

from .anchors import Anchor, find_anchor
from .book import Book, Row, parsed
from .statement_lines import audit_lines, units

_STATEMENTS = "SELECT * FROM statement WHERE site = :site ORDER BY account, number"
_TRANSFERS = """
    SELECT seq, debit, credit, amount, code, effective_at FROM transfer
    WHERE site = :site AND kind IN ('posted', 'post') ORDER BY seq
"""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORM = 2
_FUNDS = ("electricity", "service")


@dataclass(slots=True)
class _Issued:
    """A statement: how far it reaches, what it says of each fund, and what transfers make."""

    name: str
    number: int
    form: int
    seq: int
    since: int
    until: int
    corrects: int | None
    is_first: bool
    says: dict[str, dict[str, int]]
    """Of each fund opening and closing and, behind a `+`, the sum of the lines of a kind."""
    makes: dict[str, dict[str, int]] = field(default_factory=lambda: {fund: {} for fund in _FUNDS})
    replaced: list[_Issued] = field(default_factory=list)
    """Those that it corrects."""


@dataclass(slots=True)
class _Chain:
    """The statements of an account that stand, in order."""

    issued: list[_Issued] = field(default_factory=list)

    def find(self, seq: int, effective_at: int) -> _Issued | None:
        """Return the first statement that must tell a transfer."""
        booked = bisect_left(self.issued, seq, key=lambda one: one.seq)
        within = bisect_right(self.issued, effective_at, key=lambda one: one.until)
        place = max(booked, within)
        return self.issued[place] if place < len(self.issued) else None


def audit_statements(book: Book) -> None:
    """Check that statements add up, and say what the transfers of this very chain say."""
    chains: dict[str, _Chain] = {}
    account, number = "", 0
    for row in book.rows(_STATEMENTS):
        number = number + 1 if row["account"] == account else 1
        account = row["account"]
        name = f"statement {row['number']} of {account}"
        book.expect(row["number"] == number, f"{name}: number {number} should come here")
        number = row["number"]
        stands = find_anchor(book.connection, book.site, row["anchor"]) is Anchor.STANDS
        book.expect(stands, f"{name}: its anchor {row['anchor']} is not in the chain")
        data = parsed(row["content"])
        book.expect(_is_canonical(row["content"], data), f"{name}: cannot be read")
        book.expect(_fits(row, data), f"{name}: is not what it is filed as")
        adds_up = _adds_up(data)
        book.expect(adds_up, f"{name}: does not add up")
        if stands and adds_up:
            _file(book, chains.setdefault(account, _Chain()), name, row, data)
    if any(one.form >= _FORM for chain in chains.values() for one in chain.issued):
        _add_transfers(book, chains)
        for chain in chains.values():
            _compare(book, chain)


def _file(book: Book, chain: _Chain, name: str, row: Row, data: Any) -> None:
    """Put a statement behind those of its account, or in the place of the one it corrects."""
    form = data.get("form", 1)
    new = _Issued(
        name=name,
        number=row["number"],
        form=form if isinstance(form, int) else _FORM,
        seq=int(row["anchor"].partition("-")[0]),
        since=row["since"],
        until=row["until"],
        corrects=data.get("corrects"),
        is_first=not chain.issued or (chain.issued[-1].is_first and "corrects" in data),
        says={fund: _said(part, book.scale) for fund, part in data["funds"].items()},
    )
    before = chain.issued[-1] if chain.issued else None
    if new.corrects is not None:
        fits = before is not None and (before.number, before.since, before.until) == (
            *(new.corrects, new.since, new.until),
        )
        book.expect(fits, f"{name}: does not correct the one before it")
        if before is not None:
            chain.issued.pop()
            new.replaced = [*before.replaced, before]
    elif before is not None:
        book.expect(new.since == before.until, f"{name}: does not begin where the last one ended")
    if before is not None:
        in_order = new.seq >= before.seq and new.until >= before.until
        book.expect(in_order, f"{name}: cannot have been issued after the one before it")
    chain.issued.append(new)
    if new.form >= _FORM:
        audit_lines(book, name, row["account"], data)


def _said(part: Mapping[str, Any], scale: int) -> dict[str, int]:
    """Return what a statement says of a fund, in the book's smallest unit."""
    said = {key: units(part[key], scale) for key in ("opening", "closing")}
    for line in part["lines"]:
        kind = f"+{line.get('kind')}"
        said[kind] = said.get(kind, 0) + units(line["amount"], scale)
    return said


def _add_transfers(book: Book, chains: Mapping[str, _Chain]) -> None:
    """Add each transfer of a tenant's fund to the statements that must tell it."""
    funds = {
        f"liability:tenant:{account}:{fund}": (chain, fund)
        for account, chain in chains.items()
        for fund in _FUNDS
    }
    for rows in book.batches(_TRANSFERS):
        for seq, debit, credit, amount, code, effective_at in rows:
            for name, moved in ((debit, -amount), (credit, amount)):
                if (found := funds.get(name)) is not None:
                    chain, fund = found
                    if (first := chain.find(seq, effective_at)) is not None:
                        _add(first, fund, f"+{code}", moved, seq, effective_at)


def _add(one: _Issued, fund: str, kind: str, moved: int, seq: int, effective_at: int) -> None:
    """Add what moved to a statement, and to those that it corrects if they knew of it.

    What was there before the first statement began is in what that one opens with.
    """
    for each in (one, *one.replaced):
        if seq <= each.seq:
            sums = each.makes[fund]
            place = "opening" if each.is_first and effective_at < each.since else kind
            sums[place] = sums.get(place, 0) + moved


def _compare(book: Book, chain: _Chain) -> None:
    """Compare what the statements of an account say with what its transfers make."""
    balance = dict.fromkeys(_FUNDS, 0)
    for one in chain.issued:
        for each in (*one.replaced, one):
            if each.form >= _FORM:
                for fund in _FUNDS:
                    _compare_fund(book, each, fund, balance[fund])
        for fund in _FUNDS:
            balance[fund] += sum(one.makes[fund].values())


def _compare_fund(book: Book, one: _Issued, fund: str, before: int) -> None:
    """Compare one fund of a statement; `before` is what all earlier transfers make."""
    says, makes = one.says.get(fund), one.makes[fund]
    if says is None:
        book.fault(f"{one.name}: says nothing of its {fund} fund")
        return
    total = before + sum(makes.values())
    for key, amount in (("opening", before + makes.get("opening", 0)), ("closing", total)):
        book.expect(
            says[key] == amount,
            f"{one.name} ({fund}): its {key} is {book.money(says[key])}, "
            f"the transfers make {book.money(amount)}",
        )
    for kind in sorted(_kinds(says) | _kinds(makes)):
        said, made = says.get(kind, 0), makes.get(kind, 0)
        book.expect(
            said == made,
            f"{one.name} ({fund}): has {book.money(said)} of {kind[1:]}, "
            f"the transfers make {book.money(made)}",
        )


def _kinds(sums: Mapping[str, int]) -> set[str]:
    return {key for key in sums if key.startswith("+")}


def _is_canonical(content: str, data: Any) -> bool:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return isinstance(data, Mapping) and content == text


def _fits(row: Row, data: Any) -> bool:
    """Tell whether a statement's content is of this account, time and point of the chain."""
    try:
        times = tuple(
            (datetime.fromisoformat(data[key]) - _EPOCH) // datetime.resolution
            for key in ("since", "until")
        )
        return (data["account"], data["anchor"], *times) == (
            *(row["account"], row["anchor"], row["since"], row["until"]),
        )
    except KeyError, TypeError, ValueError:
        return False


def _adds_up(data: Any) -> bool:
    """Tell whether opening and lines make the closing of each fund, exactly and as shown."""
    try:
        return all(
            sum(_amounts(fund["lines"], line), start=Decimal(fund[opening]))
            == Decimal(fund[closing])
            for fund in data["funds"].values()
            for opening, line, closing in (
                ("opening", "amount", "closing"),
                ("opening_shown", "shown", "closing_shown"),
            )
        )
    except AttributeError, InvalidOperation, KeyError, TypeError:
        return False


def _amounts(lines: Any, key: str) -> Iterator[Decimal]:
    return (Decimal(line[key]) for line in lines)
