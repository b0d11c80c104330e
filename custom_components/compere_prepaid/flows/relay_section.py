"""The part of the meter form that asks for the password of its relay.

What was given once is never shown again: left empty it stays as it is.
"""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio as vol

from ..const import CONF_RELAY_ACCESS
from ..core.errors import InvalidInputError
from ..core.meters.dlt645_relay import NO_OPERATOR, USUAL_LEVEL, RelayAccess
from ..relay_access import CONF_LEVEL, CONF_OPERATOR, CONF_PASSWORD, relay_access_data
from .form_errors import BASE, form_error

SECTION_RELAY = "relay"


def relay_section() -> section:
    """Return this part of the form, folded: few meters ask for a password."""
    secret = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
    schema = vol.Schema(
        {
            vol.Optional(CONF_PASSWORD): secret,
            vol.Optional(CONF_LEVEL, default=USUAL_LEVEL): TextSelector(),
            vol.Optional(CONF_OPERATOR): secret,
        }
    )
    return section(schema, {"collapsed": True})


def relay_values(data: Mapping[str, Any]) -> dict[str, str]:
    """Return of a kept meter what the form may show."""
    kept = data.get(CONF_RELAY_ACCESS)
    return {CONF_LEVEL: kept[CONF_LEVEL]} if kept else {}


def relay_data(answers: Mapping[str, Any], present: ConfigSubentry | None) -> dict[str, Any]:
    """Return what of these answers is kept of a new meter, or of one that is present.

    Raises `FormError` (`relay_access_invalid`).
    """
    kept = (present.data.get(CONF_RELAY_ACCESS) if present else None) or {}
    password = answers.get(CONF_PASSWORD, "").strip() or kept.get(CONF_PASSWORD, "")
    if not password:
        return {}
    operator = answers.get(CONF_OPERATOR, "").strip() or kept.get(CONF_OPERATOR)
    try:
        access = RelayAccess(
            password=password,
            level=answers.get(CONF_LEVEL, "").strip() or USUAL_LEVEL,
            operator=operator or NO_OPERATOR,
        )
    except InvalidInputError as error:
        raise form_error(error, {"relay_access_invalid": BASE}) from error
    return {CONF_RELAY_ACCESS: relay_access_data(access)}
