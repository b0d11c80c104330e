"""Audit of what leaves the clearing accounts: refunds, fees, and nothing else but payouts.

Together with `credits`, which looks at what comes in, this makes a clearing account what its
provider owes: payments less refunds, fees and payouts.
"""

from collections import Counter

from .book import Book, Row
from .totals import Accounts

_CLEARING = "asset:clearing:"
_CODES = "('top_up', 'suspense', 'refund', 'gateway_fee', 'payout')"

_REFUNDS = r"""
    SELECT r.*, t.id AS booked, t.debit, t.credit, t.amount AS paid, t.code, t.kind AS phase,
      t.detail, e.kind AS ended, p.verdict, p.account AS payer,
      p.amount AS whole
    FROM provider_refund r
    LEFT JOIN transfer t
    ON t.site = r.site AND t.id = 'rfd\:' || r.reference || '\:' || r.account
    LEFT JOIN transfer e ON e.site = r.site AND e.pending_id = t.id
    LEFT JOIN provider_txn p ON p.site = r.site AND p.provider = r.provider AND p.txn = r.txn
    WHERE r.site = :site ORDER BY r.id
"""
_FOR_NO_REFUND = """
    SELECT t.seq, t.id FROM transfer t
    LEFT JOIN provider_refund r ON r.site = t.site AND r.id = t.detail
    WHERE t.site = :site AND t.credit = :account AND t.kind = 'pending' AND r.id IS NULL
    ORDER BY t.seq
"""
_OF_NO_KIND = f"""
    SELECT seq, id FROM transfer
    WHERE site = :site AND credit = :account AND code NOT IN {_CODES}
    UNION ALL
    SELECT seq, id FROM transfer
    WHERE site = :site AND debit = :account AND code NOT IN {_CODES}
    ORDER BY 1
"""  # noqa: S608  -- a list of codes
_FEES = """
    SELECT
      COALESCE((SELECT SUM(amount) FROM transfer
       WHERE site = :site AND credit = :account AND code = 'gateway_fee'), 0)
      - COALESCE((SELECT SUM(amount) FROM transfer
       WHERE site = :site AND debit = :account AND code = 'gateway_fee'), 0) AS posted,
      COALESCE((SELECT SUM(CASE kind WHEN 'payment' THEN fee ELSE -fee END) FROM bill_line
       WHERE site = :site AND provider = :provider AND currency = :currency), 0) AS billed
"""
_ENDS = {"succeeded": "post", "closed": "void"}
_STATES = {"reserved", "processing", "abnormal", *_ENDS}


def audit_returns(book: Book, accounts: Accounts) -> None:
    """Check what goes back to payers, and what providers keep."""
    gone: Counter[tuple[str, str]] = Counter()
    for row in book.rows(_REFUNDS):
        _audit_refund(book, row)
        if row["state"] != "closed":
            gone[row["provider"], row["txn"]] += row["amount"]
        too_much = gone[row["provider"], row["txn"]] > (row["whole"] or 0)
        book.expect(not too_much, f"payment {row['txn']} of {row['provider']}: more went back")
    for account in sorted(accounts.totals):
        if not account.startswith(_CLEARING):
            continue
        provider = account.removeprefix(_CLEARING)
        for row in book.rows(_FOR_NO_REFUND, account=account):
            book.fault(f"transfer {row['seq']} ({row['id']}): its refund is missing")
        for row in book.rows(_OF_NO_KIND, account=account):
            book.fault(f"transfer {row['seq']} ({row['id']}): cannot be of {account}")
        place = {"account": account, "provider": provider, "currency": book.currency}
        for row in book.rows(_FEES, **place):
            says, makes = book.money(row["posted"]), book.money(row["billed"])
            same = row["posted"] == row["billed"]
            book.expect(same, f"fees of {provider}: {says} is posted, its bills make {makes}")


def _audit_refund(book: Book, row: Row) -> None:
    """Check that a refund set its money aside, and ended as it says."""
    name = f"refund {row['id']} of {row['provider']}"
    if row["booked"] is None:
        book.fault(f"{name}: set nothing aside")
        return
    said = ("debit", "credit", "paid", "code", "phase", "detail")
    fits = tuple(row[column] for column in said) == (
        f"liability:tenant:{row['account']}:{row['fund']}",
        f"{_CLEARING}{row['provider']}",
        row["amount"],
        "refund",
        "pending",
        row["id"],
    )
    of_payment = row["verdict"] == "suspense" or (row["verdict"], row["payer"]) == (
        "credited",
        row["account"],
    )
    book.expect(fits and of_payment, f"{name}: its transfer says something else")
    ended = row["state"] in _STATES and row["ended"] == _ENDS.get(row["state"])
    book.expect(ended, f"{name}: did not end as it says ({row['state']})")
