"""The page on meters: it lists what we ship, and explains every key that a profile may have."""

import json
from pathlib import Path
import re

from custom_components.compere_prepaid.core.meters import catalogue
from custom_components.compere_prepaid.core.meters.catalogue import load_catalogue
from custom_components.compere_prepaid.core.meters.decode import Encoding, Unit
from custom_components.compere_prepaid.core.meters.modbus_profile import ModbusProfile
from custom_components.compere_prepaid.core.meters.profile import Verified
from tests.core.meters.shipped import SHIPPED

PAGE = (Path(__file__).parents[3] / "docs" / "meters.md").read_text("utf-8")
SCHEMA = json.loads(Path(catalogue.__file__).with_name("modbus_profile.schema.json").read_text())
WITHOUT_A_WORD = {"name", "title", "manufacturer", "model", "phases"}
"""What the template says well enough."""


def row_of(name: str) -> str:
    """Return what the table says of a model."""
    (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |"))
    return row


def test_every_modbus_model_is_listed_as_it_is() -> None:
    """Name, whether it switches, whether it has tariffs, whether it is mute."""
    for name, profile in load_catalogue([SHIPPED]).profiles.items():
        if not isinstance(profile, ModbusProfile):
            continue
        _, _, model, switches, _, tariffs, first, _ = (
            part.strip() for part in row_of(name).split("|")
        )
        assert profile.model in model
        assert (switches != "no") == profile.has_relay
        assert (tariffs != "none") == ("energy_t1" in profile.quantities)
        assert ("serial number" in first) == (not profile.tells_serial)
        assert ("unverified" in row_of(name)) == ("energy_import" in profile.unverified())


def test_every_key_is_explained() -> None:
    """Those of the profile, and those of its parts, in code type."""
    coded = set(re.findall(r"`([\w.]+)", PAGE))
    top = SCHEMA["properties"]
    keys = set(top) - WITHOUT_A_WORD
    for part in ("measurands", "blocks", "fingerprint", "never_write"):
        keys |= set(top[part]["items"]["properties"])
    for part in ("channels", "relay"):
        keys |= set(top[part]["properties"])
    keys |= set(top["identity"]["anyOf"][1]["properties"])
    keys |= set(top["relay"]["properties"]["requires"]["items"]["properties"])
    assert keys - coded - {"requires"} == set()
    assert {encoding.value for encoding in Encoding} | {mark.value for mark in Verified} <= coded
    (units,) = re.findall(r"\| `unit` \| (.*?) \|", PAGE)
    assert {unit.value for unit in Unit} == set(units.split(", "))
