"""A book under audit: its rows by plain SQL, and the faults found so far."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
import hashlib

from sqlalchemy import Connection, RowMapping, text

from ...core.errors import InvalidInputError
from ...core.money.amount import Currency

type Row = RowMapping


@dataclass(slots=True)
class Book:
    """One site's rows within one snapshot."""

    connection: Connection
    site: str
    scale: int = 9
    faults: list[str] = field(default_factory=list)

    def rows(self, sql: str) -> Iterator[Row]:
        """Run a query about this site (`:site`), streaming."""
        found = self.connection.execute(
            text(sql), {"site": self.site}, execution_options={"yield_per": 1000}
        )
        yield from found.mappings()

    def expect(self, holds: object, fault: str) -> None:
        """Add a fault unless what must hold does."""
        if not holds:
            self.faults.append(fault)

    def money(self, amount: int) -> str:
        """Show an amount in units of currency, exactly."""
        return f"{Decimal(amount).scaleb(-self.scale):f}"

    def open(self) -> None:
        """Check that there is one book, which counts as its currency does."""
        titles = list(self.rows("SELECT currency, scale, kind FROM book WHERE site = :site"))
        self.expect(len(titles) == 1, "the book has no title row")
        for title in titles:
            self.scale = title["scale"]
            try:
                fits = Currency.of(title["currency"]).scale == self.scale
            except InvalidInputError:
                fits = False
            self.expect(title["kind"] in {"real", "sandbox"}, "the book is of no known kind")
            self.expect(fits, f"the book counts {title['currency']} at a wrong scale")


def fingerprint(tag: bytes, fields: tuple[object, ...]) -> str:
    """Hash fields as text, each behind its length in four bytes, behind a tag."""
    parts = (str(value).encode() for value in fields)
    framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hashlib.sha256(tag + framed).hexdigest()
