"""The password of a meter's relay, between a meter's data and what switches it.

It is kept with the meter, is redacted in diagnostics, and is in no exported file.
"""

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import Any, Final

from .const import CONF_RELAY_ACCESS
from .core.meters.dlt645_relay import RelayAccess

CONF_PASSWORD: Final = "password"  # noqa: S105  # a key, no password
CONF_LEVEL: Final = "level"
CONF_OPERATOR: Final = "operator"


def relay_access_of(data: Mapping[str, Any], zone: tzinfo = UTC) -> RelayAccess | None:
    """Return the right to switch that a meter's data hold; None if they hold none.

    Raises `InvalidInputError` (`relay_access_invalid`).
    """
    kept = data.get(CONF_RELAY_ACCESS)
    if not kept:
        return None
    return RelayAccess(
        password=kept[CONF_PASSWORD],
        level=kept[CONF_LEVEL],
        operator=kept[CONF_OPERATOR],
        zone=zone,
    )


def relay_access_data(access: RelayAccess) -> dict[str, str]:
    """Return that right in the shape in which it is kept."""
    return {
        CONF_PASSWORD: access.password,
        CONF_LEVEL: access.level,
        CONF_OPERATOR: access.operator,
    }
