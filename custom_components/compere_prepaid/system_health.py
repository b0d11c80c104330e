"""The lines of Home Assistant's page about its own health."""

from typing import Any

from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .site import CompereSite


@callback
def async_register(hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Say who is asked."""
    register.async_register_info(_info)


async def _info(hass: HomeAssistant) -> dict[str, Any]:
    """Return how the sites that run are doing, all together."""
    entries = hass.config_entries.async_entries(DOMAIN)
    sites: list[CompereSite] = [
        entry.runtime_data for entry in hass.config_entries.async_loaded_entries(DOMAIN)
    ]
    meters = [meter for site in sites for meter in site.meters.values()]
    providers = [
        site.payments.providers.get(key) for site in sites for key in site.standing.providers
    ]
    return {
        "sites": _share(len(sites), len(entries)),
        "ledgers": _share(sum(site.ledger.refusal is None for site in sites), len(sites)),
        "meters": _share(sum(meter.coordinator.online for meter in meters), len(meters)),
        "providers": _share(sum(one is not None for one in providers), len(providers)),
        "portals": sum(site.portal is not None for site in sites),
    }


def _share(good: int, all_of_them: int) -> str:
    return f"{good} / {all_of_them}"
