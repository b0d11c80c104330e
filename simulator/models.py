"""Meters that are no KPM33B: what each model knows of Modbus, and where its numbers are.

Written from what is public about each model, by other hands than the product's profiles, so that a
mistake in one of the two shows. A read must lie within one of a model's stretches of registers,
holes read as 0, anything else is answered with exception 2. Meters at one address are the circuits
of one device.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
import struct
from types import MappingProxyType
from typing import ClassVar, override

from .electrical import Flow, flow_of
from .energy import UNITS_PER_WH
from .meter import SimulatedMeter
from .registers import ILLEGAL_ADDRESS, ILLEGAL_VALUE, RegisterError, float_words
from .settings import ForcedState

READ_HOLDING, READ_INPUT = 3, 4
ILLEGAL_FUNCTION = 1

THD_PERCENT = (2.125, 2.25, 1.875)
NEUTRAL_A = 0.375
"""What meters with such registers show all the time."""
STORED_CENTS = 19856
"""What an Acrel shows as its own remaining amount."""

type Words = dict[int, int]
type Stretch = tuple[int, int, int]
"""Function, first address, number of registers."""


class Model(ABC):
    """What a model answers. It is asked for meters that have caught up with the clock."""

    stretches: ClassVar[Sequence[Stretch]]
    longest: ClassVar[int]

    @abstractmethod
    def table(self, circuits: Sequence[SimulatedMeter]) -> Words:
        """Return the registers that are not 0."""

    def read(
        self, circuits: Sequence[SimulatedMeter], function: int, address: int, count: int
    ) -> list[int]:
        """Answer a read."""
        if count > self.longest:
            raise RegisterError(ILLEGAL_VALUE)
        if all(function != known for known, _, _ in self.stretches):
            raise RegisterError(ILLEGAL_FUNCTION)
        if not any(
            function == known and first <= address and address + count <= first + words
            for known, first, words in self.stretches
        ):
            raise RegisterError(ILLEGAL_ADDRESS)
        for meter in circuits:
            meter.advance()
        table = self.table(circuits)
        return [table.get(place, 0) for place in range(address, address + count)]

    def write(self, circuits: Sequence[SimulatedMeter], address: int, words: Sequence[int]) -> None:
        """Obey a write by function 16. This model takes none."""
        del circuits, address, words
        raise RegisterError(ILLEGAL_FUNCTION)


class AcrelDtsy1352(Model):
    """Energies, its own prepayment, and a relay that can be forced. Big-endian, 0.01 kWh."""

    stretches: ClassVar[Sequence[Stretch]] = (
        (READ_HOLDING, 0, 0x0A),
        (READ_HOLDING, 0x22, 1),
        (READ_HOLDING, 0x43, 0x1F),
    )
    longest = 28

    @override
    def table(self, circuits: Sequence[SimulatedMeter]) -> Words:
        meter = circuits[0]
        table: Words = {}
        counted = (meter.energy.total, *meter.energy.rates)
        for place, units in enumerate(counted):
            _place(table, 2 * place, _two(units // UNITS_PER_WH // 10))
        _place(table, 0x43, _bcd(meter.serial))
        _place(table, 0x4F, _two(STORED_CENTS))
        if meter.settings.forced is not None:
            _place(table, 0x57, (1, 0 if meter.settings.forced.closed else 1))
        return table

    @override
    def write(self, circuits: Sequence[SimulatedMeter], address: int, words: Sequence[int]) -> None:
        if address != 0x57 or len(words) != 2:
            raise RegisterError(ILLEGAL_ADDRESS)
        meter, (forces, opens) = circuits[0], words
        if forces > 1 or opens > 1:
            raise RegisterError(ILLEGAL_VALUE)
        closed = opens == 0
        meter.settings.forced = ForcedState(closed, 0, None) if forces else None
        meter.settle()


class AcrelDdsy1352(AcrelDtsy1352):
    """The single-phase one measures too."""

    stretches = (
        (READ_HOLDING, 0, 0x11),
        (READ_HOLDING, 0x22, 1),
        (READ_HOLDING, 0x43, 0x1F),
        (READ_HOLDING, 0x5030, 2),
    )

    @override
    def table(self, circuits: Sequence[SimulatedMeter]) -> Words:
        flow = flow_of(circuits[0])
        return super().table(circuits) | {
            0x0B: round(flow.volts[0] * 10),
            0x0C: round(flow.amps[0] * 100),
            0x0D: _signed(round(flow.active[0])),
            0x0F: round(flow.apparent[0]),
            0x10: _signed(round(flow.factor * 1000)),
        }


class HikingDds238(Model):
    """Knows functions 3 and 16 alone. Big-endian, 0.01 kWh."""

    stretches = ((READ_HOLDING, 0, 0x20),)
    longest = 32

    @override
    def table(self, circuits: Sequence[SimulatedMeter]) -> Words:
        meter = circuits[0]
        flow = flow_of(meter)
        table = {
            0x0C: round(flow.volts[0] * 10),
            0x0D: round(flow.amps[0] * 100),
            0x0E: _signed(round(flow.active[0])),
            0x0F: _signed(round(flow.reactive[0])),
            0x10: round(flow.factor * 1000),
            0x11: round(flow.hertz * 100),
            0x15: meter.address << 8 | 1,
            0x1A: int(meter.contact),
        }
        hundredths = meter.energy.wh // 10
        _place(table, 0x00, _two(hundredths))
        _place(table, 0x0A, _two(hundredths))
        return table

    @override
    def write(self, circuits: Sequence[SimulatedMeter], address: int, words: Sequence[int]) -> None:
        if address != 0x1A or len(words) != 1:
            raise RegisterError(ILLEGAL_ADDRESS)
        circuits[0].command_relay(closed=words[0] == 1)


class FloatModel(Model):
    """A meter whose numbers are single precision, the high word first."""

    @abstractmethod
    def floats(self, meter: SimulatedMeter, flow: Flow) -> Mapping[int, float]:
        """Return the numbers by their first register."""

    @override
    def table(self, circuits: Sequence[SimulatedMeter]) -> Words:
        meter, table = circuits[0], dict[int, int]()
        for address, value in self.floats(meter, flow_of(meter)).items():
            _place(table, address, float_words(value))
        return table


class EastronSdm630(FloatModel):
    """Input registers, in pairs that cannot be torn apart."""

    stretches: ClassVar[Sequence[Stretch]] = (
        (READ_INPUT, 0, 0x80),
        (READ_INPUT, 0xC8, 0x38),
        (READ_INPUT, 0x14E, 0x34),
    )
    longest = 80

    @override
    def read(
        self, circuits: Sequence[SimulatedMeter], function: int, address: int, count: int
    ) -> list[int]:
        if address % 2 or count % 2:
            raise RegisterError(ILLEGAL_VALUE)
        return super().read(circuits, function, address, count)

    @override
    def floats(self, meter: SimulatedMeter, flow: Flow) -> Mapping[int, float]:
        kwh = meter.energy.wh / 1000
        numbers = {0x48: kwh, 0x156: kwh, 0x46: flow.hertz, 0x3E: flow.factor, 0xE0: NEUTRAL_A}
        numbers |= {0x34: sum(flow.active), 0x38: sum(flow.apparent), 0x3C: sum(flow.reactive)}
        for first, phases in (
            (0x00, flow.volts),
            (0x06, flow.amps),
            (0x0C, flow.active),
            (0x12, flow.apparent),
            (0x18, flow.reactive),
            (0x1E, flow.factors),
            (0xC8, flow.between),
            (0xEA, THD_PERCENT),
        ):
            numbers |= {first + 2 * phase: value for phase, value in enumerate(phases)}
        return numbers


class EastronSdm120(EastronSdm630):
    """The same places, of one phase, and nothing beyond them."""

    stretches = ((READ_INPUT, 0, 0x5A), (READ_INPUT, 0x156, 4))

    @override
    def floats(self, meter: SimulatedMeter, flow: Flow) -> Mapping[int, float]:
        kwh = meter.energy.wh / 1000
        return {
            0x00: flow.volts[0],
            0x06: flow.amps[0],
            0x0C: flow.active[0],
            0x1E: flow.factor,
            0x46: flow.hertz,
            0x48: kwh,
            0x156: kwh,
        }


class OrnoWe516(FloatModel):
    """Holding registers, power in kW, four tariffs twelve registers apart."""

    stretches = ((READ_HOLDING, 0, 0x3C), (READ_HOLDING, 0x100, 0x60))
    longest = 60

    @override
    def floats(self, meter: SimulatedMeter, flow: Flow) -> Mapping[int, float]:
        kwh = meter.energy.wh / 1000
        numbers = {0x100: kwh, 0x108: kwh, 0x14: flow.hertz, 0x34: flow.factor}
        numbers[0x1C] = sum(flow.active) / 1000
        for phase in range(3):
            numbers[0x0E + 2 * phase] = flow.volts[phase]
            numbers[0x16 + 2 * phase] = flow.amps[phase]
            numbers[0x1E + 2 * phase] = flow.active[phase] / 1000
        for tariff, units in enumerate(meter.energy.rates):
            numbers[0x130 + 12 * tariff] = units // UNITS_PER_WH / 1000
        return numbers


class WirenBoardMap12e(Model):
    """Four groups of three phases; whole numbers with odd factors, energies low word first."""

    stretches = tuple(
        (READ_INPUT, first + 0x1000 * group, count)
        for group in range(4)
        for first, count in ((0x10B0, 0x20), (0x1200, 0x20), (0x1300, 0x20), (0x1410, 0x20))
    )
    longest = 60

    @override
    def table(self, circuits: Sequence[SimulatedMeter]) -> Words:
        table: Words = {}
        for group, meter in enumerate(circuits):
            base, flow = 0x1000 * group, flow_of(meter)
            hundred_thousandths = meter.energy.wh * 100
            for word in range(4):
                table[base + 0x1200 + word] = hundred_thousandths >> 16 * word & 0xFFFF
            for place, watts in enumerate((sum(flow.active), *flow.active)):
                _place(table, base + 0x1300 + 2 * place, _two(round(watts / 0.00512)))
            _place(table, base + 0x1308, _two(round(sum(flow.reactive) / 0.00512)))
            _place(table, base + 0x1310, _two(round(sum(flow.apparent) / 0.00512)))
            for place, factor in enumerate((flow.factor, *flow.factors)):
                table[base + 0x10BC + place] = _signed(round(factor * 1000))
            for phase, amps in enumerate(flow.amps):
                _place(table, base + 0x1416 + 2 * phase, _two(round(amps / 2.44141e-7)))
        for phase, volts in enumerate(flow_of(circuits[0]).volts):
            _place(table, 0x1410 + 2 * phase, _two(round(volts / 1.52588e-7)))
        return table


MODELS: Mapping[str, Model] = MappingProxyType(
    {
        "acrel_ddsy1352": AcrelDdsy1352(),
        "acrel_dtsy1352": AcrelDtsy1352(),
        "hiking_dds238_sr": HikingDds238(),
        "eastron_sdm630": EastronSdm630(),
        "eastron_sdm120": EastronSdm120(),
        "orno_we516": OrnoWe516(),
        "orno_we517": OrnoWe516(),
        "wirenboard_map12e": WirenBoardMap12e(),
    }
)
"""By the name that a meter's plan gives; a KPM33B has no entry here."""

_CIRCUITS: Mapping[str, int] = MappingProxyType({"wirenboard_map12e": 4})
"""How many circuits a model has that has several."""


def circuits_of(serial: str, model: str) -> Sequence[str]:
    """Return the serial numbers of a device's circuits, or its own if it has just one."""
    circuits = range(1, _CIRCUITS.get(model, 0) + 1)
    return [f"{serial}-{circuit}" for circuit in circuits] or [serial]


def _place(table: Words, address: int, words: Sequence[int]) -> None:
    table.update(enumerate(words, address))


def _two(value: int) -> tuple[int, ...]:
    """Return a whole number as two registers."""
    words: tuple[int, ...] = struct.unpack(">2H", (value & 0xFFFFFFFF).to_bytes(4, "big"))
    return words


def _signed(value: int) -> int:
    return value & 0xFFFF


def _bcd(digits: str) -> tuple[int, ...]:
    words: tuple[int, ...] = struct.unpack(">3H", bytes.fromhex(digits.zfill(12)))
    return words
