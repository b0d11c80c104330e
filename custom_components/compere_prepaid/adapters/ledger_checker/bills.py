"""Audit of what follows from payments: refunds to payers, and what bills made the book say.

A refund and the money that is set aside for it tell the same of each other, and no more goes back
than came. Fees are what the lines of the bills make, and what a reconciliation says of its day is
what these lines make.
"""

from collections import defaultdict

from .book import Book, Row, parsed

_REFUNDS = """
    SELECT r.*, p.amount AS came, p.account AS payer, p.verdict, t.id AS booked, t.debit,
      t.credit, t.amount AS reserved,
      t.kind AS phase, t.detail, t.source, t."user" AS by_user, t.reason AS said,
      o.kind AS ended
    FROM provider_refund r
    LEFT JOIN provider_txn p ON p.site = r.site AND p.provider = r.provider AND p.txn = r.txn
    LEFT JOIN transfer t ON t.site = r.site AND t.id = 'rfd:' || r.reference || ':' || r.account
    LEFT JOIN transfer o ON o.site = r.site AND o.pending_id = t.id
    WHERE r.site = :site ORDER BY r.provider, r.txn, r.id
"""
_FOR_NO_REFUND = """
    SELECT t.seq, t.id FROM transfer t
    LEFT JOIN provider_refund r ON r.site = t.site AND r.id = t.detail
    WHERE t.site = :site AND t.code = 'refund' AND t.credit LIKE 'asset:clearing:%'
      AND t.source <> 'suspense' AND r.id IS NULL
    ORDER BY t.seq
"""
_LINES = """
    SELECT provider, day, kind, COUNT(*) AS lines, SUM(amount) AS amount, SUM(fee) AS fee
    FROM bill_line WHERE site = :site AND currency = :currency GROUP BY provider, day, kind
"""
_FEES = """
    SELECT seq, id, debit, credit, amount, reason FROM transfer
    WHERE site = :site AND code = 'gateway_fee' ORDER BY seq
"""
_RECONCILIATIONS = """
    SELECT * FROM reconciliation WHERE site = :site ORDER BY provider, day, number
"""
_ENDS = {"succeeded": "post", "closed": "void"}
"""How the money that is set aside ends, by a refund's state; in all others it waits."""

type _Day = tuple[str, str]


def audit_bills(book: Book) -> None:
    """Check refunds to payers, fees, and reconciliations."""
    gone: dict[_Day, int] = defaultdict(int)
    for row in book.rows(_REFUNDS):
        _audit_refund(book, row)
        key = row["provider"], row["txn"]
        gone[key] += 0 if row["state"] == "closed" else row["amount"]
        fits = row["came"] is not None and gone[key] <= row["came"]
        book.expect(fits, f"payment {row['txn']} of {row['provider']}: more went back than came")
    for row in book.rows(_FOR_NO_REFUND):
        book.fault(f"transfer {row['seq']} ({row['id']}): its refund is missing")
    lines: dict[_Day, dict[str, Row]] = defaultdict(dict)
    for row in book.rows(_LINES, currency=book.currency):
        lines[row["provider"], str(row["day"])][row["kind"]] = row
    _audit_fees(book, lines)
    _audit_reconciliations(book, lines)


def _audit_refund(book: Book, row: Row) -> None:
    """Check that a refund's money is where its state says."""
    name = f"refund {row['id']} by {row['provider']}"
    if row["booked"] is None:
        book.fault(f"{name}: nothing is set aside for it")
        return
    said = ("debit", "credit", "reserved", "phase", "detail", "source", "by_user", "said")
    fits = tuple(row[column] for column in said) == (
        f"liability:tenant:{row['account']}:{row['fund']}",
        f"asset:clearing:{row['provider']}",
        row["amount"],
        "pending",
        row["id"],
        row["provider"],
        row["user"],
        row["reason"],
    )
    of_payer = row["verdict"] == "suspense" or row["payer"] == row["account"]
    book.expect(fits and of_payer, f"{name}: what is set aside says something else")
    ended = _ENDS.get(row["state"])
    book.expect(row["ended"] == ended, f"{name}: is not where its money is")


def _audit_fees(book: Book, lines: dict[_Day, dict[str, Row]]) -> None:
    """Check that the fees of a day are what its lines make."""
    posted: dict[_Day, int] = defaultdict(int)
    for row in book.rows(_FEES):
        provider, _, rest = row["id"].removeprefix("gwf:").partition(":")
        sides = {f"expense:gateway_fee:{provider}", f"asset:clearing:{provider}"}
        is_fee = {row["debit"], row["credit"]} == sides and rest.startswith(f"{row['reason']}:")
        book.expect(is_fee, f"transfer {row['seq']} ({row['id']}): is no fee of a bill")
        sign = 1 if row["debit"].startswith("expense:") else -1
        posted[provider, row["reason"]] += sign * row["amount"]
    for day in sorted(posted.keys() | lines.keys()):
        kept = sum(_sign(kind) * row["fee"] for kind, row in lines.get(day, {}).items())
        book.expect(
            posted[day] == kept,
            f"bill of {day[0]} on {day[1]}: its fees are {book.money(kept)}, "
            f"{book.money(posted[day])} are posted",
        )


def _sign(kind: str) -> int:
    return 1 if kind == "payment" else -1


def _audit_reconciliations(book: Book, lines: dict[_Day, dict[str, Row]]) -> None:
    """Check that a reconciliation adds up, and that the last of a day speaks of its lines."""
    last: dict[_Day, Row] = {}
    for row in book.rows(_RECONCILIATIONS):
        day = row["provider"], str(row["day"])
        name = f"reconciliation {row['number']} of {day[0]} on {day[1]}"
        before = last.get(day)
        expected = 1 if before is None else before["number"] + 1
        book.expect(row["number"] == expected, f"{name}: one before it is missing")
        content = parsed(row["content"])
        faults = content.get("faults") if isinstance(content, dict) else None
        if not isinstance(faults, list):
            book.fault(f"{name}: cannot be read")
            continue
        unexplained = sum(fault["amount"] for fault in faults)
        book.expect(row["unexplained"] == unexplained, f"{name}: its faults do not add up")
        last[day] = row
    for day in sorted(lines.keys() - last.keys()):
        book.fault(f"bill of {day[0]} on {day[1]}: was not laid beside the book")
    for day, row in last.items():
        content = parsed(row["content"])
        for kind in ("payment", "refund"):
            line = lines.get(day, {}).get(kind)
            makes = {"count": line["lines"], "amount": line["amount"]} if line else None
            fits = content.get(kind) == (makes or {"count": 0, "amount": 0})
            book.expect(fits, f"bill of {day[0]} on {day[1]}: its {kind}s are not what was said")
