"""The form of a meter."""

from collections.abc import Mapping
import re
from typing import Any

from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import AreaSelector, Selector, TextSelector
import probatio as vol

from ..const import (
    CONF_ADDRESS,
    CONF_AREA,
    CONF_BREAKER,
    CONF_BUS,
    CONF_FLOOR_AREA,
    CONF_MULTIPLIER,
    CONF_NAME,
    CONF_PROFILE,
    CONF_RATED_POWER,
    CONF_ROLLOVER,
)
from .relay_section import SECTION_RELAY, relay_section
from .schemas import decimal_number, labelled_choice, whole_number

SECTION_PLACE = "place"
SECTION_REGISTER = "register"

SERIAL = re.compile(r"[0-9A-Za-z_-]{1,32}")
"""What a serial number can be that a person types."""


DEFAULT_PROFILE = "compere_kpm33b"


def meter_schema(
    buses: Mapping[str, str],
    profiles: Mapping[str, str],
    address: Selector[Any],
    *,
    is_new: bool,
    on_air: bool,
) -> vol.Schema:
    """Return the form for a meter of one of these models on one of these buses."""
    place = vol.Schema(
        {
            vol.Optional(CONF_AREA): AreaSelector(),
            vol.Optional(CONF_FLOOR_AREA): decimal_number(0, 1_000_000, "m²"),
            vol.Optional(CONF_RATED_POWER): decimal_number(0, 100_000, "kW"),
        }
    )
    register: dict[vol.Marker, Any] = {
        vol.Optional(CONF_ROLLOVER): whole_number(1000, 1_000_000_000, "kWh")
    }
    if is_new:
        multiplier = vol.Optional(CONF_MULTIPLIER, default=1)
        register = {multiplier: whole_number(1, 10_000)} | register
    first_bus = next(iter(buses), vol.UNDEFINED)
    first_profile = next(iter(profiles), vol.UNDEFINED)
    usual = DEFAULT_PROFILE if DEFAULT_PROFILE in profiles else first_profile
    relay = {} if on_air else {vol.Optional(SECTION_RELAY, default=dict): relay_section()}
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Required(CONF_BUS, default=first_bus): labelled_choice(buses),
            vol.Required(CONF_ADDRESS): address,
            vol.Required(CONF_PROFILE, default=usual): labelled_choice(profiles),
            vol.Required(CONF_BREAKER): whole_number(1, 10_000, "A"),
            vol.Required(SECTION_PLACE): section(place, {"collapsed": False}),
            vol.Required(SECTION_REGISTER): section(vol.Schema(register), {"collapsed": True}),
        }
        | relay
    )
