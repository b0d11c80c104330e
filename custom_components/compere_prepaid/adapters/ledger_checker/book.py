"""A book under audit: its rows by plain SQL, and the faults found so far."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
import json
import re
from typing import Any

from sqlalchemy import Connection, RowMapping, text

type Row = RowMapping

MAX_FAULTS = 100
"""So many are told one by one; the rest is counted."""

_BATCH = 2000
_SCALES = {6, 9}


@dataclass(slots=True)
class Book:
    """One site's rows within one snapshot."""

    connection: Connection
    site: str
    scale: int = 9
    currency: str = ""
    old_until: int = 0
    """Up to this transfer the rules of version 1 hold."""
    faults: list[str] = field(default_factory=list)
    more: int = 0
    """Faults that are not told one by one."""
    hints: list[str] = field(default_factory=list)

    def rows(self, sql: str, **parameters: object) -> Iterator[Row]:
        """Run a query about this site (`:site`), streaming."""
        found = self.connection.execute(
            text(sql), {"site": self.site, **parameters}, execution_options={"yield_per": 1000}
        )
        try:
            yield from found.mappings()
        finally:
            found.close()

    def batches(self, sql: str, **parameters: object) -> Iterator[list[Any]]:
        """Run a query about this site; yield the driver's own tuples, many at a time.

        This is for millions of rows: nothing stands between the driver and the loop.
        """
        found = self.connection.execute(
            text(sql), {"site": self.site, **parameters}, execution_options={"stream_results": True}
        )
        first = found.fetchone()  # SQLAlchemy may have fetched it already
        rows = [] if first is None else [tuple(first)]
        cursor: Any = found.cursor
        try:
            while rows:
                yield rows
                rows = cursor.fetchmany(_BATCH)
        finally:
            found.close()

    def fault(self, fault: str) -> None:
        """Add a fault."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(fault)
        else:
            self.more += 1

    def expect(self, holds: object, fault: str) -> None:
        """Add a fault unless what must hold does."""
        if not holds:
            self.fault(fault)

    def money(self, amount: int) -> str:
        """Show an amount in units of currency, exactly."""
        return f"{Decimal(amount).scaleb(-self.scale):f}"

    def open(self) -> int:
        """Check what the book says of itself; return how many transfers it should have."""
        titles = list(self.rows("SELECT * FROM book WHERE site = :site"))
        self.expect(len(titles) == 1, "the book has no title row")
        for title in titles:
            self.scale, self.currency = title["scale"], title["currency"]
            self.expect(title["kind"] in {"real", "sandbox"}, "the book is of no known kind")
            known = self.scale in _SCALES and re.fullmatch("[A-Z]{3}", self.currency)
            self.expect(known, f"the book counts {self.currency} at a wrong scale")
        heads = list(self.rows("SELECT seq FROM chain_head WHERE site = :site"))
        self.expect(len(heads) == 1, "the chain has no head")
        end = heads[0]["seq"] if heads else 0
        self._read_versions(titles, end)
        return int(end)

    def _read_versions(self, titles: list[Row], end: int) -> None:
        """Check when the book came to which version of the tables."""
        version = reached = 0
        query = "SELECT version, seq FROM migration WHERE site = :site ORDER BY version"
        for row in self.rows(query):
            name = f"migration to version {row['version']}"
            self.expect(version in {0, row["version"] - 1}, f"{name}: one before it is missing")
            self.expect(reached <= row["seq"] <= end, f"{name}: cannot have been where it says")
            made = version == 0 and row["version"] > 2
            self.expect(not made or row["seq"] == 0, f"{name}: the book was made by it")
            version, reached = row["version"], row["seq"]
            if version == 2:
                self.old_until = min(max(reached, 0), end)
        told = {title["schema_version"] for title in titles}
        self.expect(told <= {version}, "the book is of another version than it says")


def parsed(content: object) -> Any:
    """Parse JSON; None for what is none."""
    try:
        return json.loads(content) if isinstance(content, str) else None
    except ValueError:
        return None
