"""Looking whether the meter that a form describes is there, and whether it is still the same."""

from collections.abc import Mapping
from typing import Any

from ..circuits import circuits
from ..const import CONF_ADDRESS, CONF_BUS, CONF_PROFILE, CONF_SERIAL
from ..core.errors import PrepaidError
from ..site import CompereSite
from .form_errors import FormError, form_error

PROBE_ERRORS: Mapping[str, str] = {
    "bus_busy": CONF_BUS,
    "bus_down": CONF_BUS,
    "bus_unknown": CONF_BUS,
    "meter_silent": CONF_ADDRESS,
    "answer_garbled": CONF_ADDRESS,
    "bus_address_invalid": CONF_ADDRESS,
    "dlt645_address_invalid": CONF_ADDRESS,
    "dlt645_needs_raw_line": CONF_BUS,
    "dlt645_refused": CONF_PROFILE,
    "meter_refused": CONF_PROFILE,
    "serial_unreadable": CONF_PROFILE,
    "other_model": CONF_PROFILE,
    "profile_unknown": CONF_PROFILE,
}
"""What the probe may answer, and the field next to which the form says so."""

AIR_ERRORS: Mapping[str, str] = {
    "bus_down": CONF_BUS,
    "bus_unknown": CONF_BUS,
    "command_refused": CONF_ADDRESS,
    "meter_not_heard": CONF_ADDRESS,
    "profile_unknown": CONF_PROFILE,
}
"""The same behind a broker."""


async def async_probe(site: CompereSite, data: Mapping[str, Any], errors: Mapping[str, str]) -> str:
    """Ask the meter at this address for its serial number."""
    try:
        return await site.async_probe_meter(*place_of(data))
    except PrepaidError as error:
        problem = form_error(error, errors)
        problem.placeholders.setdefault(CONF_ADDRESS, str(data[CONF_ADDRESS]))
        problem.placeholders.setdefault(CONF_PROFILE, data[CONF_PROFILE])
        raise problem from error


def check_same(site: CompereSite, data: dict[str, Any], before: Mapping[str, Any]) -> None:
    """Refuse another meter than the one that was there, and one with other channels.

    Of a model that cannot tell its serial number nothing can be compared: it keeps the one it has.
    """
    data[CONF_SERIAL] = data[CONF_SERIAL] or before[CONF_SERIAL]
    if data[CONF_SERIAL] != before[CONF_SERIAL]:
        raise FormError(
            CONF_ADDRESS,
            "other_meter",
            found=data[CONF_SERIAL],
            expected=before[CONF_SERIAL],
            address=data[CONF_ADDRESS],
        )
    if circuits(site.catalogue, data).keys() != circuits(site.catalogue, before).keys():
        raise FormError(CONF_PROFILE, "channels_differ")


def place_of(data: Mapping[str, Any]) -> tuple[str, int | str, str]:
    """Return where a meter answers, and as what."""
    return data[CONF_BUS], data[CONF_ADDRESS], data[CONF_PROFILE]


def address_of(data: Mapping[str, Any]) -> tuple[str, int | str]:
    """Return where a meter answers."""
    return data[CONF_BUS], data[CONF_ADDRESS]


def same_place(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether nothing changed that could lead to another meter."""
    return place_of(one) == place_of(other)
