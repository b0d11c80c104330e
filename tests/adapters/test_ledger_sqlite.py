"""What only SQLite has: settings that make it durable, a log beside the file."""

from pathlib import Path
import sqlite3

from sqlalchemy import Engine

from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from tests.adapters.ledger_books import CNY, SITE, StepClock, open_book, refusal


async def test_writer_runs_with_durable_settings(ledger: DatabaseLedger) -> None:
    """The writing connection has what a power cut demands, as SQLite itself tells."""

    def ask(engine: Engine) -> dict[str, object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "trusted_schema")
        with engine.begin() as connection:
            return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names}

    assert await ledger._writer.call(ask) == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 5000,
        "trusted_schema": 0,
    }


async def test_database_without_a_durable_log_is_refused() -> None:
    """A database that cannot do WAL (here: one in memory) is not taken for a ledger."""
    error = await refusal(open_book(Path(":memory:")))
    assert error.key == "ledger_unsafe"
    assert error.placeholders["setting"] == "journal_mode"
    assert error.placeholders["found"] == "memory"


async def test_closing_leaves_one_whole_file(path: Path) -> None:
    """After a clean end there is no log beside the file."""
    ledger = await open_book(path)
    assert path.with_name("mall.db-wal").exists()
    await ledger.close()
    assert [file.name for file in path.parent.iterdir()] == ["mall.db"]


async def test_missing_file_is_not_made_where_a_book_must_be(path: Path) -> None:
    """Where a book was, an empty one is not begun in its place; not even a folder is made."""
    opening = DatabaseLedger.open(
        place=path, site=SITE, currency=CNY, clock=StepClock(), holder="test", may_create=False
    )
    error = await refusal(opening)
    assert (error.key, error.placeholders) == ("ledger_missing", {"path": str(path)})
    assert not path.parent.exists()


async def test_engine_tells_its_version(ledger: DatabaseLedger) -> None:
    """Support sees which SQLite it is: old ones have rare bugs."""
    assert ledger.engine_version == f"SQLite {sqlite3.sqlite_version}"
