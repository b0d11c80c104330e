"""One Modbus meter on a line: its profile, its address, its identity."""

from collections.abc import Mapping
from typing import override

from ..bus.bus import Bus
from ..bus.requests import BusError, Function, GarbledAnswerError, RefusedError, Request, Station
from ..bus.scheduler import RequestClass
from ..clock import Clock
from ..errors import InvalidInputError
from ..ids import MeterSerial
from ..metering.reading import MeterReading, Quantity
from .block_plan import Span, halves
from .decode import decode_number
from .device import MeterDevice
from .modbus_profile import Block, Cadence, Measurand, ModbusProfile, Relay, RelayMode
from .profile import channel_serial

_NO_SUCH_FUNCTION = 1
_TOO_MUCH = (2, 3)
"""Modbus exceptions that mean "not these registers" or "not so many": fewer may be answered."""

_ESSENTIAL = (Quantity.ENERGY_IMPORT, Quantity.POWER)
"""Without these there is no reading; what else a meter says it does not have is left out."""

_POWERS = ("power", "reactive_power", "apparent_power")

type LearnedReads = Mapping[str, tuple[tuple[int, int], ...]]
"""What a meter answers instead of a block that it refuses: address and count by block's name."""


class SerialUnreadableError(BusError):
    """The meter answers, but what it tells as its serial number is none."""

    def __init__(self, unit: Station) -> None:
        """Name the address."""
        super().__init__("serial_unreadable", address=unit)


class OtherModelError(BusError):
    """A register does not have the value that it has in every meter of the model."""

    def __init__(self, unit: int, model: str, meaning: str) -> None:
        """Name the address, the model that was expected, and what the register means."""
        super().__init__("other_model", address=unit, model=model, meaning=meaning)


class ModbusMeter(MeterDevice[ModbusProfile]):
    """Reads and switches one Modbus meter, or one channel of it.

    Only where current transformers stand before a meter that does not know their ratio, its
    energies, powers and currents are multiplied by it. Where the meter at this place was found to
    tell powers in kW although its model is said to tell W, they are multiplied by `power_scale`.

    A read that the meter refuses is split until it answers, and the parts are remembered
    (`learned`). A number that the meter does not have is absent; without the energy that is
    charged, or the power, there is no reading.
    """

    def __init__(
        self,
        profile: ModbusProfile,
        unit: int,
        serial: MeterSerial,
        bus: Bus,
        clock: Clock,
        multiplier: int = 1,
        channel: int | None = None,
    ) -> None:
        """Raise `InvalidInputError` (`bus_address_invalid`) for what is no Modbus address."""
        if not 1 <= unit <= 247:
            raise InvalidInputError("bus_address_invalid", address=unit)
        super().__init__(profile, serial, multiplier)
        self.unit = unit
        self._bus = bus
        self._clock = clock
        self._channel = channel
        self.power_scale = 1
        stride = 0 if profile.channels is None else profile.channels.stride
        self._offset = ((channel or 1) - 1) * stride
        self._parts: dict[str, tuple[Span, ...]] = {}

    @property
    def learned(self) -> LearnedReads:
        """What the meter answered instead of the blocks that it refused; may be kept for it."""
        return {
            name: tuple((span.address, span.count) for span in spans)
            for name, spans in self._parts.items()
        }

    @learned.setter
    def learned(self, learned: LearnedReads) -> None:
        self._parts = {
            block.name: tuple(
                Span(function=block.function, shared=block.shared, address=address, count=count)
                for address, count in learned[block.name]
            )
            for block in self.profile.blocks
            if block.name in learned
        }

    @override
    async def identify(self, klass: RequestClass, *, is_brief: bool = False) -> MeterSerial:
        """Return what it tells; a model that cannot tell has its serial number as it was given.

        Of such a model the registers are compared that are alike in every meter of it, if its
        profile names any, else it is only seen to answer.
        Raises also `OtherModelError` and `SerialUnreadableError`.
        """
        await self._compare_fingerprint(klass, is_brief=is_brief)
        identity = self.profile.identity
        if identity is None:
            if not self.profile.fingerprint:
                await self._fetch(self.profile.charged_block.span, klass, is_brief=is_brief)
            return self.serial
        registers = await self._request(
            identity.function, identity.address, identity.count, klass, is_brief=is_brief
        )
        serial = identity.decode(registers)
        if serial is None:
            raise SerialUnreadableError(self.unit)
        if self._channel is not None:
            return channel_serial(MeterSerial(serial), self._channel)
        return MeterSerial(serial)

    @override
    async def read(self, klass: RequestClass, *, detail: bool) -> MeterReading:
        """Leave out from then on what the meter says that it does not have."""
        values: dict[Quantity, int] = {}
        told: tuple[int, ...] | None = None
        at = self._clock.now()
        for block in self.profile.blocks_of(Cadence.BILLING):
            found, of_relay = await self._read_block(block, klass)
            values |= found
            told = told or of_relay
            if block is self.profile.charged_block:
                at = self._clock.now()
        relay_closed = None
        if self.profile.relay is not None:
            told = told or await self._ask_relay(self.profile.relay, klass)
            relay_closed = self.profile.relay.state_of(told)
        if detail:
            for block in self.profile.blocks_of(Cadence.DETAIL):
                found, _ = await self._read_block(block, klass)
                values = found | values  # what is billed was read at the time that is told
        return MeterReading(serial=self.serial, at=at, values=values, relay_closed=relay_closed)

    @override
    async def read_relay(self, klass: RequestClass) -> bool:
        relay = self._relay()
        state = relay.state_of(await self._ask_relay(relay, klass))
        if state is None:
            raise GarbledAnswerError(self.unit, "a relay that is neither closed nor open")
        return state

    @override
    async def write_relay(self, closed: bool, klass: RequestClass) -> None:
        relay = self._relay()
        address = relay.write_address + self._offset
        values = relay.closed if closed else relay.open
        await self._write(relay.write_function, address, values, klass)

    async def unset_modes(self, klass: RequestClass) -> tuple[RelayMode, ...]:
        """Return the settings that the relay needs and that are otherwise in the meter."""
        if self.profile.relay is None:
            return ()
        return tuple(
            [
                mode
                for mode in self.profile.relay.requires
                if await self._request(Function.READ_HOLDING, mode.address, 1, klass)
                != (mode.value,)
            ]
        )

    async def set_mode(self, mode: RelayMode, klass: RequestClass) -> None:
        """Write a setting that the relay needs, once; whether it is there, `unset_modes` tells.

        Raises `BusError`, or `InvalidInputError` (`register_protected`).
        """
        await self.write_registers(mode.address, mode.writes, klass)

    async def read_registers(
        self, address: int, count: int, klass: RequestClass
    ) -> tuple[int, ...]:
        """Read holding registers as they are. Raises `BusError`."""
        return await self._request(Function.READ_HOLDING, address, count, klass)

    async def write_registers(
        self, address: int, values: tuple[int, ...], klass: RequestClass
    ) -> None:
        """Write holding registers by function 16, once.

        Raises `BusError` after which they may have been written or not, and `InvalidInputError`
        (`register_protected`) for what must never be written.
        """
        await self._write(Function.WRITE_REGISTERS, address, values, klass)

    def _relay(self) -> Relay:
        if self.profile.relay is None:
            raise InvalidInputError("relay_missing", serial=self.serial, model=self.profile.model)
        return self.profile.relay

    async def _compare_fingerprint(self, klass: RequestClass, *, is_brief: bool) -> None:
        for mark in self.profile.fingerprint:
            (word,) = await self._request(mark.function, mark.address, 1, klass, is_brief=is_brief)
            if word & mark.mask != mark.value:
                raise OtherModelError(self.unit, self.profile.model, mark.meaning)

    async def _ask_relay(self, relay: Relay, klass: RequestClass) -> tuple[int, ...]:
        address = relay.read_address + self._offset
        return await self._request(relay.read_function, address, len(relay.mask), klass)

    async def _read_block(
        self, block: Block, klass: RequestClass
    ) -> tuple[dict[Quantity, int], tuple[int, ...] | None]:
        """Return a block's numbers, and the relay's registers if they are among them."""
        values: dict[Quantity, int] = {}
        told: tuple[int, ...] | None = None
        relay = None if self.profile.relay is None else self.profile.relay.span
        for span, registers in await self._read_parts(block, klass):
            for measurand in self.profile.layout[block.name]:
                if span.holds(measurand.span):
                    number = self._decode(measurand, span, registers)
                    if number is not None:
                        values[measurand.quantity] = number
            if relay is not None and span.holds(relay):
                told = _cut(span, registers, relay)
        return values, told

    def _decode(self, measurand: Measurand, span: Span, registers: tuple[int, ...]) -> int | None:
        number = decode_number(
            _cut(span, registers, measurand.span),
            measurand.encoding,
            measurand.order,
            measurand.unit,
            measurand.scale,
        )
        return None if number is None else number * self._factor(measurand.quantity)

    def _factor(self, quantity: Quantity) -> int:
        factor = self.multiplier if quantity.is_behind_transformers else 1
        if quantity.startswith(_POWERS) and "factor" not in quantity:
            factor *= self.power_scale
        return factor

    async def _read_parts(
        self, block: Block, klass: RequestClass
    ) -> list[tuple[Span, tuple[int, ...]]]:
        """Read a block in as few parts as the meter answers, and remember which these are."""
        wanted = [measurand.span for measurand in self.profile.layout[block.name]]
        needed = [
            measurand.span
            for measurand in self.profile.layout[block.name]
            if measurand.quantity in _ESSENTIAL
        ]
        waiting = list(self._parts.get(block.name, (block.span,)))
        answered: list[tuple[Span, tuple[int, ...]]] = []
        while waiting:
            span = waiting.pop(0)
            try:
                answered.append((span, await self._fetch(span, klass)))
            except RefusedError as error:
                parts = _smaller(span, wanted, error.code)
                kept = [one for one in needed if span.holds(one)]
                if parts is None or (kept and not parts):
                    raise
                waiting[:0] = parts
        spans = tuple(span for span, _ in answered)
        if spans != (block.span,):
            self._parts[block.name] = spans
        return answered

    async def _fetch(
        self, span: Span, klass: RequestClass, *, is_brief: bool = False
    ) -> tuple[int, ...]:
        address = span.address if span.shared else span.address + self._offset
        return await self._request(span.function, address, span.count, klass, is_brief=is_brief)

    async def _request(
        self,
        function: Function,
        address: int,
        count: int,
        klass: RequestClass,
        *,
        is_brief: bool = False,
    ) -> tuple[int, ...]:
        request = Request(unit=self.unit, function=function, address=address, count=count)
        return await self._bus.execute(request, klass, is_brief=is_brief)

    async def _write(
        self, function: Function, address: int, values: tuple[int, ...], klass: RequestClass
    ) -> None:
        """Send the only writes there are; what must never be written does not leave here."""
        if not function.is_bits:
            for entry in self.profile.never_write:
                if address < entry.address + entry.count and entry.address < address + len(values):
                    raise InvalidInputError(
                        "register_protected",
                        register=f"0x{address:04X}",
                        model=self.profile.model,
                        reason=entry.reason,
                    )
        await self._bus.execute(
            Request(
                unit=self.unit,
                function=function,
                address=address,
                count=len(values),
                values=values,
            ),
            klass,
        )


def _cut(span: Span, registers: tuple[int, ...], part: Span) -> tuple[int, ...]:
    first = part.address - span.address
    return registers[first : first + part.count]


def _smaller(span: Span, wanted: list[Span], code: int) -> tuple[Span, ...] | None:
    """Return what to ask for instead of a read that was refused; None if that is no answer to it.

    Nothing, if the meter does not have it.
    """
    if code == _NO_SUCH_FUNCTION:
        return ()
    return halves(span, wanted) if code in _TOO_MUCH else None
