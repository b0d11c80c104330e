"""Issuing statements: each once, for ever. A correction is a new one that names the old one."""

from dataclasses import dataclass
from datetime import date, datetime
import json

from ..errors import InvalidInputError
from ..ids import AccountNumber
from ..ledger.account_rows import IssuedStatement
from ..ledger.ports import LedgerTransaction
from ..prepayment.book import AccountBook
from ..prepayment.slip import Slip
from . import chain
from .chain import Standing
from .data import statement_data, statement_text
from .statement import Span, StatementMaker, month_span


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What statements are asked for: of all since the last one, or up to the end of a month."""

    month: date | None = None
    """Its first day."""
    correct: bool = False
    """Make the month's statement anew if something has changed."""


SINCE_LAST = Asked()


def statement_maker(book: AccountBook) -> StatementMaker:
    """Return who makes the statements of a book."""
    return StatementMaker(book.currency, book.zone, book.tariffs)


def issue(slip: Slip, book: AccountBook, user: str, asked: Asked = SINCE_LAST) -> IssuedStatement:
    """Issue the statement of what came after the last one, in the slip's transaction.

    The one of a month is there once: asked for again it is the first one, and a correction in
    which nothing differs is the one that stands. Raises `InvalidInputError`: `statement_told` (the
    month is on statements already), `statement_missing` (there is none to correct),
    `statement_followed` (another was issued after the one to correct), `statement_too_late` (the
    account came after that month).
    """
    tx, account = slip.tx, slip.account
    last = next(chain.standing(tx, account), None)
    known = None if asked.month is None else of_month(tx, account, asked.month)
    if known is not None and not asked.correct:
        return known.row
    span = (
        _next_span(slip, book, last, asked.month)
        if not asked.correct
        else _corrected_span(slip, last, known, asked)
    )
    maker = statement_maker(book)
    statement = maker.make(tx, slip.tenancy, span)
    data = statement_data(statement, book.currency, book.zone)
    if known is not None and known.content["funds"] == data["funds"]:
        return known.row
    row = IssuedStatement(
        account=account,
        number=last.row.number + 1 if last else 1,
        since=span.since,
        until=span.until,
        issued_at=slip.at,
        user=user,
        anchor=statement.anchor,
        content=statement_text(data),
    )
    tx.add(row)
    return row


def of_month(tx: LedgerTransaction, account: AccountNumber, month: date) -> Standing | None:
    """Return the statement of a month that stands, if there is one."""
    for one in chain.standing(tx, account):
        period = one.content.get("period", "")
        if period == f"{month:%Y-%m}":
            return one
        if one.row.until.date() < month:
            return None
    return None


def next_span(now: datetime, opened_at: datetime, last: Standing | None) -> Span:
    """Return the time since the last statement, or since the account was opened."""
    begin = last.row.until if last else opened_at
    return Span(since=begin, until=just_after(max(now, begin)), previous=last)


def _next_span(slip: Slip, book: AccountBook, last: Standing | None, month: date | None) -> Span:
    """Return what the next statement is about."""
    if month is None:
        return next_span(slip.at, slip.tenancy.opened_at, last)
    begin, until = month_span(month, book.zone)
    since = last.row.until if last else max(begin, slip.tenancy.opened_at)
    if since >= until and last is None:
        raise InvalidInputError("statement_too_late", account=slip.account, month=f"{month:%Y-%m}")
    if since >= until:
        raise InvalidInputError(
            "statement_told",
            account=slip.account,
            month=f"{month:%Y-%m}",
            number=last.row.number if last else 0,
        )
    return Span(since=since, until=until, previous=last, period=month)


def _corrected_span(
    slip: Slip, last: Standing | None, known: Standing | None, asked: Asked
) -> Span:
    """Return what the corrected statement of a month is about."""
    month = "" if asked.month is None else f"{asked.month:%Y-%m}"
    if known is None or last is None:
        raise InvalidInputError("statement_missing", account=slip.account, month=month)
    if last.row.number != known.row.number:
        raise InvalidInputError(
            "statement_followed",
            account=slip.account,
            month=month,
            number=known.row.number,
            last=last.row.number,
        )
    earlier = chain.before(slip.tx, known)
    return Span(
        since=known.row.since,
        until=known.row.until,
        previous=Standing(earlier, json.loads(earlier.content)) if earlier else None,
        period=asked.month,
        corrects=known.row.number,
    )


def just_after(at: datetime) -> datetime:
    """Return the next instant: what is booked at this one belongs to before it."""
    return at + at.resolution
