"""A line whose frames end with silence: a serial port, or a server that passes bytes through.

One transaction at a time. Before each the line must have been quiet for the silence that ends a
frame, counted from the last byte that was seen or sent: whatever comes in between, a late answer or
another master, is thrown away and counted, and the silence begins anew.

On a serial port nothing is read before the answer can be there: each byte that an adapter hands up
would wake the whole program, and the pause that a meter needs before it answers is learned.
"""

import asyncio
from collections import deque
from typing import override

from serialx.descriptor_transport import DescriptorTransport

from ...core.bus.exchange import Exchange
from ...core.bus.modbus_frames import RtuExchange
from ...core.bus.ports import LinePort
from ...core.bus.requests import (
    BusError,
    BusRequest,
    FramedRequest,
    GarbledAnswerError,
    LineDownError,
    NoAnswerError,
    Request,
    Station,
)
from ...core.bus.settings import LineSettings
from .connecting import Connection, connect
from .timer import Timer

BABBLE_S = 1.0
"""A line that is never quiet for so long has somebody else on it, or is broken."""
LAST_LOOK_S = 0.003
"""How long a port is read that was not read before its answer's deadline."""
THOUGHTS = 8
"""The shortest of so many pauses counts: one may look long because this program was held up."""
READ_EARLY_S = 0.001
"""A serial port is read so long before the answer is expected to be whole."""


def exchange_for(request: BusRequest) -> Exchange:
    """Return the frames of a request on such a line."""
    if isinstance(request, Request):
        return RtuExchange(request)
    if isinstance(request, FramedRequest):
        return request.exchange()
    raise TypeError(f"no frames for {request!r}")


class FramedLine(LinePort):
    """One such line; it can be opened again after it was closed or lost."""

    def __init__(self, settings: LineSettings) -> None:
        """Prepare a line; nothing is opened."""
        self._settings = settings
        self._silence_s = settings.gap_s
        self._connection: Connection | None = None
        self._timer: Timer | None = None
        self._lost = ""
        self._quiet_at = 0.0
        self._exchange: Exchange | None = None
        self._answer: asyncio.Future[tuple[int, ...]] | None = None
        self._unit: Station = 0
        self._received = 0
        self._echoes: bool | None = None
        self._head: bytearray | None = None
        """What may become the echo of the own frame; None when it is not one."""
        self._thoughts_s: dict[Station, deque[float]] = {}
        """How long each unit of a serial port paused before its last answers."""
        self._read_from = 0.0
        self._drained = 0

    @property
    @override
    def is_open(self) -> bool:
        return self._connection is not None and self._connection.is_open

    @property
    @override
    def drained(self) -> int:
        return self._drained

    @override
    async def open(self) -> None:
        if self.is_open:
            return
        await self.close()
        self._lost, self._echoes = "", None
        self._connection = await self._connect()
        self._timer = Timer()
        self._quiet_at = asyncio.get_running_loop().time() + self._silence_s

    async def _connect(self) -> Connection:
        return await connect(self._settings, self)

    @override
    async def close(self) -> None:
        timer, self._timer = self._timer, None
        connection, self._connection = self._connection, None
        if timer is not None:
            timer.close()
        if connection is not None:
            await connection.close()

    @override
    async def execute(self, request: BusRequest, deadline_s: float) -> tuple[int, ...]:
        timer, connection = self._timer, self._connection
        if timer is None or connection is None:
            raise LineDownError(self._lost or "not connected")
        exchange = exchange_for(request)
        await self._silence(timer, request.unit)
        if self._lost or connection is not self._connection:
            raise LineDownError(self._lost or "not connected")
        transport = connection.transport
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[tuple[int, ...]] = loop.create_future()
        self._exchange, self._answer, self._unit = exchange, answer, request.unit
        self._received = 0
        self._watch_for_echo(request)
        self._send(exchange, transport, timer)
        self._expiry = loop.call_at(self._sent_at + deadline_s, self._expire)
        try:
            return await answer
        finally:
            self._expiry.cancel()
            self._end(timer, transport)

    async def _silence(self, timer: Timer, unit: Station) -> None:
        """Wait until the line has been quiet for long enough."""
        loop = asyncio.get_running_loop()
        patience_until = loop.time() + BABBLE_S
        while (quiet_at := self._quiet_at) > (now := loop.time()):
            if now > patience_until:
                raise GarbledAnswerError(unit, "the line is never quiet")
            await timer.until(quiet_at)

    def _send(self, exchange: Exchange, transport: asyncio.Transport, timer: Timer) -> None:
        """Put the question on the wire, and plan when to look for the answer."""
        settings, frame = self._settings, exchange.frame
        self._sent_at = asyncio.get_running_loop().time()
        self._sent_until = self._sent_at + len(frame) * settings.character_s
        self._quiet_at = self._sent_until + self._silence_s
        transport.write(frame)
        thoughts_s = self._thoughts_s.get(self._unit)
        if not thoughts_s or self._echoes or not isinstance(transport, DescriptorTransport):
            self._read_from = 0.0
            return
        answer_s = exchange.expected * settings.character_s
        self._read_from = self._sent_until + min(thoughts_s) + answer_s - READ_EARLY_S
        transport.pause_reading()
        timer.call_at(self._read_from, transport.resume_reading)

    def _end(self, timer: Timer, transport: asyncio.Transport) -> None:
        self._exchange = self._answer = None
        if self._read_from:
            timer.cancel()
            transport.resume_reading()

    def _watch_for_echo(self, request: BusRequest) -> None:
        """Look for the own frame at the beginning of what comes back.

        Some two-wire adapters hear themselves. Whether this one does, the first read tells: a
        meter's answer never begins like the question. The answer to function 05 and 06 does, so
        there it is not guessed.
        """
        is_clear = not request.is_proven_by_echo
        is_watched = self._echoes or (self._echoes is None and is_clear)
        self._head = bytearray() if is_watched else None
        self._learns = is_clear

    def _without_echo(self, data: bytes, frame: bytes) -> bytes:
        head = self._head
        if head is None:
            return data
        head += data
        if len(head) < len(frame) and frame.startswith(head):
            return b""  # more of it may come
        self._head = None
        if head.startswith(frame):
            self._echoes = True
            return bytes(head[len(frame) :])
        if self._learns:
            self._echoes = False
        return bytes(head)

    # What the connection tells

    def on_data(self, data: bytes) -> None:
        """Take bytes: of the answer, of its beginning, or nobody's."""
        now = asyncio.get_running_loop().time()
        self._quiet_at = max(self._quiet_at, now + self._silence_s)
        exchange, answer = self._exchange, self._answer
        if exchange is None or answer is None or answer.done():
            self._drained += len(data)
            return
        self._received += len(data)
        data = self._without_echo(data, exchange.frame)
        try:
            values = exchange.feed(data) if data else None
        except BusError as error:
            answer.set_exception(error)
            return
        if values is not None:
            answer.set_result(values)
            self._learn(exchange, now)

    def on_lost(self, error: str) -> None:
        """Fail what is under way."""
        self._lost = error
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(LineDownError(self._lost))

    def _learn(self, exchange: Exchange, now: float) -> None:
        """Note how long the unit paused; if it was there already, it may be quicker than that."""
        answer_s = exchange.expected * self._settings.character_s
        thought_s = max(0.0, now - self._sent_until - answer_s)
        if self._read_from and now - self._read_from < READ_EARLY_S / 2:
            thought_s -= READ_EARLY_S
        thoughts_s = self._thoughts_s.setdefault(self._unit, deque(maxlen=THOUGHTS))
        thoughts_s.append(max(0.0, thought_s))

    def _expire(self) -> None:
        """Give up: nothing has come, or nothing that can be the answer.

        A program that was held up finds both the deadline over and the port unread: it looks once
        more before it says so.
        """
        if self._answer is None or self._answer.done():
            return
        if self._read_from and self._connection is not None:
            self._read_from = 0.0
            self._connection.transport.resume_reading()
            self._expiry = asyncio.get_running_loop().call_later(LAST_LOOK_S, self._expire)
            return
        received = self._received
        self._drained += received
        self._answer.set_exception(
            GarbledAnswerError(self._unit, f"{received} bytes that are no answer")
            if received
            else NoAnswerError(self._unit)
        )
