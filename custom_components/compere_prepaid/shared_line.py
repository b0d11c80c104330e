"""A Modbus line that Home Assistant shares between integrations.

Home Assistant keeps one connection per endpoint and a lock in front of it that knows no urgency;
busy meters are asked again inside that lock for up to a minute. So a line of its own is the rule,
and this one is for wires on which another integration's devices hang too: nothing here promises how
long a relay command waits. The bus asks for one thing at a time all the same, in its own order.
"""

import asyncio
from contextlib import AsyncExitStack
from typing import Literal, cast, override

from homeassistant.components.modbus import async_get_temporary_unit
from homeassistant.components.modbus.connection import (
    ModbusParams,
    async_get_connection_info,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from modbus_connection import ModbusSerialParams, ModbusTcpParams, ModbusUnit
from modbus_connection.exceptions import (
    ModbusConnectionError,
    ModbusError,
    ModbusExceptionError,
    ModbusTimeoutError,
)

from .adapters.line.connecting import reason
from .adapters.line.listening_line import ListeningLine
from .adapters.line.opening import open_line
from .core.bus.ports import LinePort
from .core.bus.requests import (
    BusError,
    BusRequest,
    Function,
    GarbledAnswerError,
    LineDownError,
    NoAnswerError,
    RefusedError,
    Request,
)
from .core.bus.settings import LineSettings, Transport

OTHERS_S = 10.0
"""How long the lock's other users may keep a request waiting, on top of its own deadline."""
_GATEWAY_CODES = frozenset({10, 11})


def line_for(hass: HomeAssistant, settings: LineSettings) -> LinePort:
    """Return the line that these settings describe; it is not connected yet."""
    return SharedLine(hass, settings) if settings.shared else open_line(settings)


async def async_test_line(hass: HomeAssistant, settings: LineSettings) -> None:
    """Open a line and close it again; a gateway that dials in need not be there yet.

    Raises `BusError`.
    """
    line = line_for(hass, settings)
    try:
        await (line.try_to_listen() if isinstance(line, ListeningLine) else line.open())
    finally:
        await line.close()


def others_use(hass: HomeAssistant, settings: LineSettings) -> bool:
    """Tell whether Home Assistant has a connection to this endpoint open for other integrations."""
    endpoint = params_of(settings).endpoint
    return any(info.endpoint == endpoint for info in async_get_connection_info(hass))


def params_of(settings: LineSettings) -> ModbusParams:
    """Return how Home Assistant names such a connection."""
    match settings.transport:
        case Transport.MODBUS_TCP:
            return ModbusTcpParams(host=settings.host, port=settings.port)
        case Transport.RTU_TCP:
            host = f"[{settings.host}]" if ":" in settings.host else settings.host
            # 115200 baud as Home Assistant itself gives a socket, whatever the wire behind it has:
            # with other settings it would be another link, and there cannot be two
            return ModbusSerialParams(device=f"socket://{host}:{settings.port}", baudrate=115200)
        case _:
            return ModbusSerialParams(
                device=settings.device,
                baudrate=settings.baudrate,
                parity=cast('Literal["N", "E", "O"]', settings.parity),
                stopbits=cast("Literal[1, 2]", settings.stopbits),
            )


class SharedLine(LinePort):
    """One line on a shared connection; its units are held from `open` to `close`."""

    def __init__(self, hass: HomeAssistant, settings: LineSettings) -> None:
        """Prepare a line; nothing is held."""
        self._hass = hass
        self._settings = settings
        self._holds: AsyncExitStack | None = None
        self._units: dict[int, ModbusUnit] = {}

    @property
    @override
    def is_open(self) -> bool:
        return self._holds is not None

    @property
    @override
    def drained(self) -> int:
        return 0  # the connection does not tell

    @override
    async def open(self) -> None:
        if self._holds is not None:
            return
        self._holds = AsyncExitStack()
        try:
            unit = await self._unit(1)
            # It connects with its first request; whatever comes of this one, it shows that it can.
            await unit.read_holding_registers(0, 1)
        except ModbusConnectionError as error:
            await self.close()
            raise LineDownError(reason(error)) from error
        except HomeAssistantError as error:
            await self.close()
            raise LineDownError(str(error)) from error
        except ModbusError:
            return

    @override
    async def close(self) -> None:
        holds, self._holds = self._holds, None
        self._units.clear()
        if holds is not None:
            await holds.aclose()

    @override
    async def execute(self, request: BusRequest, deadline_s: float) -> tuple[int, ...]:
        if not isinstance(request, Request):
            raise TypeError(f"a shared line cannot carry {request!r}")
        if self._holds is None:
            raise LineDownError("not connected")
        try:
            unit = await self._unit(request.unit)
            async with asyncio.timeout(deadline_s + OTHERS_S):
                return await _ask(unit, request)
        except HomeAssistantError as error:
            raise LineDownError(str(error)) from error
        except TimeoutError as error:
            raise NoAnswerError(request.unit) from error
        except ModbusError as error:
            raise _bus_error(request, error) from error

    async def _unit(self, number: int) -> ModbusUnit:
        unit = self._units.get(number)
        if unit is None and self._holds is not None:
            hold = async_get_temporary_unit(self._hass, params_of(self._settings), number)
            unit = self._units[number] = await self._holds.enter_async_context(hold)
            unit.require_timeout(self._settings.timeout_s)
            unit.set_message_spacing(self._settings.gap_s)
        if unit is None:
            raise LineDownError("not connected")
        return unit


async def _ask(unit: ModbusUnit, request: Request) -> tuple[int, ...]:
    """Carry out one transaction."""
    address, count = request.address, request.count
    answer: list[int] | list[bool]
    match request.function:
        case Function.READ_COILS:
            answer = await unit.read_coils(address, count)
        case Function.READ_DISCRETE:
            answer = await unit.read_discrete_inputs(address, count)
        case Function.READ_HOLDING:
            answer = await unit.read_holding_registers(address, count)
        case Function.READ_INPUT:
            answer = await unit.read_input_registers(address, count)
        case Function.WRITE_COIL:
            await unit.write_coil(address, bool(request.values[0]))
            return request.values
        case Function.WRITE_REGISTER:
            await unit.write_register(address, request.values[0])
            return request.values
        case Function.WRITE_REGISTERS:
            await unit.write_registers(address, list(request.values))
            return request.values
    return tuple(int(value) for value in answer)


def _bus_error(request: Request, error: ModbusError) -> BusError:
    if isinstance(error, ModbusConnectionError):
        return LineDownError(reason(error))
    if isinstance(error, ModbusTimeoutError):
        return NoAnswerError(request.unit)
    if isinstance(error, ModbusExceptionError):
        code = int(error.exception_code or 0)
        if code in _GATEWAY_CODES:
            return NoAnswerError(request.unit, gateway_answered=True)
        return RefusedError(request.unit, code)
    return GarbledAnswerError(request.unit, reason(error))
