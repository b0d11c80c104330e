"""Books of earlier versions: raised as a whole, continued as if they had always been new."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
import sqlite3

import pytest
from sqlalchemy import Connection

from custom_components.compere_prepaid.adapters.ledger_database import migrations
from custom_components.compere_prepaid.adapters.ledger_database.migrations import VERSION
from custom_components.compere_prepaid.core.ids import TransferId
from custom_components.compere_prepaid.core.ledger.chain import GENESIS
from tests.adapters.camera import Camera
from tests.adapters.ledger_books import (
    METER,
    SITE,
    YUAN,
    balance,
    fill,
    open_book,
    opened,
    refusal,
    top_up,
    use,
)

BOOKS = sorted((Path(__file__).parent / "books").glob("v*.sql"))
"""A real book of each earlier version: what `full_story` wrote at that time."""

BALANCE = (200 + 50 + 40) * YUAN - 700 * 617_300 - 250 * 987_600 - 90 * 617_300


@pytest.fixture(params=BOOKS, ids=lambda book: book.stem)
def old(request: pytest.FixtureRequest, path: Path) -> Path:
    """Return the path of an earlier version's book."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript(request.param.read_text())
        raw.execute("PRAGMA journal_mode=WAL")
    return path


def version_of(path: Path) -> int:
    """Return the version that a book says it has."""
    with closing(sqlite3.connect(path)) as raw:
        ((version,),) = raw.execute("SELECT DISTINCT schema_version FROM book").fetchall()
        return int(version)


def shape(path: Path) -> dict[str, object]:
    """Return all that a database's tables, indexes and triggers are, apart from columns' order."""
    found: dict[str, object] = {}
    with closing(sqlite3.connect(path)) as raw:
        things = raw.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema").fetchall()
        for kind, name, table, sql in things:
            if kind == "trigger":
                found[name] = (table, " ".join(sql.split()))
            elif kind == "table":
                columns = raw.execute(f"PRAGMA table_xinfo('{name}')").fetchall()
                keys = raw.execute(f"PRAGMA foreign_key_list('{name}')").fetchall()
                indexes = raw.execute(f"PRAGMA index_list('{name}')").fetchall()
                found[name] = {
                    "columns": sorted(column[1:] for column in columns),
                    "foreign keys": sorted(key[2:] for key in keys),
                    "indexes": sorted(
                        (
                            *index[2:],
                            *(row[2] for row in raw.execute(f"PRAGMA index_info('{index[1]}')")),
                        )
                        for index in indexes
                    ),
                    "strict": raw.execute(f"PRAGMA table_list('{name}')").fetchall()[0][3:],
                }
    return found


async def test_old_book_becomes_a_present_one(old: Path, tmp_path: Path) -> None:
    """After opening, nothing in the file's make tells that it was ever older."""
    version = version_of(old)
    async with opened(old) as ledger:
        assert not ledger.is_new
        assert await balance(ledger) == BALANCE
        assert (await ledger.verify()).faults == ()
    await fill(tmp_path / "new.db")
    assert shape(old) == shape(tmp_path / "new.db")
    assert version_of(old) == VERSION
    with closing(sqlite3.connect(old)) as raw:
        rows = raw.execute(
            "SELECT site, version, seq FROM migration WHERE version > ? ORDER BY version",
            (version,),
        ).fetchall()
        ((site, seq),) = raw.execute("SELECT site, seq FROM chain_head").fetchall()
        assert rows == [(site, step, seq) for step in range(version + 1, VERSION + 1)]
        with pytest.raises(sqlite3.IntegrityError, match="multiplier"):
            raw.execute(
                "INSERT INTO register_generation (site, meter, generation, start_wh, start_at, "
                "multiplier) VALUES (?, 'x', 1, 0, 0, 0)",
                (SITE,),
            )


async def test_old_book_is_continued(old: Path) -> None:
    """An old request is still the same request; new charges follow the old ones without a gap."""
    async with opened(old) as ledger:
        first = await ledger.read(lambda tx: tx.find_transfer(TransferId("top:desk-1:A-101")))
        again = await ledger.run(top_up("desk-1", 200))
        assert again.replayed
        assert again.transfer == first
        error = await refusal(ledger.run(top_up("desk-1", 201)))
        assert error.key == "reference_reused"
        for work in (top_up("desk-3", 10), use(10, "flat"), use(20, "peak")):
            await ledger.run(work)
        assert await balance(ledger) == BALANCE + 10 * YUAN - 10 * 617_300 - 20 * 987_600
        generation = await ledger.read(lambda tx: tx.generation(METER))
        assert generation is not None
        assert (generation.multiplier, generation.reason) == (1, "")
        assert (await ledger.verify()).faults == ()
    async with opened(old) as ledger:
        assert (await ledger.verify()).faults == ()


async def test_copy_of_the_old_book_is_kept(old: Path) -> None:
    """Beside the raised book lies the old one, whole, for whoever must go back."""
    before, version = shape(old), version_of(old)
    async with opened(old):
        pass
    copy = old.with_name(f"{old.name}.v{version}")
    assert shape(copy) == before
    assert version_of(copy) == version
    assert sorted(file.name for file in old.parent.iterdir()) == [old.name, copy.name]


async def test_all_books_of_a_file_are_raised_together(old: Path) -> None:
    """Another site's program loses its lease: it must not go on writing by older rules."""
    version = version_of(old)
    with closing(sqlite3.connect(old, autocommit=True)) as raw:
        raw.execute(
            "INSERT INTO book SELECT 'lakeside', currency, scale, kind, created_at, schema_version "
            "FROM book"
        )
        raw.execute(
            "INSERT INTO chain_head (site, seq, hash, epoch, holder, taken_at) "
            "VALUES ('lakeside', 0, ?, 7, 'old', 0)",
            (GENESIS,),
        )
    await (await open_book(old, holder="new")).close()
    with closing(sqlite3.connect(old)) as raw:
        (lease,) = raw.execute("SELECT epoch, holder FROM chain_head WHERE site = 'lakeside'")
        assert lease == (8, "new")
        noted = raw.execute(
            "SELECT version, seq FROM migration WHERE site = 'lakeside' ORDER BY version"
        ).fetchall()
        assert noted == [(step, 0) for step in range(version + 1, VERSION + 1)]
    lakeside = await open_book(old, "lakeside")
    await lakeside.run(lambda tx: tx.demand(METER))
    await lakeside.close()


async def test_step_that_fails_leaves_the_old_book(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error at the end of raising takes all of it back; the next opening does it."""
    before, version = shape(old), version_of(old)

    def fail(_: Connection) -> None:
        raise sqlite3.OperationalError("no more room")

    monkeypatch.setattr(migrations, "make_tables", fail)
    assert (await refusal(open_book(old))).key == "ledger_unavailable"
    assert (shape(old), version_of(old)) == (before, version)
    monkeypatch.undo()
    async with opened(old) as ledger:
        assert await balance(ledger) == BALANCE


async def test_book_is_not_raised_without_its_copy(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no room for the copy, the book stays as it is."""
    before = shape(old)
    old.with_name(f"{old.name}.v{version_of(old)}.new").mkdir()
    error = await refusal(open_book(old))
    assert error.key == "ledger_not_writable"
    assert shape(old) == before


async def test_killed_at_each_step_of_raising(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Callable[[str], None]
) -> None:
    """A kill leaves the old book or the new one, and either goes on to the same end."""
    camera = Camera(old, tmp_path / "images")
    camera.folder.mkdir()
    version = version_of(old)
    camera.watch(monkeypatch)
    ledger = await open_book(old)
    camera.shoot()
    await ledger.close()
    camera.shoot()
    monkeypatch.undo()
    left = []
    for image, _ in camera.images.values():
        left.append(version_of(image))
        async with opened(image) as ledger:
            assert await balance(ledger) == BALANCE
            assert (await ledger.verify()).faults == ()
        assert shape(image) == shape(old)
    assert set(left) == {version, VERSION}
    figure(
        f"raising a book of version {version}: {camera.shots} crash points, {len(left)} different "
        f"images: {left.count(version)} old, {left.count(VERSION)} new, 0 between"
    )
    assert camera.shots > 200
