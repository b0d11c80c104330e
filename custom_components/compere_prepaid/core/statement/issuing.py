"""Issuing statements: each once, for ever. A correction is a new one that names the old one."""

from dataclasses import dataclass
from datetime import date, datetime
import json
from zoneinfo import ZoneInfo

from ..errors import InvalidInputError
from ..ids import AccountNumber
from ..ledger.account_rows import IssuedStatement, Tenancy
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


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be issued to an account: a statement of a span, or one that is there already."""

    span: Span
    last: Standing | None
    """The latest one."""
    known: Standing | None = None
    """The one of the month."""
    is_there: bool = False
    """Whether that is it."""


def plan(
    tx: LedgerTransaction, tenancy: Tenancy, now: datetime, zone: ZoneInfo, asked: Asked
) -> Plan:
    """Return what is to be issued to an account.

    Raises `InvalidInputError`: `statement_told` (the month is on statements already),
    `statement_missing` (there is none to correct), `statement_followed` (another was issued after
    the one to correct), `statement_too_late` (the account came after that month).
    """
    account, month = tenancy.account, asked.month
    last = next(chain.standing(tx, account), None)
    if month is None:
        return Plan(next_span(now, tenancy.opened_at, last), last)
    known = of_month(tx, account, month)
    if asked.correct:
        return Plan(_corrected_span(tx, account, last, known, month), last, known)
    if known is not None:
        return Plan(Span(since=known.row.since, until=known.row.until), last, known, is_there=True)
    return Plan(_month_span(tenancy, last, month, zone), last)


def issue(slip: Slip, book: AccountBook, user: str, asked: Asked = SINCE_LAST) -> IssuedStatement:
    """Issue the statement of what came after the last one, in the slip's transaction.

    The one of a month is there once: asked for again it is the first one, and a correction in
    which nothing differs is the one that stands. Raises what `plan` raises.
    """
    tx, account = slip.tx, slip.account
    planned = plan(tx, slip.tenancy, slip.at, book.zone, asked)
    last, known = planned.last, planned.known
    if known is not None and planned.is_there:
        return known.row
    statement = statement_maker(book).make(tx, slip.tenancy, planned.span)
    data = statement_data(statement, book.currency, book.zone)
    if known is not None and known.content["funds"] == data["funds"]:
        return known.row
    row = IssuedStatement(
        account=account,
        number=last.row.number + 1 if last else 1,
        since=planned.span.since,
        until=planned.span.until,
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


def _month_span(tenancy: Tenancy, last: Standing | None, month: date, zone: ZoneInfo) -> Span:
    """Return what the statement of a month is about: all that is not told yet, to its end."""
    begin, until = month_span(month, zone)
    since = last.row.until if last else max(begin, tenancy.opened_at)
    name = f"{month:%Y-%m}"
    if since >= until and last is None:
        raise InvalidInputError("statement_too_late", account=tenancy.account, month=name)
    if since >= until and last is not None:
        raise InvalidInputError(
            "statement_told", account=tenancy.account, month=name, number=last.row.number
        )
    return Span(since=since, until=until, previous=last, period=month)


def _corrected_span(
    tx: LedgerTransaction,
    account: AccountNumber,
    last: Standing | None,
    known: Standing | None,
    month: date,
) -> Span:
    """Return what the corrected statement of a month is about."""
    name = f"{month:%Y-%m}"
    if known is None or last is None:
        raise InvalidInputError("statement_missing", account=account, month=name)
    if last.row.number != known.row.number:
        raise InvalidInputError(
            "statement_followed",
            account=account,
            month=name,
            number=known.row.number,
            last=last.row.number,
        )
    earlier = chain.before(tx, known)
    return Span(
        since=known.row.since,
        until=known.row.until,
        previous=Standing(earlier, json.loads(earlier.content)) if earlier else None,
        period=month,
        corrects=known.row.number,
    )


def just_after(at: datetime) -> datetime:
    """Return the next instant: what is booked at this one belongs to before it."""
    return at + at.resolution
