"""A site's ledger in a database.

All writing goes through one connection on one thread, and a write is told as done only after its
commit is on the disk. Reading has a connection of its own and never waits for a writer. Of several
instances on one database only the one that opened it last may write: opening takes the lease over
by raising its epoch, which every write compares.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
import sqlite3
from typing import Self
from uuid import uuid4

from sqlalchemy import Connection, Engine, RowMapping, insert, inspect, select, update
from sqlalchemy.exc import DBAPIError

from ...core.clock import Clock
from ...core.errors import InvalidInputError, LedgerReadOnlyError, OperationFailedError
from ...core.ledger.chain import GENESIS
from ...core.ledger.ports import LedgerTransaction
from ...core.money.amount import Currency
from ..ledger_checker.checker import Verification, check, unreadable
from .append_only import guards
from .columns import metadata
from .connection_thread import ConnectionThread
from .engine import damage, failure, is_damage, open_reader, open_writer
from .tables import SCHEMA_VERSION, book, chain_head
from .transaction import DatabaseTransaction

_NO_EPOCH = 0
"""A lease that nobody ever holds: readers write nothing."""


class DatabaseLedger:
    """Implements `Ledger` for one site. Build it with `DatabaseLedger.open`."""

    def __init__(self, path: Path, site: str) -> None:
        """Prepare threads and connections; nothing is opened yet."""
        self.path = path
        self.is_new = False
        """Whether the book was created by this opening: a surprise where one was expected."""
        self._site = site
        self._epoch = _NO_EPOCH
        self._refusal: LedgerReadOnlyError | None = None
        self._writer = ConnectionThread("compere_ledger", lambda: open_writer(path))
        self._reader = ConnectionThread("compere_ledger_read", lambda: open_reader(path))

    @property
    def refusal(self) -> LedgerReadOnlyError | None:
        """What all writes are refused with, or None while they are not."""
        return self._refusal

    @property
    def read_only_reason(self) -> str | None:
        """Why all writes are refused, or None while they are not."""
        if self._refusal is None:
            return None
        return self._refusal.placeholders.get("reason", str(self._refusal))

    @classmethod
    async def open(
        cls, *, path: Path, site: str, currency: Currency, clock: Clock, holder: str
    ) -> Self:
        """Open a site's book, creating it if there is none, and take over the right to write.

        Raises `InvalidInputError` (`ledger_other_currency`) and `OperationFailedError`
        (`ledger_newer`, `ledger_unsafe`, `ledger_damaged`, `ledger_locked`, `ledger_disk_full`,
        `ledger_not_writable`, `ledger_unavailable`).
        """
        ledger = cls(path, site)
        try:
            await ledger._writer.call(
                lambda engine: ledger._guarded(
                    lambda: ledger._take(engine, currency, clock, holder)
                )
            )
        except BaseException:
            await ledger.close()
            raise
        return ledger

    async def close(self) -> None:
        """Finish what was asked for and close the database."""
        await self._reader.close()
        await self._writer.close()

    async def run[T](self, work: Callable[[LedgerTransaction], T]) -> T:
        """Run `work` in one transaction and commit it durably before returning."""
        return await self._writer.call(
            lambda engine: self._guarded(lambda: self._write(engine, work))
        )

    async def read[T](self, query: Callable[[LedgerTransaction], T]) -> T:
        """Run a query that writes nothing, on a snapshot; works on a read-only ledger too."""

        def job(engine: Engine) -> T:
            with engine.begin() as connection:
                transaction = DatabaseTransaction(connection, self._site, _NO_EPOCH)
                result = query(transaction)
                transaction.flush()  # the connection refuses what a query should not do
            return result

        return await self._reader.call(lambda engine: self._guarded(lambda: job(engine)))

    async def verify(self) -> Verification:
        """Run the independent checker over the whole book; faults make the ledger read-only."""
        # A long snapshot on a thread of its own: neither postings nor other reads wait for it.
        thread = ConnectionThread("compere_ledger_check", lambda: open_reader(self.path))

        def job(engine: Engine) -> Verification:
            try:
                with engine.begin() as connection:
                    return check(connection, self._site, damage(connection))
            except DBAPIError as error:
                if is_damage(error):
                    return unreadable(f"database file: {error.orig}")
                raise

        try:
            found = await thread.call(lambda engine: self._guarded(lambda: job(engine)))
        finally:
            await thread.close()
        if not found.ok:
            self.make_read_only(found.faults[0])
        return found

    def make_read_only(self, reason: str) -> None:
        """Refuse all writes from now on; the first reason is kept."""
        if self._refusal is None:
            self._refusal = LedgerReadOnlyError("ledger_read_only", reason=reason)

    def _take(self, engine: Engine, currency: Currency, clock: Clock, holder: str) -> None:
        """Create or compare the book, and raise the epoch of its lease."""
        head, mine, now = chain_head, chain_head.c.site == self._site, clock.now()
        with engine.begin() as connection:
            found = self._book(connection)
            if found is not None:
                self._compare(found, currency)
            metadata.create_all(connection)
            if found is None:
                for guard in guards(connection.dialect.name):
                    connection.exec_driver_sql(guard)
            if found is None:
                self.is_new = True
                self._create(connection, currency, now)
            lease = {"epoch": head.c.epoch + 1, "holder": holder, "taken_at": now}
            connection.execute(update(head).where(mine).values(lease))
            self._epoch = connection.execute(select(head.c.epoch).where(mine)).scalar_one()

    def _book(self, connection: Connection) -> RowMapping | None:
        """Return the site's book, if there is one."""
        if not inspect(connection).has_table(book.name):
            return None
        query = select(book).where(book.c.site == self._site)
        return connection.execute(query).mappings().first()

    def _compare(self, found: RowMapping, currency: Currency) -> None:
        """Refuse a book that this program, or this site, cannot continue."""
        if found["schema_version"] > SCHEMA_VERSION:
            raise OperationFailedError(
                "ledger_newer",
                path=self.path,
                version=found["schema_version"],
                known=SCHEMA_VERSION,
            )
        if (found["currency"], found["scale"]) != (currency.code, currency.scale):
            raise InvalidInputError(
                "ledger_other_currency",
                path=self.path,
                currency=currency.code,
                found=found["currency"],
            )

    def _create(self, connection: Connection, currency: Currency, now: datetime) -> None:
        """Begin a book and its chain."""
        title = {
            "site": self._site,
            "currency": currency.code,
            "scale": currency.scale,
            "kind": "real",
            "created_at": now,
            "schema_version": SCHEMA_VERSION,
        }
        connection.execute(insert(book).values(title))
        head = {"site": self._site, "seq": 0, "hash": GENESIS}
        nobody = {"epoch": _NO_EPOCH, "holder": "", "taken_at": now}
        connection.execute(insert(chain_head).values(head | nobody))

    def _write[T](self, engine: Engine, work: Callable[[LedgerTransaction], T]) -> T:
        if self._refusal is not None:
            raise self._refusal.with_traceback(None)  # raised often, it must not grow
        with engine.begin() as connection:
            transaction = DatabaseTransaction(connection, self._site, self._epoch)
            transaction.claim()
            result = work(transaction)
            transaction.seal(uuid4().hex)
        return result

    def _guarded[T](self, job: Callable[[], T]) -> T:
        """Run a job on the database and translate what goes wrong with it."""
        try:
            return job()
        except LedgerReadOnlyError as error:
            self._refusal = self._refusal or error
            raise
        except (DBAPIError, sqlite3.Error) as error:
            found = failure(error, self.path)
            if found.key == "ledger_damaged":
                self.make_read_only(str(found))
            raise found from error
