"""Audit of what is on file: documents and agreements."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from .book import Book, parsed

_TERMS = frozenset({"tariff", "policy", "credit_limit"})
_TERM_ROWS = "SELECT * FROM term WHERE site = :site ORDER BY account, kind, valid_from, number"


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


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
