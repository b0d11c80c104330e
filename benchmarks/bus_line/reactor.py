"""Timers that are late by microseconds, not by asyncio's millisecond, and watched files."""

from collections.abc import Callable
import ctypes
import heapq
from itertools import count
import os
import select
import time

_PR_SET_TIMERSLACK = 29


class Reactor:
    """One thread's loop."""

    def __init__(self) -> None:
        """Ask the kernel for timers as exact as it has them."""
        ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1)
        self._poll = select.epoll()
        self._timer = os.timerfd_create(time.CLOCK_MONOTONIC, flags=os.TFD_NONBLOCK)
        self._poll.register(self._timer, select.EPOLLIN)
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._watched: dict[int, Callable[[], None]] = {}
        self._is_stopped = False

    def at(self, when: float, call: Callable[[], None]) -> None:
        """Call at this time of the monotonic clock."""
        heapq.heappush(self._heap, (when, next(self._numbers), call))

    def watch(self, descriptor: int, call: Callable[[], None]) -> None:
        """Call whenever there is something to read."""
        self._watched[descriptor] = call
        self._poll.register(descriptor, select.EPOLLIN)

    def forget(self, descriptor: int) -> None:
        """Watch this no more."""
        if self._watched.pop(descriptor, None) is not None:
            self._poll.unregister(descriptor)

    def stop(self) -> None:
        """Return from `run`."""
        self._is_stopped = True

    def run(self) -> None:
        """Work until stopped."""
        while not self._is_stopped:
            for descriptor, _ in self._poll.poll(self._arm()):
                if (call := self._watched.get(descriptor)) is not None:
                    call()
            while self._heap and self._heap[0][0] <= time.monotonic():
                heapq.heappop(self._heap)[2]()

    def _arm(self) -> float | None:
        """Set the timer; return how long to wait at most."""
        if not self._heap:
            os.timerfd_settime(self._timer, initial=0)
            return None
        if self._heap[0][0] <= time.monotonic():
            return 0
        os.timerfd_settime(self._timer, flags=os.TFD_TIMER_ABSTIME, initial=self._heap[0][0])
        return None
