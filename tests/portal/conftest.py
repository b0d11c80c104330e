"""A mall of two shops with a page for its tenants, and a bank at which they pay."""

from collections.abc import AsyncIterator
from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.payment.paper import PaperBank
from tests.payment.paying import paper_bank
from tests.people import boss
from tests.portal.visiting import Visitor, portal_site, visitor
from tests.site_fixtures import one_line_mall

__all__ = ["boss"]


@pytest.fixture(autouse=True)
def _sockets(hass: HomeAssistant, socket_enabled: None, tmp_path: Path) -> None:
    """Let the tests of this folder use loopback, and a folder of their own."""
    hass.config.config_dir = str(tmp_path)


@pytest.fixture
async def mall(_sockets: None) -> AsyncIterator[Mall]:
    """Open a mall of two shops."""
    async with one_line_mall(2) as mall:
        yield mall


@pytest.fixture
def bank() -> PaperBank:
    """Open a bank."""
    return paper_bank()


@pytest.fixture
async def site(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, bank: PaperBank
) -> AsyncIterator[CompereSite]:
    """Run the mall's site with its portal."""
    async with portal_site(hass, mall, tmp_path, bank=bank) as site:
        yield site


@pytest.fixture
async def browser(site: CompereSite) -> AsyncIterator[Visitor]:
    """Open a browser at the portal."""
    async with visitor(site) as browser:
        yield browser
