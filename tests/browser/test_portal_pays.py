"""Paying on the tenants' page, in Chromium: whatever happens on the way, once, for the right shop.

All of it is real but the money: Home Assistant, the portal, the meters on their line, the gateway
of a trial site with its signed notices.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
import time
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from playwright.async_api import Browser, Page, Route, expect
import pytest

from custom_components.compere_prepaid.core.access.meter_reference import reference_of
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.ledger.payment_rows import Method, OrderState, PayOrder
from simulator.mall import Mall
from tests.browser.tenant import Tenant, chromium, phone, watch
from tests.payment.trial_site import PORTAL, Trial, trial_site
from tests.portal.visiting import portal_options
from tests.site_fixtures import one_line_mall, running_site
from tests.stories.telling import PRICE, ask, burn, contact, relay_settled

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.usefixtures("socket_enabled"),
]

SHOP, OTHER = "A-101", "A-102"

BRIDGE = """window.WeixinJSBridge = {
    invoke(name, parameters, answered) {
        fetch("/sandbox/bridge", {method: "POST", body: JSON.stringify(parameters)})
            .then((answer) => answer.json()).then(answered);
    },
};"""
"""What WeChat's browser gives to pages, asking the bundled gateway."""


@asynccontextmanager
async def trial_town(
    hass: HomeAssistant, folder: Path
) -> AsyncIterator[tuple[Trial, Mall, Browser]]:
    """Run a trial site whose first shop has no power any more, and a browser."""
    hass.config.config_dir = str(folder)
    options = {"portal": {**PORTAL, "wechat_oauth": "sandbox"}}
    async with (
        one_line_mall(2) as mall,
        trial_site(hass, mall, folder, price=PRICE, options=options) as trial,
        chromium() as browser,
    ):
        await burn(mall, trial.site, SHOP, 201_000)
        await relay_settled(trial.site.controller, MeterSerial(mall.meter(SHOP).serial))
        assert contact(mall.meter(SHOP)) == "open"
        yield trial, mall, browser


async def orders(trial: Trial) -> list[PayOrder]:
    """Return all orders that the ledger has."""
    return list(await trial.site.ledger.read(lambda tx: tx.rows(PayOrder)))


async def choose(page: Page, amount: str = "¥100") -> None:
    """Choose an amount on the page for topping up."""
    await page.get_by_role("radio", name=amount, exact=True).check(force=True)


async def pay_button(page: Page, amount: str = "¥100.00") -> None:
    """Press it."""
    await page.get_by_role("button", name=f"Pay {amount}").click()


async def order_by_page(tenant: Tenant) -> None:
    """Go from the overview to the page that waits for the payment of 100."""
    await tenant.page.get_by_role("link", name="Top up").first.click()
    await choose(tenant.page)
    await pay_button(tenant.page)
    await tenant.page.locator(".looking").wait_for()


async def pay_at_gateway(page: Page) -> float:
    """Go on to the gateway's page, pay there and come back; return when it was pressed."""
    await page.get_by_role("link", name="Go on to pay").click()
    press = page.locator("button[value=pay]")
    await press.wait_for()
    pressed_at = time.perf_counter()
    await press.click()
    return pressed_at


async def light_is_on(trial: Trial, mall: Mall, page: Page) -> float:
    """See on the page that the power is on, and that this is so; return when it was seen."""
    await expect(page.locator(".power-state")).to_have_text("Paid. The power is on.")
    seen_at = time.perf_counter()
    assert contact(mall.meter(SHOP)) == "closed"
    assert trial.balance(SHOP) == "99.00"
    await expect(page.get_by_role("status").last).to_contain_text("The power is on.")
    return seen_at


async def test_light_comes_back(
    hass: HomeAssistant, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """Scan, see that it is off, pay at the provider, see that it is on; look at the receipt."""
    async with trial_town(hass, tmp_path) as (trial, mall, browser):
        serial = mall.meter(SHOP).serial
        async with phone(browser, trial.site) as tenant:
            page = tenant.page
            await tenant.scan(serial)
            assert "#" not in page.url.replace("/#/", "")
            await expect(page.locator(".sandbox")).to_contain_text("no real money")
            await expect(page.locator(".hero.off")).to_contain_text("Pay at least")
            await expect(page.locator(".amount")).to_have_text("−¥1.00")
            await page.get_by_role("link", name="Top up").first.click()
            await choose(page)
            await expect(page.locator(".where")).to_contain_text("The power comes back by itself.")
            await expect(page.locator(".where .sum")).to_contain_text("¥99.00")
            await pay_button(page)
            pressed_at = await pay_at_gateway(page)
            seen_at = await light_is_on(trial, mall, page)
            figure(f"portal: {seen_at - pressed_at:.2f} s from “Pay” to “The power is on”")
            await page.get_by_role("link", name="See the receipt").click()
            await expect(page.locator(".facts")).to_contain_text("Sandbox")
            await page.get_by_role("link", name="Overview").click()
            await expect(page.locator(".hero .amount")).to_have_text("¥99.00")
            await expect(page.locator(".supply")).to_contain_text("Power is on")
            assert tenant.faults == tenant.elsewhere == []


async def test_inside_wechat(hass: HomeAssistant, tmp_path: Path) -> None:
    """WeChat says who is there, its bridge opens by itself, and the light comes back.

    Who cancels there may try again.
    """
    async with (
        trial_town(hass, tmp_path) as (trial, mall, browser),
        phone(browser, trial.site, in_wechat=True) as tenant,
    ):
        page = tenant.page
        await page.add_init_script(BRIDGE)
        await tenant.scan(mall.meter(SHOP).serial)
        await tenant.go("top-up")
        await page.wait_for_url("**/#/top-up")
        await page.evaluate(
            """() => {
                WeixinJSBridge.invoke = (name, _, told) => told({err_msg: `${name}:cancel`});
            }"""
        )
        await choose(page)
        await expect(page.get_by_text("in WeChat", exact=True)).to_be_visible()
        await pay_button(page)
        await expect(page.locator("main .note")).to_contain_text("cancelled in WeChat")
        (made,) = await orders(trial)
        assert (made.method, made.state) == (Method.JSAPI, OrderState.OPEN)
        await page.reload()  # which also brings the real bridge back
        await light_is_on(trial, mall, page)
        assert len(await orders(trial)) == 1
        assert tenant.faults == tenant.elsewhere == []


async def test_reload_back_and_a_lost_answer(hass: HomeAssistant, tmp_path: Path) -> None:
    """One wish is one order, whatever the browser does; the way back leads to no second one."""
    async with (
        trial_town(hass, tmp_path) as (trial, mall, browser),
        phone(browser, trial.site) as tenant,
    ):
        page = tenant.page
        await tenant.scan(mall.meter(SHOP).serial)
        await page.get_by_role("link", name="Top up").first.click()
        await choose(page)

        async def lose(route: Route) -> None:
            await route.fetch()
            await route.abort()

        await page.route("**/api/orders", lose)
        await pay_button(page)
        await expect(page.locator("#form-error")).to_contain_text("No connection")
        await page.unroute("**/api/orders", lose)
        (first,) = await orders(trial)
        await page.reload()  # the page asks again by itself
        await page.locator(".looking").wait_for()
        way = await page.get_by_role("link", name="Go on to pay").get_attribute("href")
        await page.reload()
        await page.locator(".looking").wait_for()
        link = page.get_by_role("link", name="Go on to pay")
        assert await link.get_attribute("href") == way
        await page.go_back()
        await page.locator("#balance").wait_for()
        await page.get_by_role("link", name="Top up").first.click()
        await page.get_by_role("link", name="Go on with it").click()
        await pay_at_gateway(page)
        await light_is_on(trial, mall, page)
        await page.get_by_role("link", name="Top up").click()
        await expect(page.get_by_text("is waiting")).to_have_count(0)
        assert [order.id for order in await orders(trial)] == [first.id]
        async with phone(browser, trial.site) as stranger:  # where WeChat may lead back to
            await stranger.open(f"/pay/{first.key}")
            await expect(stranger.page.locator("main .note")).to_contain_text("another browser")
        assert tenant.faults == []


async def test_two_tabs(hass: HomeAssistant, tmp_path: Path) -> None:
    """Two tabs pay at once for one shop, and both payments come, each once.

    A tab that still shows a shop whose meter was left in another tab orders nothing.
    """
    async with (
        trial_town(hass, tmp_path) as (trial, mall, browser),
        phone(browser, trial.site) as tenant,
    ):
        await tenant.scan(mall.meter(SHOP).serial)
        second = Tenant(site=trial.site, page=await tenant.page.context.new_page())
        watch(second, second.page)
        await second.open()
        await second.page.locator("#balance").wait_for()
        for tab in (tenant, second):
            await order_by_page(tab)
        await asyncio.gather(*(pay_at_gateway(tab.page) for tab in (tenant, second)))
        for tab in (tenant, second):
            await expect(tab.page.locator(".power-state")).to_contain_text("The power is on")
        assert trial.balance(SHOP) == "199.00"
        assert len(await trial.payments()) == 2
        # the second tab goes to another meter, while the first is about to pay
        await tenant.go("top-up")
        await choose(tenant.page)
        await tenant.page.locator(".where").wait_for()
        await second.scan(mall.meter(OTHER).serial)
        note = tenant.page.locator("main .note", has_text="Another meter")
        button = tenant.page.get_by_role("button", name="Pay ¥100.00")
        await button.or_(note).click()  # the page may have noticed already
        await expect(note).to_be_visible()
        await expect(tenant.page.locator(".who")).to_contain_text("Bubble Tea")
        assert len(await orders(trial)) == 2
        assert tenant.faults == second.faults == []


async def test_number_is_enough_to_pay(hass: HomeAssistant, tmp_path: Path) -> None:
    """Who only knows the number looks at the masked name, says that it is the shop, and pays.

    They see neither the balance nor how much comes back; a page for a screen shows a code.
    """
    async with (
        trial_town(hass, tmp_path) as (trial, mall, browser),
        phone(browser, trial.site, touch=False) as tenant,
    ):
        page = tenant.page
        await tenant.open()
        await page.get_by_label("Meter number").fill("33B0250100009-Z")
        await page.get_by_role("button", name="Continue").click()
        await expect(page.locator("#meter-error")).not_to_be_empty()
        await page.get_by_label("Meter number").fill(reference_of(mall.meter(SHOP).serial))
        await page.get_by_role("button", name="Continue").click()
        await expect(page.locator(".shop")).to_contain_text("*")
        await page.get_by_role("link", name="Top up").click()
        await choose(page)
        await pay_button(page)
        await expect(page.locator("#sure-error")).to_be_visible()
        await page.get_by_label("Yes, I pay for this shop").check()
        await pay_button(page)
        await expect(page.get_by_alt_text("Code to pay ¥100.00")).to_be_visible()
        assert await page.locator(".qr img").evaluate("(it) => it.naturalWidth > 0")
        (made,) = await orders(trial)
        assert await trial.gateway.pay(made.id)
        await light_is_on(trial, mall, page)
        text = await page.locator("body").inner_text()
        assert "99.00" not in text
        assert tenant.faults == tenant.elsewhere == []


async def test_without_network_and_gateway(hass: HomeAssistant, tmp_path: Path) -> None:
    """The page says what is wrong and what to do, and goes on by itself once it is over."""
    async with (
        trial_town(hass, tmp_path) as (trial, mall, browser),
        phone(browser, trial.site) as tenant,
    ):
        page = tenant.page
        await tenant.scan(mall.meter(OTHER).serial)
        await page.context.set_offline(offline=True)
        banner = page.locator("#portal > .note.bad")
        await expect(banner).to_contain_text("Check your network")
        await expect(page.locator(".live")).to_contain_text("As of")
        await page.context.set_offline(offline=False)
        await expect(banner).to_have_count(0)
        await tenant.go("top-up")
        await choose(page)
        trial.faults.statuses = [503] * 10
        await pay_button(page)
        await expect(page.locator("#form-error")).not_to_be_empty()
        trial.faults.statuses.clear()
        await pay_button(page)
        await page.locator(".looking").wait_for()
        assert len(await orders(trial)) == 1
        assert tenant.faults == []


async def test_cashier_confirms(hass: HomeAssistant, tmp_path: Path) -> None:
    """The page shows a code and what to tell the cashier, and the light once they confirmed."""
    hass.config.config_dir = str(tmp_path)
    how: dict[str, Any] = {"currency": "SGD", "time_zone": "Asia/Singapore", "price": PRICE}
    async with (
        one_line_mall(2) as mall,
        running_site(hass, mall, tmp_path, options=portal_options(), **how) as site,
        chromium() as browser,
        phone(browser, site) as tenant,
    ):
        data = {"kind": "paynow", "proxy": "201411660R", "payee": "Riverside Mall"}
        subentry = ConfigSubentry(
            data=MappingProxyType(data),
            subentry_type="provider",
            title="PayNow",
            unique_id="provider:paynow",
        )
        hass.config_entries.async_add_subentry(site.entry, subentry)
        await burn(mall, site, SHOP, 201_000)
        page = tenant.page
        await tenant.scan(mall.meter(SHOP).serial)
        await page.locator(".hero.off").wait_for()
        await tenant.go("top-up")
        await choose(page, "$100")
        await pay_button(page, "$100.00")
        await expect(page.get_by_alt_text("Code to pay $100.00")).to_be_visible()
        reference = await page.locator(".code.big").inner_text()
        await ask(
            hass,
            "confirm_payment",
            order=reference,
            bank_reference="FT26092100123",
            amount="100.00",
        )
        await expect(page.locator(".power-state")).to_have_text("Paid. The power is on.")
        assert contact(mall.meter(SHOP)) == "closed"
        assert tenant.faults == tenant.elsewhere == []
