"""Backups: files that are copied one by one, slowly, while money is booked, still fit together."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path
import shutil
import sqlite3
import time

from homeassistant.components.backup.const import DATA_MANAGER
from homeassistant.components.backup.manager import BackupManager, BackupManagerError
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from benchmarks.stage.big_book import SITE, write_big_book
from custom_components.compere_prepaid.adapters.ledger_checker.checker import check
from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.adapters.ledger_database.safekeeping import is_kept_still
from custom_components.compere_prepaid.adapters.ledger_database.sqlite import SqliteDatabase
from custom_components.compere_prepaid.backup import LONGEST, note_of
from custom_components.compere_prepaid.core.ledger.accounts import CASH
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.adapters.ledger_books import open_book, opened, refusal, top_up
from tests.site_fixtures import one_line_mall, running_site

ROUNDS = 12
_CHUNK = 65_536
_PAUSE_S = 0.008


class Business:
    """Books as fast as it can, and remembers what was acknowledged."""

    def __init__(self, ledger: DatabaseLedger) -> None:
        """Begin with nothing."""
        self.ledger = ledger
        self.acknowledged = 0
        self.longest_s = 0.0
        self._numbers = count(1)
        self._open = True

    async def run(self) -> None:
        """Book until it is told to stop."""
        while self._open:
            number = next(self._numbers)

            def work(tx: LedgerTransaction, number: int = number) -> None:
                for part in range(10):
                    top_up(f"desk-{number}-{part}", 1)(tx)

            before = time.monotonic()
            await self.ledger.run(work)
            self.longest_s = max(self.longest_s, time.monotonic() - before)
            self.acknowledged += 10

    def stop(self) -> None:
        """Stop after what is being booked."""
        self._open = False


def copy_slowly(path: Path, folder: Path, order: tuple[str, ...]) -> Path:
    """Copy a ledger's files one after the other as an archive is made.

    Each is read once from start to end, as long as it was when its turn came.
    """
    for suffix in order:
        source = path.with_name(path.name + suffix)
        with source.open("rb") as original, (folder / source.name).open("wb") as copy:
            left = source.stat().st_size
            while chunk := original.read(min(_CHUNK, left)):
                copy.write(chunk)
                left -= len(chunk)
                time.sleep(_PAUSE_S)
    return folder / path.name


def found_in(copy: Path) -> int | None:
    """Return how many top-ups of the business are in a copy; None if it is damaged."""
    try:
        with closing(sqlite3.connect(copy)) as raw:  # as any program does: the log is taken over
            ok = raw.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",)
        engine = SqliteDatabase(copy).open_reader()
        try:
            with engine.begin() as connection:
                found = check(connection, SITE)
                query = "SELECT COUNT(*) FROM transfer WHERE id LIKE 'top:desk-%'"
                number: int = connection.exec_driver_sql(query).scalar_one()
        finally:
            engine.dispose()
    except Exception:  # noqa: BLE001  -- whatever a damaged file may bring about
        return None
    return number if ok and found.ok else None


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a book of some size."""
    path = tmp_path_factory.mktemp("begun") / "mall.db"
    write_big_book(path, meters=5, days=30)
    return path


async def _back_up(begun: Path, folder: Path, order: tuple[str, ...], *, frozen: bool) -> bool:
    """Copy a book in the middle of business; tell whether the copy is good and complete."""
    path, copies = folder / "mall.db", folder / "copies"
    copies.mkdir()
    shutil.copy(begun, path)
    async with opened(path) as ledger:
        business = Business(ledger)
        working = asyncio.create_task(business.run())
        await asyncio.sleep(0.3)
        if frozen:
            await ledger.freeze()
        acknowledged = business.acknowledged
        assert acknowledged
        copy = await asyncio.to_thread(copy_slowly, path, copies, order)
        if frozen:
            assert business.acknowledged > acknowledged, "payments stood still"
            await ledger.thaw()
        business.stop()
        await working
        assert (await ledger.verify()).ok
    found = await asyncio.to_thread(found_in, copy)
    shutil.rmtree(folder)
    return found is not None and found >= acknowledged


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_copies_of_a_busy_ledger_are_good(
    begun: Path, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """Frozen, in either order of files: all good. The control, a plain copy: mostly not."""
    good = {}
    for name, order, frozen in (
        ("main file first", ("", "-wal"), True),
        ("log first", ("-wal", ""), True),
        ("plain copy, main file first", ("", "-wal"), False),
    ):
        good[name] = 0
        for number in range(ROUNDS):
            folder = tmp_path / f"{name} {number}"
            folder.mkdir()
            good[name] += await _back_up(begun, folder, order, frozen=frozen)
    told = ", ".join(f"{name}: {number}" for name, number in good.items())
    figure(f"good copies of {ROUNDS} in the middle of business: {told}")
    assert good["main file first"] == good["log first"] == ROUNDS
    assert good["plain copy, main file first"] < ROUNDS


async def test_log_only_grows_while_a_file_is_kept_still(tmp_path: Path) -> None:
    """No page reaches the main file, however much is booked, until the backup is done."""
    path = tmp_path / "mall.db"
    log = path.with_name("mall.db-wal")
    ledger = await open_book(path)
    await ledger.freeze()
    before = _bytes(path)
    sizes = []
    for number in range(400):
        await ledger.run(top_up(str(number), 1))
        sizes.append(_size(log))
    assert _bytes(path) == before
    assert sizes == sorted(sizes)
    assert sizes[-1] > 1000 * 4096, "there was no reason for a checkpoint"
    await ledger.close()
    assert _bytes(path) == before, "closing made a checkpoint"
    ledger = await open_book(path)
    await ledger.run(top_up("again", 1))
    assert _bytes(path) == before, "opening again made a checkpoint"
    await ledger.thaw()
    assert _bytes(path) != before
    assert (await ledger.verify()).transfers == 401
    await ledger.close()


def _bytes(path: Path) -> bytes:
    return path.read_bytes()


def _size(path: Path) -> int:
    return path.stat().st_size


async def test_second_backup_meanwhile(tmp_path: Path) -> None:
    """The file is let go when the last of two is done."""
    path = tmp_path / "mall.db"
    async with opened(path) as ledger:
        await ledger.freeze()
        await ledger.freeze()
        await ledger.thaw()
        assert is_kept_still(path)
        await ledger.thaw()
        assert not is_kept_still(path)
        await ledger.thaw()  # once too often
        await ledger.freeze()
        assert is_kept_still(path)
        await ledger.thaw()


async def test_reader_in_the_way(tmp_path: Path) -> None:
    """Who reads the log keeps it from being emptied: the backup waits, and says so in the end."""
    path = tmp_path / "mall.db"
    async with opened(path) as ledger:
        await ledger.run(top_up("1", 1))
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM book").fetchall()
            await ledger.run(top_up("2", 1))
            error = await refusal(ledger.freeze(patience_s=0.3))
            assert (error.key, error.placeholders) == ("ledger_backup_busy", {"path": str(path)})
            assert not is_kept_still(path)
            waiting = asyncio.create_task(ledger.freeze())
            await asyncio.sleep(0.3)
            await ledger.run(top_up("3", 1))  # payments do not wait for the backup
            reader.execute("COMMIT")
            await waiting
        assert is_kept_still(path)
        await ledger.thaw()
        assert await ledger.read(lambda tx: tx.balance(CASH)) == -3 * 10**9


@pytest.fixture
async def mall(socket_enabled: None) -> AsyncIterator[Mall]:
    """Let a small mall run."""
    async with one_line_mall(1) as mall:
        yield mall


@pytest.fixture
async def site(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> AsyncIterator[CompereSite]:
    """Run a site over it."""
    async with running_site(hass, mall, tmp_path) as site:
        yield site


@pytest.fixture
async def manager(hass: HomeAssistant, site: CompereSite) -> BackupManager:
    """Return Home Assistant's own backup manager, which looks for platforms by itself."""
    assert await async_setup_component(hass, "backup", {})
    await hass.async_block_till_done()
    return hass.data[DATA_MANAGER]


def ledger_of(site: CompereSite) -> tuple[DatabaseLedger, Path]:
    """Return a site's ledger and its file."""
    assert isinstance(site.ledger, DatabaseLedger)
    assert site.ledger.path is not None
    return site.ledger, site.ledger.path


async def test_home_assistant_finds_the_hooks(manager: BackupManager, site: CompereSite) -> None:
    """A backup of Home Assistant keeps the ledger still, and lets it go."""
    _, path = ledger_of(site)
    await manager.async_pre_backup_actions()
    assert is_kept_still(path)
    await manager.async_post_backup_actions()
    assert not is_kept_still(path)
    await manager.async_post_backup_actions()


async def test_backup_that_never_ends(
    hass: HomeAssistant, manager: BackupManager, site: CompereSite, caplog: pytest.LogCaptureFixture
) -> None:
    """After some hours the ledger goes on without it; a second one begins the wait anew."""
    _, path = ledger_of(site)
    await manager.async_pre_backup_actions()
    async_fire_time_changed(hass, dt_util.utcnow() + LONGEST - timedelta(minutes=1))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert is_kept_still(path)
    await manager.async_pre_backup_actions()
    await manager.async_post_backup_actions()
    assert is_kept_still(path)
    async_fire_time_changed(hass, dt_util.utcnow() + LONGEST + timedelta(minutes=1))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not is_kept_still(path)
    assert "never told to have ended" in caplog.text


async def test_site_is_reloaded_in_the_middle(
    hass: HomeAssistant, manager: BackupManager, site: CompereSite
) -> None:
    """The ledger that is opened again keeps the file still, and is let go in the end."""
    _, path = ledger_of(site)
    await manager.async_pre_backup_actions()
    assert await hass.config_entries.async_reload(site.entry.entry_id)
    before = _bytes(path)
    ledger, _ = ledger_of(site.entry.runtime_data)
    for number in range(300):
        await ledger.run(top_up(str(number), 1))
    assert _bytes(path) == before
    await manager.async_post_backup_actions()
    assert not is_kept_still(path)
    assert _bytes(path) != before


async def test_backup_does_not_begin_without_the_ledger(
    manager: BackupManager, site: CompereSite
) -> None:
    """What cannot be copied well is not copied at all."""
    ledger, path = ledger_of(site)
    await ledger.close()
    with pytest.raises(BackupManagerError, match="ledger is closed"):
        await manager.async_pre_backup_actions()
    assert not is_kept_still(path)


async def test_note_lies_beside_the_ledger_meanwhile(
    manager: BackupManager, site: CompereSite
) -> None:
    """It goes into the backup, and is gone when that is done; without it there is no backup."""
    _, path = ledger_of(site)
    await manager.async_pre_backup_actions()
    assert note_of(path).exists()
    await manager.async_post_backup_actions()
    assert not note_of(path).exists()
    note_of(path).mkdir()
    with pytest.raises(BackupManagerError, match="directory"):
        await manager.async_pre_backup_actions()
    assert not is_kept_still(path)
    note_of(path).rmdir()
