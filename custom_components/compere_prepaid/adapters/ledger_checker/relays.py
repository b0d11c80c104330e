"""Audit of the relays: each is demanded closed exactly when no hold stands on its meter."""

from collections import Counter

from .book import Book

_KINDS = {"no_credit", "overload", "protection", "manual", "maintenance"}


def audit_relays(book: Book) -> None:
    """Check holds against each other, and relay demands against holds."""
    standing: Counter[str] = Counter()
    held: set[str] = set()
    of_kind: Counter[tuple[str, str]] = Counter()
    seen: Counter[tuple[str, str]] = Counter()
    query = "SELECT * FROM hold WHERE site = :site ORDER BY meter, kind, number"
    for row in book.rows(query):
        key = (row["meter"], row["kind"])
        name = f"hold {row['kind']} on {row['meter']}"
        held.add(row["meter"])
        seen[key] += 1
        book.expect(row["kind"] in _KINDS, f"{name}: there is no such kind")
        book.expect(row["number"] == seen[key], f"{name}: number {seen[key]} is missing")
        seen[key] = row["number"]
        if row["released_at"] is None:
            standing[row["meter"]] += 1
            of_kind[key] += 1
            book.expect(of_kind[key] == 1, f"{name}: stands more than once")
    demanded = {
        row["meter"]: row["closed"]
        for row in book.rows("SELECT meter, closed FROM relay_demand WHERE site = :site")
    }
    for meter in sorted(held | demanded.keys()):
        count, closed = standing[meter], demanded.get(meter)
        book.expect(
            closed == int(count == 0),
            f"relay of {meter}: {count} holds stand, and it is demanded "
            + {1: "closed", 0: "open", None: "nothing"}.get(closed, "what is neither"),
        )
