"""A statement's page in a browser: for eyes, for assistive technology, and on paper."""

from collections.abc import Callable
from importlib.resources import files
from io import BytesIO
from itertools import product

from playwright.async_api import Page, async_playwright
from pypdf import PdfReader
import pytest

from custom_components.compere_prepaid.adapters.statement_paper.page import page_of
from custom_components.compere_prepaid.adapters.statement_paper.view import Statement
from custom_components.compere_prepaid.adapters.statement_paper.wording import LANGUAGES
from tests.adapters.paper_statements import EVIL, ISSUED, sample
from tests.browser.browsing import CHROMIUM, DESKTOP, FLAGS, PHONE

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("socket_enabled")]

_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def axe(page: Page) -> list[str]:
    """Return what axe finds wrong with a page."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text("utf-8"))
    found: list[str] = await page.evaluate(
        """async (rules) => {
            const found = await axe.run(document, { runOnly: rules });
            return found.violations.map((one) => `${one.id}: ${one.nodes[0].html}`);
        }""",
        _RULES,
    )
    return found


async def test_page_reads_fits_and_prints(figure: Callable[[str], None]) -> None:
    """In every language and width it fits, nothing is asked for, axe is content, pages count."""
    made = Statement(
        site="Riverside Mall 河滨广场", content=sample(40), number=12, issued_at=ISSUED
    )
    looks, asked = 0, list[str]()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for language, (width, height) in product(LANGUAGES, (DESKTOP, PHONE, (320, 568))):
            page = await browser.new_page(viewport={"width": width, "height": height})
            page.on("request", lambda request: asked.append(request.url))
            page.on("dialog", lambda dialog: asked.append(dialog.message))
            await page.set_content(page_of(made, language))
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
            assert await page.locator("body").inner_text() != ""
            assert EVIL in await page.locator("body").inner_text()
            assert await axe(page) == [], (language, width)
            looks += 1
            if width == DESKTOP[0]:
                paper = PdfReader(BytesIO(await page.pdf(prefer_css_page_size=True)))
                texts = [one.extract_text() for one in paper.pages]
                assert len(texts) > 1
                for place, text in enumerate(texts, start=1):
                    assert f"{place} / {len(texts)}" in text
            await page.close()
        page = await browser.new_page()
        await page.set_content(page_of(made, "en").replace(' lang="en"', ""))
        assert len(await axe(page)) == 1  # the control: axe does look
        await browser.close()
    assert asked == []
    figure(f"axe: {looks} looks at a statement's page, no violation")
