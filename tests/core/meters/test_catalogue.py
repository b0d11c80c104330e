"""The catalogue: every profile that we ship loads, and every fault in a user's is told."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from custom_components.compere_prepaid.core.bus.requests import Function
from custom_components.compere_prepaid.core.documents import DocumentError
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.metering.reading import Quantity
from custom_components.compere_prepaid.core.meters.catalogue import load_catalogue
from custom_components.compere_prepaid.core.meters.modbus_profile import Cadence, ModbusProfile
from tests.core.meters.shipped import SHIPPED, modbus_names, modbus_profile

GOOD = """\
name: my_meter
title: My meter
manufacturer: Me
model: M1
phases: 1
longest_read: 20
sources: [its manual]
serial_line: {baudrate: 9600, parity: N, stopbits: 1}
identity: {function: read_input, address: 0, count: 7, characters: 13, verified: field}
blocks:
  - {name: energies, function: read_holding, address: 0x10, count: 4, cadence: billing}
measurands:
  - {quantity: energy_import, address: 0x10, type: uint32, order: low_first, unit: Wh, scale: 10, verified: third_party}
never_write: [{address: 0x20, count: 4, reason: calibration}]
"""  # noqa: E501  -- YAML's own form


def refused(folder: Path, text: str, name: str = "my_meter.yaml") -> list[str]:
    """Return the faults of a user's profile."""
    (folder / name).write_text(text)
    found = load_catalogue([folder])
    assert found.names == ()
    (error,) = found.refused
    assert error.placeholders["file"] == name
    return [str(fault) for fault in error.faults]


@pytest.mark.parametrize(
    "file",
    sorted(file for file in SHIPPED.glob("*.yaml") if not file.stem.endswith("_mqtt")),
    ids=lambda file: file.stem,
)
def test_every_shipped_profile_loads(file: Path) -> None:
    """It has its file's name, and says what is charged."""
    found = load_catalogue([SHIPPED])
    assert found.refused == ()
    assert Quantity.ENERGY_IMPORT in found.get(file.stem).quantities


@pytest.mark.parametrize("name", modbus_names())
def test_every_measurand_lies_in_a_block(name: str) -> None:
    """And no two blocks of one meter have one length."""
    profile = modbus_profile(name)
    placed = {measurand.quantity for block in profile.layout.values() for measurand in block}
    assert placed == set(profile.quantities)
    assert all(block.count <= profile.longest_read for block in profile.blocks)
    lengths = [(block.function, block.count) for block in profile.blocks]
    assert len(set(lengths)) == len(lengths)


def test_the_kpm33b_is_as_the_manual_says() -> None:
    """The numbers that money and power depend on."""
    profile = modbus_profile("compere_kpm33b")
    by_quantity = {measurand.quantity: measurand for measurand in profile.measurands}
    assert by_quantity[Quantity.ENERGY_IMPORT].address == 0x0082
    assert by_quantity[Quantity.ENERGY_T1].address == 0x008C
    assert by_quantity[Quantity.POWER].address == 0x0048
    assert by_quantity[Quantity.FREQUENCY].address == 0x0062
    blocks = {block.name: (block.address, block.count, block.cadence) for block in profile.blocks}
    assert blocks == {
        "energies": (0x0080, 20, Cadence.BILLING),
        "power": (0x0042, 16, Cadence.BILLING),
        "phases": (0x0030, 18, Cadence.DETAIL),
        "factors": (0x0058, 12, Cadence.DETAIL),
    }
    assert profile.identity is not None
    assert (profile.identity.address, profile.identity.count) == (0x0012, 7)
    relay = profile.relay
    assert relay is not None
    assert (relay.read_function, relay.read_address) == (Function.READ_COILS, 1)
    assert (relay.write_function, relay.write_address) == (Function.WRITE_COIL, 1)
    assert (profile.serial_line.baudrate, profile.serial_line.parity) == (9600, "E")
    assert "power" in profile.unverified()
    assert "energy_import" not in profile.unverified()
    assert any(entry.address == 0x000C for entry in profile.never_write)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    """The message lists what could have been meant."""
    with pytest.raises(InvalidInputError) as caught:
        load_catalogue([SHIPPED]).get("kpm33")
    assert caught.value.key == "profile_unknown"
    assert caught.value.placeholders["profile"] == "kpm33"
    assert (
        "acrel_ddsy1352, acrel_dtsy1352, compere_kpm312_mqtt" in caught.value.placeholders["known"]
    )


def test_a_users_profile_joins_the_shipped_ones(tmp_path: Path) -> None:
    """A folder of the user's own adds to the catalogue; a missing folder is empty."""
    (tmp_path / "my_meter.yaml").write_text(GOOD)
    (tmp_path / "notes.txt").write_text("no profile")
    found = load_catalogue([SHIPPED, tmp_path, tmp_path / "missing"])
    assert set(found.names) == {*load_catalogue([SHIPPED]).names, "my_meter"}
    assert found.refused == ()
    profile = found.get("my_meter")
    assert isinstance(profile, ModbusProfile)
    assert profile.relay is None
    assert profile.stored_credit is None
    assert profile.unverified() == ()


def test_a_wrong_profile_keeps_no_other_from_working(tmp_path: Path) -> None:
    """What is wrong is left out and told; so is a second profile of one name."""
    (tmp_path / "broken.yaml").write_text("name: [")
    (tmp_path / "compere_kpm33b.yaml").write_text((SHIPPED / "compere_kpm33b.yaml").read_text())
    (tmp_path / "latin.yaml").write_bytes(b"name: \xe9")
    (tmp_path / "my_meter.yaml").write_text(GOOD)
    found = load_catalogue([SHIPPED, tmp_path])
    assert set(found.names) == {*load_catalogue([SHIPPED]).names, "my_meter"}
    assert [error.placeholders["file"] for error in found.refused] == [
        "broken.yaml", "compere_kpm33b.yaml", "latin.yaml",
    ]  # fmt: skip
    assert "choose another name" in str(found.refused[1])


RELAY: dict[str, Any] = {
    "read": {"function": "read_coils", "address": 1},
    "write": {"function": "write_coil", "address": 1},
    "closed": 1,
    "open": 0,
    "verified": "vendor",
}

REGISTERS: dict[str, Any] = {
    **RELAY,
    "write": {"function": "write_registers", "address": 0x40},
    "closed": [1, 0],
    "open": [1, 0x1000],
}
MODE: dict[str, Any] = {"value": 1, "meaning": "remote control", "verified": "vendor"}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"name": "other"}, "name: must be the file's name, 'my_meter'"),
        ({"name": "My Meter"}, "name: must be lower-case letters, digits and underscores"),
        ({"phase": 3}, "phase: unknown key 'phase', did you mean 'phases'?"),
        ({"phases": 2}, "phases: must be one of 1, 3, not 2"),
        ({"longest_read": 3}, "blocks[0].count: is more than longest_read (3): split the block"),
        ({"identity.characters": 15}, "identity.characters: does not fit into 7 registers"),
        ({"measurands.quantity": "energy_export"}, "measurands: 'energy_import' is missing"),
        ({"measurands.unit": "V"}, "measurands[0].unit: 'V' cannot be the unit of energy_import"),
        ({"measurands.address": 0x13}, "measurands[0].address: lies in no block"),
        ({"measurands.function": "read_input"}, "measurands[0].address: lies in no block"),
        ({"cadence": "detail"}, "measurands[0].address: lies in no billing block"),
        ({"measurands.scale": 0}, "measurands[0].scale: must be more than 0, not 0"),
        ({"measurands.type": "float"}, "did you mean 'float32'?"),
        ({"identity": "no"}, "identity: must be 'none', not 'no'"),
        ({"identity.coding": "hex"}, "identity.coding: must be one of 'ascii', 'bcd', not 'hex'"),
        (
            {"fingerprint": [{"address": 1, "value": 3, "mask": 2, "meaning": "model"}]},
            "fingerprint[0].value: has bits outside the mask",
        ),
        ({"identity.address": 0xFFFA}, "identity.address: lies behind the last register, FFFF"),
        ({"relay": {**RELAY, "open": 1}}, "relay.closed: is the same as 'open'"),
        ({"relay": {**RELAY, "closed": 2}}, "relay.closed: must be 0 or 1 for a coil, not 2"),
        (
            {"relay": {**RELAY, "write": {"function": "write_register", "address": 0x22}}},
            "relay.write.address: must never be written: calibration",
        ),
        (
            {"relay": {**REGISTERS, "write": {"function": "write_registers", "address": 0x1F}}},
            "relay.write.address: must never be written: calibration",
        ),
        (
            {"relay": {**RELAY, "requires": [{**MODE, "address": 0x23}]}},
            "relay.requires[0].address: must never be written: calibration",
        ),
        (
            {"relay": {**REGISTERS, "write": {"function": "write_register", "address": 1}}},
            "relay.closed: takes one value with write_register",
        ),
        (
            {"relay": {**REGISTERS, "read": {"function": "read_holding", "address": 1, "mask": 1}}},
            "relay.read: 'closed', 'open' and 'mask' must have as many registers as are read",
        ),
        (
            {
                "relay": {
                    **RELAY,
                    "read": {"function": "read_holding", "address": 1, "mask": 2, "closed": 3},
                }
            },
            "relay.read: 'closed' or 'open' has bits outside the mask",
        ),
    ],
)
def test_faults_are_told_with_their_place(
    tmp_path: Path, change: dict[str, Any], fault: str
) -> None:
    """One thing wrong gives one fault, where it stands."""
    data = yaml.safe_load(GOOD)
    for path, value in change.items():
        part, _, key = path.partition(".")
        if part == "cadence":
            data["blocks"][0]["cadence"] = value
        elif part == "measurands":
            data[part][0][key] = value
        elif key:
            data[part][key] = value
        else:
            data[part] = value
    (found,) = refused(tmp_path, yaml.safe_dump(data))
    assert fault in found


def test_blocks_must_differ(tmp_path: Path) -> None:
    """Blocks of equal length are dangerous, of equal name ambiguous; measurands stand once."""
    data = yaml.safe_load(GOOD)
    data["blocks"].append({**data["blocks"][0], "address": 0x30})
    data["measurands"].append(dict(data["measurands"][0]))
    data["identity"] |= {"function": "read_holding", "count": 4, "characters": 8}
    too_alike = "is as long as '{}': a late answer to one could pass for the other's"
    expected = [
        f"blocks[0].count: {too_alike.format('energies')}",
        f"blocks[0].count: {too_alike.format('identity')}",
        "blocks[0].name: 'energies' stands twice: every block needs a name of its own",
        f"blocks[1].count: {too_alike.format('identity')}",
        "measurands[1].quantity: 'energy_import' stands twice",
    ]
    found = [fault.partition(": ")[2] for fault in refused(tmp_path, yaml.safe_dump(data))]
    assert [fault.partition(";")[0] for fault in sorted(found)] == expected


def test_the_last_channel_has_registers(tmp_path: Path) -> None:
    """Blocks and numbers of the highest one lie before the end, wherever the first one's are."""
    data = yaml.safe_load(GOOD) | {"channels": {"count": 9, "stride": 0x2000}}
    found = [fault.partition(": ")[2] for fault in refused(tmp_path, yaml.safe_dump(data))]
    assert sorted(found) == [
        "blocks[0].address: lies behind the last register, FFFF",
        "measurands[0].address: lies behind the last register, FFFF",
    ]


def test_channels_do_not_share_what_is_charged(tmp_path: Path) -> None:
    """A shared register must lie in a shared block, and energy is nobody's alone then."""
    data = yaml.safe_load(GOOD) | {"channels": {"count": 2, "stride": 16}}
    data["measurands"][0]["shared"] = True
    found = [fault.partition(": ")[2] for fault in refused(tmp_path, yaml.safe_dump(data))]
    assert sorted(found) == [
        "measurands[0].address: lies in no block",
        "measurands[0].shared: cannot be shared: each channel is charged by its own",
    ]


def test_a_folder_in_a_profiles_place_is_a_fault(tmp_path: Path) -> None:
    """What cannot be read is told, not raised."""
    (tmp_path / "my_meter.yaml").mkdir()
    (error,) = load_catalogue([tmp_path]).refused
    assert isinstance(error, DocumentError)
    assert "cannot be read" in str(error)
