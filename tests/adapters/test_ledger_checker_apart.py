"""A large book is checked in processes of its own, which find the same and can be given up."""

import asyncio
from collections.abc import Callable
from pathlib import Path
import shutil
import sys
import time

import pytest

from benchmarks.stage.big_book import SITE, write_big_book
from custom_components.compere_prepaid.adapters.ledger_checker import apart
from custom_components.compere_prepaid.adapters.ledger_checker.apart import LARGE, check_apart
from tests.adapters.ledger_books import open_book, refusal
from tests.tampering import tamper, tampered

TAMPERINGS = (
    "UPDATE transfer SET user = 'nobody' WHERE seq = 700",
    "UPDATE charge SET to_wh = to_wh + 1 WHERE from_at = (SELECT max(from_at) FROM charge)",
    "UPDATE fee SET amount = amount + 1 WHERE day = '2025-01-09'",
    "DELETE FROM charge WHERE from_wh = 100001",
    "UPDATE transfer SET kind = 'pending' WHERE code = 'top_up'",
)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a book; written once."""
    path = tmp_path_factory.mktemp("big") / "big.db"
    write_big_book(path, meters=5, days=20)
    return path


@pytest.mark.parametrize("statement", ["", *TAMPERINGS])
async def test_finds_the_same(book: Path, tmp_path: Path, statement: str) -> None:
    """What is divided between processes is put together again, with every fault."""
    path = tmp_path / "book.db"
    shutil.copy(book, path)
    if statement:
        tamper(path, statement)
    with tampered(path, tmp_path, SITE) as copy:
        expected = copy.audit()
    found = await check_apart(str(path), SITE, "shown")
    assert found.transfers == 5 * (20 * 25 + 1)
    assert (found.ok, set(found.faults)) == (expected.ok, set(expected.faults))
    assert found.ok == (not statement)
    assert found.hints == expected.hints


def _damaged(book: Path, path: Path) -> Path:
    """Copy a file, and write over a part of it."""
    content = bytearray(book.read_bytes())
    content[8192:40_960] = bytes(range(256)) * 128
    path.write_bytes(content)
    return path


async def test_fingerprints_are_the_same_in_both(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However Home Assistant's own interpreter was started."""
    monkeypatch.setenv("PYTHONHASHSEED", "random")
    assert (await check_apart(str(book), SITE, "shown")).faults == ()


async def test_damaged_file_is_a_fault(book: Path, tmp_path: Path) -> None:
    """What cannot be read is told as what it is."""
    found = await check_apart(str(_damaged(book, tmp_path / "book.db")), SITE, "shown")
    assert any(fault.startswith("database") for fault in found.faults), found.faults


async def test_missing_file_is_an_error(tmp_path: Path) -> None:
    """A book that cannot be opened is not a book with faults."""
    error = await refusal(check_apart(str(tmp_path / "none.db"), SITE, "shown"))
    assert error.key == "ledger_not_writable"


async def test_child_that_dies_is_an_error(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer is an error that says what is known, not a verdict on the book."""
    program = tmp_path / "child.py"
    program.write_text("raise SystemExit('out of memory')")
    monkeypatch.setattr(apart, "command", lambda _module: [sys.executable, str(program)])
    error = await refusal(check_apart(str(book), SITE, "shown"))
    assert (error.key, error.placeholders["error"]) == ("ledger_unavailable", "out of memory")
    assert error.placeholders["path"] == "shown"


async def test_check_that_is_given_up_ends_at_once(book: Path) -> None:
    """Home Assistant does not wait for a check when it stops."""
    before = time.monotonic()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(check_apart(str(book), SITE, "shown"), 0.05)
    assert time.monotonic() - before < 5


@pytest.mark.slow
async def test_large_ledger_is_checked_apart(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """While a large book is checked, the event loop goes on, and so does business."""
    path = tmp_path / "large.db"
    write_big_book(path, meters=30, days=30)
    ledger = await open_book(path)
    checking = asyncio.create_task(ledger.verify())
    longest = 0.0
    while not checking.done():
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - before)
    found = await checking
    assert found.faults == ()
    assert found.transfers > LARGE
    figure(f"{found.transfers} transfers checked apart, the loop waited {longest * 1000:.0f} ms")
    tamper(path, "UPDATE transfer SET user = 'nobody' WHERE seq = 700")
    assert not (await ledger.verify()).ok
    assert ledger.read_only_reason is not None
    await ledger.close()
