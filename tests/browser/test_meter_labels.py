"""The labels of meters as a browser shows and prints them, with nothing from anywhere else."""

import re

from playwright.async_api import Page
import pytest
import segno

from custom_components.compere_prepaid.core.access.meter_reference import reference_of
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.labels.printing import (
    LANGUAGES,
    Label,
    Layout,
    label_page,
)
from tests.browser.test_commissioning_report import shown

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("socket_enabled")]

ADDRESS = "https://prepaid.riverside-mall.example"
EVIL = "<img src=x onerror=alert(1)>A-101 Noodle House of the very long name"
PER_SHEET = 21


def labels(count: int) -> list[Label]:
    """Return labels with the longest things that are likely, and one that is meant to do harm."""
    found = []
    for number in range(count):
        serial = MeterSerial(f"33B02501{number:05}")
        reference = reference_of(serial)
        url = f"{ADDRESS}/m/{reference}#{'A' * 22}"
        name = EVIL if number == 0 else f"A-{number:03} Noodle House, second floor"
        found.append(Label(serial=serial, name=name, reference=reference, url=url))
    return found


async def pages_of(page: Page) -> int:
    """Print, and count the pages."""
    printed = await page.pdf(prefer_css_page_size=True)
    return len(re.findall(rb"/Type\s*/Page\b", printed))


@pytest.mark.parametrize(("layout", "pages"), [(Layout.SHEET, 2), (Layout.SINGLE, 22)])
async def test_labels_are_printed(layout: Layout, pages: int) -> None:
    """So many fit on a sheet, all of each is on its sticker, and codes have their quiet zone."""
    made = labels(PER_SHEET + 1)
    html = label_page(
        made,
        site="Riverside Mall",
        address=ADDRESS,
        layout=layout,
        languages=LANGUAGES,
    )
    async with shown(html) as (page, faults):
        assert await pages_of(page) == pages
        await page.emulate_media(media="print")
        cut_off = await page.eval_on_selector_all(
            ".label", "all => all.filter(one => one.scrollHeight > one.clientHeight + 1).length"
        )
        assert cut_off == 0
        sides = await page.eval_on_selector_all(
            ".label svg", "all => all.map(one => one.getBoundingClientRect().width / 96 * 25.4)"
        )
        assert len(sides) == PER_SHEET + 1
        assert all(29 < side < 33 for side in sides)  # mm
        box = await page.locator(".label svg").last.get_attribute("viewBox")
        modules, _ = segno.make(made[-1].url, error="m", micro=False).symbol_size(border=0)
        assert box == f"0 0 {modules + 8} {modules + 8}"  # four on each side
        assert await page.locator("img").count() == 0
        assert await page.locator(".name").first.inner_text() == EVIL
    assert faults == []
