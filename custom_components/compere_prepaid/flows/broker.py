"""The form of a bus that is an MQTT broker."""

from collections.abc import Mapping
import re
from typing import Any

from homeassistant.helpers.selector import TextSelector
import probatio as vol

from ..const import (
    CONF_ENERGY_INTERVAL,
    CONF_LIVE_INTERVAL,
    CONF_NAME,
    CONF_TOPIC_PREFIX,
    CONF_TRANSPORT,
)
from ..core.meters.compere_mqtt.commands import ENERGY_STEPS_MIN, LIVE_STEPS_S
from ..core.meters.compere_mqtt.ports import TRANSPORT, BrokerSettings
from .form_errors import FormError
from .schemas import labelled_choice

_PREFIX = re.compile(r"([^+#/\s][^+#\s]{0,98})?[^+#/\s]")
_USUAL = BrokerSettings()


def broker_schema() -> vol.Schema:
    """Return the form for a broker."""
    live = {str(step): f"{step} s" for step in LIVE_STEPS_S}
    energy = {str(step): f"{step} min" for step in ENERGY_STEPS_MIN}
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Optional(CONF_TOPIC_PREFIX): TextSelector(),
            vol.Required(CONF_ENERGY_INTERVAL, default=str(_USUAL.energy_min)): labelled_choice(
                energy
            ),
            vol.Required(CONF_LIVE_INTERVAL, default=str(_USUAL.live_s)): labelled_choice(live),
        }
    )


def broker_subentry_data(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return a form's answers in the shape in which a broker is kept."""
    name = user_input[CONF_NAME].strip()
    if not name:
        raise FormError(CONF_NAME, "name_empty")
    prefix = user_input.get(CONF_TOPIC_PREFIX, "").strip()
    if prefix and not _PREFIX.fullmatch(prefix):
        raise FormError(CONF_TOPIC_PREFIX, "prefix_invalid", prefix=prefix)
    return {
        CONF_NAME: name,
        CONF_TRANSPORT: TRANSPORT,
        CONF_TOPIC_PREFIX: prefix,
        CONF_LIVE_INTERVAL: int(user_input[CONF_LIVE_INTERVAL]),
        CONF_ENERGY_INTERVAL: int(user_input[CONF_ENERGY_INTERVAL]),
    }


def broker_values(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a kept broker in the shape of the form."""
    return {
        CONF_NAME: data[CONF_NAME],
        CONF_TOPIC_PREFIX: data[CONF_TOPIC_PREFIX],
        CONF_LIVE_INTERVAL: str(data[CONF_LIVE_INTERVAL]),
        CONF_ENERGY_INTERVAL: str(data[CONF_ENERGY_INTERVAL]),
    }
