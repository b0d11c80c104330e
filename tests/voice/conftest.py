"""A small mall that may be asked: Home Assistant's own agent, with our sentences installed."""

from collections.abc import AsyncIterator
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, floor_registry as fr
from homeassistant.setup import async_setup_component
import pytest

from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.people import anna, bob, boss
from tests.site_fixtures import one_line_mall, running_site
from tests.stories.telling import PRICE, ask

__all__ = ["anna", "bob", "boss"]


@pytest.fixture
async def mall(socket_enabled: None) -> AsyncIterator[Mall]:
    """Open a mall of three shops: Noodle House, Bubble Tea and Dumpling Garden."""
    async with one_line_mall(3) as mall:
        yield mall


@pytest.fixture
async def site(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> AsyncIterator[CompereSite]:
    """Run it, each shop with 200, in the areas of two floors, and let it be spoken with."""
    hass.config.config_dir = str(tmp_path)
    (tmp_path / "configuration.yaml").touch()  # read whenever sentences are
    for component in ("homeassistant", "conversation"):
        assert await async_setup_component(hass, component, {})
    async with running_site(hass, mall, tmp_path, price=PRICE) as site:
        upstairs = fr.async_get(hass).async_create("Upstairs", aliases={"第二层"})
        food_court = ar.async_get(hass).async_get_area_by_name("Food court")
        assert food_court is not None
        ar.async_get(hass).async_update(
            food_court.id, floor_id=upstairs.floor_id, aliases={"美食广场"}
        )
        await ask(hass, "install_voice_sentences")
        yield site
