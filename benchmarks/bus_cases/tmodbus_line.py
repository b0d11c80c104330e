"""A line on tmodbus's transports: the best that could be made of a library, to compare with."""

import asyncio
from typing import Any, override

from serialx import Parity, StopBits
from tmodbus.exceptions import ModbusConnectionError, ModbusResponseError, TModbusError
from tmodbus.pdu import (
    BaseClientPDU,
    ReadCoilsPDU,
    ReadHoldingRegistersPDU,
    WriteSingleCoilPDU,
)
from tmodbus.transport import (
    AsyncBaseTransport,
    AsyncRtuOverTcpTransport,
    AsyncRtuTransport,
    AsyncTcpTransport,
)

from custom_components.compere_prepaid.core.bus.ports import LinePort
from custom_components.compere_prepaid.core.bus.requests import (
    BusRequest,
    Function,
    GarbledAnswerError,
    LineDownError,
    NoAnswerError,
    RefusedError,
    Request,
)
from custom_components.compere_prepaid.core.bus.settings import LineSettings, Transport

_NEVER_S = 60.0
"""tmodbus's own patience: only the bus's counts."""


class TmodbusLine(LinePort):
    """One line; of Modbus's functions it has those that are measured."""

    def __init__(self, settings: LineSettings) -> None:
        """Prepare a line; nothing is opened."""
        self._settings = settings
        self._transport: AsyncBaseTransport | None = None

    @property
    @override
    def is_open(self) -> bool:
        return self._transport is not None and self._transport.is_open()

    @property
    @override
    def drained(self) -> int:
        return 0  # tmodbus does not tell

    @override
    async def open(self) -> None:
        try:
            self._transport = await self._connect()
        except (TModbusError, OSError) as error:
            raise LineDownError(str(error)) from error

    @override
    async def close(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.close()
            await asyncio.sleep(0)

    @override
    async def execute(self, request: BusRequest, deadline_s: float) -> tuple[int, ...]:
        assert isinstance(request, Request)
        if self._transport is None:
            raise LineDownError("not connected")
        try:
            async with asyncio.timeout(deadline_s):
                answer = await self._transport.send_and_receive(request.unit, _pdu(request))
        except TimeoutError as error:
            raise NoAnswerError(request.unit) from error
        except ModbusResponseError as error:
            raise RefusedError(request.unit, error.error_code) from error
        except ModbusConnectionError as error:
            raise LineDownError(str(error)) from error
        except (TModbusError, ValueError) as error:
            raise GarbledAnswerError(request.unit, str(error)) from error
        return request.values if request.is_write else tuple(int(value) for value in answer)

    async def _connect(self) -> AsyncBaseTransport:
        settings = self._settings
        transport: AsyncBaseTransport
        if settings.transport is Transport.SERIAL:
            transport = AsyncRtuTransport(
                settings.device,
                timeout=_NEVER_S,
                baudrate=settings.baudrate,
                parity=Parity.NONE,  # a pseudo terminal has none
                stopbits=StopBits(settings.stopbits),
            )
        elif settings.transport is Transport.RTU_TCP:
            transport = _Paced(settings.host, settings.port, timeout=_NEVER_S)
        else:
            transport = AsyncTcpTransport(settings.host, settings.port, timeout=_NEVER_S)
        await transport.open()
        if isinstance(transport, _Paced):
            transport.keep(settings.silence_s)
        return transport


class _Paced(AsyncRtuOverTcpTransport):
    """Raw frames over TCP with the silence of the line that is behind them."""

    def keep(self, silence_s: float) -> None:
        """Keep this silence between frames."""
        if self._protocol is not None:
            self._protocol.interframe_delay = silence_s


def _pdu(request: Request) -> BaseClientPDU[Any]:
    if request.function is Function.READ_COILS:
        return ReadCoilsPDU(request.address, request.count)
    if request.function is Function.WRITE_COIL:
        return WriteSingleCoilPDU(request.address, bool(request.values[0]))
    return ReadHoldingRegistersPDU(request.address, request.count)
