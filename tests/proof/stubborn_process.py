"""A process that posts in spite of faults, as Home Assistant does: later, once more.

`<path> <payments>`: it opens the book and takes the payments, each tried until it works. `ACK <n>`
acknowledges payment n, `ERR <key>` tells a failure; if the book cannot be opened, that is the end.
"""

import tests.proof.without_home_assistant  # noqa: F401, I001  -- must come first

import asyncio
from pathlib import Path
import sys

from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.core.errors import OperationFailedError
from tests.adapters.ledger_books import opened
from tests.adapters.posting_process import say, step

TRIES = 100


async def take(ledger: DatabaseLedger, number: int) -> None:
    """Take a payment; what fails is tried again."""
    for _ in range(TRIES):
        try:
            await ledger.run(step(number, lambda: None))
        except OperationFailedError as error:
            say(f"ERR {error.key}")
        else:
            say(f"ACK {number}")
            return
    raise AssertionError("the fault did not go away")


async def post_all(path: Path, payments: int) -> None:
    """Take the payments, whatever it costs."""
    try:
        async with opened(path) as ledger:
            for number in range(1, payments + 1):
                await take(ledger, number)
    except OperationFailedError as error:
        say(f"ERR {error.key}")


if __name__ == "__main__":
    asyncio.run(post_all(Path(sys.argv[1]), int(sys.argv[2])))
