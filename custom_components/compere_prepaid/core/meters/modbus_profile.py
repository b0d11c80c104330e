"""Where a Modbus meter's registers are.

Its numbers are read in *blocks*, runs of registers that cost one frame each: `billing` blocks with
every reading, `detail` blocks once in a while. The blocks of one meter have different lengths, so
that the answer to one can never pass for the answer to another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any, override

from ..bus.requests import Function
from ..metering.reading import Quantity
from .decode import Encoding, Unit, WordOrder
from .profile import MeterProtocol, Profile, SerialDefaults, Verified


class Cadence(StrEnum):
    """How often a block is read."""

    BILLING = "billing"
    DETAIL = "detail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Where the serial number is."""

    function: Function
    address: int
    count: int
    characters: int
    verified: Verified
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A run of registers that is read in one frame."""

    name: str
    function: Function
    address: int
    count: int
    cadence: Cadence

    def holds(self, function: Function, address: int, count: int) -> bool:
        """Tell whether these registers lie in the block."""
        return (
            function is self.function
            and self.address <= address
            and address + count <= self.address + self.count
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
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """The load relay: what to read, what to write."""

    read_function: Function
    read_address: int
    write_function: Function
    write_address: int
    closed: int
    open: int
    verified: Verified
    note: str = ""


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
class ControlMode:
    """The holding register that says who commands the relay, and its two words."""

    address: int
    local: int
    remote: int


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


@dataclass(frozen=True, kw_only=True)
class ModbusProfile(Profile):
    """All about one meter model that speaks Modbus."""

    PROTOCOL = MeterProtocol.MODBUS

    longest_read: int
    serial_line: SerialDefaults
    identity: Identity
    blocks: tuple[Block, ...]
    measurands: tuple[Measurand, ...]
    relay: Relay | None = None
    stored_credit: StoredCredit | None = None
    control_mode: ControlMode | None = None
    forced_state: ForcedState | None = None
    clock_address: int | None = None
    """The first of three holding registers: year, month, day, hour, minute, second."""
    never_write: tuple[NeverWrite, ...] = ()

    @cached_property
    @override
    def quantities(self) -> tuple[Quantity, ...]:
        return tuple(measurand.quantity for measurand in self.measurands)

    @cached_property
    def layout(self) -> Mapping[str, tuple[Measurand, ...]]:
        """Return which measurands each block holds, by the block's name."""
        return {
            block.name: tuple(
                measurand
                for measurand in self.measurands
                if block.holds(measurand.function, measurand.address, measurand.encoding.registers)
            )
            for block in self.blocks
        }

    def blocks_of(self, cadence: Cadence) -> tuple[Block, ...]:
        """Return the blocks that are read at this cadence."""
        return tuple(block for block in self.blocks if block.cadence is cadence)

    @property
    @override
    def has_relay(self) -> bool:
        return self.relay is not None

    @override
    def unverified(self) -> tuple[str, ...]:
        named: list[tuple[str, Verified]] = [("identity", self.identity.verified)]
        named += [(measurand.quantity, measurand.verified) for measurand in self.measurands]
        if self.relay is not None:
            named.append(("relay", self.relay.verified))
        if self.stored_credit is not None:
            named.append(("stored_credit", self.stored_credit.verified))
        return tuple(name for name, verified in named if verified is Verified.UNVERIFIED)


def modbus_profile_from(data: Mapping[str, Any]) -> ModbusProfile:
    """Build a profile from a document that fits the schema; what is wrong beyond it is not seen."""
    return ModbusProfile(
        name=data["name"],
        title=data["title"],
        manufacturer=data["manufacturer"],
        model=data["model"],
        phases=data["phases"],
        longest_read=data["longest_read"],
        serial_line=SerialDefaults(**data["serial_line"]),
        identity=Identity(
            function=_function(data["identity"]["function"]),
            address=data["identity"]["address"],
            count=data["identity"]["count"],
            characters=data["identity"]["characters"],
            verified=Verified(data["identity"]["verified"]),
            note=data["identity"].get("note", ""),
        ),
        blocks=tuple(
            Block(
                name=block["name"],
                function=_function(block["function"]),
                address=block["address"],
                count=block["count"],
                cadence=Cadence(block["cadence"]),
            )
            for block in data["blocks"]
        ),
        measurands=tuple(map(_measurand, data["measurands"])),
        relay=None if "relay" not in data else _relay(data["relay"]),
        stored_credit=None if "stored_credit" not in data else _credit(data["stored_credit"]),
        control_mode=ControlMode(**data["control_mode"]) if "control_mode" in data else None,
        forced_state=ForcedState(**data["forced_state"]) if "forced_state" in data else None,
        clock_address=data.get("clock_address"),
        never_write=tuple(
            NeverWrite(address=entry["address"], count=entry["count"], reason=entry["reason"])
            for entry in data.get("never_write", ())
        ),
        sources=tuple(data["sources"]),
    )


def _function(name: str) -> Function:
    return Function[name.upper()]


def _measurand(data: Mapping[str, Any]) -> Measurand:
    return Measurand(
        quantity=Quantity(data["quantity"]),
        function=_function(data.get("function", "read_holding")),
        address=data["address"],
        encoding=Encoding(data["type"]),
        order=WordOrder(data.get("order", "high_first")),
        unit=Unit(data["unit"]),
        scale=Decimal(data.get("scale", 1)),
        verified=Verified(data["verified"]),
        note=data.get("note", ""),
    )


def _relay(data: Mapping[str, Any]) -> Relay:
    return Relay(
        read_function=_function(data["read"]["function"]),
        read_address=data["read"]["address"],
        write_function=_function(data["write"]["function"]),
        write_address=data["write"]["address"],
        closed=data["closed"],
        open=data["open"],
        verified=Verified(data["verified"]),
        note=data.get("note", ""),
    )


def _credit(data: Mapping[str, Any]) -> StoredCredit:
    return StoredCredit(
        function=_function(data["function"]),
        address=data["address"],
        encoding=Encoding(data["type"]),
        order=WordOrder(data.get("order", "high_first")),
        unit=Unit(data["unit"]),
        writing=data["writing"],
        verified=Verified(data["verified"]),
        note=data.get("note", ""),
    )
