"""The running demonstration's dashboard, in a browser."""

from decimal import Decimal
from pathlib import Path
import re

from playwright.async_api import expect
import pytest

from script.demo.seeding import DASHBOARD, USER
from tests.browser.browsing import PHONE, Visit, visiting
from tests.test_demo import LAST_LINE, demonstration, read_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.usefixtures("socket_enabled"),
]

WATCHED = """button => new MutationObserver(() => {
  if (button.disabled) button.dataset.wasDisabled = "true";
}).observe(button, {attributes: true, attributeFilter: ["disabled"]})"""
"""Lets a button tell afterwards that it was disabled: a few statements are printed in a moment."""

SHOP = "A-104 Coffee Corner"
EMPTY_SHOP, EMPTY_ACCOUNT = "B-203 Shoe Gallery", "B-203"
AREA, KIOSKS = "Kiosks", ("K-1 Flower Kiosk", "K-2 Phone Repair")
TRIES = 20
PRINTING_LIMIT_MS = 120_000
HOURS_DRAWN = 100
POOLS_SHOWN = """() => Object.values(document.querySelector("home-assistant").hass.entities)
  .filter(({ translation_key: key }) => /^pool_(cost|tenants|owner)$/.test(key)).length >= 15"""
"""Five pools of three sensors each are known to the page."""


async def shown_balance(visit: Visit, shop: str) -> Decimal:
    """Return the balance on a shop's tile, which reads like CN¥1,401.04 or -CN¥5.00."""
    text = await visit.tiles(shop).first.locator("state-display").inner_text()
    return Decimal(re.sub(r"[^0-9.\-]", "", text))


async def assert_balance_shown(visit: Visit, shop: str) -> None:
    """Compare tile and entity; the shop goes on using power, so one may be ahead for a moment."""
    for _ in range(TRIES):
        state = (await visit.states())[f"{shop} Balance"]["state"]
        shown = await shown_balance(visit, shop)
        if shown == Decimal(state):
            return
    pytest.fail(f"{shop}: the tile shows {shown}, the entity says {state}")


async def assert_narrow(visit: Visit) -> None:
    """Require that nothing is wider than a phone."""
    width = await visit.page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE[0]


async def assert_shared_costs(visit: Visit) -> None:
    """See a run explained, days to come refused; approve it after a question; print statements."""
    await visit.open(f"/{DASHBOARD}/shared-costs")
    runs = visit.page.locator("compere-prepaid-runs")
    share = runs.get_by_role("button", name=SHOP)
    await share.click()
    await expect(
        runs.get_by_text(re.compile(r"^60 m² of [\d\s]+ m² [=≈] [\d.]+ % of ")).first
    ).to_be_visible()
    last = runs.get_by_label("To (last day)")
    ended = await last.input_value()
    await last.fill("2099-01-31")
    await runs.get_by_role("button", name="Preview").click()
    await expect(runs.get_by_role("alert")).to_contain_text("Only days that are over")
    await last.fill("2099-02-28")
    await share.click()
    await expect(share).to_have_attribute("aria-expanded", "false")
    await expect(last).to_have_value("2099-02-28")
    await last.fill("")
    await runs.get_by_role("button", name="Preview").click()
    await expect(runs.get_by_role("alert")).to_have_text("Choose the first and the last day.")
    await last.fill(ended)
    await runs.get_by_role("button", name="Preview").click()
    await expect(
        runs.get_by_text(re.compile(r"Electricity is sold at .* and was bought at "))
    ).to_be_visible()
    (run,) = (await visit.act("list_allocations"))["runs"]
    assert run["state"] == "proposed"
    statements = visit.page.locator("compere-prepaid-statements")
    month = statements.get_by_label("Month")
    await month.fill(run["since"][:7])
    await runs.get_by_role("button", name=run["run"], exact=True).click()
    await runs.get_by_role("button", name="Approve and post").click()
    await runs.get_by_role("dialog").get_by_role("button", name="Approve and post").click()
    await expect(runs.get_by_text(re.compile(r"Posted: 24 shops were charged "))).to_be_visible()
    assert [one["state"] for one in (await visit.act("list_allocations"))["runs"]] == ["posted"]

    # posting makes entities of the pools: no form that somebody fills is emptied by that
    await visit.page.wait_for_function(POOLS_SHOWN)
    await expect(month).to_have_value(run["since"][:7])
    pools = visit.page.locator("compere-prepaid-pools")
    await expect(pools.get_by_text(re.compile(r"P-5 Cooling 1"))).to_be_visible()
    await statements.get_by_label("Shops").select_option(label=f"{AREA} ({len(KIOSKS)})")
    issue = statements.get_by_role("button", name="Issue statements")
    await issue.evaluate(WATCHED)
    await issue.click()
    await statements.get_by_role("dialog").get_by_role("button", name="Issue statements").click()
    links = statements.get_by_role("link", name="PDF")
    await expect(links).to_have_count(len(KIOSKS), timeout=PRINTING_LIMIT_MS)
    await expect(month).to_have_value(run["since"][:7])
    await expect(issue).to_be_enabled()
    assert await issue.get_attribute("data-was-disabled") == "true"
    paper = await visit.page.request.get(visit.url + str(await links.first.get_attribute("href")))
    assert (await paper.body()).startswith(b"%PDF-")


async def assert_energy_balance(visit: Visit) -> None:
    """See the hours of a week, with what gets lost in the mall's cables."""
    await visit.open(f"/{DASHBOARD}/energy-balance")
    balance = visit.page.locator("compere-prepaid-balance")
    await expect(balance.get_by_text(re.compile(r"kWh \(1\.[6-9] %\)"))).to_be_visible()
    assert await balance.locator(".column .energy").count() > HOURS_DRAWN
    await expect(balance.get_by_role("table", name="Base load at night")).to_be_visible()


async def test_balances_alarms_a_payment_and_a_policy(tmp_path: Path) -> None:
    """A tile shows its entity's balance; a shop that pays leaves the list of those that are off.

    An area gets another policy in one step, shared costs are approved, statements are printed.
    """
    async with demonstration(tmp_path, "--port", "0") as process:
        guide = await read_until(process, LAST_LINE)
        url = re.findall(r"dashboard at (http://\S+)", guide)[0]
        password = (tmp_path / "password").read_text(encoding="utf-8").strip()

        async with visiting(url, USER, password) as visit:
            await visit.open(f"/{DASHBOARD}")
            await assert_balance_shown(visit, SHOP)

            alarms = visit.section("Off now")
            empty = alarms.get_by_text(EMPTY_SHOP).locator("visible=true")
            await expect(empty).to_have_count(1)
            await visit.act("top_up", account=EMPTY_ACCOUNT, amount="250", reference="browser-1")
            await expect(empty).to_have_count(0)
            await assert_balance_shown(visit, EMPTY_SHOP)

            await visit.tiles(SHOP).first.click()
            await expect(visit.page.get_by_text("Available credit")).to_be_visible()

            await visit.open(f"/{DASHBOARD}/rules")
            table = visit.section("Who is treated how").locator("ha-markdown")
            await expect(table.get_by_text("A-107 Bakery Lane")).to_be_visible()
            await expect(table.get_by_text("warned").first).to_be_visible()
            await visit.section(AREA).get_by_text("→ Standard").click(force=True)
            question = f"Give all {len(KIOSKS)} shops in {AREA} the policy “Standard”?"
            await expect(visit.page.get_by_text(question)).to_be_visible()
            await visit.agree()
            lines = visit.section(AREA)
            await expect(lines.locator("hui-entity-heading-badge", has_text="Kiosk")).to_have_count(
                0
            )
            states = await visit.states()
            assert {states[f"{shop} Policy"]["state"] for shop in KIOSKS} == {"Standard"}
            await assert_shared_costs(visit)
            await assert_energy_balance(visit)
            assert visit.faults == []
            assert visit.requests_elsewhere == []

        async with visiting(url, USER, password, size=PHONE, language="zh-Hans") as visit:
            await visit.open(f"/{DASHBOARD}")
            await expect(visit.page.get_by_text("当前断电")).to_be_visible()
            await assert_narrow(visit)
            await visit.open(f"/{DASHBOARD}/shared-costs")
            await expect(visit.page.get_by_text("已入账").first).to_be_visible()
            await assert_narrow(visit)
