"""A small mall behind every test of automations: three shops, each with an account of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_component import DATA_INSTANCES
from homeassistant.setup import async_setup_component
import pytest

from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.targets import device_of
from tests.automations.blueprinted import FILES, MANAGER, SHOP, Phones, installed
from tests.people import anna, boss
from tests.site_fixtures import one_line_mall, running_site
from tests.stories.telling import PRICE

__all__ = ["anna", "boss"]


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


@pytest.fixture
async def phones(hass: HomeAssistant, site: CompereSite) -> Phones:
    """Give both a phone; the tenant's belongs to the account's device."""
    phones = Phones()
    assert await async_setup_component(hass, "notify", {})
    await hass.data[DATA_INSTANCES]["notify"].async_add_entities([phones.tenant, phones.manager])
    er.async_get(hass).async_update_entity(
        phones.tenant.entity_id, device_id=device_of(hass, site, f"account_{SHOP}").id
    )
    assert phones.manager.entity_id == MANAGER
    return phones


@pytest.fixture
async def blueprints(hass: HomeAssistant, site: CompereSite) -> AsyncIterator[None]:
    """Install them as a person does; in the end no automation waits for anything."""
    assert await async_setup_component(hass, "automation", {})
    await hass.async_add_executor_job(Path(hass.config.path("configuration.yaml")).touch)
    assert await installed(hass) == (dict.fromkeys(FILES, "written"), True)
    yield
    await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)
