"""Changing a book behind the program's back, as somebody does who has the file."""

from contextlib import closing
from pathlib import Path
import sqlite3


def tamper(path: Path, statement: str) -> None:
    """Run a statement that the book's own rules would not allow."""
    with closing(sqlite3.connect(path, autocommit=True)) as raw:
        triggers = raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        before = raw.total_changes
        raw.execute(statement)
        assert raw.total_changes > before, "nothing was tampered with"


RICHER = "UPDATE transfer SET amount = amount * 2 WHERE code = 'opening'"
"""Doubles what tenants have paid in advance."""
