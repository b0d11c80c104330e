"""Waiting for what a thread or another program does: nothing tells of it, so it is looked for."""

import asyncio
from collections.abc import Callable

GUARD_S = 20.0
"""Nothing is measured by it; it only ends a test that waits for what never comes."""
LOOK_EVERY_S = 0.01


async def until(holds: Callable[[], bool]) -> None:
    """Return as soon as this holds."""
    async with asyncio.timeout(GUARD_S):
        while not holds():  # noqa: ASYNC110  # there is no event: see above
            await asyncio.sleep(LOOK_EVERY_S)
