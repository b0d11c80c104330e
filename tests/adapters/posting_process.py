"""A process that posts until it is killed; see `test_ledger_crashes`.

For each line `<first number> <when to acknowledge> <place>` it forks a worker, which posts from
that number on and says so: `<number>` when it was acknowledged. The worker's process id comes
first, and `dead` when it is gone. Forking makes a worker in milliseconds: all that it needs is
loaded already.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
import os
from pathlib import Path
import resource
import signal
import sys

from custom_components.compere_prepaid.core.errors import OperationFailedError
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.ledger.records import HoldKind
from tests.adapters.ledger_books import METER, NOON, open_book, switch, top_up, use


def say(text: object) -> None:
    """Tell the parent, in one write."""
    os.write(1, f"{text}\n".encode())


def say_and_linger(number: int) -> None:
    """Tell the parent, and leave it all the time to kill us before the commit."""
    say(number)
    signal.pause()


def step(number: int, before_commit: Callable[[], None]) -> Callable[[LedgerTransaction], None]:
    """Return the work of a number: a payment and, the first time, a charge and a switched hold."""

    def work(tx: LedgerTransaction) -> None:
        if not top_up(f"pay-{number}", 1)(tx).replayed:
            use(1 + number % 7, "flat")(tx)
            at = NOON + timedelta(seconds=number)
            switch(HoldKind.NO_CREDIT, place=not tx.holds(METER), at=at)(tx)
        before_commit()

    return work


async def post_until_killed(first: int, when: str, place: Path | str) -> None:
    """Post each number twice, as somebody does who missed the first answer; then acknowledge.

    `early` is the control: it acknowledges before the commit, and lingers there until it is killed.
    """
    ledger = await open_book(place)
    number = first
    while True:
        if when == "early":
            await ledger.run(step(number, lambda: say_and_linger(number)))  # noqa: B023  -- at once
        else:
            await ledger.run(step(number, lambda: None))
            await ledger.run(step(number, lambda: None))
            say(number)
        number += 1


async def post_until_full(path: Path) -> None:
    """Post until files may not grow any more; then allow it again, and post once more."""
    ledger = await open_book(path)
    size = path.with_name(f"{path.name}-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 2_000_000, resource.RLIM_INFINITY))
    number = 1
    try:
        while number < 10_000:
            await ledger.run(step(number, lambda: None))
            number += 1
    except OperationFailedError as error:
        say(error.key)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await ledger.run(step(number, lambda: None))
    say(number)
    await ledger.close()


def main() -> None:
    """Fork a worker for each line, and wait for its end."""
    for line in sys.stdin:
        first, when, place = line.split()
        worker = os.fork()
        if worker == 0:
            say(os.getpid())
            try:
                if when == "full":
                    asyncio.run(post_until_full(Path(place)))
                else:
                    where = place if "://" in place else Path(place)
                    asyncio.run(post_until_killed(int(first), when, where))
            finally:
                os._exit(0)
        os.waitpid(worker, 0)
        say("dead")


if __name__ == "__main__":
    main()
