"""Telling entities of what changed, without keeping everybody else waiting.

One account is told at once. When hundreds change together (a top-up for a whole mall, a new policy)
each of them has some twenty entities, and telling all in one go would stop Home Assistant for a
second: the rest waits its turn, a few milliseconds of every turn of the event loop.
"""

from asyncio import AbstractEventLoop, Handle
from collections.abc import Callable

SLICE_S = 0.003
"""So long of a turn is spent on telling; what was begun is finished."""

PAUSE_S = 0.003
"""So long others have the event loop to themselves after a full slice."""


class Pushes[K]:
    """Tells of things by their keys, each once however often it changed while it waited."""

    def __init__(
        self, loop: AbstractEventLoop, push: Callable[[K], None], done: Callable[[], None]
    ) -> None:
        """Tell by calling `push`; call `done` when nothing waits any more that had to wait."""
        self._loop = loop
        self._push = push
        self._done = done
        self._waiting: dict[K, None] = {}
        self._spent_s = 0.0
        self._planned: Handle | None = None

    @property
    def is_behind(self) -> bool:
        """Whether something waits for its turn."""
        return bool(self._waiting)

    def add(self, key: K) -> None:
        """Tell now if this turn has time left, else when it is this one's turn."""
        self._waiting[key] = None
        self._tell()

    def _tell(self) -> None:
        while self._waiting and self._spent_s < SLICE_S:
            key = next(iter(self._waiting))
            del self._waiting[key]
            began = self._loop.time()
            self._push(key)
            self._spent_s += self._loop.time() - began
        if self._planned is None:
            self._planned = (
                self._loop.call_later(PAUSE_S, self._next_turn)
                if self._waiting
                else self._loop.call_soon(self._next_turn)
            )

    def stop(self) -> None:
        """Tell no more."""
        self._waiting.clear()
        if self._planned is not None:
            self._planned.cancel()
            self._planned = None

    def _next_turn(self) -> None:
        self._planned = None
        self._spent_s = 0.0
        if self._waiting:
            self._tell()
            if not self._waiting:
                self._done()
