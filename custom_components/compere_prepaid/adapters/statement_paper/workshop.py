"""Printing many statements in processes of their own, so that Home Assistant goes on meanwhile.

Setting a PDF takes some hundredths of a second in which an interpreter can do nothing else. Two
children do it at a low priority, one statement after the other, each as soon as the one before is
whole: so there is nothing to take back when somebody wants to stop.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
import json
import os
from pathlib import Path
from typing import Any, Self

from ...core.errors import OperationFailedError
from ..alone import command, environment
from .order import Order

CHILD = "statement_paper.child"
HANDS = 2
"""So many children print at once, where there are as many processors."""

_LAST_WORDS_S = 5.0


@dataclass(slots=True)
class Hand:
    """A process that prints one statement after the other."""

    _process: asyncio.subprocess.Process

    @classmethod
    async def start(cls) -> Self:
        """Start one."""
        process = await asyncio.create_subprocess_exec(
            *command(CHILD),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment(),
            start_new_session=True,
        )
        return cls(process)

    async def __aenter__(self) -> Self:
        """Work with it."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let it end; at once if it does not."""
        process = self._process
        if process.stdin is not None:
            process.stdin.close()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS_S):
                    await process.wait()
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()

    async def ask(self, request: bytes) -> str:
        """Have something done; return what was wrong with it, nothing if it was done.

        Raises `OperationFailedError` (`printing_stopped`) if the process ended.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise AssertionError("its pipes were asked for")
        try:
            stdin.write(request)
            await stdin.drain()
            answer = await stdout.readline()
        except ConnectionError:
            answer = b""
        if not answer:
            raise OperationFailedError("printing_stopped")
        found: str = json.loads(answer).get("error", "")
        return found


@dataclass(slots=True, kw_only=True)
class Printing:
    """Statements that are being printed, and the tables of all their lines."""

    orders: AsyncIterator[Order]
    tables: Mapping[str, Path] = field(default_factory=dict)
    hands: int = HANDS
    on_done: Callable[[Order, str], None] = lambda _order, _error: None
    """Told of each: what was wrong with it, or nothing."""
    is_stopped: bool = False
    """Set it, and those that are begun are the last ones; then there are no tables."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self) -> bool:
        """Print all; return whether there are tables.

        Raises `OperationFailedError` (`printing_stopped`, `printing_failed`).
        """
        made = False
        hands = max(1, min(self.hands, os.process_cpu_count() or 1))
        async with AsyncExitStack() as stack:
            clerk = None
            if self.tables:
                clerk = await stack.enter_async_context(await Hand.start())
                files = {form: str(path) for form, path in self.tables.items()}
                await _done(clerk, _line({"tables": files}))
            started = [await stack.enter_async_context(await Hand.start()) for _ in range(hands)]
            work = [asyncio.create_task(self._work(hand, clerk)) for hand in started]
            try:
                await asyncio.gather(*work)
            finally:
                for task in work:
                    task.cancel()
                await asyncio.gather(*work, return_exceptions=True)
            if clerk is not None and not self.is_stopped:
                await _done(clerk, _line({"finish": True}))
                made = True
        return made

    async def _work(self, hand: Hand, clerk: Hand | None) -> None:
        while (order := await self._next(clerk)) is not None:
            error = await hand.ask(order.written()) if order.files else ""
            self.on_done(order, error)

    async def _next(self, clerk: Hand | None) -> Order | None:
        """Return the next statement, once the tables have it."""
        async with self._turn:
            if self.is_stopped:
                return None
            order = await anext(self.orders, None)
            if order is not None and clerk is not None:
                await _done(clerk, order.written(with_files=False))
            return order


def _line(request: Mapping[str, Any]) -> bytes:
    return json.dumps(request).encode() + b"\n"


async def _done(hand: Hand, request: bytes) -> None:
    if error := await hand.ask(request):
        raise OperationFailedError("printing_failed", error=error)
