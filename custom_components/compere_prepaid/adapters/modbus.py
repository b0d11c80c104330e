"""Modbus lines on tmodbus: serial port, raw frames over TCP, Modbus TCP gateway.

Used of tmodbus are its transports and PDUs alone. They check unit, function, checksum and byte
count of every answer, keep the silence between frames, and drop what a unit says after its
deadline. Its retries, its reconnects and its waiting on busy meters are left out: order, deadlines
and repetition are the bus's (`core/bus`), which is the only caller and sends one request at a time.

tmodbus's types stay in this file, and so do its errors: what leaves is a `BusError`.
"""

import asyncio
from collections.abc import Callable
import logging
import os
import struct
from typing import Any, override

from serialx import Parity, StopBits
from tmodbus.exceptions import (
    GatewayPathUnavailableError,
    GatewayTargetDeviceFailedToRespondError,
    ModbusConnectionError,
    ModbusResponseError,
    TModbusError,
)
from tmodbus.pdu import (
    BaseClientPDU,
    ReadCoilsPDU,
    ReadDiscreteInputsPDU,
    ReadHoldingRegistersPDU,
    ReadInputRegistersPDU,
    WriteMultipleRegistersPDU,
    WriteSingleCoilPDU,
    WriteSingleRegisterPDU,
)
from tmodbus.transport import (
    AsyncBaseTransport,
    AsyncRtuOverTcpTransport,
    AsyncRtuTransport,
    AsyncTcpTransport,
)

from ..core.bus.ports import LinePort
from ..core.bus.requests import (
    BusError,
    BusRequest,
    Function,
    GarbledAnswerError,
    LineDownError,
    NoAnswerError,
    RefusedError,
    Request,
)
from ..core.bus.settings import LineSettings, Transport

_LOGGER = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5.0
_NEVER_S = 60.0
"""tmodbus's own time-out: longer than any deadline, so that only ours counts."""

_PDUS: dict[Function, Callable[[Request], BaseClientPDU[Any]]] = {
    Function.READ_COILS: lambda request: ReadCoilsPDU(request.address, request.count),
    Function.READ_DISCRETE: lambda request: ReadDiscreteInputsPDU(request.address, request.count),
    Function.READ_HOLDING: lambda request: ReadHoldingRegistersPDU(request.address, request.count),
    Function.READ_INPUT: lambda request: ReadInputRegistersPDU(request.address, request.count),
    Function.WRITE_COIL: lambda request: WriteSingleCoilPDU(
        request.address, bool(request.values[0])
    ),
    Function.WRITE_REGISTER: lambda request: WriteSingleRegisterPDU(
        request.address, request.values[0]
    ),
    Function.WRITE_REGISTERS: lambda request: WriteMultipleRegistersPDU(
        request.address, list(request.values)
    ),
}


def open_line(settings: LineSettings) -> LinePort:
    """Return the line that these settings describe; it is not connected yet."""
    return ModbusLine(settings)


class ModbusLine(LinePort):
    """One line on a tmodbus transport, which lives as long as one connection."""

    def __init__(self, settings: LineSettings) -> None:
        """Prepare a line; nothing is opened."""
        self._settings = settings
        self._transport: AsyncBaseTransport | None = None

    @property
    @override
    def is_open(self) -> bool:
        return self._transport is not None and self._transport.is_open()

    @override
    async def open(self) -> None:
        if self.is_open:
            return
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                transport = _transport(self._settings)
                await transport.open()
        except (TModbusError, OSError, ValueError, ImportError) as error:
            raise LineDownError(_reason(error)) from error
        self._transport = transport

    @override
    async def close(self) -> None:
        transport, self._transport = self._transport, None
        if transport is None:
            return
        try:
            await transport.close()
        except (TModbusError, OSError) as error:
            _LOGGER.debug("Closing %s: %s", self._settings.endpoint, error)
        await asyncio.sleep(0)  # the event loop closes sockets in its next round

    @override
    async def execute(self, request: BusRequest, deadline_s: float) -> tuple[int, ...]:
        if not isinstance(request, Request):
            raise TypeError(f"no Modbus request: {request!r}")
        if self._transport is None:
            raise LineDownError("not connected")
        try:
            async with asyncio.timeout(deadline_s):
                answer = await self._transport.send_and_receive(
                    request.unit, _PDUS[request.function](request)
                )
        except TimeoutError as error:
            raise NoAnswerError(request.unit) from error
        except (TModbusError, OSError, ValueError, IndexError, struct.error) as error:
            raise _bus_error(request, error) from error
        return _values(request, answer)


class _PacedRtuOverTcpTransport(AsyncRtuOverTcpTransport):
    """Keeps the silence that the wire behind the serial server needs, not that of 115200 baud."""

    def __init__(self, settings: LineSettings) -> None:
        super().__init__(
            settings.host, settings.port, timeout=_NEVER_S, connect_timeout=CONNECT_TIMEOUT_S
        )
        self._silence_s = settings.silence_s

    @override
    async def open(self) -> None:
        await super().open()
        if self._protocol is not None:
            self._protocol.interframe_delay = self._silence_s


def _transport(settings: LineSettings) -> AsyncBaseTransport:
    if settings.transport is Transport.SERIAL:
        return AsyncRtuTransport(
            settings.device,
            timeout=_NEVER_S,
            baudrate=settings.baudrate,
            parity=_parity(settings),
            stopbits=StopBits(settings.stopbits),
        )
    if settings.transport is Transport.RTU_TCP:
        return _PacedRtuOverTcpTransport(settings)
    return AsyncTcpTransport(
        settings.host, settings.port, timeout=_NEVER_S, connect_timeout=CONNECT_TIMEOUT_S
    )


def _parity(settings: LineSettings) -> Parity:
    """Return the parity to ask of a port.

    A pseudo terminal (a virtual port, as of `socat`) has none, and the C library refuses to ask a
    second time for what the first opening did not get.
    """
    is_pseudo = os.path.realpath(settings.device).startswith("/dev/pts/")
    return Parity.NONE if is_pseudo else Parity(settings.parity)


def _values(request: Request, answer: Any) -> tuple[int, ...]:
    """Return the answer as the port promises it; tmodbus has compared echoes already."""
    if request.is_write:
        return request.values
    return tuple(int(value) for value in answer)


def _bus_error(request: Request, error: Exception) -> BusError:
    """Tell apart what tmodbus calls by many names."""
    if isinstance(error, GatewayPathUnavailableError | GatewayTargetDeviceFailedToRespondError):
        return NoAnswerError(request.unit, gateway_answered=True)
    if isinstance(error, ModbusResponseError):
        return RefusedError(request.unit, error.error_code)
    if isinstance(error, ModbusConnectionError | OSError):
        return LineDownError(_reason(error))
    return GarbledAnswerError(request.unit, _reason(error))


def _reason(error: BaseException) -> str:
    """Return what the innermost cause says, for people."""
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, TimeoutError):
        return "no connection in time"
    return str(error) or type(error).__name__
