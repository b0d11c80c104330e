"""Audit of what is on file: documents, agreements, and the statements that were issued."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
import json
from typing import Any

from .anchors import Anchor, find_anchor
from .book import Book, Row, parsed

_TERMS = frozenset({"tariff", "policy", "credit_limit"})
_TERM_ROWS = "SELECT * FROM term WHERE site = :site ORDER BY account, kind, valid_from, number"
_STATEMENTS = "SELECT * FROM statement WHERE site = :site ORDER BY account, number"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def audit_documents(book: Book) -> None:
    """Check that documents can be read, and that agreements speak of documents there are."""
    names: set[tuple[str, str]] = set()
    for row in book.rows("SELECT kind, name, version, content FROM document WHERE site = :site"):
        name = f"{row['kind']} {row['name']} of {row['version']}"
        data = parsed(row["content"])
        own = data.get("name", row["name"]) if isinstance(data, Mapping) else None
        book.expect(own == row["name"], f"{name}: cannot be read, or is another one")
        names.add((row["kind"], row["name"]))
    before: tuple[object, ...] = ()
    number = 0
    for row in book.rows(_TERM_ROWS):
        place = (row["account"], row["kind"], row["valid_from"])
        number = number + 1 if place == before else 1
        before = place
        name = f"{row['kind']} of {row['account']}"
        book.expect(row["kind"] in _TERMS, f"{name}: there is no such agreement")
        book.expect(row["number"] == number, f"{name}: agreement {number} is missing")
        number = row["number"]
        known = (row["kind"], row["value"]) in names or (
            row["kind"] == "credit_limit"  # an empty one leaves it to the policy
            and (not row["value"] or _number(row["value"]) is not None)
        )
        book.expect(known, f"{name}: there is no {row['value']}")


def audit_statements(book: Book) -> None:
    """Check that statements add up, and were issued at a point of this very chain."""
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
        book.expect(_adds_up(data), f"{name}: does not add up")


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
        for fund in data["funds"].values():
            lines = fund["lines"]
            for opening, line, closing in (
                ("opening", "amount", "closing"),
                ("opening_shown", "shown", "closing_shown"),
            ):
                total = sum((Decimal(each[line]) for each in lines), start=Decimal(fund[opening]))
                if total != Decimal(fund[closing]):
                    return False
    except AttributeError, InvalidOperation, KeyError, TypeError:
        return False
    return True


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
