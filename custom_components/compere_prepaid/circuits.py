"""What is charged of a configured meter: the meter, or each of its channels."""

from collections.abc import Mapping
from typing import Any

from .const import CONF_NAME, CONF_PROFILE, CONF_SERIAL
from .core.ids import MeterSerial
from .core.meters.catalogue import Catalogue
from .core.meters.profile import circuits_of


def circuits(catalogue: Catalogue, data: Mapping[str, Any]) -> dict[MeterSerial, int | None]:
    """Return the serial numbers that accounts list, each with its channel, of a meter's data.

    A model that is not known (any more) is taken for one without channels.
    """
    serial = MeterSerial(data[CONF_SERIAL])
    profile = catalogue.profiles.get(data[CONF_PROFILE])
    return {serial: None} if profile is None else circuits_of(profile, serial)


def circuit_name(data: Mapping[str, Any], channel: int | None) -> str:
    """Return what people call a circuit of a meter."""
    name = str(data[CONF_NAME])
    return name if channel is None else f"{name} {channel}"
