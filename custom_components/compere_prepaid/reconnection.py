"""How fast the relays of a site close together: an option of the site."""

from collections.abc import Mapping
from typing import Any

from .core.policy.closing_queue import Pace

OPTION_RECONNECTION = "reconnection"
CONF_AT_ONCE = "at_once"
CONF_SPACING = "spacing"

DEFAULT = Pace()
MAX_AT_ONCE = 100
MAX_SPACING_S = 60


def pace_of(options: Mapping[str, Any]) -> Pace:
    """Return the pace that a site's options ask for."""
    chosen = options.get(OPTION_RECONNECTION, {})
    return Pace(
        at_once=int(chosen.get(CONF_AT_ONCE, DEFAULT.at_once)),
        spacing_s=float(chosen.get(CONF_SPACING, DEFAULT.spacing_s)),
    )
