"""Who asks a line: ours and the peers, by one small interface.

The peers are what Home Assistant's users have today. `YamlHub` is the pattern of Home Assistant's
`modbus` hub around the very pymodbus client that it uses; `SharedUnit` is what an integration gets
from `modbus.async_get_unit`: one `modbus-connection` for all, which repeats what a meter refuses as
busy. pymodbus has no serial port without pyserial, which Home Assistant does not install either.
"""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Callable
from typing import Literal, override
import warnings

from modbus_connection import ModbusSerialParams, ModbusTcpParams
from modbus_connection.pymodbus import ModbusConnection as PymodbusConnection
from modbus_connection.tmodbus import ModbusConnection as TmodbusConnection
from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient

from benchmarks.bus_cases.tmodbus_line import TmodbusLine
from benchmarks.bus_line.plan import RELAY_COIL, LinePlan, Way
from custom_components.compere_prepaid.adapters.clock import SystemClock
from custom_components.compere_prepaid.adapters.line.opening import open_line
from custom_components.compere_prepaid.core.bus.bus import Bus
from custom_components.compere_prepaid.core.bus.ports import LinePort
from custom_components.compere_prepaid.core.bus.requests import Function, Request
from custom_components.compere_prepaid.core.bus.scheduler import RequestClass
from custom_components.compere_prepaid.core.bus.settings import LineSettings, Transport
from custom_components.compere_prepaid.core.ids import BusId

_TRANSPORTS = {
    Way.PTY: Transport.SERIAL,
    Way.RTU_TCP: Transport.RTU_TCP,
    Way.MODBUS_TCP: Transport.MODBUS_TCP,
}


def host_and_port(place: str) -> tuple[str, int]:
    """Return both parts of `host:port`."""
    host, _, port = place.rpartition(":")
    return host, int(port)


def settings_of(plan: LinePlan, place: str) -> LineSettings:
    """Return the settings that an owner would give our bus, with our defaults."""
    host, port = ("", 0) if plan.way is Way.PTY else host_and_port(place)
    return LineSettings(
        transport=_TRANSPORTS[plan.way],
        host=host,
        port=port,
        device=place if plan.way is Way.PTY else "",
        baudrate=plan.baudrate,
        parity="E" if plan.bits == 11 else "N",
        queues=plan.queues,
    )


def open_bus(
    plan: LinePlan,
    place: str,
    open_line: Callable[[LineSettings], LinePort] = open_line,
) -> Bus:
    """Return our bus on a line, as the product builds it, or on another engine."""
    settings = settings_of(plan, place)
    return Bus(BusId(place), open_line(settings), settings, SystemClock(), lambda _up, _error: None)


class Client(ABC):
    """Reads registers and switches relays on one line. What fails raises, whatever it likes."""

    name: str

    @abstractmethod
    async def open(self) -> None:
        """Connect."""

    @abstractmethod
    async def close(self) -> None:
        """Disconnect."""

    @abstractmethod
    async def read(self, unit: int, address: int, count: int) -> list[int]:
        """Read holding registers."""

    @abstractmethod
    async def switch(self, unit: int, *, closed: bool) -> None:
        """Command a relay."""

    @abstractmethod
    async def is_closed(self, unit: int) -> bool:
        """Read a relay."""


class Ours(Client):
    """Our bus: reads are routine, commands and their read-back come first."""

    name = "ours"

    def __init__(self, plan: LinePlan, place: str, bus: Bus | None = None) -> None:
        """Take a line, or speak through a bus that has taken it."""
        self.bus = bus or open_bus(plan, place)

    @override
    async def open(self) -> None:
        await self.bus.start()
        await self.bus.wait_until_up()

    @override
    async def close(self) -> None:
        await self.bus.stop()

    @override
    async def read(self, unit: int, address: int, count: int) -> list[int]:
        request = Request(unit=unit, function=Function.READ_HOLDING, address=address, count=count)
        return list(await self.bus.execute(request, RequestClass.ROUTINE))

    @override
    async def switch(self, unit: int, *, closed: bool) -> None:
        request = Request(
            unit=unit, function=Function.WRITE_COIL, address=RELAY_COIL, values=(int(closed),)
        )
        await self.bus.execute(request, RequestClass.RELAY)

    @override
    async def is_closed(self, unit: int) -> bool:
        request = Request(unit=unit, function=Function.READ_COILS, address=RELAY_COIL)
        return (await self.bus.execute(request, RequestClass.RELAY)) == (1,)


class OnTmodbus(Ours):
    """Our bus on tmodbus's transports, its retries off and the line's own silence set."""

    name = "our bus on tmodbus"

    def __init__(self, plan: LinePlan, place: str) -> None:
        """Take a line."""
        super().__init__(plan, place, open_bus(plan, place, TmodbusLine))


class Pymodbus(Client):
    """pymodbus by itself, with its defaults or with those of somebody who knows about dead meters.

    Only over TCP: with `tuned` it waits a quarter of a second and does not repeat.
    """

    name = "pymodbus"

    def __init__(self, plan: LinePlan, place: str, *, tuned: bool = False) -> None:
        """Take a line."""
        host, port = host_and_port(place)
        self._client = AsyncModbusTcpClient(
            host,
            port=port,
            framer=FramerType.RTU if plan.way is Way.RTU_TCP else FramerType.SOCKET,
            timeout=0.25 if tuned else 3,
            retries=0 if tuned else 3,
        )
        if tuned:
            self.name = "pymodbus, tuned"

    @override
    async def open(self) -> None:
        await self._client.connect()

    @override
    async def close(self) -> None:
        self._client.close()

    @override
    async def read(self, unit: int, address: int, count: int) -> list[int]:
        answer = await self._client.read_holding_registers(address, count=count, device_id=unit)
        if answer.isError():
            raise OSError(str(answer))
        return list(answer.registers)

    @override
    async def switch(self, unit: int, *, closed: bool) -> None:
        answer = await self._client.write_coil(RELAY_COIL, closed, device_id=unit)
        if answer.isError():
            raise OSError(str(answer))

    @override
    async def is_closed(self, unit: int) -> bool:
        answer = await self._client.read_coils(RELAY_COIL, count=1, device_id=unit)
        if answer.isError():
            raise OSError(str(answer))
        return bool(answer.bits[0])


class YamlHub(Pymodbus):
    """The pattern of Home Assistant's YAML hub: one lock around pymodbus, a pause inside it.

    The pause is what Home Assistant takes by default: 30 ms on serial lines, none over TCP.
    """

    name = "HA YAML pattern"

    def __init__(self, plan: LinePlan, place: str) -> None:
        """Take a line."""
        super().__init__(plan, place)
        self._lock = asyncio.Lock()

    @override
    async def read(self, unit: int, address: int, count: int) -> list[int]:
        async with self._lock:
            return await super().read(unit, address, count)

    @override
    async def switch(self, unit: int, *, closed: bool) -> None:
        async with self._lock:
            await super().switch(unit, closed=closed)

    @override
    async def is_closed(self, unit: int) -> bool:
        async with self._lock:
            return await super().is_closed(unit)


class SharedUnit(Client):
    """Home Assistant's shared connection, with its defaults, on one backend or the other."""

    def __init__(
        self, plan: LinePlan, place: str, backend: Literal["tmodbus", "pymodbus"] = "tmodbus"
    ) -> None:
        """Take a line."""
        self.name = "HA shared unit" if backend == "tmodbus" else "modbus-connection/pymodbus"
        params = _params(plan, place, backend)
        self._connection: TmodbusConnection | PymodbusConnection = (
            TmodbusConnection(params) if backend == "tmodbus" else PymodbusConnection(params)
        )

    @override
    async def open(self) -> None:
        await self._connection.connect()

    @override
    async def close(self) -> None:
        await self._connection.close()

    def be_quick(self) -> None:
        """Wait a quarter of a second for answers instead of ten."""
        self._connection.for_unit(1).require_timeout(0.25)

    @override
    async def read(self, unit: int, address: int, count: int) -> list[int]:
        return await self._connection.for_unit(unit).read_holding_registers(address, count)

    @override
    async def switch(self, unit: int, *, closed: bool) -> None:
        await self._connection.for_unit(unit).write_coil(RELAY_COIL, closed)

    @override
    async def is_closed(self, unit: int) -> bool:
        return (await self._connection.for_unit(unit).read_coils(RELAY_COIL, 1))[0]


def _params(
    plan: LinePlan, place: str, backend: Literal["tmodbus", "pymodbus"]
) -> ModbusTcpParams | ModbusSerialParams:
    """Return the parameters; raw frames over TCP as Home Assistant's `modbus` makes them."""
    if plan.way is Way.PTY:
        return ModbusSerialParams(device=place, baudrate=plan.baudrate)
    host, port = host_and_port(place)
    if plan.way is Way.MODBUS_TCP:
        return ModbusTcpParams(host=host, port=port)
    if backend == "tmodbus":
        return ModbusSerialParams(device=f"socket://{place}", baudrate=115_200)
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        return ModbusTcpParams(host=host, port=port, framer="rtu")
