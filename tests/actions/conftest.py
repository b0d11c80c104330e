"""A small mall behind every test of the actions.

Two shops have an account each; the second one is supplied by two meters. The time stands still.
"""

from collections.abc import AsyncIterator
from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import BAKERY, NOODLES, TEA
from tests.people import anna, bob, boss
from tests.site_fixtures import one_line_mall, running_site
from tests.stories.telling import PRICE

__all__ = ["anna", "bob", "boss"]


@pytest.fixture(autouse=True)
def own_configuration(hass: HomeAssistant, tmp_path: Path) -> None:
    """Let Home Assistant's folder be this test's own: exports and snapshots are written to it."""
    hass.config.config_dir = str(tmp_path)


@pytest.fixture
async def mall(socket_enabled: None) -> AsyncIterator[Mall]:
    """Open a mall of three meters."""
    async with one_line_mall(3) as mall:
        yield mall


@pytest.fixture
async def site(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> AsyncIterator[CompereSite]:
    """Run it: two accounts with 200 each, at one yuan a kWh."""
    accounts = {NOODLES: (NOODLES,), TEA: (TEA, BAKERY)}
    async with running_site(hass, mall, tmp_path, accounts=accounts, price=PRICE) as site:
        yield site
