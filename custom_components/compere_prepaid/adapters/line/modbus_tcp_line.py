"""A line behind a Modbus TCP gateway: frames are numbered, and the gateway keeps the silences.

Where the gateway is known to queue, two transactions may be under way, so that its network's delay
is not the wire's pause. Answers find their question by its number; one with a number that nobody
waits for is late or another's, and is thrown away.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import override

from ...core.bus.modbus_frames import MbapStream, decode_pdu, mbap_frame
from ...core.bus.ports import LinePort
from ...core.bus.requests import (
    BusError,
    BusRequest,
    GarbledAnswerError,
    LineDownError,
    NoAnswerError,
    Request,
)
from ...core.bus.settings import LineSettings
from .connecting import Connection, connect


@dataclass(slots=True)
class _Asked:
    request: Request
    answer: asyncio.Future[tuple[int, ...]]
    strays: int


class ModbusTcpLine(LinePort):
    """One such line; it can be opened again after it was closed or lost."""

    def __init__(self, settings: LineSettings) -> None:
        """Prepare a line; nothing is opened."""
        self._settings = settings
        self._connection: Connection | None = None
        self._stream = MbapStream()
        self._asked: dict[int, _Asked] = {}
        self._number = 0
        self._given_up: deque[int] = deque(maxlen=64)
        """Numbers whose answers may still come, late."""
        self._lost = ""
        self._quiet_at = 0.0
        self._strays = 0
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
        self._lost, self._stream = "", MbapStream()
        self._connection = await connect(self._settings, self)

    @override
    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    @override
    async def execute(self, request: BusRequest, deadline_s: float) -> tuple[int, ...]:
        if not isinstance(request, Request):
            raise TypeError(f"Modbus TCP cannot carry {request!r}")
        loop = asyncio.get_running_loop()
        if (pause_s := self._quiet_at - loop.time()) > 0:
            await asyncio.sleep(pause_s)  # some gateways want a pause between two requests
        if self._connection is None or self._lost:
            raise LineDownError(self._lost or "not connected")
        self._number = number = (self._number + 1) & 0xFFFF
        asked = _Asked(request, loop.create_future(), self._strays)
        self._asked[number] = asked
        self._connection.transport.write(mbap_frame(request, number))
        expiry = loop.call_later(deadline_s, self._expire, asked)
        try:
            return await asked.answer
        finally:
            expiry.cancel()
            self._asked.pop(number, None)
            if not asked.answer.done() or asked.answer.cancelled() or asked.answer.exception():
                self._given_up.append(number)
            self._quiet_at = loop.time() + self._settings.spacing_s

    # What the connection tells

    def on_data(self, data: bytes) -> None:
        """Hand each answer to who asked."""
        try:
            for number, unit, pdu in self._stream.feed(data):
                self._take(number, unit, pdu)
        except ValueError as error:
            self.on_lost(str(error))
            if self._connection is not None:
                self._connection.transport.close()

    def on_lost(self, error: str) -> None:
        """Fail what is under way."""
        self._lost = self._lost or error
        for asked in self._asked.values():
            if not asked.answer.done():
                asked.answer.set_exception(LineDownError(self._lost))

    def _take(self, number: int, unit: int, pdu: bytes) -> None:
        asked = self._asked.get(number)
        if asked is None or asked.answer.done():
            self._drained += len(pdu)
            if number in self._given_up:
                self._given_up.remove(number)
            else:
                self._strays += 1
            return
        try:
            values = decode_pdu(asked.request, pdu) if unit == asked.request.unit else None
        except BusError as error:
            asked.answer.set_exception(error)
            return
        if values is None:
            detail = f"unit {unit}, function {pdu[0]}, {len(pdu)} bytes"
            asked.answer.set_exception(GarbledAnswerError(asked.request.unit, detail))
        else:
            asked.answer.set_result(values)

    def _expire(self, asked: _Asked) -> None:
        """Give up; an answer under a wrong number is told apart from silence."""
        if asked.answer.done():
            return
        unit = asked.request.unit
        asked.answer.set_exception(
            GarbledAnswerError(unit, "the gateway answers under another transaction's number")
            if self._strays > asked.strays
            else NoAnswerError(unit)
        )
