"""The dashboard for the facility manager, as Home Assistant's frontend loads it.

The dashboard is a *strategy*: a script that writes a dashboard of Home Assistant's own cards in the
browser, from what the registries hold at that moment. All that is to be done here is to serve the
built script and to tell the frontend to load it; the user then finds it under "Community
dashboards" when adding one.
"""

from hashlib import sha256
from pathlib import Path
from typing import Final

from homeassistant.components.frontend import add_extra_js_url
from homeassistant.components.http import StaticPathConfig
from homeassistant.core import HomeAssistant

_FOLDER: Final = Path(__file__).parent / "frontend"
_SCRIPT: Final = "dashboard_strategy.js"
_URL: Final = "/compere_prepaid_static"
_VERSION_LENGTH: Final = 12


async def async_setup_dashboard(hass: HomeAssistant) -> None:
    """Serve the dashboard's script; does nothing where Home Assistant runs without its frontend.

    The address carries a hash of the content, so a browser may keep the script for good and still
    takes the new one after an update. Static paths are public: the script holds layout, no data.
    """
    if "frontend" not in hass.config.components:
        return
    version = await hass.async_add_executor_job(_content_version, _FOLDER / _SCRIPT)
    await hass.http.async_register_static_paths(
        [StaticPathConfig(_URL, str(_FOLDER), cache_headers=True)]
    )
    add_extra_js_url(hass, f"{_URL}/{_SCRIPT}?v={version}")


def _content_version(script: Path) -> str:
    return sha256(script.read_bytes()).hexdigest()[:_VERSION_LENGTH]
