"""A process that posts some payments, of which the system calls are recorded; see `power_loss`.

`<path> <payments> <synchronous>`: it makes a new book, posts a part, closes it, opens it again,
posts the rest and closes. Several desks post at a time. `ACK <n>` acknowledges payment n.
"""

import tests.proof.without_home_assistant  # noqa: F401, I001  -- must come first

import asyncio
from collections.abc import Iterable
from itertools import batched
from pathlib import Path
import sys

from custom_components.compere_prepaid.adapters.ledger_database import sqlite
from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from tests.adapters.ledger_books import install, opened, write_tariff
from tests.adapters.posting_process import say, step

DESKS = 3
LOG_PAGES = 100
"""The log is written back into the database so often that there are cuts in the middle of it."""


async def take(ledger: DatabaseLedger, number: int) -> None:
    """Take one payment and acknowledge it."""
    await ledger.run(step(number, lambda: None))
    say(f"ACK {number}")


async def post_all(ledger: DatabaseLedger, numbers: Iterable[int]) -> None:
    """Take payments, several at a time."""
    for together in batched(numbers, DESKS, strict=False):
        async with asyncio.TaskGroup() as desks:
            for number in together:
                desks.create_task(take(ledger, number))


async def post_in_two_sittings(path: Path, payments: int) -> None:
    """Post the payments; the second sitting finds the book that the first has closed."""
    pause = payments // 2 + 1
    async with opened(path) as ledger:
        await ledger.run(write_tariff)
        await ledger.run(install())
        await post_all(ledger, range(1, pause))
    async with opened(path) as ledger:
        await post_all(ledger, range(pause, payments + 1))


def main() -> None:
    """Post as the command line says."""
    path, payments, synchronous = sys.argv[1:]
    settings = {"synchronous": synchronous, "wal_autocheckpoint": str(LOG_PAGES)}
    sqlite._SETTINGS |= settings
    asyncio.run(post_in_two_sittings(Path(path), int(payments)))


if __name__ == "__main__":
    main()
