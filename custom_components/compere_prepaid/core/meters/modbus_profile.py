"""Where a Modbus meter's registers are.

Its numbers are read in *blocks*, runs of registers that cost one frame each: `billing` blocks with
every reading, `detail` blocks once in a while. A profile lists its blocks, or leaves it to
`block_plan` to find them. The blocks of one meter have different lengths, so that the answer to one
can never pass for the answer to another.

A meter of several circuits has *channels*: the same registers again at a fixed distance. Each is a
meter to whoever is charged by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import override

from ..bus.requests import Function
from ..metering.reading import Quantity
from .block_plan import Span
from .decode import Encoding, Unit, WordOrder, decode_digits, decode_text
from .profile import MeterProtocol, Profile, SerialDefaults, Verified


class Cadence(StrEnum):
    """How often a block is read."""

    BILLING = "billing"
    DETAIL = "detail"


class Coding(StrEnum):
    """How a serial number is written."""

    ASCII = "ascii"
    BCD = "bcd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Where the serial number is."""

    function: Function
    address: int
    count: int
    coding: Coding
    characters: int
    """How many characters of a text belong to it; of digits all do."""
    verified: Verified
    note: str = ""

    def decode(self, registers: tuple[int, ...]) -> str | None:
        """Return the serial number; None where there is none."""
        if self.coding is Coding.BCD:
            return decode_digits(registers)
        return decode_text(registers, self.characters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """A register that has one value in every meter of the model."""

    function: Function
    address: int
    value: int
    mask: int
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A run of registers that is read in one frame."""

    name: str
    function: Function
    address: int
    count: int
    cadence: Cadence
    shared: bool = False

    @property
    def span(self) -> Span:
        """Return its registers."""
        return Span(
            function=self.function, shared=self.shared, address=self.address, count=self.count
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurand:
    """One quantity: where it is, how it is written, how it is known."""

    quantity: Quantity
    function: Function
    address: int
    encoding: Encoding
    order: WordOrder
    unit: Unit
    scale: Decimal
    verified: Verified
    shared: bool = False
    """Whether all channels have this register in common."""
    note: str = ""

    @property
    def span(self) -> Span:
        """Return its registers."""
        return Span(
            function=self.function,
            shared=self.shared,
            address=self.address,
            count=self.encoding.registers,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayMode:
    """A setting without which the relay does not obey: a holding register and its value."""

    address: int
    value: int
    writes: tuple[int, ...]
    """What is written from that address on to set it; mostly the value alone."""
    meaning: str
    verified: Verified


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """The load relay: what to read, what to write."""

    read_function: Function
    read_address: int
    mask: tuple[int, ...]
    """Which bits of what is read tell the state; as many words as are read."""
    told_closed: tuple[int, ...]
    told_open: tuple[int, ...]
    read_verified: Verified
    write_function: Function
    write_address: int
    closed: tuple[int, ...]
    """What is written to close."""
    open: tuple[int, ...]
    verified: Verified
    requires: tuple[RelayMode, ...] = ()
    note: str = ""

    @property
    def span(self) -> Span | None:
        """Return the registers that tell its state; None where bits do."""
        if self.read_function.is_bits:
            return None
        return Span(
            function=self.read_function,
            shared=False,
            address=self.read_address,
            count=len(self.mask),
        )

    def state_of(self, words: tuple[int, ...]) -> bool | None:
        """Return whether what was read means closed; None when it means neither."""
        told = tuple(word & mask for word, mask in zip(words, self.mask, strict=True))
        return {self.told_closed: True, self.told_open: False}.get(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCredit:
    """Credit that the meter itself keeps, and what is not proved about it."""

    function: Function
    address: int
    encoding: Encoding
    order: WordOrder
    unit: Unit
    writing: str
    """What writing means: `unknown`, `sets`, or `adds`."""
    verified: Verified
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForcedState:
    """The holding registers of a state that overrules all commands: a word, and minutes."""

    address: int
    open: int
    closed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverWrite:
    """Registers that this program never writes, and why."""

    address: int
    count: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """Circuits of one meter: channel n has its registers n - 1 strides above the first one's."""

    count: int
    stride: int


@dataclass(frozen=True, kw_only=True)
class ModbusProfile(Profile):
    """All about one meter model that speaks Modbus."""

    PROTOCOL = MeterProtocol.MODBUS

    longest_read: int
    serial_line: SerialDefaults
    identity: Identity | None
    """None for a model that cannot tell its serial number."""
    fingerprint: tuple[Fingerprint, ...] = ()
    blocks: tuple[Block, ...]
    measurands: tuple[Measurand, ...]
    channels: Channels | None = None
    relay: Relay | None = None
    stored_credit: StoredCredit | None = None
    forced_state: ForcedState | None = None
    clock_address: int | None = None
    """The first of three holding registers: year, month, day, hour, minute, second."""
    never_write: tuple[NeverWrite, ...] = ()

    @cached_property
    @override
    def quantities(self) -> tuple[Quantity, ...]:
        return tuple(measurand.quantity for measurand in self.measurands)

    @property
    @override
    def tells_serial(self) -> bool:
        return self.identity is not None

    @property
    @override
    def channel_count(self) -> int:
        return 1 if self.channels is None else self.channels.count

    @cached_property
    def layout(self) -> Mapping[str, tuple[Measurand, ...]]:
        """Return which measurands each block holds, by the block's name."""
        return {
            block.name: tuple(
                measurand for measurand in self.measurands if block.span.holds(measurand.span)
            )
            for block in self.blocks
        }

    @cached_property
    def charged_block(self) -> Block:
        """Return the block that has the energy which is charged, with every reading."""
        return next(
            block
            for block in self.blocks_of(Cadence.BILLING)
            if Quantity.ENERGY_IMPORT in {one.quantity for one in self.layout[block.name]}
        )

    def blocks_of(self, cadence: Cadence) -> tuple[Block, ...]:
        """Return the blocks that are read at this cadence."""
        return tuple(block for block in self.blocks if block.cadence is cadence)

    @property
    @override
    def has_relay(self) -> bool:
        return self.relay is not None

    @override
    def unverified(self) -> tuple[str, ...]:
        named: list[tuple[str, Verified]] = [("serial_line", self.serial_line.verified)]
        identity = Verified.UNVERIFIED if self.identity is None else self.identity.verified
        named.append(("identity", identity))
        named += [(measurand.quantity, measurand.verified) for measurand in self.measurands]
        if self.relay is not None:
            named.append(("relay", self.relay.verified))
            named.append(("relay_state", self.relay.read_verified))
            named += [(mode.meaning, mode.verified) for mode in self.relay.requires]
        if self.stored_credit is not None:
            named.append(("stored_credit", self.stored_credit.verified))
        names = (name for name, verified in named if verified is Verified.UNVERIFIED)
        return tuple(dict.fromkeys(names))
