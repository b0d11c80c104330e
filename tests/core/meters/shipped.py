"""The profiles that we ship, for tests."""

from pathlib import Path

from custom_components.compere_prepaid.core.meters import catalogue
from custom_components.compere_prepaid.core.meters.catalogue import load_catalogue
from custom_components.compere_prepaid.core.meters.modbus_profile import ModbusProfile

SHIPPED = Path(catalogue.__file__).with_name("profiles")


def modbus_profile(name: str) -> ModbusProfile:
    """Return a Modbus profile that we ship."""
    profile = load_catalogue([SHIPPED]).get(name)
    assert isinstance(profile, ModbusProfile)
    return profile


def modbus_names() -> list[str]:
    """Return the names of all Modbus profiles that we ship."""
    profiles = load_catalogue([SHIPPED]).profiles
    return sorted(name for name, one in profiles.items() if isinstance(one, ModbusProfile))
