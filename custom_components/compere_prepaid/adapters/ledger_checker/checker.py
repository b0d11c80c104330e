"""The ledger's independent auditor.

It reads the tables as they are and believes nothing that it can work out itself: totals, hashes,
sums of energy, prices, relay demands. It shares no code with what wrote the book (its SQL, its
hashing and its arithmetic are its own), so that one mistake cannot hide itself. Everything is read
in one snapshot, row by row, so a large book needs time but little memory.

What it cannot see: rows cut off the end of the book together with everything that mentions them.
Only a copy of the last hash outside (on receipts, in a mail) shows that.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from .book import Book
from .energy import audit_energy
from .money import audit_money
from .supply import audit_supply

MAX_FAULTS = 100
"""So many are told one by one; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What the checker found."""

    transfers: int
    charged_wh: int
    register_wh: int
    """What the registers advanced while they were charged; equal to `charged_wh` in a good book."""
    faults: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Tell whether the book is free of faults."""
        return not self.faults


def unreadable(fault: str) -> Verification:
    """Return what there is to say of a book that cannot be read."""
    return Verification(transfers=0, charged_wh=0, register_wh=0, faults=(fault,))


def check(connection: Connection, site: str, known: Iterable[str] = ()) -> Verification:
    """Audit a site's book within an open transaction; `known` faults come first in the result."""
    book = Book(connection, site)
    book.faults.extend(known)
    book.open()
    transfers = audit_money(book)
    charged_wh, register_wh = audit_energy(book)
    audit_supply(book)
    more = len(book.faults) - MAX_FAULTS
    return Verification(
        transfers=transfers,
        charged_wh=charged_wh,
        register_wh=register_wh,
        faults=(*book.faults[:MAX_FAULTS], *([f"and {more} more"] if more > 0 else [])),
    )
