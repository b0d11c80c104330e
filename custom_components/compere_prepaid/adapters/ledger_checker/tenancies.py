"""Audit of who is who: which account a register counts for, who moved out, who owes what."""

from itertools import groupby

from .book import Book, Row
from .energy import Energy, Register
from .fees import Fees, day_of
from .tariffs import Tariffs
from .totals import Accounts

_SUPPLIES = """
    SELECT s.*, g.start_wh, g.start_at, g.closed_wh, g.closed_at, m.wh AS mark_wh,
      (SELECT COALESCE(SUM(c.to_wh - c.from_wh), 0) FROM charge c
       WHERE c.site = s.site AND c.meter = s.meter AND c.generation = s.generation
         AND c.from_wh >= s.from_wh AND (s.to_wh IS NULL OR c.to_wh <= s.to_wh)
         AND c.account = s.account) AS charged_wh
    FROM supply s
    LEFT JOIN register_generation g
    ON g.site = s.site AND g.meter = s.meter AND g.generation = s.generation
    LEFT JOIN bill_mark m
    ON m.site = s.site AND m.meter = s.meter AND m.generation = s.generation
    WHERE s.site = :site ORDER BY s.meter, s.generation, s.number
"""
_BEFORE_SUPPLY = """
    SELECT from_wh FROM charge
    WHERE site = :site AND meter = :meter AND generation = :generation AND hash = ''
      AND from_wh < :until LIMIT 1
"""
_AFTER_CLOSING = """
    SELECT t.account, COUNT(*) AS found FROM tenancy t JOIN charge c
    ON c.site = t.site AND c.account = t.account AND c.from_at >= t.closed_at
    WHERE t.site = :site AND t.closed_at IS NOT NULL GROUP BY t.account
"""
_PAID_AFTER_CLOSING = r"""
    SELECT t.account, x.id FROM tenancy t JOIN transfer x
    ON x.site = t.site AND x.effective_at > t.closed_at AND x.code IN ('top_up', 'opening')
      AND x.credit IN ('liability:tenant:' || t.account || '\:electricity',
                       'liability:tenant:' || t.account || '\:service')
    WHERE t.site = :site AND t.closed_at IS NOT NULL
"""
_DEBT = "asset:debt:"
_PERS = {"percent": {""}, "time": {"day", "week", "month"}}


def audit_supplies(book: Book, energy: Energy) -> None:
    """Check that the supplies of a register follow one another and hold its charges."""
    begun: dict[Register, int] = {}
    for (meter, generation), supplies in groupby(
        book.rows(_SUPPLIES), lambda row: (row["meter"], row["generation"])
    ):
        before: Row | None = None
        for row in supplies:
            name = f"supply {row['number']} of {meter}/{generation}"
            _audit_supply(book, name, row, before)
            begun.setdefault((meter, generation), row["from_wh"])
            before = row
        if before is not None:
            _audit_last(book, f"supply {before['number']} of {meter}/{generation}", before)
    for register, (start_wh, end_wh) in energy.charged.items() if begun else ():
        # Before there were supplies, charges carried a hash: only those may lie before the first.
        until = begun.get(register, end_wh)
        place = {"meter": register[0], "generation": register[1], "until": until}
        if until > start_wh and next(book.rows(_BEFORE_SUPPLY, **place), None):
            name = f"register {register[0]}/{register[1]}"
            book.fault(f"{name}: was charged to an account that it did not supply")


def _audit_last(book: Book, name: str, row: Row) -> None:
    """Check that the last supply of a register ended with the register, or still goes on."""
    ended = row["to_wh"] is None or row["to_wh"] == row["mark_wh"]
    book.expect(ended, f"{name}: ended, but its register was charged further")
    if row["closed_at"] is not None:
        closed = (row["to_wh"], row["to_at"]) == (row["closed_wh"], row["closed_at"])
        book.expect(closed, f"{name}: did not end when its register was closed")


def _audit_supply(book: Book, name: str, row: Row, before: Row | None) -> None:
    """Check one supply behind the one before it."""
    if row["start_wh"] is None or row["mark_wh"] is None:
        book.fault(f"{name}: there is no such register")
        return
    numbered = row["number"] == (1 if before is None else before["number"] + 1)
    book.expect(numbered, f"{name}: one before it is missing")
    half = (row["to_wh"] is None) != (row["to_at"] is None)
    book.expect(not half, f"{name}: is half ended")
    if before is None:
        begins = row["from_wh"] >= row["start_wh"] and row["from_at"] >= row["start_at"]
    else:
        begins = (row["from_wh"], row["from_at"]) == (before["to_wh"], before["to_at"])
    book.expect(begins, f"{name}: does not begin where the one before it ended")
    end = row["mark_wh"] if row["to_wh"] is None else row["to_wh"]
    in_order = row["from_wh"] <= end <= row["mark_wh"] and (
        row["to_at"] is None or row["to_at"] >= row["from_at"]
    )
    book.expect(in_order, f"{name}: ends before it begins, or after the last charge")
    wh = end - row["from_wh"]
    book.expect(
        row["charged_wh"] == wh,
        f"{name}: {wh} Wh were counted, {row['charged_wh']} of them were charged to "
        f"{row['account']}",
    )


def audit_tenancies(book: Book, tariffs: Tariffs, fees: Fees) -> None:
    """Check that who moved out pays and gets nothing more, and that fees have an account."""
    known = {row["account"]: row for row in book.rows("SELECT * FROM tenancy WHERE site = :site")}
    for account, row in sorted(known.items()):
        name = f"account {account}"
        days = [row["charged_through"], row["closed_through"]]
        dated = all(text is None or day_of(text) is not None for text in days)
        book.expect(dated, f"{name}: is charged through days that are none")
        book.expect(row["emergency"] >= 0, f"{name}: has less than no emergency credit")
        closed = row["closed_at"] is None or row["closed_at"] >= row["opened_at"]
        book.expect(closed, f"{name}: was closed before it was opened")
    for (account, by_day), through in sorted(fees.through.items()):
        charged = known[account]["charged_through" if by_day else "closed_through"] if (
            account in known
        ) else None  # fmt: skip
        book.expect(
            charged is not None and charged >= through,
            f"account {account}: has fees of {through}, it is charged through {charged or 'never'}",
        )
    supplied = book.rows("SELECT DISTINCT account FROM supply WHERE site = :site")
    for row in supplied:
        book.expect(
            row["account"] in known, f"account {row['account']}: is supplied but was not opened"
        )
    for row in book.rows(_AFTER_CLOSING):
        book.fault(f"account {row['account']}: {row['found']} charges after it was closed")
    for row in book.rows(_PAID_AFTER_CLOSING):
        book.fault(f"account {row['account']}: was credited by {row['id']} after it was closed")
    _audit_peaks(book, tariffs, set(known))


def _audit_peaks(book: Book, tariffs: Tariffs, known: set[str]) -> None:
    """Check that demands are of a month, of an account, and of what a tariff measures."""
    items = tariffs.demand_items()
    for row in book.rows("SELECT * FROM demand_peak WHERE site = :site"):
        name = f"demand of {row['account']} in {row['month']} ({row['item']})"
        month = day_of(row["month"])
        fits = (
            month is not None and month.day == 1,
            row["account"] in known,
            row["item"] in items,
            row["quantity"] >= 0,
        )
        book.expect(all(fits), f"{name}: cannot be")


def audit_debts(book: Book, accounts: Accounts) -> None:
    """Check that debts have terms, terms have debts, and nobody paid more than was owed."""
    left = {name for name in accounts.totals if name.startswith(_DEBT)}
    for row in book.rows("SELECT * FROM debt WHERE site = :site ORDER BY account, name"):
        name = f"debt {row['name']} of {row['account']}"
        place = f"{_DEBT}{row['account']}:{row['name']}"
        book.expect(place in left, f"{name}: was never booked")
        left.discard(place)
        fits = (
            row["per"] in _PERS.get(row["kind"], ()),
            0 <= row["ppm"] <= 1_000_000,
            (row["kind"] == "percent") == (row["ppm"] > 0),
            row["amount"] >= 0,
            row["due"] >= 0,
            row["due_through"] is None or day_of(row["due_through"]) is not None,
        )
        book.expect(all(fits), f"{name}: has terms that cannot be")
    for place in sorted(left):
        book.fault(f"ledger account {place}: is a debt without terms")
    for place, totals in sorted(accounts.totals.items()):
        if place.startswith(_DEBT):
            owed = totals.dr - totals.cr
            book.expect(owed >= 0, f"ledger account {place}: owes {book.money(owed)}")
