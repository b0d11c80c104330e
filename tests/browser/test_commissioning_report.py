"""The commissioning report as a browser shows and prints it, with nothing from anywhere else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType

from homeassistant.core import HomeAssistant
from playwright.async_api import Page, Request, async_playwright, expect
import pytest

from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.browser.browsing import CHROMIUM, FLAGS
from tests.site_fixtures import meter_subentry, one_line_mall, running_site
from tests.stories.telling import PRICE, ask

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("socket_enabled")]

SHOP = "A-101"
EVIL = "<img src=x onerror=alert(1)>A-101"


@asynccontextmanager
async def shown(html: str) -> AsyncIterator[tuple[Page, list[str]]]:
    """Show a page; whatever it asks for or complains about is in the list."""
    faults: list[str] = []

    def asked(request: Request) -> None:
        faults.append(request.url)

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = await browser.new_page()
        page.on("request", asked)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda dialog: faults.append(dialog.message))
        await page.set_content(html)
        try:
            yield page, faults
        finally:
            await browser.close()


async def commissioned(hass: HomeAssistant, site: CompereSite, mall: Mall) -> str:
    """Do all there is to do at a meter with an evil name; return its serial number."""
    meter = mall.meter(SHOP)
    meter.set_load(9_000)
    subentry = site.entry.subentries[meter_subentry(mall, meter).subentry_id]
    hass.config_entries.async_update_subentry(
        site.entry,
        subentry,
        data=MappingProxyType({**subentry.data, "name": EVIL}),
        title=EVIL,
    )
    await hass.async_block_till_done()
    await ask(hass, "check_meter", meter=meter.serial)
    await ask(hass, "test_relay", meter=meter.serial, consent=True)
    await ask(hass, "test_stored_credit", meter=meter.serial, consent=True)
    return meter.serial


async def test_report_is_read_and_printed(hass: HomeAssistant, tmp_path: Path) -> None:
    """Every part is there, in both languages; what was typed is text, whatever it looks like."""
    hass.config.config_dir = str(tmp_path)
    async with (
        one_line_mall(1) as mall,
        running_site(hass, mall, tmp_path, price=PRICE, accounts={SHOP: (SHOP,)}) as site,
    ):
        serial = await commissioned(hass, site, mall)
        english = await ask(hass, "commissioning_report", meter=serial)
        chinese = await ask(hass, "commissioning_report", meter=serial, language="zh-Hans")
    async with shown(english["content"]) as (page, faults):
        await expect(page.locator("#identity")).to_contain_text(EVIL)
        await expect(page.locator("#identity")).to_contain_text(serial)
        assert await page.locator("#checks .passed").count() >= 5
        await expect(page.locator("#unverified")).to_contain_text("Unit of powers")
        await expect(page.locator("#relay .passed")).to_have_text("passed")
        await expect(page.locator("#credit")).to_have_text("Writing sets the stored credit.")
        await expect(page.locator("#values")).to_contain_text("Voltage A")
        headings = await page.locator("h2").all_inner_texts()
        assert "Values that were read" in headings
        assert not any("<" in heading for heading in headings)
        await expect(page.locator(".signatures .line")).to_have_count(4)
        assert await page.locator("img, script, link").count() == 0
        assert (await page.pdf(format="A4")).startswith(b"%PDF")
        assert faults == []
    async with shown(chinese["content"]) as (page, faults):
        await expect(page.locator("h1")).to_have_text("电表调试报告")
        await expect(page.locator("#relay .passed")).to_have_text("通过")
        assert "{" not in await page.locator("body").inner_text()
        assert faults == []
