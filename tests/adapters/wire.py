"""A line's far end at the level of bytes: a serial server or gateway with meters behind it.

Written from the Modbus documents alone, on nothing but `asyncio` and `struct`, so that it cannot
share a mistake with the library that it tests. A meter can be told to be late, silent, busy, or to
garble; what it was asked is remembered.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
import struct
from typing import Self


def crc16(frame: bytes) -> bytes:
    """Return the checksum of an RTU frame, low byte first."""
    crc = 0xFFFF
    for byte in frame:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return struct.pack("<H", crc)


@dataclass(slots=True)
class WireMeter:
    """A meter of registers and coils."""

    registers: dict[int, int] = field(default_factory=dict)
    coils: dict[int, bool] = field(default_factory=dict)
    is_silent: bool = False
    late_s: list[float] = field(default_factory=list)
    """How late the next answers are, first the next one; afterwards they are prompt."""
    exception: int | None = None
    spoil: Callable[[bytes], bytes] = bytes
    """What becomes of a finished frame on the wire."""
    asked: list[bytes] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a request has arrived, also where no answer follows."""

    def answer(self, pdu: bytes) -> bytes:
        """Return the answer to a request, both without address and checksum."""
        self.asked.append(pdu)
        if self.exception is not None:
            return bytes([pdu[0] | 0x80, self.exception])
        first, second = struct.unpack(">HH", pdu[1:5])
        if pdu[0] in (1, 2):
            bits = [self.coils.get(first + index, False) for index in range(second)]
            packed = sum(bit << index for index, bit in enumerate(bits))
            data = packed.to_bytes((second + 7) // 8, "little")
            return bytes([pdu[0], len(data)]) + data
        if pdu[0] in (3, 4):
            words = [self.registers.get(first + index, 0) for index in range(second)]
            return bytes([pdu[0], 2 * second]) + struct.pack(f">{second}H", *words)
        if pdu[0] == 5:
            self.coils[first] = second == 0xFF00
        elif pdu[0] == 6:
            self.registers[first] = second
        else:
            words = list(struct.unpack(f">{second}H", pdu[6:]))
            self.registers |= dict(enumerate(words, first))
        return pdu[:5]


@dataclass(slots=True)
class Wire:
    """A serial server (`is_rtu`) or a Modbus TCP gateway on loopback."""

    is_rtu: bool
    meters: dict[int, WireMeter] = field(default_factory=dict)
    mispairs: bool = False
    """A gateway that has given up waiting and takes a late answer for the newest request's."""
    port: int = 0
    connections: int = 0
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _newest: bytes = b"\0\0"

    async def __aenter__(self) -> Self:
        """Listen, on the port of last time if there was one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close everything, at once."""
        assert self._server is not None
        self._server.close()
        for writer in tuple(self._writers):
            writer.transport.abort()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self._writers.add(writer)
        try:
            while True:
                await self._one(reader, writer)
        except asyncio.IncompleteReadError, ConnectionError:
            pass
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request and answer it, now or later."""
        if self.is_rtu:
            unit, pdu = await read_rtu(reader.readexactly)
            transaction = b""
        else:
            transaction, _, length, unit = struct.unpack(">2sHHB", await reader.readexactly(7))
            pdu = await reader.readexactly(length - 1)
            self._newest = transaction
        meter = self.meters.get(unit)
        if meter is None:
            return
        meter.heard.set()
        if meter.is_silent:
            return
        answer = meter.answer(pdu)
        late_s = meter.late_s.pop(0) if meter.late_s else 0.0
        task = asyncio.create_task(self._say(writer, unit, answer, transaction, late_s))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _say(
        self,
        writer: asyncio.StreamWriter,
        unit: int,
        answer: bytes,
        transaction: bytes,
        late_s: float,
    ) -> None:
        await asyncio.sleep(late_s)
        if self.is_rtu:
            frame = bytes([unit]) + answer
            frame += crc16(frame)
        else:
            used = self._newest if self.mispairs else transaction
            frame = used + struct.pack(">HHB", 0, len(answer) + 1, unit) + answer
        writer.write(self.meters[unit].spoil(frame))


async def read_rtu(read: Callable[[int], Awaitable[bytes]]) -> tuple[int, bytes]:
    """Take one request frame off a serial stream; return unit and PDU."""
    frame = await read(8)
    if frame[1] == 16:
        frame += await read(frame[6] + 1)
    assert crc16(frame[:-2]) == frame[-2:], f"bad checksum in {frame.hex(' ')}"
    return frame[0], frame[1:-2]
