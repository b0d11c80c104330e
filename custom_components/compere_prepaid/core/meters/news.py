"""What a line's meters said, on its way to who works on it.

While one reading is charged and stored the next is on the wire. They are worked on one after the
other in the order in which they came; so many may wait, then the line waits too.
"""

import asyncio
from collections.abc import Awaitable, Callable
import logging
from typing import NoReturn

from ..bus.requests import LineDownError

_LOGGER = logging.getLogger(__name__)

LONGEST_BACKLOG = 64

type Work = Callable[[], Awaitable[None]]
type Taken = asyncio.Future[None]


class News:
    """A queue of work, and those who wait for theirs to be done."""

    def __init__(self) -> None:
        """Begin empty."""
        self._queue: asyncio.Queue[tuple[Work, Taken | None]] = asyncio.Queue(LONGEST_BACKLOG)
        self._awaited: set[Taken] = set()

    def awaited(self) -> Taken:
        """Return a future that `deliver` resolves when the work put in with it is done."""
        taken: Taken = asyncio.get_running_loop().create_future()
        self._awaited.add(taken)
        taken.add_done_callback(self._awaited.discard)
        return taken

    async def put(self, work: Work, taken: Taken | None = None) -> None:
        """Queue work."""
        await self._queue.put((work, taken))

    async def deliver(self) -> NoReturn:
        """Do the work, one after the other; its failures are not the line's."""
        while True:
            work, taken = await self._queue.get()
            try:
                await work()
            except Exception as error:
                if taken is not None and not taken.done():
                    taken.set_exception(error)
                else:
                    _LOGGER.exception("A reading could not be worked on")
            else:
                if taken is not None and not taken.done():
                    taken.set_result(None)

    def drop(self) -> None:
        """Drop what was not worked on yet: it is read again later. Who waits hears of it."""
        while not self._queue.empty():
            self._queue.get_nowait()
        for taken in tuple(self._awaited):
            if not taken.done():
                taken.set_exception(LineDownError("stopped"))
                taken.exception()  # seen, also if its caller never gets to wait for it
