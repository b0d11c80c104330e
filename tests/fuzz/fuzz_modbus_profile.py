"""Arbitrary profiles of a user's, and arbitrary registers read by one.

A profile is taken or refused with all its faults; one that is taken has a read for each of its
numbers, within the registers that there are, and whatever these hold is a number that a meter can
mean, or none. Run by `test_fuzz`, or by hand with libFuzzer's options. An input is a profile, a
NUL, and what the registers hold.
"""

import tests.proof.without_home_assistant  # noqa: F401, I001  -- must come first

import json
from pathlib import Path
import sys
from typing import Any

import atheris

with atheris.instrument_imports(include=["custom_components.compere_prepaid.core"]):
    from custom_components.compere_prepaid.core.documents import DocumentError, load_document
    from custom_components.compere_prepaid.core.meters import catalogue
    from custom_components.compere_prepaid.core.meters.decode import LARGEST, decode_number
    from custom_components.compere_prepaid.core.meters.modbus_document import modbus_profile_from
    from custom_components.compere_prepaid.core.meters.modbus_faults import modbus_faults
    from custom_components.compere_prepaid.core.meters.modbus_profile import ModbusProfile

SCHEMA: dict[str, Any] = json.loads(
    Path(catalogue.__file__).with_name("modbus_profile.schema.json").read_text("utf-8")
)


def profile_in(text: str) -> ModbusProfile | None:
    """Return the profile that a text describes; None if it is refused, with its reasons."""
    try:
        document = load_document(text, SCHEMA, file="fuzzed.yaml")
    except DocumentError as error:
        faults = list(error.faults)
    else:
        faults = list(modbus_faults(document))
        if not faults:
            return modbus_profile_from(document.data)
    assert faults
    assert all(fault.message and fault.line > 0 for fault in faults)
    return None


def test_one_input(data: bytes) -> None:
    """Read one profile, and registers by it."""
    text, _, held = data.partition(b"\0")
    profile = profile_in(text.decode("utf-8", "replace"))
    if profile is None:
        return
    placed = {one.quantity for block in profile.layout.values() for one in block}
    assert placed == set(profile.quantities)
    assert profile.charged_block in profile.blocks
    assert isinstance(profile.unverified(), tuple)
    words = tuple(held[at] << 8 | held[at + 1] for at in range(0, len(held) - 1, 2))
    if profile.relay is not None and len(words) >= len(profile.relay.mask):
        assert profile.relay.state_of(words[: len(profile.relay.mask)]) in {True, False, None}
    if profile.identity is not None:
        serial = profile.identity.decode(words[: profile.identity.count])
        assert serial is None or (serial.isascii() and serial.isprintable())
    channels = profile.channels
    above = 0 if channels is None else (channels.count - 1) * channels.stride
    for block in profile.blocks:
        assert block.span.end + (0 if block.shared else above) <= 0x10000
    for one in profile.measurands:
        number = decode_number(
            words[: one.encoding.registers], one.encoding, one.order, one.unit, one.scale
        )
        assert number is None or (
            type(number) is int
            and abs(number) <= LARGEST
            and (number >= 0 or not one.quantity.is_energy)
        )


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()
