"""DL/T 645 profiles: what we ship, what a block is made of, and every fault in a user's own."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from custom_components.compere_prepaid.core.metering.reading import Quantity
from custom_components.compere_prepaid.core.meters.catalogue import load_catalogue
from custom_components.compere_prepaid.core.meters.decode import Unit
from custom_components.compere_prepaid.core.meters.dlt645_profile import (
    Closing,
    Dlt645Profile,
    block_shift,
)
from custom_components.compere_prepaid.core.meters.modbus_profile import Cadence
from custom_components.compere_prepaid.core.meters.profile import MeterProtocol, Verified
from tests.core.meters.shipped import SHIPPED

GOOD = """\
protocol: dlt645
name: my_meter
title: My meter
manufacturer: Me
model: M1
phases: 1
sources: [its manual]
serial_line: {baudrate: 2400, parity: E, stopbits: 1}
items:
  - {name: energies, identifier: 0x0001FF00, cadence: billing, form: XXXXXX.XX, unit: kWh, quantities: [energy_import, energy_t1], verified: field}
  - {name: power, identifier: 0x02030000, cadence: detail, form: XX.XXXX, signed: true, unit: kW, quantities: [power], verified: unverified}
stores:
  - {name: amount, identifier: 0x00900200, form: XXXXXX.XX, unit: currency, quantities: [stored_amount], verified: field, note: hidden}
relay: {closing: by_button, verified: unverified, note: behind the flap}
"""  # noqa: E501  # YAML's own form


def loaded(folder: Path, text: str) -> Dlt645Profile:
    """Return a user's profile that must be right."""
    (folder / "my_meter.yaml").write_text(text)
    found = load_catalogue([folder])
    assert [str(error) for error in found.refused] == []
    profile = found.get("my_meter")
    assert isinstance(profile, Dlt645Profile)
    return profile


def test_a_users_profile_says_all_that_it_says(tmp_path: Path) -> None:
    """Items, stores, relay, and what has to be proved."""
    profile = loaded(tmp_path, GOOD)
    assert profile.PROTOCOL is MeterProtocol.DLT645
    assert profile.quantities == (
        Quantity.ENERGY_IMPORT,
        Quantity.ENERGY_T1,
        Quantity.POWER,
        Quantity.STORED_AMOUNT,
    )
    assert profile.unverified() == ("power", "relay")
    assert [item.name for item in profile.items_of(Cadence.BILLING)] == ["energies"]
    assert profile.switch is not None
    assert profile.switch.closing is Closing.BY_BUTTON
    assert (profile.switch.note, profile.stores[0].note) == ("behind the flap", "hidden")
    assert profile.serial_line.verified is Verified.VENDOR
    without = loaded(tmp_path, GOOD.partition("relay:")[0])
    assert not without.has_relay
    assert without.unverified() == ("power",)


@pytest.mark.parametrize("name", ["dlt645_2007", "dlt645_2007_single_phase"])
def test_the_shipped_ones_read_what_the_standard_names(name: str) -> None:
    """The numbers that money and power depend on, and how each meter's port is set."""
    profile = load_catalogue([SHIPPED]).get(name)
    assert isinstance(profile, Dlt645Profile)
    first, second = profile.items_of(Cadence.BILLING)
    assert (first.identifier, first.size) == (0x0001FF00, 20)
    assert second.quantities[0] is Quantity.POWER
    assert {item.identifier for item in profile.stores} == {0x00900100, 0x00900200}
    line = profile.serial_line
    assert (line.baudrate, line.parity, line.stopbits) == (2400, "E", 1)
    assert "stored_credit" in profile.unverified()
    assert "energy_import" not in profile.unverified()
    assert profile.has_relay
    sizes = [item.size for item in profile.items]
    assert max(sizes) <= 200 - 4


def test_a_block_is_its_numbers_counted() -> None:
    """FFh stands where they count, from 0 or from 1."""
    profile = load_catalogue([SHIPPED]).get("dlt645_2007")
    assert isinstance(profile, Dlt645Profile)
    items = {item.name: item for item in profile.items}
    energies = [single.identifier for single in items["energies"].singles()]
    assert energies == [0x00010000, 0x00010100, 0x00010200, 0x00010300, 0x00010400]
    volts = items["voltages"].singles()
    assert [single.identifier for single in volts] == [0x02010100, 0x02010200, 0x02010300]
    assert [single.quantities for single in volts] == [
        (Quantity.VOLTAGE_A,),
        (Quantity.VOLTAGE_B,),
        (Quantity.VOLTAGE_C,),
    ]
    assert items["frequency"].singles() == ()
    assert block_shift(0x028000FF) == 0
    assert block_shift(0x02010100) is None


def test_a_shorter_block_has_fewer_numbers() -> None:
    """A meter with two tariffs tells two; half a number is none."""
    profile = load_catalogue([SHIPPED]).get("dlt645_2007")
    assert isinstance(profile, Dlt645Profile)
    energies = profile.items[0]
    assert energies.unit is Unit.KILO_WATT_HOUR
    raw = bytes.fromhex("56341200 01000000 020000")
    assert energies.decode(raw) == {
        Quantity.ENERGY_IMPORT: 1_234_560,
        Quantity.ENERGY_T1: 10,
    }


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"protocol": "dlt700"}, "protocol: there is no protocol 'dlt700'"),
        ({"name": "other"}, "name: must be the file's name, 'my_meter'"),
        ({"items.0.form": "XXX.XX"}, "items[0].form: must be like XXXXXX.XX, an even number of X"),
        ({"items.0.form": "XX.XXXXXX"}, "items[0].form: has more decimals than are kept of kWh"),
        ({"items.0.unit": "kW"}, "items[0].quantities[0]: cannot be in kW"),
        ({"items.0.identifier": 0x00010000}, "items[0].identifier: an identifier with FF in it"),
        ({"items.1.identifier": 0x0203FF00}, "items[1].identifier: an identifier with FF in it"),
        ({"items.1.name": "energies"}, "items[1].name: 'energies' stands twice"),
        ({"items.0.cadence": "detail"}, "items[0].cadence: must be 'billing'"),
        ({"items.0.quantities": ["energy_t2", "energy_t1"]}, "items: 'energy_import' is missing"),
        (
            {"items.0.quantities": ["energy_import", "energy_import"]},
            "items[0].quantities[1]: 'energy_import' stands twice, also in 'energies'",
        ),
        ({"items.0.quantities": ["energy"]}, "items[0].quantities[0]: must be one of"),
        ({"relay.closing": "never"}, "relay.closing: must be one of 'at_once', 'by_button'"),
        ({"serial_line.baudrate": 300}, "serial_line.baudrate: must be one of"),
    ],
)
def test_faults_are_told_with_their_place(
    tmp_path: Path, change: dict[str, Any], fault: str
) -> None:
    """What is wrong, where, and what it should be."""
    data = yaml.safe_load(GOOD)
    for path, value in change.items():
        *parents, key = path.split(".")
        part = data
        for parent in parents:
            part = part[int(parent) if parent.isdecimal() else parent]
        part[key] = value
    (tmp_path / "my_meter.yaml").write_text(yaml.safe_dump(data))
    found = load_catalogue([tmp_path])
    assert found.names == ()
    (error,) = found.refused
    assert any(fault in str(one) for one in error.faults), error.faults
