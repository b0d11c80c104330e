"""A running site for the tenants' page, with a shop that has power and one that has none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant
from playwright.async_api import Browser

from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.browser.tenant import chromium
from tests.payment.paper import PaperBank
from tests.payment.paying import paper_bank, paying_site
from tests.portal.visiting import portal_options
from tests.site_fixtures import one_line_mall, read_again, use
from tests.stories.telling import PRICE, ask, burn

OFF: Final = "A-101"
SHOP: Final = "A-102"
EVIL: Final = "<img src=x onerror=alert(1)>"
LONG: Final = "Bahagian Pengurusan Tenaga Elektrik Pusat Membeli-belah Antarabangsa"


@asynccontextmanager
async def town(
    hass: HomeAssistant, folder: Path
) -> AsyncIterator[tuple[CompereSite, Mall, PaperBank, Browser]]:
    """Run a site with a shop that has power and one that has none, its portal, and a browser."""
    hass.config.config_dir = str(folder)
    bank = paper_bank()
    async with (
        one_line_mall(2) as mall,
        paying_site(hass, mall, folder, bank, price=PRICE, options=portal_options()) as site,
        chromium() as browser,
    ):
        await burn(mall, site, OFF, 201_000)
        use(mall, SHOP, 4_000, 10 * 3600)
        await read_again(site, mall.meter(SHOP).serial)
        await ask(hass, "issue_statement", account=[SHOP])
        await ask(hass, "announce", title=EVIL, message=f"{LONG}\n{EVIL}", everybody=True)
        yield site, mall, bank, browser
