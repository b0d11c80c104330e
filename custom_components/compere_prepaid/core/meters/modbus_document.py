"""From the document of a Modbus profile to the profile."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from ..bus.requests import Function
from ..metering.reading import Quantity
from .block_plan import Span, plan_reads, widest_hole
from .decode import Encoding, Unit, WordOrder
from .modbus_profile import (
    Block,
    Cadence,
    Channels,
    Coding,
    Fingerprint,
    ForcedState,
    Identity,
    Measurand,
    ModbusProfile,
    NeverWrite,
    Relay,
    RelayMode,
    StoredCredit,
)
from .profile import SerialDefaults, Verified

READ_OFTEN = (Quantity.ENERGY_IMPORT, Quantity.POWER)
"""What every reading has: what is charged, and how soon credit can end."""


def modbus_profile_from(data: Mapping[str, Any]) -> ModbusProfile:
    """Build a profile from a document that fits the schema; what is wrong beyond it is not seen."""
    serial_line = _serial_line(data["serial_line"])
    identity = None if data["identity"] == "none" else _identity(data["identity"])
    measurands = tuple(map(_measurand, data["measurands"]))
    relay = None if "relay" not in data else _relay(data["relay"])
    channels = None if "channels" not in data else Channels(**data["channels"])
    if "blocks" in data:
        blocks = tuple(map(_block, data["blocks"]))
    else:
        end = 0x10000 if channels is None else 0x10000 - (channels.count - 1) * channels.stride
        blocks = _planned(data["longest_read"], serial_line, identity, measurands, relay, end)
    return ModbusProfile(
        name=data["name"],
        title=data["title"],
        manufacturer=data["manufacturer"],
        model=data["model"],
        phases=data["phases"],
        longest_read=data["longest_read"],
        serial_line=serial_line,
        identity=identity,
        fingerprint=tuple(map(_fingerprint, data.get("fingerprint", ()))),
        blocks=blocks,
        measurands=measurands,
        channels=channels,
        relay=relay,
        stored_credit=None if "stored_credit" not in data else _credit(data["stored_credit"]),
        forced_state=ForcedState(**data["forced_state"]) if "forced_state" in data else None,
        clock_address=data.get("clock_address"),
        never_write=tuple(
            NeverWrite(address=entry["address"], count=entry["count"], reason=entry["reason"])
            for entry in data.get("never_write", ())
        ),
        sources=tuple(data["sources"]),
    )


def words_of(value: int | list[int]) -> tuple[int, ...]:
    """Return one register's value, or several ones'."""
    return (value,) if isinstance(value, int) else tuple(value)


def _planned(
    longest: int,
    line: SerialDefaults,
    identity: Identity | None,
    measurands: Iterable[Measurand],
    relay: Relay | None,
    end: int,
) -> tuple[Block, ...]:
    """Find the blocks that cost the wire the least, at the speed at which the meter is sold."""
    often: list[Span] = []
    seldom: list[Span] = []
    for measurand in measurands:
        (often if measurand.quantity in READ_OFTEN else seldom).append(measurand.span)
    if relay is not None and relay.span is not None:
        often.append(relay.span)
    bits = 1 + 8 + (line.parity != "N") + line.stopbits
    billing, detail = plan_reads(
        often,
        seldom,
        longest=longest,
        hole=widest_hole(line.baudrate, bits),
        end=end,
        taken=() if identity is None else ((identity.function, identity.count),),
    )
    return (*_named(billing, Cadence.BILLING), *_named(detail, Cadence.DETAIL))


def _named(spans: Iterable[Span], cadence: Cadence) -> tuple[Block, ...]:
    return tuple(
        Block(
            name=f"{cadence}_{number}",
            function=span.function,
            address=span.address,
            count=span.count,
            cadence=cadence,
            shared=span.shared,
        )
        for number, span in enumerate(spans, 1)
    )


def _serial_line(data: Mapping[str, Any]) -> SerialDefaults:
    return SerialDefaults(
        baudrate=data["baudrate"],
        parity=data["parity"],
        stopbits=data["stopbits"],
        verified=Verified(data.get("verified", Verified.VENDOR)),
    )


def _function(name: str) -> Function:
    return Function[name.upper()]


def _identity(data: Mapping[str, Any]) -> Identity:
    return Identity(
        function=_function(data["function"]),
        address=data["address"],
        count=data["count"],
        coding=Coding(data.get("coding", Coding.ASCII)),
        characters=data.get("characters", 0),
        verified=Verified(data["verified"]),
        note=data.get("note", ""),
    )


def _fingerprint(data: Mapping[str, Any]) -> Fingerprint:
    return Fingerprint(
        function=_function(data.get("function", "read_holding")),
        address=data["address"],
        value=data["value"],
        mask=data.get("mask", 0xFFFF),
        meaning=data["meaning"],
    )


def _block(data: Mapping[str, Any]) -> Block:
    return Block(
        name=data["name"],
        function=_function(data["function"]),
        address=data["address"],
        count=data["count"],
        cadence=Cadence(data["cadence"]),
        shared=data.get("shared", False),
    )


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
        shared=data.get("shared", False),
        note=data.get("note", ""),
    )


def _relay(data: Mapping[str, Any]) -> Relay:
    read = data["read"]
    closed, opened = words_of(data["closed"]), words_of(data["open"])
    told = {state: words_of(read.get(state, data[state])) for state in ("closed", "open")}
    mask = words_of(read["mask"]) if "mask" in read else (0xFFFF,) * len(told["closed"])
    return Relay(
        read_function=_function(read["function"]),
        read_address=read["address"],
        mask=mask,
        read_verified=Verified(read.get("verified", data["verified"])),
        told_closed=told["closed"],
        told_open=told["open"],
        write_function=_function(data["write"]["function"]),
        write_address=data["write"]["address"],
        closed=closed,
        open=opened,
        verified=Verified(data["verified"]),
        requires=tuple(
            RelayMode(
                address=mode["address"],
                value=mode["value"],
                writes=words_of(mode.get("writes", mode["value"])),
                meaning=mode["meaning"],
                verified=Verified(mode["verified"]),
            )
            for mode in data.get("requires", ())
        ),
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
