"""Issuing statements: each once, for ever. A correction is a new one that names the old one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from ..errors import InvalidInputError
from ..ids import AccountNumber
from ..ledger.account_rows import IssuedStatement, Tenancy
from ..ledger.ports import LedgerTransaction
from ..prepayment.book import AccountBook
from . import chain
from .chain import Standing
from .comparing import month_time
from .data import statement_data, statement_text
from .statement import Span, StatementMaker


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

    @property
    def there(self) -> Standing | None:
        """The one that is there already, unless it is to be corrected."""
        return self.known if self.span.corrects is None else None


def plans(
    tx: LedgerTransaction,
    tenancies: Sequence[Tenancy],
    now: datetime,
    zone: ZoneInfo,
    asked: Asked,
) -> Iterator[Plan]:
    """Yield what is to be issued to each account of a group.

    Raises `InvalidInputError`: `statement_told` (the month is on statements already),
    `statement_missing` (there is none to correct), `statement_followed` (another was issued after
    the one to correct), `statement_too_late` (the account came after that month).
    """
    last = tx.last_statements([tenancy.account for tenancy in tenancies])
    for tenancy in tenancies:
        row = last.get(tenancy.account)
        standing = None if row is None else Standing(row)
        yield _plan(tx, tenancy, standing, now, zone, asked)


def _plan(
    tx: LedgerTransaction,
    tenancy: Tenancy,
    last: Standing | None,
    now: datetime,
    zone: ZoneInfo,
    asked: Asked,
) -> Plan:
    account, month = tenancy.account, asked.month
    if month is None:
        return Plan(next_span(now, tenancy.opened_at, last), last)
    known = _of_month(chain.back_from(tx, last), month, zone)
    if asked.correct:
        return Plan(_corrected_span(tx, account, last, known, month), last, known)
    if known is not None:
        return Plan(Span(since=known.row.since, until=known.row.until), last, known)
    return Plan(_month_span(tenancy, last, month, zone), last)


def issue(
    tx: LedgerTransaction,
    tenancies: Sequence[Tenancy],
    at: datetime,
    book: AccountBook,
    user: str,
    asked: Asked = SINCE_LAST,
) -> Mapping[AccountNumber, IssuedStatement]:
    """Issue the statements of what came after the last ones, of a group of accounts.

    The one of a month is there once: asked for again it is the first one, and a correction in
    which nothing differs is the one that stands. Raises what `plans` raises.
    """
    planned = list(plans(tx, tenancies, at, book.zone, asked))
    issued = {one.there.row.account: one.there.row for one in planned if one.there is not None}
    waiting = [
        (tenancy, one)
        for tenancy, one in zip(tenancies, planned, strict=True)
        if tenancy.account not in issued
    ]
    made = statement_maker(book).make_all(tx, [(tenancy, one.span) for tenancy, one in waiting])
    for (tenancy, one), statement in zip(waiting, made, strict=True):
        last, known = one.last, one.known
        data = statement_data(statement, book.currency, book.zone)
        if known is not None and known.content["funds"] == data["funds"]:
            issued[tenancy.account] = known.row
            continue
        row = issued[tenancy.account] = IssuedStatement(
            account=tenancy.account,
            number=last.row.number + 1 if last else 1,
            since=one.span.since,
            until=one.span.until,
            issued_at=at,
            user=user,
            anchor=statement.anchor,
            content=statement_text(data),
        )
        tx.add(row)
    return issued


def of_month(
    tx: LedgerTransaction, account: AccountNumber, month: date, zone: ZoneInfo
) -> Standing | None:
    """Return the statement of a month that stands, if there is one."""
    return _of_month(chain.standing(tx, account), month, zone)


def _of_month(standing: Iterable[Standing], month: date, zone: ZoneInfo) -> Standing | None:
    """Return the one that ends with the month; contents are long, so others are not looked into."""
    _, end = month_time(month, zone)
    for one in standing:
        if one.row.until < end:
            return None
        if one.row.until == end and one.content.get("period", "") == f"{month:%Y-%m}":
            return one
    return None


def next_span(now: datetime, opened_at: datetime, last: Standing | None) -> Span:
    """Return the time since the last statement, or since the account was opened."""
    begin = last.row.until if last else opened_at
    return Span(since=begin, until=just_after(max(now, begin)), previous=last)


def _month_span(tenancy: Tenancy, last: Standing | None, month: date, zone: ZoneInfo) -> Span:
    """Return what the statement of a month is about: all that is not told yet, to its end."""
    begin, until = month_time(month, zone)
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
        previous=Standing(earlier) if earlier else None,
        period=month,
        corrects=known.row.number,
    )


def just_after(at: datetime) -> datetime:
    """Return the next instant: what is booked at this one belongs to before it."""
    return at + at.resolution
