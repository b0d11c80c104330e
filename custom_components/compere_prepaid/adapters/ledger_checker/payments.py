"""Audit of what pays for what: each charge and each fee has its transfer, and no transfer more.

Both sides were summed up as fingerprints already. Only where the sums differ the rows are laid side
by side here, to name those that do not fit.
"""

from .book import Book, Row
from .chain import Walk
from .energy import Energy
from .fees import Fees, expected_transfer

_SAID = "t.id AS booked, t.debit, t.credit, t.amount AS paid, t.code, t.kind AS phase, t.detail"
_CHARGES = f"""
    SELECT c.*, {_SAID} FROM charge c
    LEFT JOIN transfer t ON t.site = c.site AND t.id = c.transfer_id
    WHERE c.site = :site AND c.amount <> 0 AND c.hash = ''
    ORDER BY c.meter, c.generation, c.from_wh
"""  # noqa: S608  -- a list of columns
_FEES = f"""
    SELECT f.*, {_SAID} FROM fee f
    LEFT JOIN transfer t ON t.site = f.site AND t.id = f.transfer_id
    WHERE f.site = :site ORDER BY f.account, f.kind, f.day, f.item
"""  # noqa: S608  -- a list of columns
_FOR_NO_CHARGE = """
    SELECT t.seq, t.id FROM transfer t
    LEFT JOIN charge c ON c.site = t.site AND c.transfer_id = t.id
    WHERE t.site = :site AND t.code = 'charge' AND t.seq <= :until AND c.meter IS NULL
    ORDER BY t.seq
"""
_FOR_NO_FEE = """
    SELECT t.seq, t.id FROM transfer t
    LEFT JOIN fee f ON f.site = t.site AND f.transfer_id = t.id
    WHERE t.site = :site AND t.code IN ('standing', 'service', 'minimum', 'demand')
      AND f.account IS NULL
    ORDER BY t.seq
"""


def audit_payments(book: Book, walk: Walk, energy: Energy, fees: Fees) -> None:
    """Check that charges and fees are paid by the transfers that say so."""
    if walk.agreed == energy.agreed + fees.agreed:
        _find_orphans(book, book.old_until)
        return
    before = len(book.faults) + book.more
    for row in book.rows(_CHARGES):
        name = f"charge {row['meter']}/{row['generation']} at {row['from_wh']} Wh"
        _compare(book, name, row, _expected(row))
    for row in book.rows(_FEES):
        _compare(book, f"{row['kind']} of {row['account']} on {row['day']}", row,
                 expected_transfer(row))  # fmt: skip
    _find_orphans(book, walk.seq)
    for row in book.rows(_FOR_NO_FEE):
        book.fault(f"transfer {row['seq']} ({row['id']}): its fee is missing")
    found = len(book.faults) + book.more > before
    book.expect(found, "charges and fees do not add up to the transfers that pay for them")


def _find_orphans(book: Book, until: int) -> None:
    """Find transfers for charges that are not there."""
    if not until:
        return
    for row in book.rows(_FOR_NO_CHARGE, until=until):
        book.fault(f"transfer {row['seq']} ({row['id']}): its charge is missing")


def _compare(book: Book, name: str, row: Row, expected: tuple[object, ...]) -> None:
    """Compare what a transfer says with what it must say."""
    if row["booked"] is None:
        book.fault(f"{name}: its transfer {row['transfer_id']} is missing")
        return
    said = ("booked", "debit", "credit", "paid", "code", "phase", "detail")
    fits = tuple(row[column] for column in said) == expected
    book.expect(fits, f"{name}: its transfer {row['transfer_id']} says something else")


def _expected(row: Row) -> tuple[object, ...]:
    """Return what the transfer of a charge must say."""
    tariff = row["tariff"]
    detail = (
        f"{row['from_wh']}|{row['to_wh']}|{row['from_at']}|{row['to_at']}|"
        f"{row['tariff_valid_from']}|{row['revision']}|{row['tier']}|{row['price']}|"
        f"{row['estimated']}|{len(tariff)}|{tariff}|{row['period']}"
    )
    return (
        f"chg:{row['meter']}:{row['generation']}:{row['from_wh']}",
        f"liability:tenant:{row['account']}:electricity",
        f"income:energy:{row['period']}",
        row["amount"],
        "charge",
        "posted",
        detail,
    )
