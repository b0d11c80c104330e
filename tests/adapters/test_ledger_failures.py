"""The ledger on bad days: no room, no permission, no peace; nothing is lost, and it goes on."""

from collections.abc import Callable
from contextlib import closing
import os
from pathlib import Path
import sqlite3
import tempfile

import pytest
from sqlalchemy import Engine

from custom_components.compere_prepaid.adapters.ledger_database import sqlite as engine_module
from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.core.errors import (
    LedgerReadOnlyError,
    OperationFailedError,
)
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from tests.adapters.ledger_books import (
    YUAN,
    agree,
    balance,
    fill,
    open_book,
    opened,
    refusal,
    top_up,
)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE transfer SET amount = amount + 1",
        "DELETE FROM transfer",
        "UPDATE charge SET to_wh = to_wh + 1",
        "DELETE FROM charge",
        "UPDATE document SET content = ''",
        "UPDATE term SET value = ''",
        "DELETE FROM bill_mark",
        "UPDATE hold SET released_at = NULL WHERE released_at IS NOT NULL",
        "UPDATE register_generation SET closed_wh = 9999 WHERE closed_at IS NOT NULL",
        "DELETE FROM hold",
    ],
)
async def test_sqlite_guards_history_itself(path: Path, statement: str) -> None:
    """Even another program that opens the file is told that history is append-only."""
    await fill(path)
    with closing(sqlite3.connect(path)) as raw, pytest.raises(sqlite3.IntegrityError):
        raw.execute(statement)


async def test_full_database_recovers(ledger: DatabaseLedger) -> None:
    """When there is no room the posting fails cleanly, and works again when there is."""
    await ledger.run(top_up("desk-1", 10))

    def limit(pages: int) -> Callable[[Engine], None]:
        def job(engine: Engine) -> None:
            with engine.connect() as connection:
                connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

        return job

    await ledger._writer.call(limit(1))  # SQLite takes the present size instead
    posted = 1
    error = None
    while error is None and posted < 1000:
        try:
            await ledger.run(top_up(f"desk-{posted + 1}", 10))
            posted += 1
        except OperationFailedError as failed:
            error = failed
    assert error is not None
    assert error.key == "ledger_disk_full"
    assert error.placeholders["path"] == str(ledger.path)
    assert await balance(ledger) == posted * 10 * YUAN
    await ledger._writer.call(limit(1_000_000))
    await ledger.run(top_up(f"desk-{posted + 1}", 10))
    assert await balance(ledger) == (posted + 1) * 10 * YUAN
    assert (await ledger.verify()).ok


async def test_locked_database_recovers(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process that holds the file makes a posting fail, not hang, and not for good."""
    monkeypatch.setitem(engine_module._SETTINGS, "busy_timeout", "50")
    ledger = await open_book(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert (await refusal(ledger.run(top_up("desk-1", 10)))).key == "ledger_locked"
        assert await balance(ledger) == 0
        other.execute("ROLLBACK")
    assert ledger.read_only_reason is None
    await ledger.run(top_up("desk-1", 10))
    assert await balance(ledger) == 10 * YUAN
    await ledger.close()


async def test_file_that_cannot_be_written_is_named() -> None:
    """A file without write permission is refused with its name, and stays as it is."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mall.db"
        await fill(path)
        content = path.read_bytes()
        path.chmod(0o444)
        path.parent.chmod(0o555)
        root = os.geteuid() == 0  # for whom permissions do not count
        if root:
            os.chown(path, 65534, 65534)
            os.chown(path.parent, 65534, 65534)
            os.seteuid(65534)
        try:
            error = await refusal(open_book(path))
        finally:
            if root:
                os.seteuid(0)
            path.parent.chmod(0o755)
        assert (error.key, error.placeholders["path"]) == ("ledger_not_writable", str(path))
        assert path.read_bytes() == content


async def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A ledger cannot lie beneath a file, nor be a folder."""
    (tmp_path / "notes").write_text("shopping list")
    for path in (tmp_path / "notes" / "mall.db", tmp_path):
        error = await refusal(open_book(path))
        assert (error.key, error.placeholders["path"]) == ("ledger_not_writable", str(path))


async def test_writes_refused_by_the_system_recover(ledger: DatabaseLedger) -> None:
    """A database that turns read-only under our hands fails cleanly and comes back."""

    def query_only(value: int) -> Callable[[Engine], None]:
        def job(engine: Engine) -> None:
            raw = engine.raw_connection()
            raw.cursor().execute(f"PRAGMA query_only={value}")
            raw.close()

        return job

    await ledger._writer.call(query_only(1))
    assert (await refusal(ledger.run(top_up("desk-1", 10)))).key == "ledger_not_writable"
    await ledger._writer.call(query_only(0))
    await ledger.run(top_up("desk-1", 10))
    assert await balance(ledger) == 10 * YUAN


async def test_foreign_file_is_left_alone(tmp_path: Path) -> None:
    """What is no database is refused, and neither moved nor overwritten."""
    path = tmp_path / "notes.txt"
    path.write_text("shopping list\n" * 500)
    assert (await refusal(open_book(path))).key == "ledger_damaged"
    assert path.read_text() == "shopping list\n" * 500


async def test_damaged_page_turns_the_ledger_read_only(path: Path) -> None:
    """A page of garbage is found by the check, and stops all writing."""
    await fill(path)
    with closing(sqlite3.connect(path)) as raw:
        (page,) = raw.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'hold'").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xa5" * 4096)
    ledger = await open_book(path)
    found = await ledger.verify()
    assert found.faults[0].startswith("database file: ")
    assert ledger.read_only_reason == found.faults[0]
    assert isinstance(await refusal(ledger.run(agree)), LedgerReadOnlyError)
    await ledger.close()


async def test_transaction_that_sqlite_ended_is_no_commit(ledger: DatabaseLedger) -> None:
    """If the database ended the transaction by itself, nobody is told that it was kept."""

    def work(tx: LedgerTransaction) -> None:
        top_up("desk-1", 10)(tx)
        tx._connection.exec_driver_sql("ROLLBACK")  # type: ignore[attr-defined]

    assert (await refusal(ledger.run(work))).key == "ledger_unavailable"
    assert await balance(ledger) == 0
    await ledger.run(top_up("desk-1", 10))
    assert await balance(ledger) == 10 * YUAN


async def test_text_that_is_none_is_a_fault(path: Path) -> None:
    """Bytes that no text can have are told as damage, not as a failure of the check."""
    await fill(path)
    with closing(sqlite3.connect(path, autocommit=True)) as raw:
        raw.execute("UPDATE hold SET reason = CAST(x'ff' AS TEXT) WHERE released_at IS NULL")
    async with opened(path) as ledger:
        found = await ledger.verify()
        assert found.faults[0].startswith("database file: Could not decode")
        assert ledger.read_only_reason == found.faults[0]
