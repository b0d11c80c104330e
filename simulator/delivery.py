"""The last stretch of an answer: on its way to the client it may be late or damaged."""

import asyncio
from collections.abc import Callable

from .faults import Answer, FaultKind


class Delivery:
    """Hands frames to a connection, as the faults say."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        """Hand frames to `send`."""
        self._send = send
        self._late: list[asyncio.TimerHandle] = []

    def deliver(self, answer: Answer, frame: bytes) -> None:
        """Send what is left of a frame, now or later."""
        frame = answer.distort(frame)
        if answer.kind is not FaultKind.LATE:
            self._send(frame)
            return
        loop = asyncio.get_running_loop()
        self._late = [handle for handle in self._late if handle.when() > loop.time()]
        self._late.append(loop.call_later(answer.seconds, self._send, frame))

    def cancel(self) -> None:
        """Lose what has not been sent yet."""
        for handle in self._late:
            handle.cancel()
        self._late.clear()
