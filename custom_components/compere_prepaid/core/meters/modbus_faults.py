"""What can be wrong in a Modbus profile beyond what its schema sees."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from ..document_faults import Fault
from ..documents import Document
from ..metering.reading import Quantity
from .decode import Encoding, Unit
from .modbus_document import words_of

UNITS: Sequence[tuple[str, tuple[Unit, ...]]] = (
    ("energy", (Unit.WATT_HOUR, Unit.KILO_WATT_HOUR)),
    ("stored_credit", (Unit.WATT_HOUR, Unit.KILO_WATT_HOUR)),
    ("stored_amount", (Unit.CURRENCY,)),
    ("voltage_thd", (Unit.PERCENT,)),
    ("current_thd", (Unit.PERCENT,)),
    ("voltage", (Unit.VOLT,)),
    ("current", (Unit.AMPERE, Unit.MILLI_AMPERE)),
    ("residual_current", (Unit.AMPERE, Unit.MILLI_AMPERE)),
    ("power_factor", (Unit.ONE,)),
    ("power", (Unit.WATT, Unit.KILO_WATT)),
    ("reactive_power", (Unit.VAR, Unit.KILO_VAR)),
    ("apparent_power", (Unit.VOLT_AMPERE, Unit.KILO_VOLT_AMPERE)),
    ("frequency", (Unit.HERTZ,)),
)
"""The units of quantities by how their names begin; the first match counts."""


def modbus_faults(document: Document) -> Iterator[Fault]:
    """Find all of it, in a document that fits the schema."""
    yield from _identity_faults(document)
    if "blocks" in document.data:
        yield from _block_faults(document)
    yield from _measurand_faults(document)
    yield from _channel_faults(document)
    yield from _relay_faults(document)


def _identity_faults(document: Document) -> Iterator[Fault]:
    identity = document.data["identity"]
    if identity == "none":
        return
    is_text = identity.get("coding", "ascii") == "ascii"
    if is_text and "characters" not in identity:
        yield document.fault("identity", message="'characters' is missing: how long the text is")
    if identity.get("characters", 1) > 2 * identity["count"]:
        message = f"does not fit into {identity['count']} registers of two characters"
        yield document.fault("identity", "characters", message=message)
    for index, mark in enumerate(document.data.get("fingerprint", ())):
        if mark["value"] & ~mark.get("mask", 0xFFFF):
            message = "has bits outside the mask: it could never be read"
            yield document.fault("fingerprint", index, "value", message=message)


def _block_faults(document: Document) -> Iterator[Fault]:
    data = document.data
    blocks = list(data["blocks"])
    if data["identity"] != "none":
        blocks.append({**data["identity"], "name": "identity"})
    for index, block in enumerate(data["blocks"]):
        if block["count"] > data["longest_read"]:
            message = f"is more than longest_read ({data['longest_read']}): split the block"
            yield document.fault("blocks", index, "count", message=message)
    for (index, block), (_, other) in combinations(enumerate(blocks), 2):
        if block["name"] == other["name"]:
            message = f"'{block['name']}' stands twice: every block needs a name of its own"
            yield document.fault("blocks", index, "name", message=message)
        if (block["count"], block["function"]) == (other["count"], other["function"]):
            message = (
                f"is as long as '{other['name']}': a late answer to one could pass for the other's;"
                " read one register more"
            )
            yield document.fault("blocks", index, "count", message=message)


def _measurand_faults(document: Document) -> Iterator[Fault]:
    data = document.data
    seen: set[str] = set()
    for index, measurand in enumerate(data["measurands"]):
        quantity, unit = Quantity(measurand["quantity"]), Unit(measurand["unit"])
        if quantity in seen:
            message = f"'{quantity}' stands twice"
            yield document.fault("measurands", index, "quantity", message=message)
        seen.add(quantity)
        if unit not in units_of(quantity):
            message = f"'{unit}' cannot be the unit of {quantity}"
            yield document.fault("measurands", index, "unit", message=message)
        if "blocks" in data and (message := _place_fault(measurand, data["blocks"])):
            yield document.fault("measurands", index, "address", message=message)
    if Quantity.ENERGY_IMPORT not in seen:
        message = "'energy_import' is missing: it is what is charged"
        yield document.fault("measurands", message=message)


def _place_fault(measurand: Mapping[str, Any], blocks: Sequence[Mapping[str, Any]]) -> str:
    """Say what is wrong with where a number lies among the blocks; nothing if nothing is."""
    cadences = {block["cadence"] for block in blocks if _is_in_block(measurand, block)}
    if not cadences:
        return "lies in no block"
    if measurand["quantity"] == Quantity.ENERGY_IMPORT and "billing" not in cadences:
        return "lies in no billing block: what is charged is read with every reading"
    return ""


def units_of(quantity: Quantity) -> tuple[Unit, ...]:
    """Return in which units a quantity can be written."""
    return next(units for begins, units in UNITS if quantity.startswith(begins))


def _is_in_block(measurand: Mapping[str, Any], block: Mapping[str, Any]) -> bool:
    first = measurand["address"]
    last = first + Encoding(measurand["type"]).registers
    return bool(
        block["function"] == measurand.get("function", "read_holding")
        and block.get("shared", False) == measurand.get("shared", False)
        and block["address"] <= first
        and last <= block["address"] + block["count"]
    )


def _channel_faults(document: Document) -> Iterator[Fault]:
    data = document.data
    channels = data.get("channels", {"count": 1, "stride": 0})
    above = (channels["count"] - 1) * channels["stride"]
    for path, address, count, is_offset in _places(data):
        if address + count + (above if is_offset else 0) > 0x10000:
            message = "lies behind the last register, FFFF"
            yield document.fault(*path, "address", message=message)
    for index, measurand in enumerate(data["measurands"]):
        if measurand.get("shared", False) and measurand["quantity"] == Quantity.ENERGY_IMPORT:
            message = "cannot be shared: each channel is charged by its own"
            yield document.fault("measurands", index, "shared", message=message)


def _places(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], int, int, bool]]:
    """Yield all that is read or written: path, address, registers, whether channels have it."""
    if data["identity"] != "none":
        yield ("identity",), data["identity"]["address"], data["identity"]["count"], False
    for index, block in enumerate(data.get("blocks", ())):
        own = not block.get("shared", False)
        yield ("blocks", index), block["address"], block["count"], own
    for index, one in enumerate(data["measurands"]):
        own = not one.get("shared", False)
        yield ("measurands", index), one["address"], Encoding(one["type"]).registers, own
    if relay := data.get("relay"):
        written, told = words_of(relay["closed"]), relay["read"].get("closed", relay["closed"])
        yield ("relay", "read"), relay["read"]["address"], len(words_of(told)), True
        yield ("relay", "write"), relay["write"]["address"], len(written), True
        for index, mode in enumerate(relay.get("requires", ())):
            written = words_of(mode.get("writes", mode["value"]))
            yield ("relay", "requires", index), mode["address"], len(written), False


def _relay_faults(document: Document) -> Iterator[Fault]:
    data = document.data
    if (relay := data.get("relay")) is None:
        return
    words = {state: words_of(relay[state]) for state in ("closed", "open")}
    told = {state: words_of(relay["read"].get(state, relay[state])) for state in ("closed", "open")}
    if words["closed"] == words["open"] or told["closed"] == told["open"]:
        message = "is the same as 'open': the two states must differ"
        yield document.fault("relay", "closed", message=message)
    is_coil = relay["write"]["function"] == "write_coil"
    is_one = relay["write"]["function"] != "write_registers"
    if is_one and max(map(len, words.values())) > 1:
        message = f"takes one value with {relay['write']['function']}"
        yield document.fault("relay", "closed", message=message)
    for state, written in words.items():
        if is_coil and max(written) > 1:
            message = f"must be 0 or 1 for a coil, not {max(written)}"
            yield document.fault("relay", state, message=message)
    mask = words_of(relay["read"].get("mask", [0xFFFF] * len(told["closed"])))
    if not len(mask) == len(told["closed"]) == len(told["open"]):
        message = "'closed', 'open' and 'mask' must have as many registers as are read"
        yield document.fault("relay", "read", message=message)
    elif any(
        word & ~bits for state in told.values() for word, bits in zip(state, mask, strict=True)
    ):
        message = "'closed' or 'open' has bits outside the mask: it could never be read"
        yield document.fault("relay", "read", message=message)
    yield from _forbidden_writes(document, relay, 0 if is_coil else len(words["closed"]))


def _forbidden_writes(document: Document, relay: Mapping[str, Any], count: int) -> Iterator[Fault]:
    """Find what the relay needs written and the profile forbids; `count` is 0 for a coil."""
    writes: list[tuple[int, int, tuple[str | int, ...]]] = []
    if count:
        writes.append((relay["write"]["address"], count, ("relay", "write", "address")))
    for index, mode in enumerate(relay.get("requires", ())):
        length = len(words_of(mode.get("writes", mode["value"])))
        writes.append((mode["address"], length, ("relay", "requires", index, "address")))
    for address, length, path in writes:
        for entry in document.data.get("never_write", ()):
            if address < entry["address"] + entry["count"] and entry["address"] < address + length:
                yield document.fault(*path, message=f"must never be written: {entry['reason']}")
