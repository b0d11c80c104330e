"""Audit of the cash desk: its papers are numbered without a gap, and its counts add up.

Each movement of cash for an account since the book knows of papers has exactly one, of the same
amount; each count says what the transfers before it make, and nothing was booked twice for it.
"""

from .book import Book, Row

_CASH = "asset:cash"
_MOVED = """
    SELECT t.seq, t.id, t.debit, t.amount, t."user", t.recorded_at, t.source, r.number,
           r.amount AS said, r.account, r."user" AS cashier, r.at, t.credit
    FROM transfer t
    LEFT JOIN cash_receipt r ON r.site = t.site AND r.transfer_id = t.id
    WHERE t.site = :site AND t.kind IN ('posted', 'post')
      AND (t.debit = 'asset:cash' OR t.credit = 'asset:cash')
    ORDER BY t.seq
"""
_PAPERS = "SELECT number, transfer_id FROM cash_receipt WHERE site = :site ORDER BY number"
_CLOSES = "SELECT * FROM cash_close WHERE site = :site ORDER BY number"
_SINCE = "SELECT seq FROM migration WHERE site = :site AND version = 4"
_OF_DESK = frozenset({"cash desk", "move out"})
"""What books cash for an account, by a transfer's source."""
_CLOSING = "cash close"


def audit_cash_desk(book: Book) -> None:
    """Check the papers and the counts of the cash desk."""
    since = max((int(row["seq"]) for row in book.rows(_SINCE)), default=0)
    closes = {int(row["through"]): row for row in book.rows(_CLOSES)}
    numbers = [int(row["number"]) for row in book.rows(_CLOSES)]
    book.expect(numbers == list(range(1, len(numbers) + 1)), "the cash desk's counts have a gap")
    held, papers, booked = 0, 0, dict.fromkeys(closes, 0)
    waiting = sorted(closes)
    for row in book.rows(_MOVED):
        while waiting and row["seq"] > waiting[0]:
            _expect_held(book, closes[waiting.pop(0)], held)
        amount = row["amount"] if row["debit"] == _CASH else -row["amount"]
        held += amount
        if row["source"] == _CLOSING:
            _look_at_close(book, row, booked, closes)
        elif row["source"] in _OF_DESK and row["seq"] > since:
            papers += 1
            _look_at_paper(book, row, amount, papers)
        elif row["number"] is not None:
            papers += 1
            book.fault(f"cash receipt {row['number']} is of a transfer that needs none")
    for through in waiting:
        _expect_held(book, closes[through], held)
    for through, difference in booked.items():
        row = closes[through]
        name = f"count {row['number']} of the cash desk"
        book.expect(difference == row["difference"], f"{name}: its difference was not booked so")
        fits = row["counted"] - row["expected"] == row["difference"]
        book.expect(fits, f"{name}: counted, expected and difference do not fit")
    found = [int(row["number"]) for row in book.rows(_PAPERS)]
    book.expect(found == list(range(1, papers + 1)), "the cash receipts are not numbered 1, 2, 3 …")


def _expect_held(book: Book, close: Row, held: int) -> None:
    """Compare what a count expected with what the transfers before it make."""
    name = f"count {close['number']} of the cash desk"
    says, makes = book.money(close["expected"]), book.money(held)
    book.expect(close["expected"] == held, f"{name}: expects {says}, the book had {makes}")


def _look_at_close(book: Book, row: Row, booked: dict[int, int], closes: dict[int, Row]) -> None:
    """Find the count that a transfer of the cash desk belongs to; add up the differences."""
    number, _, what = row["id"].removeprefix("close:").partition(":")
    name = f"transfer {row['seq']} ({row['id']})"
    through = next((one for one, each in closes.items() if str(each["number"]) == number), None)
    if through is None or row["seq"] <= through:
        book.fault(f"{name}: its count of the cash desk is missing")
    elif what == "difference":
        booked[through] += row["amount"] if row["debit"] == _CASH else -row["amount"]


def _look_at_paper(book: Book, row: Row, amount: int, number: int) -> None:
    """Compare a paper with the transfer that it is of; they are numbered in the book's order."""
    name = f"transfer {row['seq']} ({row['id']})"
    if row["number"] is None:
        book.fault(f"{name}: its cash receipt is missing")
        return
    other = row["credit"] if row["debit"] == _CASH else row["debit"]
    said = (row["number"], row["said"], row["cashier"], row["at"])
    fits = said == (number, amount, row["user"], row["recorded_at"])
    book.expect(
        fits and other.split(":")[2] == row["account"],
        f"{name}: its cash receipt {row['number']} says something else",
    )
