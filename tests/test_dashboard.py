"""The dashboard's script is served, and loaded by Home Assistant's page."""

from hashlib import sha256
from pathlib import Path
import re

from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.compere_prepaid.const import DOMAIN

SCRIPT = (
    Path(__file__).parents[1] / "custom_components" / DOMAIN / "frontend" / "dashboard_strategy.js"
)


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.filterwarnings(
    "ignore:It is recommended to use web.RequestKey:aiohttp.web_exceptions.NotAppKeyWarning"
)  # Home Assistant's own middlewares
async def test_the_page_loads_the_script(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """Pages load the script by a version of its content, and without a login it comes whole."""
    assert await async_setup_component(hass, "frontend", {})
    assert await async_setup_component(hass, DOMAIN, {})
    (address,) = hass.data[DATA_EXTRA_MODULE_URL].urls
    version = sha256(SCRIPT.read_bytes()).hexdigest()
    assert version.startswith(address.partition("?v=")[2])
    client = await hass_client_no_auth()
    answer = await client.get(address)
    assert answer.status == 200
    assert answer.content_type in {"text/javascript", "application/javascript"}
    assert await answer.read() == SCRIPT.read_bytes()


async def test_without_a_frontend_nothing_is_served(hass: HomeAssistant) -> None:
    """Home Assistant without its frontend takes the integration all the same."""
    assert await async_setup_component(hass, DOMAIN, {})
    assert DATA_EXTRA_MODULE_URL not in hass.data


def test_the_script_needs_no_network() -> None:
    """It imports nothing and names no address."""
    source = SCRIPT.read_text(encoding="utf-8")
    assert "http://" not in source
    assert "https://" not in source
    assert re.search(r"^\s*import\b|\bimport\(", source, re.MULTILINE) is None
