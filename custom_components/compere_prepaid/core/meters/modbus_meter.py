"""One Modbus meter on a line: its profile, its address, its identity."""

from collections.abc import Sequence
from typing import override

from ..bus.bus import Bus
from ..bus.requests import BusError, Function, GarbledAnswerError, RefusedError, Request
from ..bus.scheduler import RequestClass
from ..clock import Clock
from ..errors import InvalidInputError
from ..ids import MeterSerial
from ..metering.reading import MeterReading, Quantity
from .decode import decode_number, decode_text
from .device import MeterDevice
from .modbus_profile import Block, Cadence, ModbusProfile, Relay

_NOT_SUPPORTED = (1, 2, 3)
"""Modbus exceptions that mean "I do not have that": illegal function, address, value."""


_POWERS = ("power", "reactive_power", "apparent_power")
_THROUGH_TRANSFORMERS = ("energy", "power", "reactive_power", "apparent_power", "current")
"""What current transformers divide. A power factor, a voltage, a frequency they leave alone."""


def _scaled(quantity: Quantity) -> bool:
    """Tell whether a quantity is divided by current transformers."""
    return quantity.startswith(_THROUGH_TRANSFORMERS) and "factor" not in quantity


class SerialUnreadableError(BusError):
    """The meter answers, but what it tells as its serial number is none."""

    def __init__(self, unit: int) -> None:
        """Name the address."""
        super().__init__("serial_unreadable", address=unit)


class ModbusMeter(MeterDevice):
    """Reads and switches one Modbus meter.

    Only where current transformers stand before a meter that does not know their ratio, its
    energies, powers and currents are multiplied by it. Where the meter at this place was found to
    tell powers in kW although its model is said to tell W, they are multiplied by `power_scale`.
    """

    def __init__(
        self,
        profile: ModbusProfile,
        unit: int,
        serial: MeterSerial,
        bus: Bus,
        clock: Clock,
        multiplier: int = 1,
        power_scale: int = 1,
    ) -> None:
        """Raise `InvalidInputError` (`bus_address_invalid`) for what is no Modbus address."""
        if not 1 <= unit <= 247:
            raise InvalidInputError("bus_address_invalid", address=unit)
        self._profile = profile
        self.unit = unit
        self._serial = serial
        self._bus = bus
        self._clock = clock
        self._multiplier = multiplier
        self._power_scale = power_scale
        self._missing_blocks: set[str] = set()

    @property
    @override
    def profile(self) -> ModbusProfile:
        return self._profile

    @property
    @override
    def serial(self) -> MeterSerial:
        return self._serial

    @property
    @override
    def multiplier(self) -> int:
        return self._multiplier

    @override
    async def identify(self, klass: RequestClass, *, is_brief: bool = False) -> MeterSerial:
        identity = self.profile.identity
        request = Request(
            unit=self.unit,
            function=identity.function,
            address=identity.address,
            count=identity.count,
        )
        registers = await self._bus.execute(request, klass, is_brief=is_brief)
        serial = decode_text(registers, identity.characters)
        if serial is None:
            raise SerialUnreadableError(self.unit)
        return MeterSerial(serial)

    @override
    async def read(self, klass: RequestClass, *, detail: bool) -> MeterReading:
        """Leave out a detail block from the time on at which the meter says that it has none."""
        values: dict[Quantity, int] = {}
        for block in self.profile.blocks_of(Cadence.BILLING):
            values |= await self._read_block(block, klass)
        at = self._clock.now()
        relay_closed = None if self.profile.relay is None else await self._relay_state(klass)
        if detail:
            for block in self.profile.blocks_of(Cadence.DETAIL):
                values |= await self._read_detail(block, klass)
        return MeterReading(serial=self.serial, at=at, values=values, relay_closed=relay_closed)

    @override
    async def read_relay(self, klass: RequestClass) -> bool:
        state = await self._relay_state(klass)
        if state is None:
            raise GarbledAnswerError(self.unit, "a relay that is neither closed nor open")
        return state

    @override
    async def write_relay(self, closed: bool, klass: RequestClass) -> None:
        relay = self._relay()
        await self._bus.execute(
            Request(
                unit=self.unit,
                function=relay.write_function,
                address=relay.write_address,
                values=(relay.closed if closed else relay.open,),
            ),
            klass,
        )

    def _relay(self) -> Relay:
        if self.profile.relay is None:
            raise InvalidInputError("relay_missing", serial=self.serial, model=self.profile.model)
        return self.profile.relay

    async def _relay_state(self, klass: RequestClass) -> bool | None:
        """Return whether the relay is closed; None when the meter tells neither state."""
        relay = self._relay()
        (state,) = await self._bus.execute(
            Request(unit=self.unit, function=relay.read_function, address=relay.read_address), klass
        )
        return {relay.closed: True, relay.open: False}.get(state)

    async def read_registers(self, address: int, count: int, klass: RequestClass) -> list[int]:
        """Read holding registers as they are. Raises `BusError`."""
        request = Request(
            unit=self.unit, function=Function.READ_HOLDING, address=address, count=count
        )
        return list(await self._bus.execute(request, klass))

    async def write_registers(
        self, address: int, values: Sequence[int], klass: RequestClass
    ) -> None:
        """Write holding registers once (function 16), all of them in one frame.

        After any `BusError` they may have been written or not: read them back. Raises
        `InvalidInputError` (`never_written`) for what the profile says is never to be written.
        """
        for entry in self.profile.never_write:
            if address < entry.address + entry.count and entry.address < address + len(values):
                raise InvalidInputError("never_written", address=address, reason=entry.reason)
        request = Request(
            unit=self.unit,
            function=Function.WRITE_REGISTERS,
            address=address,
            count=len(values),
            values=tuple(values),
        )
        await self._bus.execute(request, klass)

    def _factor(self, quantity: Quantity) -> int:
        factor = self.multiplier if _scaled(quantity) else 1
        if quantity.startswith(_POWERS) and "factor" not in quantity:
            factor *= self._power_scale
        return factor

    async def _read_block(self, block: Block, klass: RequestClass) -> dict[Quantity, int]:
        registers = await self._bus.execute(
            Request(
                unit=self.unit, function=block.function, address=block.address, count=block.count
            ),
            klass,
        )
        values: dict[Quantity, int] = {}
        for measurand in self.profile.layout[block.name]:
            first = measurand.address - block.address
            number = decode_number(
                registers[first : first + measurand.encoding.registers],
                measurand.encoding,
                measurand.order,
                measurand.unit,
                measurand.scale,
            )
            if number is not None:
                values[measurand.quantity] = number * self._factor(measurand.quantity)
        return values

    async def _read_detail(self, block: Block, klass: RequestClass) -> dict[Quantity, int]:
        if block.name in self._missing_blocks:
            return {}
        try:
            return await self._read_block(block, klass)
        except RefusedError as error:
            if error.code not in _NOT_SUPPORTED:
                raise
            self._missing_blocks.add(block.name)
            return {}
