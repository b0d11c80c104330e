"""Relays that are to close wait here for their turn: a few close at once, then one after the other.

When many come back together (a mass top-up, the grid's return, a restart) the inrush of all their
loads at once would trip what supplies the building. So closings of a site are paced; openings never
come here. Who was decided about first closes first. Whoever's turn it is has only to be started:
what becomes of one relay keeps no other waiting.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..ids import MeterSerial


@dataclass(frozen=True, slots=True)
class Pace:
    """So many relays may close at once; after them one in each `spacing_s` seconds."""

    at_once: int = 3
    spacing_s: float = 2.0


@dataclass(slots=True)
class ClosingQueue:
    """The relays of a site that are to close, in the order of decision."""

    start: Callable[[MeterSerial], bool]
    """Starts to close a relay; False if that is not wanted, or not possible, any more."""
    spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]
    pace: Pace = Pace()
    _waiting: dict[MeterSerial, tuple[datetime, int]] = field(default_factory=dict)
    _added: int = 0
    _used_until: float = 0.0
    """Up to when the turns that were taken are used up, on the event loop's clock."""
    _timer: asyncio.Task[None] | None = None

    def __contains__(self, serial: MeterSerial) -> bool:
        """Tell whether a relay waits for its turn."""
        return serial in self._waiting

    def __len__(self) -> int:
        """Return how many relays wait."""
        return len(self._waiting)

    def add(self, serial: MeterSerial, decided_at: datetime) -> None:
        """Let a relay close when it is its turn: at once if nobody was before it."""
        if serial not in self._waiting:
            self._added += 1
            self._waiting[serial] = (decided_at, self._added)
        self._go_on()

    def drop(self, serial: MeterSerial) -> None:
        """Let a relay wait no more."""
        self._waiting.pop(serial, None)

    def _go_on(self) -> None:
        """Start those whose turn it is, and come back for the next."""
        spacing = self.pace.spacing_s
        while self._waiting:
            now = asyncio.get_running_loop().time()
            wait = self._used_until - (self.pace.at_once - 1) * spacing - now
            if wait > 0:
                self._come_back(wait)
                return
            serial = min(self._waiting, key=self._waiting.__getitem__)
            del self._waiting[serial]
            if self.start(serial):
                self._used_until = max(now, self._used_until) + spacing

    def _come_back(self, after_s: float) -> None:
        if self._timer is None or self._timer.done():
            self._timer = self.spawn(self._come(after_s), "closing relays")

    async def _come(self, after_s: float) -> None:
        await asyncio.sleep(after_s)
        self._timer = None
        self._go_on()
