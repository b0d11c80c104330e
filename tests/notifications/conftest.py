"""A shop that has 51 yuan at one yuan a kWh, a tenant with a phone, and a manager with another."""

from collections.abc import AsyncIterator
from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.notifications.phones import MANAGER, TENANT, Phone, choose, reach
from tests.people import anna, bob, boss
from tests.site_fixtures import one_line_mall, running_site
from tests.stories.telling import PRICE

__all__ = ["anna", "bob", "boss"]

SHOP = "A-101"


@pytest.fixture(autouse=True)
def own_configuration(hass: HomeAssistant, tmp_path: Path) -> None:
    """Let Home Assistant's folder be this test's own."""
    hass.config.config_dir = str(tmp_path)


@pytest.fixture
async def mall(socket_enabled: None) -> AsyncIterator[Mall]:
    """Open a mall of two meters."""
    async with one_line_mall(2) as mall:
        yield mall


@pytest.fixture
def manager(hass: HomeAssistant) -> Phone:
    """Return the manager's phone."""
    return Phone(hass, MANAGER)


@pytest.fixture
def tenant(hass: HomeAssistant) -> Phone:
    """Return the tenant's phone."""
    return Phone(hass, TENANT)


@pytest.fixture
async def site(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, manager: Phone, tenant: Phone
) -> AsyncIterator[CompereSite]:
    """Run a site of one shop; both phones are told."""
    async with running_site(
        hass, mall, tmp_path, price=PRICE, opening_balance="51", accounts={SHOP: (SHOP,)}
    ) as site:
        choose(hass, site.entry, channels=[manager.name])
        reach(hass, site, SHOP, notify=[tenant.name])
        await hass.async_block_till_done()
        yield site
