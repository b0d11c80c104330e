"""What is charged of a configured meter: the meter, or each of its channels."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from .const import (
    CONF_BREAKER,
    CONF_MULTIPLIER,
    CONF_NAME,
    CONF_PROFILE,
    CONF_RATED_POWER,
    CONF_ROLLOVER,
    CONF_SERIAL,
)
from .core.ids import MeterSerial
from .core.metering.plausibility import max_power_w
from .core.meters.catalogue import Catalogue
from .core.meters.profile import circuits_of
from .core.tenancy.supplies import MeterSetup

DEFAULT_BREAKER_A = 100
"""The KPM33B's rating (manual V3.4, ratings): what a meter may carry if nobody said less."""


def circuits(catalogue: Catalogue, data: Mapping[str, Any]) -> dict[MeterSerial, int | None]:
    """Return the serial numbers that accounts list, each with its channel, of a meter's data."""
    profile = catalogue.profiles.get(data[CONF_PROFILE])
    return circuits_of(profile, MeterSerial(data[CONF_SERIAL]))


def circuit_name(data: Mapping[str, Any], channel: int | None) -> str:
    """Return what people call a circuit of a meter."""
    name = str(data[CONF_NAME])
    return name if channel is None else f"{name} {channel}"


def meter_setup_of(data: Mapping[str, Any], serial: MeterSerial, phases: int) -> MeterSetup:
    """Return what a meter subentry's data tell charging: energies behind its transformers."""
    multiplier = int(data.get(CONF_MULTIPLIER) or 1)
    rollover_kwh = data.get(CONF_ROLLOVER)
    rated_kw = data.get(CONF_RATED_POWER)
    return MeterSetup(
        serial=serial,
        max_power_w=max_power_w(int(data.get(CONF_BREAKER) or DEFAULT_BREAKER_A), phases),
        rated_w=int(Decimal(str(rated_kw)) * 1000) if rated_kw else None,
        multiplier=multiplier,
        modulus_wh=None if rollover_kwh is None else int(rollover_kwh) * 1000 * multiplier,
    )
