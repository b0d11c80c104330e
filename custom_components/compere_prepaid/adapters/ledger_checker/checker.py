"""The ledger's independent auditor.

It reads the tables as they are and believes nothing that it can work out itself: totals, hashes,
sums of energy, prices, fees, taxes, corrections, relay demands. It shares no code with what wrote
the book (its SQL, its hashing and its arithmetic are its own), so that one mistake cannot hide
itself. Everything is read in one snapshot, row by row, so a large book needs time but little
memory.

What it cannot see: rows cut off the end of the book together with everything that mentions them.
Only a copy of the last hash outside (on receipts, in a mail) shows that: see `anchors`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from .allocations import audit_allocations
from .bills import audit_bills
from .book import Book
from .cash_desk import audit_cash_desk
from .chain import Walk, walk
from .corrections import audit_corrections
from .credits import audit_credits
from .energy import Energy, audit_energy
from .fees import audit_fees
from .filing import audit_documents
from .payments import audit_payments
from .relays import audit_relays
from .statements import audit_statements
from .tariffs import Tariffs
from .taxes import audit_taxes
from .tenancies import audit_debts, audit_supplies, audit_tenancies
from .totals import audit_totals

type Walking = Callable[[], Walk]
"""Waits for a walk that was begun, and returns it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What the checker found."""

    transfers: int
    charged_wh: int
    register_wh: int
    """What the registers advanced while they were charged; equal to `charged_wh` in a good book."""
    faults: tuple[str, ...]
    hints: tuple[str, ...] = ()
    """What a person should look at, though the book is right."""

    @property
    def ok(self) -> bool:
        """Tell whether the book is free of faults."""
        return not self.faults


def unreadable(fault: str) -> Verification:
    """Return what there is to say of a book that cannot be read."""
    return Verification(transfers=0, charged_wh=0, register_wh=0, faults=(fault,))


def walk_here(book: Book, until: int) -> Walking:
    """Walk the chain when it is asked for, in this process."""
    return lambda: walk(book, until)


def check(
    connection: Connection,
    site: str,
    known: Iterable[str] = (),
    begin_walk: Callable[[Book, int], Walking] = walk_here,
) -> Verification:
    """Audit a site's book within an open transaction; `known` faults are told too.

    `begin_walk` may let another process walk the chain while this one looks at the rest.
    """
    book = Book(connection, site)
    walking = begin_walk(book, book.open())
    for fault in known:
        book.fault(fault)
    walked, energy = Walk(), Energy()
    try:
        tariffs = Tariffs.of(book)
        energy = audit_energy(book, tariffs)
        fees = audit_fees(book, tariffs)
        audit_supplies(book, energy)
        audit_tenancies(book, tariffs, fees)
        audit_relays(book)
        audit_documents(book)
        audit_statements(book)
        walked = walking()
        accounts = audit_totals(book, walked)
        audit_payments(book, walked, energy, fees)
        corrections = audit_corrections(book, tariffs, walked)
        allocated = audit_allocations(book, walked)
        audit_taxes(book, tariffs, walked, (energy, fees, corrections, allocated))
        audit_debts(book, accounts)
        audit_credits(book, accounts)
        audit_cash_desk(book)
        audit_bills(book)
    except DBAPIError as error:
        if "overflow" not in str(error.orig):
            raise
        book.fault("there are numbers in the book that are too large to add up")
    return Verification(
        transfers=walked.seq,
        charged_wh=energy.charged_wh,
        register_wh=energy.register_wh,
        faults=(*book.faults, *([f"and {book.more} more"] if book.more else [])),
        hints=tuple(book.hints),
    )
