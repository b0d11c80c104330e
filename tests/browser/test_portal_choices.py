"""What tenants decide and set on their page, and what becomes of a page that is left alone."""

from pathlib import Path
import re

from homeassistant.core import HomeAssistant
from playwright.async_api import Page, Route, expect
import pytest

from custom_components.compere_prepaid.core.access.meter_reference import reference_of
from custom_components.compere_prepaid.core.ledger.account_rows import ReadReceipt
from tests.browser.tenant import Tenant, phone
from tests.browser.town import OFF, SHOP, town
from tests.portal.visiting import portal_of
from tests.stories.deciding import give_policy
from tests.stories.telling import ask, contact

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.usefixtures("socket_enabled"),
]

PIN = "24681012"


async def type_number(tenant: Tenant, serial: str) -> None:
    """Find a meter by its number."""
    await tenant.open()
    await tenant.page.get_by_label("Meter number").fill(reference_of(serial))
    await tenant.page.get_by_role("button", name="Continue").click()
    await tenant.page.get_by_label("PIN").wait_for()


async def test_pin_notice_settings_and_language(hass: HomeAssistant, tmp_path: Path) -> None:
    """A PIN opens the account; what is read, set and chosen is kept where it belongs."""
    async with (
        town(hass, tmp_path) as (site, mall, _, browser),
        phone(browser, site) as tenant,
    ):
        page, account = tenant.page, site.book.account(SHOP).number
        await site.access.pins.set(account, PIN)
        await type_number(tenant, mall.meter(SHOP).serial)
        for wrong, says in (("12", "6 to 12 digits"), ("111111", "not accepted")):
            await page.get_by_label("PIN").fill(wrong)
            await page.get_by_role("button", name="Show my balance").click()
            await expect(page.locator("#pin-error")).to_contain_text(says)
            await expect(page.get_by_label("PIN")).to_be_focused()
        await page.get_by_label("PIN").fill(PIN)
        await page.get_by_role("button", name="Show my balance").click()
        await page.locator("#balance").wait_for()

        await page.get_by_role("button", name="I have read this").click()
        await expect(page.locator(".announcement .done")).to_have_text("Read")
        (receipt,) = await site.ledger.read(lambda tx: tx.rows(ReadReceipt, account=account))
        assert receipt.account == account

        await page.get_by_role("link", name="Settings").click()
        threshold = page.get_by_label("Tell me when the balance falls below")
        await save(page, "a lot")
        await expect(page.locator("#threshold-error")).to_contain_text("such as")
        await expect(threshold).to_be_focused()
        await save(page, "80")
        await expect(page.locator(".note.good")).to_have_text("Saved.")
        kept = site.tenants.choice(account)
        assert kept.alarm_threshold == site.currency.parse("80")

        await page.get_by_label("Language").select_option("zh-Hans")
        await expect(page.get_by_role("heading", level=1)).to_have_text("设置")
        await page.reload()
        await expect(page.get_by_role("heading", level=1)).to_have_text("设置")
        assert site.tenants.choice(account).language == "zh-Hans"
        await page.get_by_role("button", name="退出").click()
        await expect(page.locator("main .note")).to_have_text("您已退出。")
        await expect(page.get_by_label("电表号")).to_have_value("")
        assert tenant.faults == []


async def save(page: Page, text: str) -> None:
    """Set the balance below which one is told."""
    await page.locator("#threshold").fill(text)
    await page.get_by_role("button", name="Save").first.click()


async def test_device_is_remembered_until_it_is_removed(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    """A link opens the papers once; a device that is remembered needs none the next time."""
    async with (
        town(hass, tmp_path) as (site, mall, _, browser),
        phone(browser, site) as tenant,
    ):
        page = tenant.page
        token, _ = site.access.links.issue(site.book.account(SHOP).number)
        await tenant.open(f"/l#{token}")
        await page.locator("#balance").wait_for()
        await tenant.go("settings")
        await page.get_by_role("button", name="Remember this device").click()
        await expect(page.locator("#device-error")).to_contain_text("name")
        await page.get_by_label("Name of this device").fill("<b>Counter</b>")
        await page.get_by_role("button", name="Remember this device").click()
        await expect(page.locator(".rows")).to_contain_text("<b>Counter</b>")
        await expect(page.locator(".rows")).to_contain_text("this device")
        await page.get_by_role("button", name="Sign out").click()
        await page.get_by_label("Meter number").wait_for()
        await tenant.scan(mall.meter(SHOP).serial)
        await tenant.go("statements")
        await page.get_by_role("link", name="Statement 1").click()
        await expect(page.get_by_role("heading", name="Statement 1")).to_be_visible()
        await statement_on_paper(page)
        await tenant.go("settings")
        await page.get_by_role("button", name="Remove <b>Counter</b>").click()
        await expect(page.locator("body")).to_contain_text("signed out")
        await tenant.scan(mall.meter(SHOP).serial)
        await tenant.go("statements")
        await expect(page.locator("main")).to_contain_text("ask the management")
        assert tenant.faults == []


async def statement_on_paper(page: Page) -> None:
    """Open a statement to print it, where its style is let through, and keep it as a PDF."""
    async with page.expect_popup() as opened:
        await page.get_by_role("link", name="Print").click()
    paper = await opened.value
    await expect(paper.get_by_role("heading", name="Statement of account")).to_be_visible()
    await expect(paper.locator("#summary table")).to_have_css("border-collapse", "collapse")
    await paper.close()
    async with page.expect_download() as kept:
        await page.get_by_role("link", name="PDF").click()
    download = await kept.value
    assert re.fullmatch(rf"statement-{SHOP}-1-en-[0-9a-f]{{12}}\.pdf", download.suggested_filename)
    assert (await download.path()).stat().st_size > 10_000


async def test_power_on_confirmation_and_on_emergency_credit(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    """A shop that is off takes the emergency credit; later it says that switching on is safe."""
    async with (
        town(hass, tmp_path) as (site, mall, _, browser),
        phone(browser, site) as tenant,
    ):
        page = tenant.page
        await give_policy(hass, site, "emergency_credit: 10, reconnect: confirm")
        await tenant.scan(mall.meter(OFF).serial)
        await expect(page.locator(".todo")).to_contain_text("Emergency credit of ¥10.00")
        await page.get_by_role("link", name="Use emergency credit").click()
        await page.get_by_role("button", name="Use emergency credit").click()
        await expect(page.locator("main .note")).to_contain_text("in use now")
        await expect(page.locator(".todo")).to_contain_text("in use: ¥10.00")
        await ask(hass, "top_up", account=OFF, amount="50", reference="r-1")
        await page.get_by_role("link", name="Switch my power on").click()
        await expect(page.locator(".lead")).to_contain_text("hot plates")
        await page.get_by_role("button", name="it is safe").click()
        await expect(page.locator(".supply")).to_contain_text("Power is on")
        assert contact(mall.meter(OFF)) == "closed"
        assert tenant.faults == []


async def test_session_that_ends(hass: HomeAssistant, tmp_path: Path) -> None:
    """Who is about to be signed out is asked; who was is told, and types no number again."""
    async with (
        town(hass, tmp_path) as (site, mall, _, browser),
        phone(browser, site) as tenant,
    ):
        page, serial = tenant.page, mall.meter(SHOP).serial
        await page.clock.install()

        async def ends_soon(route: Route) -> None:
            answer = await route.fetch()
            body = await answer.json()
            at = await page.evaluate("new Date(Date.now() + 100e3).toISOString()")
            await route.fulfill(response=answer, json=body | {"expires_at": at})

        await page.route("**/api/session", ends_soon)
        await tenant.scan(serial)
        await tenant.page.reload()
        await page.locator("#balance").wait_for()
        await page.clock.fast_forward(30_000)
        await expect(page.get_by_role("button", name="Stay signed in")).to_be_visible()
        await page.get_by_role("button", name="Stay signed in").click()
        await expect(page.get_by_role("button", name="Stay signed in")).to_have_count(0)
        await page.unroute("**/api/session", ends_soon)
        for session in tuple(portal_of(site).sessions):
            portal_of(site).sessions.end(session)
        await page.get_by_role("link", name="History").click()
        await expect(page.locator("main .note")).to_contain_text("signed out")
        await expect(page.get_by_label("Meter number")).to_have_value(reference_of(serial))
        await give_policy(hass, site, "emergency_credit: 10, reconnect: confirm")
        await tenant.scan(mall.meter(OFF).serial)
        await page.get_by_role("link", name="Use emergency credit").click()
        for session in tuple(portal_of(site).sessions):
            portal_of(site).sessions.end(session)
        await page.get_by_role("button", name="Use emergency credit").click()
        await expect(page.locator("main .note")).to_contain_text("signed out")
        assert tenant.faults == []


async def test_live_values_come_as_long_as_somebody_looks(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    """They come by a stream; by asking where streams do not get through; not to a hidden page."""
    async with (
        town(hass, tmp_path) as (site, mall, _, browser),
        phone(browser, site) as tenant,
    ):
        page = tenant.page
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await page.clock.install()
        await tenant.scan(mall.meter(SHOP).serial)
        await expect(page.locator(".live")).to_have_text("live")
        await ask(hass, "top_up", account=SHOP, amount="40", reference="live-1")
        await expect(page.locator(".hero .amount")).to_have_text("¥200.00")
        await hide(page, hidden=True)
        asked.clear()
        await ask(hass, "top_up", account=SHOP, amount="1", reference="live-2")
        await page.clock.fast_forward(120_000)
        assert asked == []
        await hide(page, hidden=False)
        await expect(page.locator(".hero .amount")).to_have_text("¥201.00")
        assert any("/api/live?" in url for url in asked)

        await page.route("**/api/live?*", lambda route: route.abort())
        await page.reload()
        await expect(page.locator(".live")).to_contain_text("As of")
        await ask(hass, "top_up", account=SHOP, amount="2", reference="live-3")
        await page.clock.fast_forward(11_000)
        await expect(page.locator(".hero .amount")).to_have_text("¥203.00")
        assert tenant.faults == []


async def hide(page: Page, *, hidden: bool) -> None:
    """Put the page behind another one, or back."""
    await page.evaluate(
        """(hidden) => {
            Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )
