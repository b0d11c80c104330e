"""A small mall behind every test of the platforms: two shops, and a meter that nobody pays for."""

from collections.abc import AsyncIterator
from pathlib import Path

from homeassistant.auth.const import GROUP_ID_ADMIN, GROUP_ID_USER
from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.site_fixtures import one_line_mall, running_site


@pytest.fixture
async def mall(socket_enabled: None) -> AsyncIterator[Mall]:
    """Open a mall of three meters."""
    async with one_line_mall(3) as mall:
        yield mall


@pytest.fixture
async def site(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> AsyncIterator[CompereSite]:
    """Run it: two accounts with 200 each."""
    accounts = {"A-101": ("A-101",), "A-102": ("A-102",)}
    async with running_site(hass, mall, tmp_path, accounts=accounts) as site:
        yield site


@pytest.fixture
async def boss(hass: HomeAssistant) -> str:
    """Return the id of an administrator."""
    return (await hass.auth.async_create_user("Boss", group_ids=[GROUP_ID_ADMIN])).id


@pytest.fixture
async def anna(hass: HomeAssistant, boss: str) -> str:
    """Return the id of a user who is no administrator; the first user of all would be the owner."""
    return (await hass.auth.async_create_user("Anna", group_ids=[GROUP_ID_USER])).id
