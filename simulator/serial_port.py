"""A serial port: two pseudo terminals joined like a cable.

The server opens one terminal as its serial port, the client the other, and a pump carries the bytes
between them. The client's terminal has a new name each time, so a link in a folder always points to
it, as `/dev/serial/by-id` does. Like a real line, this one carries nothing when the client has set
another baud rate; a pseudo terminal has no parity, so a wrong one cannot be noticed here.
"""

import asyncio
import contextlib
import os
from pathlib import Path
import termios
import tty
from typing import override

from tmodbus.server import AsyncRtuServer

from .delivery import Delivery
from .dlt645 import Question, Questions
from .faults import Answer
from .gateways import Endpoint
from .line import SimulatedLine

_CHUNK = 4096
_OUTPUT_SPEED = 5
"""Where `termios.tcgetattr` keeps the speed."""


class _Terminal:
    """A pair of pseudo terminal ends in raw mode; both stay open, so neither ever hangs up."""

    def __init__(self) -> None:
        self.near, self.far = os.openpty()
        tty.setraw(self.far)
        os.set_blocking(self.near, False)
        self.path = os.ttyname(self.far)

    @property
    def speed(self) -> int:
        return int(termios.tcgetattr(self.far)[_OUTPUT_SPEED])

    def read(self) -> bytes:
        with contextlib.suppress(BlockingIOError, OSError):
            return os.read(self.near, _CHUNK)
        return b""

    def write(self, data: bytes) -> None:
        # A full buffer means that nobody reads at the other end; a wire does not wait either.
        with contextlib.suppress(BlockingIOError):
            os.write(self.near, data)

    def close(self) -> None:
        os.close(self.near)
        os.close(self.far)


class SerialEndpoint(Endpoint):
    """A line at a serial port."""

    def __init__(self, line: SimulatedLine, link: Path) -> None:
        """Prepare a port for `line` that clients find at `link`."""
        self._line = line
        self.link = link
        self._outside: _Terminal | None = None
        self._inside: _Terminal | None = None
        self._server: AsyncRtuServer | None = None
        self._answer = bytearray()
        self._delivery = Delivery(self._write)
        self._questions = Questions()
        self._carrying: set[asyncio.Task[None]] = set()

    @property
    @override
    def address(self) -> str:
        return str(self.link)

    @override
    async def plug_in(self) -> None:
        if self._outside is not None:
            return
        loop = asyncio.get_running_loop()
        self._answer.clear()
        self._line.answers.clear()
        self._inside, self._outside = _Terminal(), _Terminal()
        plan = self._line.plan
        self._server = AsyncRtuServer(self._inside.path, self._line, plan.baudrate)
        await self._server.start()
        loop.add_reader(self._inside.near, self._carry_answer)
        loop.add_reader(self._outside.near, self._carry_request)
        _point(self.link, self._outside.path)

    @override
    async def unplug(self) -> None:
        inside, outside, server = self._inside, self._outside, self._server
        if inside is None or outside is None or server is None:
            return
        self._inside = self._outside = self._server = None
        self._delivery.cancel()
        for task in tuple(self._carrying):
            task.cancel()
        loop = asyncio.get_running_loop()
        loop.remove_reader(outside.near)
        loop.remove_reader(inside.near)
        if self.link.is_symlink() and str(self.link.readlink()) == outside.path:
            self.link.unlink()
        outside.close()
        await server.stop()
        inside.close()

    def _carry_request(self) -> None:
        if self._outside is None or self._inside is None:
            return
        data = self._outside.read()
        if not data or self._outside.speed != _speed_of(self._line.plan.baudrate):
            return
        if not (self._line.has_dlt645 and self._questions.concern(data)):
            self._inside.write(data)
            return
        for question, raw in self._questions.take(data):
            task = asyncio.create_task(self._carry(question, raw))
            self._carrying.add(task)
            task.add_done_callback(self._carrying.discard)

    async def _carry(self, question: Question, raw: bytes) -> None:
        """Have a question of DL/T 645 answered, past the Modbus server."""
        if (answer := await self._line.carry(question, raw)) is not None:
            self._delivery.deliver(self._line.take_answer(len(answer)), answer)

    def _carry_answer(self) -> None:
        if self._inside is None:
            return
        self._answer += self._inside.read()
        while self._answer:
            answers = self._line.answers
            expected = answers[0] if answers else Answer(length=len(self._answer))
            if len(self._answer) < expected.length:
                return
            answer = self._line.take_answer(expected.length)
            frame = bytes(self._answer[: answer.length])
            del self._answer[: answer.length]
            self._delivery.deliver(answer, frame)

    def _write(self, frame: bytes) -> None:
        if self._outside is not None:
            self._outside.write(frame)


def _speed_of(baudrate: int) -> int:
    return int(getattr(termios, f"B{baudrate}", baudrate))


def _point(link: Path, target: str) -> None:
    """Let a link point to a terminal, replacing what an earlier run left there."""
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.exists() and not link.is_symlink():
        raise FileExistsError(f"{link} is in the way: name another folder for the serial ports")
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)
