"""Errands: what is to be done for messages, begun one after the other so that the loop can breathe.

A policy that is given to 500 accounts may warn them all in one moment. Each errand is little, but
500 begun in one turn of the event loop would hold up meters and relays; so one begins per turn.
Those that wait for a slow channel hold up nobody.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..site import CompereSite


class Errands:
    """Runs a site's errands in the background."""

    def __init__(self, site: CompereSite) -> None:
        """Run them as tasks of this site."""
        self._site = site
        self._waiting: deque[Coroutine[Any, Any, object]] = deque()
        self._running: set[asyncio.Task[object]] = set()
        self._is_beginning = False

    def begin(self, work: Coroutine[Any, Any, object]) -> None:
        """Begin an errand soon, not before who called is done."""
        self._waiting.append(work)
        if not self._is_beginning:
            self._is_beginning = True
            self._run(self._begin_all())

    async def async_done(self, timeout_s: float | None = None) -> None:
        """Return when nothing is left to do; after a time what is left is given up."""
        try:
            async with asyncio.timeout(timeout_s):
                while self._running:
                    await asyncio.wait(self._running)
        except TimeoutError:
            while self._waiting:
                self._waiting.popleft().close()

    async def _begin_all(self) -> None:
        try:
            while self._waiting:
                self._run(self._waiting.popleft())
                await asyncio.sleep(0)
        finally:
            self._is_beginning = False

    def _run(self, work: Coroutine[Any, Any, object]) -> None:
        site = self._site
        task = site.entry.async_create_background_task(
            site.hass, work, f"notification of {site.name}", eager_start=False
        )
        self._running.add(task)
        task.add_done_callback(self._running.discard)
