"""Audit of what single lines of statements say: energy × price, shares of runs, taxes, sums."""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from .book import Book, parsed

_SHARES = """
    SELECT content FROM allocation_share WHERE site = :site AND run = :run AND account = :account
"""
_PPM = 1_000_000
_WH = 1000


def audit_lines(book: Book, name: str, account: str, data: Any) -> None:
    """Check the lines of a statement one by one, and the sums that are drawn under them."""
    try:
        for fund in data["funds"].values():
            lines = fund["lines"]
            book.expect(_sums(lines) == _groups(fund), f"{name}: its groups are other sums")
            for line in lines:
                if line["kind"] == "charge":
                    book.expect(_costs(line), f"{name}: energy × price is not {line['amount']}")
            _audit_shares(book, name, account, lines)
        _audit_taxes(book, name, data)
    except AttributeError, InvalidOperation, KeyError, TypeError, ValueError:
        book.fault(f"{name}: has lines that cannot be read")


def _sums(lines: Any) -> dict[str, tuple[Decimal, Decimal]]:
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for line in lines:
        amount, shown = sums.get(line["group"], (Decimal(0), Decimal(0)))
        sums[line["group"]] = (amount + Decimal(line["amount"]), shown + Decimal(line["shown"]))
    return sums


def _groups(fund: Any) -> dict[str, tuple[Decimal, Decimal]]:
    return {
        group["group"]: (Decimal(group["amount"]), Decimal(group["shown"]))
        for group in fund["groups"]
    }


def _costs(line: Mapping[str, Any]) -> bool:
    """Tell whether energy × price is what an energy line takes."""
    return bool(Decimal(line["amount"]) * _WH == -line["energy_wh"] * Decimal(line["price"]))


def _audit_shares(book: Book, name: str, account: str, lines: Any) -> None:
    """Compare the lines of each run with the account's share of it."""
    told: dict[tuple[str, bool], list[Any]] = {}
    for line in lines:
        if line["kind"] == "allocation":
            share = line["allocation"]
            told.setdefault((share["run"], share["reversed"]), []).append(line)
    for (run, is_reversed), found in told.items():
        rows = book.rows(_SHARES, run=run, account=account)
        kept = next((parsed(row["content"]) for row in rows), None) or ()
        sign = -1 if is_reversed else 1
        wanted = sorted(map(repr, (_kept(line, sign) for line in kept)))
        says = sorted(map(repr, _told(found, book.scale)))
        book.expect(says == wanted, f"{name}: has other lines of the run {run} than its share")


def _kept(line: Mapping[str, Any], sign: int) -> tuple[object, ...]:
    """Return a line of a share: amounts in the book's smallest unit."""
    return (
        *(line["pool"], line.get("basis") or "", line.get("weight", 0), line.get("total", 0)),
        *(line["cost"], sign * line["amount"], line["days"], line.get("why", "")),
    )


def _told(lines: list[Any], scale: int) -> Iterator[tuple[object, ...]]:
    """Yield the same of a statement's lines; what a line takes must be what its share says."""
    for line in lines:
        share = line["allocation"]
        agrees = Decimal(line["amount"]) == -Decimal(share["amount"])
        yield (
            *(share["pool"], share["basis"], share["weight"], share["total"]),
            units(share["cost"], scale),
            units(share["amount"], scale) if agrees else None,
            *(share["days"], share["why"]),
        )


def units(amount: str, scale: int) -> int:
    """Return an amount in the book's smallest unit."""
    return int(Decimal(amount).scaleb(scale))


def _audit_taxes(book: Book, name: str, data: Any) -> None:
    """Check that the taxes told are those on the lines, and are their rate of what they are on.

    Each posting of a tax is rounded down by less than the book's smallest unit.
    """
    booked: dict[tuple[str, int], Decimal] = {}
    counts: dict[tuple[str, int], int] = {}
    for fund, part in data["funds"].items():
        for line in part["lines"]:
            if line["kind"] == "tax":
                key = (fund, int(line["item"]))
                booked[key] = booked.get(key, Decimal(0)) - Decimal(line["amount"])
                counts[key] = counts.get(key, 0) + line["count"]
    told: dict[tuple[str, int], Decimal] = {}
    for tax in data["taxes"]:
        if tax["included"]:
            continue
        key = (tax["fund"], tax["ppm"])
        told[key] = Decimal(tax["tax"])
        off = abs(units(tax["tax"], book.scale) * _PPM - units(tax["base"], book.scale) * key[1])
        if off >= (counts.get(key, 0) + 1) * _PPM:
            book.hints.append(f"{name}: its tax is not {tax['ppm']} ppm of {tax['base']}")
    book.expect(_moved(told) == _moved(booked), f"{name}: tells other taxes than its lines")


def _moved(taxes: Mapping[tuple[str, int], Decimal]) -> Mapping[tuple[str, int], Decimal]:
    return {key: tax for key, tax in taxes.items() if tax}
