"""A timer that is as exact as the silence between frames asks.

The event loop's own timers wake up to a millisecond late, because its selector counts whole
milliseconds. At 9600 baud the silence is 4 ms and comes with every frame, so a quarter of it would
be given away each time. A kernel timer (Linux, `timerfd_create(2)`) is a file descriptor that the
loop watches like any other, and is on time to some tens of microseconds, at no cost while it waits.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
import os
import sys
import time

_NS = 1_000_000_000


class Timer:
    """Calls back at a moment of the loop's clock; one moment at a time."""

    def __init__(self) -> None:
        """Create the timer in the running loop."""
        self._loop = asyncio.get_running_loop()
        self._callback: Callable[[], None] | None = None
        self._handle: asyncio.TimerHandle | None = None
        self._fd = -1
        if sys.platform == "linux":
            self._fd = os.timerfd_create(
                time.CLOCK_MONOTONIC, flags=os.TFD_NONBLOCK | os.TFD_CLOEXEC
            )
            self._loop.add_reader(self._fd, self._on_time)

    def close(self) -> None:
        """Let go of the timer; a call back that was planned does not come."""
        self.cancel()
        fd, self._fd = self._fd, -1
        if fd >= 0:
            self._loop.remove_reader(fd)
            os.close(fd)

    def call_at(self, moment: float, callback: Callable[[], None]) -> None:
        """Call back at a moment, instead of what was planned before."""
        self.cancel()
        self._callback = callback
        if self._fd < 0:
            self._handle = self._loop.call_at(moment, self._call)
            return
        if sys.platform == "linux":
            # a moment that is over must fire too, and 0 would disarm the timer
            nanoseconds = max(1, int(moment * _NS))
            os.timerfd_settime_ns(self._fd, flags=os.TFD_TIMER_ABSTIME, initial=nanoseconds)

    def cancel(self) -> None:
        """Plan nothing any more."""
        if self._callback is None:
            return
        self._callback = None
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if self._fd >= 0 and sys.platform == "linux":
            os.timerfd_settime_ns(self._fd, initial=0)

    async def until(self, moment: float) -> None:
        """Return at a moment, at once if it is over."""
        if moment <= self._loop.time():
            return
        waiter: asyncio.Future[None] = self._loop.create_future()

        def wake() -> None:
            if not waiter.done():
                waiter.set_result(None)

        self.call_at(moment, wake)
        try:
            await waiter
        finally:
            self.cancel()

    def _on_time(self) -> None:
        with suppress(BlockingIOError):  # it was set anew in this very round of the loop
            os.read(self._fd, 8)
            self._call()

    def _call(self) -> None:
        callback, self._callback, self._handle = self._callback, None, None
        if callback is not None:
            callback()
