"""Taking a site's book over: finding, making or raising it, and the lease on it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, RowMapping, insert, select, update

from ...core.errors import InvalidInputError, OperationFailedError
from ...core.ledger.chain import GENESIS
from ...core.ledger.records import BookKind
from ...core.money.amount import Currency
from .database import Database
from .migrations import VERSION, make_tables, note_version, raise_books, version_of
from .tables import book, chain_head


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who wants to write which book."""

    site: str
    currency: Currency
    holder: str
    may_create: bool
    """Whether a book is begun where there is none."""
    kind: BookKind = BookKind.REAL


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write a book, until somebody takes it over."""

    epoch: int
    is_new: bool
    """Whether the book was begun by this."""


def take_over(database: Database, engine: Engine, claim: Claim, now: datetime) -> Lease:
    """Make the book ready and take its lease, in one transaction."""
    if not claim.may_create and database.is_missing():
        raise OperationFailedError("ledger_missing", path=database.place)
    with engine.connect() as connection:
        version = version_of(connection)
    if version is not None and version < VERSION:
        database.keep_copy(engine, version)
    with engine.begin() as connection:
        found = _prepare(database, connection, claim, now)
        if found is not None:
            _compare(database, found, claim)
        elif claim.may_create:
            _create(connection, claim, now)
        else:
            raise OperationFailedError("ledger_missing", path=database.place)
        mine = chain_head.c.site == claim.site
        lease = {"epoch": chain_head.c.epoch + 1, "holder": claim.holder, "taken_at": now}
        connection.execute(update(chain_head).where(mine).values(lease))
        epoch = connection.execute(select(chain_head.c.epoch).where(mine)).scalar_one()
    return Lease(epoch, found is None)


def rehearse(database: Database, engine: Engine, claim: Claim) -> None:
    """Find out whether the book could be kept here, and keep nothing of it.

    Tables are made and taken back; a book that is there is compared, and its lease left alone.
    """
    with engine.connect() as connection:
        version = version_of(connection)
        if version is None:
            database.prepare(connection)
            make_tables(connection)
        else:
            _refuse_newer(database, version)
            if (found := _book(connection, claim.site)) is not None:
                _compare(database, found, claim)
        connection.rollback()


def _prepare(
    database: Database, connection: Connection, claim: Claim, now: datetime
) -> RowMapping | None:
    """Bring the tables to the present version; return the site's book, if there is one."""
    version = version_of(connection)
    if version is None:
        database.prepare(connection)
        make_tables(connection)
    else:
        _refuse_newer(database, version)
        if version < VERSION:
            raise_books(connection, version, claim.holder, now)
    return _book(connection, claim.site)


def _book(connection: Connection, site: str) -> RowMapping | None:
    return connection.execute(select(book).where(book.c.site == site)).mappings().first()


def _refuse_newer(database: Database, version: int) -> None:
    """Refuse what only a newer program understands."""
    if version > VERSION:
        raise OperationFailedError(
            "ledger_newer", path=database.place, version=version, known=VERSION
        )


def _compare(database: Database, found: RowMapping, claim: Claim) -> None:
    """Refuse a book that is kept in another currency, or of another kind of money."""
    currency = claim.currency
    if found["kind"] != claim.kind:
        raise InvalidInputError("ledger_other_kind", path=database.place, kind=found["kind"])
    if (found["currency"], found["scale"]) != (currency.code, currency.scale):
        raise InvalidInputError(
            "ledger_other_currency",
            path=database.place,
            currency=currency.code,
            found=found["currency"],
        )


def _create(connection: Connection, claim: Claim, now: datetime) -> None:
    """Begin a book and its chain."""
    title = {
        "site": claim.site,
        "currency": claim.currency.code,
        "scale": claim.currency.scale,
        "kind": claim.kind.value,
        "created_at": now,
        "schema_version": VERSION,
    }
    connection.execute(insert(book).values(title))
    head = {"site": claim.site, "seq": 0, "hash": GENESIS}
    nobody = {"epoch": 0, "holder": "", "taken_at": now}
    connection.execute(insert(chain_head).values(head | nobody))
    note_version(connection, claim.site, 0, now)
