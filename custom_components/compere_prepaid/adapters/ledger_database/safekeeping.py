"""Keeping a file of SQLite still while its files are copied one by one.

A checkpoint moves pages from the log (`-wal`) into the main file. Whoever copies both files while
that goes on gets a pair that never was. So while a backup copies, there are no checkpoints: the log
is emptied once, then the main file does not change and the log only grows, and any copy of both is
a moment that was. Commits go on as ever.

It is the file that is kept still, not a connection: a ledger that is closed and opened again
meanwhile must not begin to move pages either.
"""

from collections import Counter
from pathlib import Path
import sqlite3

from sqlalchemy import Engine

from ...core.errors import OperationFailedError

_USUAL_PAGES = 1000
"""SQLite's own custom: so many pages in the log make a checkpoint."""

_kept_still: Counter[Path] = Counter()
"""How many backups copy a file now."""


def is_kept_still(path: Path) -> bool:
    """Tell whether a backup copies this file now."""
    return _kept_still[path] > 0


def forbid_checkpoints(connection: sqlite3.Connection, *, forbid: bool = True) -> None:
    """Let a connection make no checkpoints, neither by the way nor when it is closed."""
    pages = 0 if forbid else _USUAL_PAGES
    connection.execute(f"PRAGMA wal_autocheckpoint={pages}").close()
    connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, forbid)


def keep_still(engine: Engine, path: Path) -> bool:
    """Begin to keep a file still; False while somebody reads from the log, so that it cannot be.

    Runs on the writing connection's thread and waits for nobody: payments go on.
    """
    if is_kept_still(path):
        _kept_still[path] += 1
        return True
    pooled = engine.raw_connection()
    try:
        raw = _raw(pooled.driver_connection)
        forbid_checkpoints(raw)
        (patience,) = raw.execute("PRAGMA busy_timeout").fetchone()
        raw.execute("PRAGMA busy_timeout=0").close()
        (busy, _, _) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        raw.execute(f"PRAGMA busy_timeout={patience}").close()
        if busy:
            forbid_checkpoints(raw, forbid=False)
            return False
    finally:
        pooled.close()
    _kept_still[path] += 1
    return True


def let_go(path: Path) -> bool:
    """Note that a backup is done with a file; True if it was the last one."""
    _kept_still[path] = max(0, _kept_still[path] - 1)
    return not is_kept_still(path)


def allow_checkpoints(engine: Engine) -> None:
    """Let a connection make checkpoints again, and make the one that is due."""
    pooled = engine.raw_connection()
    try:
        raw = _raw(pooled.driver_connection)
        forbid_checkpoints(raw, forbid=False)
        raw.execute("PRAGMA wal_checkpoint(PASSIVE)").close()
    finally:
        pooled.close()


def still_busy(path: Path) -> OperationFailedError:
    """Return the error of a file that could not be kept still in time."""
    return OperationFailedError("ledger_backup_busy", path=path)


def _raw(connection: object) -> sqlite3.Connection:
    if not isinstance(connection, sqlite3.Connection):
        raise TypeError(connection)
    return connection
