"""A small mall behind every test of the platforms: two shops, and a meter that nobody pays for."""

from collections.abc import AsyncIterator
from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.people import anna, boss
from tests.site_fixtures import one_line_mall, running_site

__all__ = ["anna", "boss"]


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
