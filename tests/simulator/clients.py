"""How tests talk to a simulated line, and the requests that most of them send."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from tmodbus.pdu import BaseClientPDU, ReadHoldingRegistersPDU
from tmodbus.utils.crc import calculate_crc16

type Ask = Callable[[int, BaseClientPDU[Any]], Awaitable[Any]]
"""Send a request to a unit and return its answer."""

type Connect = Callable[..., AbstractAsyncContextManager[Ask]]
"""Connect to a line of a mall."""

SERIAL_NUMBER = ReadHoldingRegistersPDU(0x12, 7)
TOTAL = ReadHoldingRegistersPDU(0x82, 2)


class RawClient:
    """Speaks RTU frames over TCP byte by byte, and believes nothing."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Use an open connection."""
        self.reader = reader
        self.writer = writer

    async def send(self, unit: int, pdu: BaseClientPDU[Any]) -> None:
        """Send a request without waiting for anything."""
        frame = bytes([unit]) + pdu.encode_request()
        self.writer.write(frame + calculate_crc16(frame))
        await self.writer.drain()

    async def read(self, length: int) -> bytes:
        """Return exactly so many bytes."""
        return await asyncio.wait_for(self.reader.readexactly(length), 2)
