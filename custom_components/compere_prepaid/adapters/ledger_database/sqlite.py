"""SQLite as the ledger's engine: everything that only SQLite needs is here.

Durability is a matter of settings. WAL with `synchronous=FULL` syncs the log at every commit; any
less loses acknowledged commits at a power cut. So the settings are read back after they were set,
and a database that does not take them is refused. One connection does all writing and all
checkpoints: concurrent ones are where SQLite has had its rare bugs, and Python's SQLite may be old.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
import os
from pathlib import Path
import sqlite3
from urllib.parse import quote

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event
from sqlalchemy.exc import DBAPIError

from ...core.errors import OperationFailedError
from .safekeeping import forbid_checkpoints, is_kept_still

BUSY_TIMEOUT_MS = 5000
"""How long a writer waits for another process, a backup tool for instance."""

_SETTINGS = {
    "journal_mode": "wal",
    "synchronous": "2",
    "foreign_keys": "1",
    "busy_timeout": str(BUSY_TIMEOUT_MS),
    "trusted_schema": "0",
    # Only macOS tells a drive's cache apart from the disk; elsewhere these two change nothing.
    "fullfsync": "1",
    "checkpoint_fullfsync": "1",
}
"""What the writing connection runs with, as SQLite reads it back."""

_KEYS: Mapping[str, str] = {
    "SQLITE_FULL": "ledger_disk_full",
    "SQLITE_BUSY": "ledger_locked",
    "SQLITE_LOCKED": "ledger_locked",
    "SQLITE_READONLY": "ledger_not_writable",
    "SQLITE_CANTOPEN": "ledger_not_writable",
    "SQLITE_PERM": "ledger_not_writable",
    "SQLITE_CORRUPT": "ledger_damaged",
    "SQLITE_NOTADB": "ledger_damaged",
}
"""What an error of SQLite means to people, by its primary code; others are unforeseen."""


class SqliteDatabase:
    """Implements `Database` for a file of SQLite."""

    errors: tuple[type[Exception], ...] = (DBAPIError, sqlite3.Error)
    engine_version = f"SQLite {sqlite3.sqlite_version}"

    def __init__(self, path: Path) -> None:
        """Keep books in this file."""
        self.path = path
        self.place = str(path)

    def is_missing(self) -> bool:
        """Tell whether there is no file."""
        return not self.path.exists()

    def open_writer(self) -> Engine:
        """Return an engine whose one connection writes; its file is created if there is none."""

        def connect() -> sqlite3.Connection:
            try:
                _make_folder(self.path.parent)
            except OSError as error:
                raise OperationFailedError(
                    "ledger_not_writable", path=self.place, error=error
                ) from error
            connection = sqlite3.connect(
                self.path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None
            )
            try:
                for name, wanted in _SETTINGS.items():
                    connection.execute(f"PRAGMA {name}={wanted}").close()
                self._verify_settings(connection)
                if is_kept_still(self.path):
                    forbid_checkpoints(connection)
            except BaseException:
                connection.close()
                raise
            return connection

        engine = _engine(connect, begin="BEGIN IMMEDIATE")
        event.listen(engine, "commit", _refuse_lost_transaction)
        event.listen(engine, "before_cursor_execute", _refuse_to_write_outside)
        return engine

    def open_reader(self) -> Engine:
        """Return an engine whose one connection can only read; each transaction is a snapshot."""

        def connect() -> sqlite3.Connection:
            connection = _open_to_read(self.path)
            connection.execute("PRAGMA query_only=1").close()
            connection.execute("PRAGMA trusted_schema=0").close()
            return connection

        return _engine(connect, begin="BEGIN")

    def prepare(self, connection: Connection) -> None:
        """Do nothing: a file has no more to it than its tables."""

    def keep_copy(self, engine: Engine, version: int) -> None:
        """Copy the file as it is to `<file>.v<version>`, beside it, durably and checked."""
        copy = self.path.with_name(f"{self.path.name}.v{version}")
        new = copy.with_name(f"{copy.name}.new")
        try:
            new.unlink(missing_ok=True)
            self._copy(engine, new)
            new.replace(copy)
            _sync_folder(copy.parent)
        except OSError as error:
            raise OperationFailedError("ledger_not_writable", path=new, error=error) from error

    def _copy(self, engine: Engine, new: Path) -> None:
        pooled = engine.raw_connection()
        try:
            pooled.cursor().execute("VACUUM INTO ?", (str(new),))
        finally:
            pooled.close()
        with closing(_open_to_read(new)) as kept:
            found = [line for (line,) in kept.execute("PRAGMA integrity_check(10)")]
        if found != ["ok"]:
            raise OperationFailedError("ledger_damaged", path=self.place, error="; ".join(found))
        with new.open("rb") as file:
            os.fsync(file.fileno())

    def damage(self, connection: Connection) -> tuple[str, ...]:
        """Return what the engine's own check finds wrong with the file, if anything."""
        found = connection.exec_driver_sql("PRAGMA integrity_check(10)").scalars()
        return tuple(f"database file: {line}" for line in found if line != "ok")

    def failure(self, error: Exception) -> OperationFailedError:
        """Translate an error of the database into one that says what is wrong."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        name = getattr(cause, "sqlite_errorname", "")
        primary = "_".join(name.split("_")[:2])
        return OperationFailedError(
            _KEYS.get(primary, "ledger_unavailable"),
            path=self.place,
            error=f"{cause} {name}".strip(),
        )

    def is_damage(self, error: DBAPIError) -> bool:
        """Tell whether an error of reading lies in the file.

        What Python's own layer cannot decode has no code of SQLite's.
        """
        name = getattr(error.orig, "sqlite_errorname", "")
        return not name or name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))

    def is_passing(self, error: DBAPIError) -> bool:
        """Hope for nothing: SQLite has waited already for who holds the file."""
        return False

    def is_unanswered(self, error: DBAPIError) -> bool:
        """Leave nothing open: a commit that fails was not done."""
        return False

    def _verify_settings(self, connection: sqlite3.Connection) -> None:
        """Read the settings back: SQLite ignores what it cannot do without a word."""
        for name, wanted in _SETTINGS.items():
            (found,) = connection.execute(f"PRAGMA {name}").fetchone()
            if str(found) != wanted:
                raise OperationFailedError(
                    "ledger_unsafe", path=self.place, setting=name, wanted=wanted, found=found
                )


def _engine(connect: Callable[[], sqlite3.Connection], begin: str) -> Engine:
    engine = create_engine("sqlite://", creator=connect, poolclass=StaticPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _open_to_read(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode=ro",
        uri=True,
        timeout=BUSY_TIMEOUT_MS / 1000,
        isolation_level=None,
    )


def _refuse_lost_transaction(connection: Connection) -> None:
    """Never take a transaction that SQLite has already rolled back for a commit.

    Some errors end the transaction at once; committing after that would succeed and keep nothing.
    """
    raw = connection.connection.driver_connection
    if raw is None or not raw.in_transaction:
        raise sqlite3.OperationalError("the transaction was rolled back")


def _refuse_to_write_outside(connection: Connection, _cursor: object, sql: str, *_: object) -> None:
    """Run nothing but its beginning outside a transaction: each statement would be kept alone."""
    if not sql.startswith("BEGIN"):
        _refuse_lost_transaction(connection)


def _make_folder(folder: Path) -> None:
    """Create the folder, durably: a power cut must not take it away with the ledger inside."""
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
