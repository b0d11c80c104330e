"""Files that hold a ledger: checking one that nobody has open, and putting files in place."""

import asyncio
from contextlib import closing, suppress
import os
from pathlib import Path
import sqlite3
from urllib.parse import quote

from sqlalchemy.exc import DBAPIError

from ...core.errors import OperationFailedError
from ..ledger_checker.apart import LARGE, check_apart
from ..ledger_checker.checker import Verification, check, unreadable
from ..ledger_database.sqlite import SqliteDatabase

SUFFIXES = ("-wal", "-shm", "")
"""What a ledger's files are called behind its name: the log first, the main file last."""


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open a file of SQLite to read only."""
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)


async def check_file(path: Path, site: str) -> Verification:
    """Check a site's book in a file that nobody writes; a large one in processes of its own.

    Raises `OperationFailedError` if it cannot be opened at all.
    """
    found = await asyncio.to_thread(_check_small, path, site)
    return await check_apart(str(path), site, str(path)) if found is None else found


def _check_small(path: Path, site: str) -> Verification | None:
    """Check a book here; None for a large one."""
    database = SqliteDatabase(path)
    engine = database.open_reader()
    query = "SELECT COALESCE(MAX(seq), 0) FROM transfer"
    try:
        with engine.begin() as connection:
            if connection.exec_driver_sql(query).scalar_one() > LARGE:
                return None
            return check(connection, site, database.damage(connection))
    except DBAPIError as error:
        if database.is_damage(error):
            return unreadable(f"database file: {error.orig}")
        raise database.failure(error) from error
    finally:
        engine.dispose()


def copy_by_engine(path: Path, target: Path) -> None:
    """Write a compact copy of a ledger as it is at this moment, durably. Blocks; writers go on."""
    target.unlink(missing_ok=True)
    with closing(open_to_read(path)) as raw:
        raw.execute("VACUUM INTO ?", (str(target),)).close()
    sync(target)


def sync(path: Path) -> None:
    """Put a file's content, or a folder's names, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def discard(path: Path) -> None:
    """Delete a ledger's files, whichever there are, as far as that can be done."""
    for suffix in SUFFIXES:
        with suppress(OSError):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def not_possible(key: str, path: Path, error: Exception) -> OperationFailedError:
    """Return the error of files that could not be written or read."""
    return OperationFailedError(key, path=path, error=error)
