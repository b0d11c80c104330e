"""A small mall behind every test of automations: three shops, each with an account of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.people import boss
from tests.site_fixtures import one_line_mall, running_site
from tests.stories.telling import PRICE

__all__ = ["boss"]


@pytest.fixture(autouse=True)
def own_configuration(hass: HomeAssistant, tmp_path: Path) -> None:
    """Let Home Assistant's folder be this test's own: blueprints are written to it."""
    hass.config.config_dir = str(tmp_path)


@pytest.fixture
async def mall(socket_enabled: None) -> AsyncIterator[Mall]:
    """Open the mall; nothing draws anything."""
    async with one_line_mall(3) as mall:
        for meter in mall.meters:
            meter.set_load(0)
        yield mall


@pytest.fixture
async def site(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> AsyncIterator[CompereSite]:
    """Run it, at one yuan a kWh."""
    async with running_site(hass, mall, tmp_path, price=PRICE) as site:
        yield site
