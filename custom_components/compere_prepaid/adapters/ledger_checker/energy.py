"""Audit of the energy: charges tile what the registers counted, each at a price of its tariff.

A register generation is charged from its first reading to its bill mark. Every Wh in between lies
in exactly one charge; every charge that costs something has its transfer, which repeats what it was
for, and that is covered by the transfers' chain.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
import json
from typing import Any

from .book import Book, Row, fingerprint

type _Register = tuple[str, int]
type _Version = tuple[str, str]

_GENERATIONS = """
    SELECT g.*, m.wh, m.at FROM register_generation g
    LEFT JOIN bill_mark m
    ON m.site = g.site AND m.meter = g.meter AND m.generation = g.generation
    WHERE g.site = :site ORDER BY g.meter, g.generation
"""
_CHARGES = """
    SELECT c.*, t.id AS booked, t.debit, t.credit, t.amount AS paid, t.code, t.kind, t.detail
    FROM charge c LEFT JOIN transfer t ON t.site = c.site AND t.id = c.transfer_id
    WHERE c.site = :site ORDER BY c.meter, c.generation, c.from_wh
"""
_TRANSFERS_FOR_NOTHING = """
    SELECT t.seq, t.id FROM transfer t
    LEFT JOIN charge c ON c.site = t.site AND c.transfer_id = t.id
    WHERE t.site = :site AND t.code = 'charge' AND c.meter IS NULL ORDER BY t.seq
"""
_STRAY_MARKS = """
    SELECT m.meter, m.generation FROM bill_mark m
    LEFT JOIN register_generation g
    ON g.site = m.site AND g.meter = m.meter AND g.generation = m.generation
    WHERE m.site = :site AND g.meter IS NULL
"""


@dataclass(slots=True)
class _Tiled:
    """How far the charges of a register generation reach."""

    wh: int
    at: int
    hash: str = ""


def audit_energy(book: Book) -> tuple[int, int]:
    """Check charges, registers and marks; return Wh charged, and Wh that registers advanced."""
    generations = list(book.rows(_GENERATIONS))
    tiled = {_register(row): _Tiled(row["start_wh"], row["start_at"]) for row in generations}
    charged_wh = _audit_charges(book, tiled)
    for row in book.rows(_TRANSFERS_FOR_NOTHING):
        book.faults.append(f"transfer {row['seq']} ({row['id']}): its charge is missing")
    for row in book.rows(_STRAY_MARKS):
        name = f"register {row['meter']}/{row['generation']}"
        book.faults.append(f"{name}: has a bill mark but was never opened")
    _audit_order(book, generations)
    return charged_wh, sum(
        _audit_generation(book, row, tiled[_register(row)]) for row in generations
    )


def _register(row: Row) -> _Register:
    return row["meter"], row["generation"]


def _audit_order(book: Book, generations: list[Row]) -> None:
    """Check that a meter's generations are numbered from 1, and only its last one is open."""
    before: Row | None = None
    for row in generations:
        name = f"register {row['meter']}/{row['generation']}"
        same = before is not None and before["meter"] == row["meter"]
        number = before["generation"] + 1 if before is not None and same else 1
        book.expect(row["generation"] == number, f"{name}: generation {number} is missing")
        ended = before is None or not same or before["closed_at"] is not None
        book.expect(ended, f"{name}: was opened while another generation is open")
        before = row


def _audit_generation(book: Book, row: Row, tiled: _Tiled) -> int:
    """Compare a generation's bill mark and end with its charges; return what it advanced."""
    name = f"register {row['meter']}/{row['generation']}"
    if row["wh"] is None:
        book.faults.append(f"{name}: has no bill mark")
        return 0
    book.expect(
        row["wh"] == tiled.wh and row["at"] >= tiled.at,
        f"{name}: its bill mark says {row['wh']} Wh, its charges end at {tiled.wh} Wh",
    )
    open_ended = row["closed_at"] is None and row["closed_wh"] is None
    closed = row["closed_wh"] == row["wh"] and (row["closed_at"] or 0) >= row["at"]
    book.expect(
        open_ended or closed, f"{name}: was not closed at the reading that it is charged up to"
    )
    return int((row["wh"] if row["closed_wh"] is None else row["closed_wh"]) - row["start_wh"])


def _audit_charges(book: Book, tiled: Mapping[_Register, _Tiled]) -> int:
    """Check each charge: its place, its price, its transfer. Return the Wh of all."""
    tariffs = _tariffs(book)
    charged_wh = 0
    for row in book.rows(_CHARGES):
        name = f"charge {row['meter']}/{row['generation']} at {row['from_wh']} Wh"
        charged_wh += row["to_wh"] - row["from_wh"]
        reach = tiled.get(_register(row))
        if reach is None:
            book.faults.append(f"{name}: its register was never opened")
        else:
            _audit_place(book, name, row, reach)
        _audit_price(book, name, row, tariffs)
        _audit_transfer(book, name, row)
    return charged_wh


def _audit_place(book: Book, name: str, row: Row, reach: _Tiled) -> None:
    """Check that a charge begins where the one before it ended, and is as it was written."""
    gap = row["from_wh"] - reach.wh
    book.expect(gap <= 0, f"{name}: {gap} Wh before it are not charged")
    book.expect(gap >= 0, f"{name}: {-gap} Wh are charged twice")
    book.expect(row["to_wh"] > row["from_wh"], f"{name}: charges nothing")
    book.expect(reach.at <= row["from_at"] <= row["to_at"], f"{name}: its times are out of order")
    content = (
        reach.hash,
        *(row[key] for key in ("meter", "generation", "account", "amount")),
        row["transfer_id"] or "",
        json.dumps(_purpose(row), sort_keys=True, separators=(",", ":")),
    )
    untouched = row["hash"] == fingerprint(b"compere_prepaid charge 1", content)
    book.expect(untouched, f"{name}: was changed, or one before it, after it was booked")
    reach.wh, reach.at, reach.hash = row["to_wh"], row["to_at"], row["hash"]


def _purpose(row: Row) -> dict[str, Any]:
    """Return what the transfer's detail must say of a charge."""
    names = ("from_wh", "to_wh", "from_at", "to_at", "tariff", "period", "tier", "price")
    said = {name: row[name] for name in names}
    return said | {
        "valid_from": row["tariff_valid_from"],
        "estimated": {0: False, 1: True}.get(row["estimated"]),
    }


def _audit_transfer(book: Book, name: str, row: Row) -> None:
    """Check that a charge's transfer moves its money, for what the charge says."""
    if row["transfer_id"] is None:
        book.expect(row["amount"] == 0, f"{name}: costs money, but no transfer moved it")
        return
    if row["booked"] is None:
        book.faults.append(f"{name}: its transfer {row['transfer_id']} is missing")
        return
    fits = (
        row["transfer_id"] == f"chg:{row['meter']}:{row['generation']}:{row['from_wh']}",
        row["debit"] == f"liability:tenant:{row['account']}:electricity",
        row["credit"] == f"income:energy:{row['period']}",
        row["paid"] == row["amount"],
        (row["code"], row["kind"]) == ("charge", "posted"),
        _parsed(row["detail"]) == _purpose(row),
    )
    book.expect(all(fits), f"{name}: its transfer {row['transfer_id']} says something else")


def _audit_price(book: Book, name: str, row: Row, tariffs: Mapping[_Version, Any]) -> None:
    """Check amount = Wh × price, and that the tariff version has this price."""
    cost = (row["to_wh"] - row["from_wh"]) * row["price"]
    book.expect(
        row["amount"] == cost,
        f"{name}: costs {book.money(row['amount'])}, Wh × price is {book.money(cost)}",
    )
    book.expect(row["price"] >= 0, f"{name}: its price is below 0")
    version = (row["tariff"], row["tariff_valid_from"])
    if version not in tariffs:
        there = f"{row['tariff']} of {row['tariff_valid_from']}"
        book.faults.append(f"{name}: its tariff {there} is not in the book")
        return
    price = _price(tariffs[version], row["period"], row["tier"])
    says = Decimal(row["price"]).scaleb(3 - book.scale)
    book.expect(
        price == says,
        f"{name}: was charged {says:f} per kWh, its tariff has {price} for this period and tier",
    )


def _tariffs(book: Book) -> dict[_Version, Any]:
    """Read the tariff versions by name and first day."""
    rows = book.rows(
        "SELECT name, version, content FROM document WHERE site = :site AND kind = 'tariff'"
    )
    return {(row["name"], row["version"]): _parsed(row["content"]) for row in rows}


def _price(tariff: Any, period: str, tier: int) -> Decimal | None:
    """Return a tariff's price per kWh in a period and tier (1 is the first), if it has one."""
    try:
        tiers = tariff.get("tiers") or [{}]
        step = tiers[tier - 1]
        if "price" in step:
            return Decimal(step["price"])
        if "prices" in step:
            return Decimal(step["prices"][period])
        return Decimal(tariff["prices"][period]) + Decimal(step.get("adder", 0))
    except AttributeError, IndexError, InvalidOperation, KeyError, TypeError, ValueError:
        return None


def _parsed(content: str) -> Any:
    """Parse JSON; None for what is none."""
    try:
        return json.loads(content)
    except ValueError:
        return None
