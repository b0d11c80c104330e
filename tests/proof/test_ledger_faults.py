"""Faults of the machine, given to the ledger by the kernel: each has its error, none has a victim.

A disk that is full or broken, a file that may not be written, a process that locks it. While the
fault lasts nothing is acknowledged; as soon as it is gone, business goes on by itself.
"""

import asyncio
from collections.abc import Callable
import hashlib
from pathlib import Path
import sys

import pytest

from custom_components.compere_prepaid.adapters.ledger_database import sqlite
from custom_components.compere_prepaid.core.ledger.accounts import CASH
from tests.adapters.ledger_books import (
    YUAN,
    balance,
    install,
    open_book,
    opened,
    refusal,
    top_up,
    write_tariff,
)
from tests.adapters.posting_process import step
from tests.proof.system_calls import traced

PAYMENTS = 8
MANY = 80
"""So many payments that the log is written back into the database in between."""


pytestmark = pytest.mark.slow


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """Return a book in which a meter can be charged, and nothing was paid."""
    path = tmp_path / "mall.db"
    async with opened(path) as ledger:
        await ledger.run(write_tariff)
        await ledger.run(install())
    return path


async def post_with_fault(
    path: Path, payments: int, *, suffix: str, call: str, error: str, when: str
) -> list[str]:
    """Let a process post while some of its calls on one of the files fail; return what it said."""
    fault = ("-P", f"{path}{suffix}", "-e", f"inject={call}:error={error}:when={when}")
    poster = (sys.executable, "-m", "tests.proof.stubborn_process", str(path), str(payments))
    return await traced((*fault, "-e", f"trace={call}", "-o", "/dev/null"), poster)


async def payments_in(path: Path) -> list[str]:
    """Audit a book; return its payments, the oldest first."""
    async with opened(path) as ledger:
        transfers = await ledger.read(lambda tx: tx.transfers(CASH, 1_000_000))
        assert (await ledger.verify()).faults == ()
    return [transfer.id.split(":")[1] for transfer in reversed(transfers)]


def hash_of(path: Path) -> bytes:
    """Return what changes when the database file does."""
    return hashlib.sha256(path.read_bytes()).digest()


def named(numbers: int) -> list[str]:
    """Return so many payments as the posting process names them."""
    return [f"pay-{number}" for number in range(1, numbers + 1)]


@pytest.mark.parametrize(
    ("call", "error", "when", "key"),
    [
        ("pwrite64", "ENOSPC", "60..70", "ledger_disk_full"),
        ("pwrite64", "EIO", "60..70", "ledger_unavailable"),
        ("pwrite64", "EROFS", "60..70", "ledger_unavailable"),  # remounted after an error
        ("fdatasync", "EIO", "4..6", "ledger_unavailable"),
    ],
)
async def test_faults_pass(
    path: Path, call: str, error: str, when: str, key: str, figure: Callable[[str], None]
) -> None:
    """A write or sync that fails is told with its reason; once it works again, so does posting."""
    said = await post_with_fault(path, PAYMENTS, suffix="-wal", call=call, error=error, when=when)
    failures = [line for line in said if line.startswith("ERR")]
    first, last = (int(number) for number in when.split(".."))
    assert failures == [f"ERR {key}"] * (last - first + 1)
    assert said[0] == "ACK 1"
    assert [line for line in said if line not in failures] == [
        f"ACK {number}" for number in range(1, PAYMENTS + 1)
    ]
    assert await payments_in(path) == named(PAYMENTS)
    figure(f"{error} in {call}: {len(failures)} failures, {PAYMENTS} acknowledged, 0 lost")


async def test_log_that_cannot_be_written_back_waits(path: Path) -> None:
    """No room to write the log back into the database is no failure: all is in the log, for good.

    The log grows until there is room; also what was acknowledged in that time is kept.
    """
    before = hash_of(path)
    said = await post_with_fault(path, MANY, suffix="", call="pwrite64", error="ENOSPC", when="1+")
    assert said == [f"ACK {number}" for number in range(1, MANY + 1)]
    assert hash_of(path) == before
    assert await payments_in(path) == named(MANY)
    assert hash_of(path) != before


@pytest.mark.parametrize(
    ("suffix", "call", "error", "key"),
    [
        ("", "openat", "EACCES", "ledger_not_writable"),
        ("-wal", "openat", "EROFS", "ledger_not_writable"),
        ("-wal", "pwrite64", "ENOSPC", "ledger_disk_full"),
        ("-wal", "pwrite64", "EIO", "ledger_unavailable"),
        ("-wal", "fdatasync", "EIO", "ledger_unavailable"),
    ],
)
async def test_book_that_cannot_be_opened_can_be_later(
    path: Path, suffix: str, call: str, error: str, key: str
) -> None:
    """Opening fails with the reason, changes nothing, and works when the fault is gone."""
    async with opened(path) as ledger:
        await ledger.run(step(1, lambda: None))
    said = await post_with_fault(path, 2, suffix=suffix, call=call, error=error, when="1+")
    assert said == [f"ERR {key}"]
    assert await payments_in(path) == named(1)
    async with opened(path) as ledger:
        await ledger.run(step(2, lambda: None))
    assert await payments_in(path) == named(2)


@pytest.mark.parametrize("suffix", ["", "-journal", "-wal"])
async def test_no_room_for_a_new_book(tmp_path: Path, suffix: str) -> None:
    """A book that could not be begun is begun when there is room, in spite of what is left."""
    path = tmp_path / "mall.db"
    said = await post_with_fault(path, 1, suffix=suffix, call="pwrite64", error="ENOSPC", when="1+")
    assert said == ["ERR ledger_disk_full"]
    async with opened(path) as ledger:
        assert ledger.is_new
        await ledger.run(top_up("desk-1", 10))
        assert await balance(ledger) == 10 * YUAN


HOLDER = """
import sqlite3, sys
book = sqlite3.connect(sys.argv[1], isolation_level=None)
book.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


async def test_lock_of_another_process(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that holds the file stops postings, not reading; its death sets the ledger free."""
    monkeypatch.setitem(sqlite._SETTINGS, "busy_timeout", "50")
    async with opened(path) as ledger:
        await ledger.run(top_up("desk-1", 10))
        holder = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", HOLDER, str(path)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert holder.stdout is not None
        assert await holder.stdout.readline() == b"held\n"
        for _ in range(3):
            assert (await refusal(ledger.run(top_up("desk-2", 10)))).key == "ledger_locked"
        assert (await refusal(open_book(path))).key == "ledger_locked"
        assert await balance(ledger) == 10 * YUAN
        assert (await ledger.verify()).ok
        holder.kill()
        await holder.wait()
        assert ledger.read_only_reason is None
        await ledger.run(top_up("desk-2", 10))
        assert await balance(ledger) == 20 * YUAN
        assert (await ledger.verify()).ok
