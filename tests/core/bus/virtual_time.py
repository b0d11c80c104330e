"""An event loop whose time passes only while everybody sleeps.

A test of hours takes milliseconds, and it is exact: when nothing is ready, time jumps to the next
timer. A loop in which nobody will ever wake is a deadlock, and says so.
"""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
import selectors
from typing import Any, override

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class _JumpingSelector(selectors.SelectSelector):
    """Jumps over every pause in which no socket is waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("deadlock: everybody waits and no timer runs")
        self.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time, which starts at 0."""

    def __init__(self) -> None:
        """Start at 0 s."""
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    @override
    def time(self) -> float:
        return self._jumping.now


class VirtualClock:
    """The core's clock on the running loop's virtual time."""

    def now(self) -> datetime:
        """Return noon plus what has passed."""
        return NOON + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Return the seconds that have passed."""
        return asyncio.get_running_loop().time()


def run[T](story: Coroutine[Any, Any, T]) -> T:
    """Run a story in virtual time; tasks that it leaves behind are its mistake."""

    async def told() -> T:
        result = await story
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"left behind: {left}"
        return result

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(told())
