"""A site's ledger in a database.

All writing goes through one connection on one thread, and a write is told as done only after its
commit is durable. Reading has a connection of its own and never waits for a writer. Of several
instances on one database only the one that opened it last may write: opening takes the lease over
by raising its epoch, which every write compares.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
import time
from typing import Self

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from ...core.clock import Clock
from ...core.errors import LedgerReadOnlyError, OperationFailedError
from ...core.ledger.ports import LedgerTransaction
from ...core.ledger.records import BookKind
from ...core.money.amount import Currency
from ..ledger_checker.apart import LARGE, check_apart
from ..ledger_checker.checker import Verification, check, unreadable
from .connection_thread import ConnectionThread
from .database import Database
from .opening import Claim, rehearse, take_over
from .postgresql import PostgresqlDatabase, is_url
from .rows import Scope
from .safekeeping import allow_checkpoints, keep_still, let_go, still_busy
from .sqlite import SqliteDatabase
from .transaction import DatabaseTransaction
from .writing import Writer, persist

_FREEZE_STEP_S = 0.1


def database_at(place: Path | str) -> Database:
    """Return the database at a path or URL; raises `InvalidInputError` (`ledger_url_invalid`)."""
    if isinstance(place, str) and is_url(place):
        return PostgresqlDatabase(place)
    return SqliteDatabase(Path(place))


class DatabaseLedger:
    """Implements `Ledger` for one site. Build it with `DatabaseLedger.open`."""

    def __init__(self, database: Database, site: str) -> None:
        """Prepare threads and connections; nothing is opened yet."""
        self.is_new = False
        """Whether the book was created by this opening: a surprise where one was expected."""
        self._database = database
        self._site = site
        self._address = ""
        """The place as it was given: it may hold a password."""
        self._refusal: LedgerReadOnlyError | None = None
        self._writer = ConnectionThread("compere_ledger", database.open_writer)
        self._reader = ConnectionThread("compere_ledger_read", database.open_reader)
        self._examiners: set[ConnectionThread] = set()
        """The threads of long reads that go on or are ending."""

    @property
    def path(self) -> Path | None:
        """The ledger's file, if it is one on this machine."""
        return self._database.path

    @property
    def engine_version(self) -> str:
        """Name and version of the database engine."""
        return self._database.engine_version

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
        cls,
        *,
        place: Path | str,
        site: str,
        currency: Currency,
        clock: Clock,
        holder: str,
        may_create: bool = True,
        kind: BookKind = BookKind.REAL,
    ) -> Self:
        """Open a site's book and take over the right to write.

        `place` is the path of a file or the URL of a PostgreSQL database. If there is no book, one
        is begun if it may. Raises `InvalidInputError` (`ledger_url_invalid`,
        `ledger_other_currency`, `ledger_other_kind`) and `OperationFailedError` (`ledger_missing`,
        `ledger_newer`, `ledger_unsafe`, `ledger_damaged`, `ledger_locked`, `ledger_busy`,
        `ledger_disk_full`, `ledger_not_writable`, `ledger_unavailable`).
        """
        database = database_at(place)
        ledger = cls(database, site)
        ledger._address = str(place)
        claim = Claim(site=site, currency=currency, holder=holder, may_create=may_create, kind=kind)
        try:
            await ledger._writer.call(lambda engine: ledger._take(engine, claim, clock))
        except BaseException:
            await ledger.close()
            raise
        return ledger

    @classmethod
    async def rehearse(
        cls,
        *,
        place: Path | str,
        site: str,
        currency: Currency,
        kind: BookKind = BookKind.REAL,
    ) -> None:
        """Find out whether a site's book could be opened at a place, without changing anything.

        Raises what `open` raises. No lease is taken: whoever has the book goes on with it.
        """
        database = database_at(place)
        ledger = cls(database, site)
        claim = Claim(site=site, currency=currency, holder="", may_create=True, kind=kind)
        try:
            await ledger._writer.call(
                lambda engine: ledger._guarded(lambda: rehearse(database, engine, claim))
            )
        finally:
            await ledger.close()

    async def close(self) -> None:
        """Finish what was asked for and close the database, the writing connection last.

        What SQLite has beside its file goes into it then.
        """
        for thread in (self._reader, *self._examiners, self._writer):
            await thread.close()

    async def run[T](self, work: Callable[[LedgerTransaction], T]) -> T:
        """Run `work` in one transaction and commit it durably before returning."""
        return await self._writer.call(
            lambda engine: self._guarded(lambda: self._write(engine, work))
        )

    async def read[T](self, query: Callable[[LedgerTransaction], T]) -> T:
        """Run a query that writes nothing, on a snapshot; works on a read-only ledger too."""

        def job(engine: Engine) -> T:
            with engine.begin() as connection:
                transaction = DatabaseTransaction(Scope(connection, self._site))
                result = query(transaction)
                transaction.flush()  # the connection refuses what a query should not do
            return result

        return await self._reader.call(lambda engine: self._guarded(lambda: job(engine)))

    async def survey[T](self, query: Callable[[LedgerTransaction], T]) -> T:
        """Run a query that takes long, on a snapshot; nobody else who reads waits for it."""
        return await self.examine(
            lambda connection, site: query(DatabaseTransaction(Scope(connection, site)))
        )

    async def verify(self) -> Verification:
        """Run the independent checker over the whole book; faults make the ledger read-only."""
        if await self._is_large():
            found = await check_apart(self._address, self._site, self._database.place)
        else:
            found = await self._check_here()
        if not found.ok:
            self.make_read_only(found.faults[0])
        return found

    async def _is_large(self) -> bool:
        """Tell whether checking takes so long that it is not done in this process."""
        try:
            return await self.read(lambda tx: tx.head().seq) > LARGE
        except OperationFailedError:
            return False  # the check will say what is wrong

    async def _check_here(self) -> Verification:
        database = self._database

        def work(connection: Connection, site: str) -> Verification:
            try:
                return check(connection, site, database.damage(connection))
            except DBAPIError as error:
                if database.is_damage(error):
                    return unreadable(f"database file: {error.orig}")
                raise

        return await self.examine(work)

    async def examine[T](self, work: Callable[[Connection, str], T]) -> T:
        """Look at this site's rows on a snapshot, on a thread of its own, for as long as it takes.

        Neither postings nor other reads wait for it.
        """
        if self._reader.closed:
            raise OperationFailedError("ledger_closed")
        thread = ConnectionThread("compere_ledger_long_read", self._database.open_reader)
        self._examiners.add(thread)

        def job(engine: Engine) -> T:
            with engine.connect() as connection:  # nothing to commit, and damage cannot be
                return work(connection, self._site)

        try:
            return await thread.call(lambda engine: self._guarded(lambda: job(engine)))
        finally:
            await thread.close()
            self._examiners.discard(thread)

    async def freeze(self, patience_s: float = 300) -> None:
        """Keep the ledger's files still, so that a backup can copy them; business goes on.

        Each call wants a `thaw`. Raises `OperationFailedError` (`ledger_backup_busy`) if somebody
        reads the ledger all the time. PostgreSQL has backups of its own.
        """
        path, end = self.path, time.monotonic() + patience_s
        if path is None:
            return
        while not await self._on_writer(lambda engine: keep_still(engine, path)):
            if time.monotonic() >= end:
                raise still_busy(path)
            await asyncio.sleep(_FREEZE_STEP_S)

    async def thaw(self) -> None:
        """Let the ledger's files change again; a ledger that was closed meanwhile just notes it."""
        if self.path is not None and let_go(self.path) and not self._writer.closed:
            await self._on_writer(allow_checkpoints)

    async def _on_writer[T](self, job: Callable[[Engine], T]) -> T:
        return await self._writer.call(lambda engine: self._guarded(lambda: job(engine)))

    def make_read_only(self, reason: str) -> None:
        """Refuse all writes from now on; the first reason is kept."""
        if self._refusal is None:
            self._refusal = LedgerReadOnlyError("ledger_read_only", reason=reason)

    def _take(self, engine: Engine, claim: Claim, clock: Clock) -> None:
        """Open the book and take its lease."""
        lease = self._guarded(lambda: take_over(self._database, engine, claim, clock.now()))
        self.is_new = lease.is_new
        self._writes = Writer(self._database, engine, self._site, lease.epoch)

    def _write[T](self, engine: Engine, work: Callable[[LedgerTransaction], T]) -> T:
        if self._refusal is not None:
            raise self._refusal.with_traceback(None)  # raised often, it must not grow
        return self._writes.run(work)

    def _guarded[T](self, job: Callable[[], T]) -> T:
        """Run a job on the database and translate what goes wrong with it."""
        try:
            return persist(self._database, job)
        except LedgerReadOnlyError as error:
            self._refusal = self._refusal or error
            raise
        except self._database.errors as error:
            found = self._database.failure(error)
            if found.key == "ledger_damaged":
                self.make_read_only(str(found))
            raise found from error
