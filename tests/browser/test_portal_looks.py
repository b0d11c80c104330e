"""How the tenants' page looks and reads: sizes, languages, colours, assistive technology."""

from collections.abc import Awaitable, Callable
from itertools import product
from pathlib import Path

from homeassistant.core import HomeAssistant
from playwright.async_api import Browser, Response, expect
import pytest

from custom_components.compere_prepaid.core.access.meter_reference import reference_of
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.browser.browsing import PHONE
from tests.browser.tenant import Tenant, phone
from tests.browser.town import EVIL, OFF, SHOP, town

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.usefixtures("socket_enabled"),
]

NARROW, WIDE = (320, 568), (1280, 800)
LANGUAGES = {"en-GB": ("en", "Balance"), "zh-CN": ("zh-Hans", "余额"), "ms-MY": ("ms", "Baki")}
MOST_BYTES = 100_000
PLACES = ("", "top-up", "history", "statements", "settings", "reconnect", "emergency", "nowhere")

type Look = Callable[[str], Awaitable[None]]


async def begin_payment(tenant: Tenant) -> None:
    """Order a payment of 100 and wait for the page that waits for it."""
    await tenant.go("top-up")
    await tenant.page.locator("input[name=amount]").nth(1).check(force=True)
    await tenant.page.locator("button.primary").click()
    await tenant.page.locator(".looking").wait_for()


async def test_fits_reads_and_loads(
    hass: HomeAssistant, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """No page is wider than its window, in no language, size, colour or size of text.

    What people typed is text, nothing comes from anywhere else, and the first load is small.
    """
    async with town(hass, tmp_path) as (site, mall, _, browser):
        seen = 0
        for language, dark, size in product(LANGUAGES, (False, True), (NARROW, PHONE, WIDE)):
            tag, balance = LANGUAGES[language]
            async with phone(
                browser, site, size=size, language=language, dark=dark, touch=size != WIDE
            ) as tenant:
                await tenant.scan(mall.meter(SHOP).serial)
                await expect(tenant.page.locator("#balance")).to_have_text(balance)
                await expect(tenant.page.locator(".announcement .body")).to_contain_text(EVIL)
                await all_fit(tenant, ("",) if size != NARROW or dark else PLACES)
                assert await tenant.page.evaluate("document.documentElement.lang") == tag
                background = await tenant.page.evaluate(
                    "getComputedStyle(document.body).backgroundColor"
                )
                assert (background == "rgb(16, 22, 19)") is dark
                assert tenant.faults == tenant.elsewhere == []
                seen += 1
        figure(f"portal: {seen} looks of the overview, none wider than its window")
        await first_load(browser, site, mall, figure)


TOO_SMALL = """() => {
    const targets = document.querySelectorAll(
        "a:not(.skip), button, select, summary, input:not([type=checkbox]), label.tick"
    );
    const small = (it) => {
        const box = it.getBoundingClientRect();
        return box.height < 48 || box.width < 48;
    };
    return [...targets].filter(small).map((it) => it.outerHTML);
}"""
"""Finds what can be pressed and is hard to hit with a finger."""


async def all_fit(tenant: Tenant, places: tuple[str, ...]) -> None:
    """Look at pages in normal and in double size of text."""
    for place in places:
        await tenant.go(place)
        assert await tenant.overflow() <= 0, place
        assert await tenant.page.evaluate(TOO_SMALL) == [], place
        assert "{" not in await tenant.page.locator("body").inner_text()
        await tenant.page.evaluate("document.documentElement.classList.add('twice')")
        await tenant.page.evaluate(
            "document.styleSheets[0].insertRule('html.twice { font-size: 200% }')"
        )
        assert await tenant.overflow() <= 0, f"{place} at 200 %"
        await tenant.page.evaluate("document.documentElement.classList.remove('twice')")


async def first_load(
    browser: Browser, site: CompereSite, mall: Mall, figure: Callable[[str], None]
) -> None:
    """Add up what is transferred, headers too, until the overview stands."""
    answers: list[Response] = []

    def answered(answer: Response) -> None:
        answers.append(answer)

    async with phone(browser, site) as tenant:
        tenant.page.on("response", answered)
        await tenant.scan(mall.meter(SHOP).serial)
        await expect(tenant.page.locator(".live:not(.stale)")).to_be_visible()
        total = 0
        for answer in answers:
            if "/api/live?" in answer.url:
                continue  # it never ends; the overview that it begins with is asked for as well
            sizes = await answer.request.sizes()
            total += sizes["responseBodySize"] + sizes["responseHeadersSize"]
    assert len(answers) >= 5
    assert total < MOST_BYTES
    figure(f"portal: first load {total} bytes transferred (limit {MOST_BYTES})")


async def test_axe_finds_nothing(
    hass: HomeAssistant, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """Every page, in every state that differs, in both colours, has no violation."""
    looked: list[str] = []
    async with town(hass, tmp_path) as (site, mall, bank, browser):
        for dark in (False, True):
            async with phone(browser, site, dark=dark, free=True) as tenant:

                async def look(what: str, tenant: Tenant = tenant) -> None:
                    assert await tenant.axe() == [], what
                    looked.append(what)

                page = tenant.page
                await tenant.open()
                await look("find")
                await page.locator("button.primary").click()
                await look("find with an error")
                await page.get_by_label("Meter number").fill(reference_of(mall.meter(SHOP).serial))
                await page.locator("button.primary").click()
                await page.get_by_label("PIN").wait_for()
                await look("meter")
                await tenant.go("top-up")
                await page.get_by_label("Other amount").check(force=True)
                await page.locator("button.primary").click()
                await look("top-up with errors")
                await tenant.scan(mall.meter(OFF).serial)
                await page.locator(".hero.off").wait_for()
                await look("overview without power")
                await tenant.scan(mall.meter(SHOP).serial)
                for place in PLACES:
                    await tenant.go(place)
                    await look(place)
                await tenant.go("history")
                await page.get_by_text("As a table").click()
                await look("history as a table")
                await begin_payment(tenant)
                await look("waiting")
                bank.pay(max(bank.ordered))
                await page.get_by_role("button", name="I have paid").click()
                await page.locator(".result").wait_for()
                await look("paid")
                await papers(tenant, look, site)
                # the control: axe does look
                await page.evaluate("document.querySelector('main').append(new Image())")
                assert len(await tenant.axe()) == 1
    figure(f"axe: {len(looked)} looks at pages of the portal, no violation")


async def papers(tenant: Tenant, look: Look, site: CompereSite) -> None:
    """Look at what needs a link of the management; it opens the papers once."""
    token, _ = site.access.links.issue(site.book.account(SHOP).number)
    page = tenant.page
    await tenant.open(f"/l#{token}")
    await page.locator("#balance").wait_for()
    assert token not in page.url
    for place in ("statements", "statement/1", "settings", "history"):
        await tenant.go(place)
        await look(f"{place} with a link")
    await page.get_by_role("link", name="Receipt").first.click()
    await page.get_by_text("Receipt number").wait_for()
    await look("receipt")
    await tenant.open(f"/l#{token}")
    await expect(page.locator("main .note")).to_contain_text("used already")


async def test_keyboard_is_enough(hass: HomeAssistant, tmp_path: Path) -> None:
    """From the number to the payment without a pointer; the focus is seen, and goes where one is.

    After each step it stands on the new page's heading, or on the field that is wrong.
    """
    async with town(hass, tmp_path) as (site, mall, _, browser):
        reference = reference_of(mall.meter(SHOP).serial)
        async with phone(browser, site, size=WIDE, touch=False) as tenant:
            page = tenant.page
            keys = page.keyboard
            await tenant.open()
            await tab_to(tenant, "#meter")
            await keys.type(reference[:-1] + ("A" if reference[-1] != "A" else "B"))
            await keys.press("Enter")
            await expect(page.locator("#meter-error")).to_be_visible()
            await expect(page.locator("#meter")).to_be_focused()
            await expect(page.locator("#meter")).to_have_attribute("aria-invalid", "true")
            await keys.press("Backspace")
            await keys.type(reference[-1])
            await keys.press("Enter")
            await expect(page.get_by_role("heading", name="Is this your shop?")).to_be_focused()
            await tab_to(tenant, "a.primary")
            await keys.press("Enter")
            await expect(page.get_by_role("heading", name="Top up")).to_be_focused()
            await tab_to(tenant, "input[name=amount]")
            await keys.press("Space")
            await keys.press("ArrowRight")
            await expect(page.locator("input[name=amount]").nth(1)).to_be_checked()
            await tab_to(tenant, "button.primary")
            await keys.press("Enter")
            await expect(page.locator("#sure-error")).to_be_visible()
            await expect(page.locator("#sure")).to_be_focused()
            await keys.press("Space")
            await tab_to(tenant, "button.primary")
            await keys.press("Enter")
            await expect(page.get_by_role("heading", name="Pay ¥100.00")).to_be_focused()
            await tab_to(tenant, "a.primary")
            assert tenant.faults == []


async def tab_to(tenant: Tenant, selector: str) -> None:
    """Press Tab until something has the focus; all on the way shows that it has it."""
    wanted = tenant.page.locator(selector).first
    await wanted.wait_for()
    for _ in range(20):
        await tenant.page.keyboard.press("Tab")
        assert await tenant.page.evaluate(SHOWS_FOCUS)
        if await wanted.evaluate("(it) => it === document.activeElement"):
            return
    pytest.fail(f"the focus never came to {selector}")


SHOWS_FOCUS = """() => {
    const it = document.activeElement;
    if (it === document.body) return true;  // between the page and the browser's own buttons
    const seen = it.type === "radio" ? it.nextElementSibling : it;
    const framed = [seen, seen.parentElement].some((each) => {
        const style = getComputedStyle(each);
        return style.outlineStyle !== "none" || style.boxShadow !== "none";
    });
    const box = seen.getBoundingClientRect();
    return framed && box.width > 0 && box.bottom > 0 && box.top < innerHeight;
}"""
