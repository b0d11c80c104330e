"""Audit of payments by providers: each was credited, or stands in suspense, exactly once.

A payment and its transfer name each other, an order that is paid names the payment that paid it,
and what left the suspense account was assigned by somebody. So what a clearing account was debited
with is the sum of the payments; what it was credited with are the refunds and fees that `bills`
looks at, and payouts. That a book for trying has no real provider cannot be seen in it:
rows say a provider's key, not what it is.
"""

import hashlib

from .book import Book, Row
from .fees import day_of
from .totals import Accounts

_CLEARING = "asset:clearing:"
_SUSPENSE = "liability:suspense"
_FUNDS = {"electricity", "service"}
_STATES = {"new", "open", "closing", "closed", "paid"}
_METHODS = {"jsapi", "redirect", "qr", "cashier", "automatic"}
_SOURCES = {"notice", "query", "bill", "cashier"}
_VERDICTS = {"credited", "suspense", "foreign"}
_BELIEVED = {"genuine", "refused"}

_TXNS = """
    SELECT p.*, t.id AS booked, t.debit, t.credit, t.amount AS paid, t.code, t.kind AS phase,
      t.reason AS said, t.detail, o.account AS order_account, o.fund, o.amount AS ordered,
      o.provider AS order_provider, o.state
    FROM provider_txn p
    LEFT JOIN transfer t ON t.site = p.site AND t.id = p.transfer_id
    LEFT JOIN pay_order o ON o.site = p.site AND o.id = p.order_id
    WHERE p.site = :site ORDER BY p.provider, p.txn
"""
_FOR_NO_TXN = """
    SELECT t.seq, t.id FROM transfer t
    LEFT JOIN provider_txn p
    ON p.site = t.site AND p.provider = :provider AND p.txn = substr(t.id, :begins)
    WHERE t.site = :site AND t.debit = :account AND t.code IN ('top_up', 'suspense')
      AND p.transfer_id IS NULL
    ORDER BY t.seq
"""
_CODES = "('top_up', 'suspense', 'refund', 'gateway_fee', 'payout')"
_OF_NO_KIND = f"""
    SELECT seq, id FROM transfer
    WHERE site = :site AND credit = :account AND code NOT IN {_CODES}
    UNION ALL
    SELECT seq, id FROM transfer
    WHERE site = :site AND debit = :account AND code NOT IN {_CODES}
    ORDER BY 1
"""  # noqa: S608  -- a list of codes
_ORDERS = """
    SELECT o.*, p.verdict, p.order_id FROM pay_order o
    LEFT JOIN provider_txn p ON p.site = o.site AND p.provider = o.provider AND p.txn = o.paid_txn
    WHERE o.site = :site ORDER BY o.id
"""
_ASSIGNMENTS = """
    SELECT a.*, t.id AS booked, t.debit, t.credit, t.amount AS paid, t.kind AS phase,
      p.amount, p.verdict
    FROM suspense_assignment a
    LEFT JOIN transfer t ON t.site = a.site AND t.id = a.transfer_id
    LEFT JOIN provider_txn p ON p.site = a.site AND p.provider = a.provider AND p.txn = a.txn
    WHERE a.site = :site ORDER BY a.provider, a.txn
"""
_ASSIGNED_BY_NOBODY = """
    SELECT t.seq, t.id FROM transfer t
    LEFT JOIN suspense_assignment a ON a.site = t.site AND a.transfer_id = t.id
    WHERE t.site = :site AND t.debit = :account AND a.txn IS NULL
    ORDER BY t.seq
"""
_NOTICES = "SELECT provider, id, body, verdict FROM payment_notice WHERE site = :site"


def audit_credits(book: Book, accounts: Accounts) -> None:
    """Check the payments of all providers, their orders, and what stands in suspense."""
    for row in book.rows(_TXNS):
        _audit_txn(book, row)
    for account in sorted(accounts.totals):
        if account.startswith(_CLEARING):
            provider = account.removeprefix(_CLEARING)
            place = {"account": account, "provider": provider}
            for row in book.rows(_FOR_NO_TXN, begins=len(f"pay:{provider}:") + 1, **place):
                book.fault(f"transfer {row['seq']} ({row['id']}): its payment is missing")
            for row in book.rows(_OF_NO_KIND, account=account):
                book.fault(f"transfer {row['seq']} ({row['id']}): cannot be of {account}")
    for row in book.rows(_ORDERS):
        _audit_order(book, row)
    for row in book.rows(_ASSIGNMENTS):
        _audit_assignment(book, row)
    for row in book.rows(_ASSIGNED_BY_NOBODY, account=_SUSPENSE):
        book.fault(f"transfer {row['seq']} ({row['id']}): nobody assigned it")
    for row in book.rows(_NOTICES):
        # of a refused one only the beginning is kept, and bytes that are no text in another way
        partly = row["verdict"] == "refused" or "\\x" in row["body"]
        same = partly or hashlib.sha256(row["body"].encode()).hexdigest() == row["id"]
        fits = same and row["verdict"] in _BELIEVED
        book.expect(fits, f"notice {row['id']} of {row['provider']}: is another one")


def _audit_txn(book: Book, row: Row) -> None:
    """Check that a payment was booked as it says."""
    name = f"payment {row['txn']} of {row['provider']}"
    known = row["source"] in _SOURCES and row["verdict"] in _VERDICTS
    book.expect(known and day_of(row["day"]) is not None, f"{name}: comes from nowhere")
    if row["verdict"] == "foreign":
        nothing = (row["transfer_id"], row["amount"]) == (None, 0)
        book.expect(nothing and row["reason"], f"{name}: is not ours, and was booked")
        return
    expected = f"pay:{row['provider']}:{row['txn']}"
    book.expect(row["transfer_id"] == expected, f"{name}: names another transfer")
    if row["booked"] is None:
        book.fault(f"{name}: its transfer {row['transfer_id']} is missing")
        return
    said = ("booked", "debit", "credit", "paid", "code", "phase", "said", "detail")
    fits = tuple(row[column] for column in said) == (
        expected,
        f"{_CLEARING}{row['provider']}",
        *_expected(row),
    )
    book.expect(fits, f"{name}: its transfer says something else")
    if row["verdict"] == "credited":
        # a cashier may have said that another amount was meant
        meant = row["amount"] if row["source"] == "cashier" else row["ordered"]
        ordered = (row["order_provider"], row["order_account"], meant, row["state"])
        as_ordered = ordered == (row["provider"], row["account"], row["amount"], "paid")
        book.expect(as_ordered and not row["reason"], f"{name}: is not what was ordered")
    else:
        of_order = row["account"] == row["order_account"]
        book.expect(of_order and row["reason"], f"{name}: stands in suspense for no reason")


def _expected(row: Row) -> tuple[object, ...]:
    """Return what the transfer of a payment must say behind what it debits."""
    if row["verdict"] == "credited":
        credit = f"liability:tenant:{row['account']}:{row['fund']}"
        return credit, row["amount"], "top_up", "posted", row["order_id"], ""
    return _SUSPENSE, row["amount"], "suspense", "posted", row["reason"], row["order_id"]


def _audit_order(book: Book, row: Row) -> None:
    """Check that an order could be made, and that what paid it did."""
    possible = (
        row["fund"] in _FUNDS,
        row["state"] in _STATES,
        row["method"] in _METHODS,
        row["currency"] == book.currency,
        row["amount"] > 0,
        row["created_at"] < row["expires_at"],
        row["created_at"] <= row["changed_at"],
    )
    book.expect(all(possible), f"order {row['id']}: cannot be")
    paid = row["state"] == "paid"
    by = (row["verdict"], row["order_id"]) == ("credited", row["id"])
    fits = by if paid else not row["paid_txn"]
    book.expect(fits, f"order {row['id']}: was not paid by {row['paid_txn'] or 'anything'}")


def _audit_assignment(book: Book, row: Row) -> None:
    """Check that what was in suspense went where somebody said, whole."""
    name = f"payment {row['txn']} of {row['provider']}"
    if row["booked"] is None or row["verdict"] != "suspense":
        book.fault(f"{name}: was assigned, and did not stand in suspense")
        return
    fits = (row["debit"], row["paid"], row["phase"]) == (_SUSPENSE, row["amount"], "posted")
    funds = {f"liability:tenant:{row['account']}:{fund}" for fund in _FUNDS}
    right = row["credit"] in (funds if row["account"] else {f"{_CLEARING}{row['provider']}"})
    book.expect(fits and right, f"{name}: was assigned otherwise than it says")
