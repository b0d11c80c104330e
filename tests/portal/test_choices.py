"""What tenants choose, read and do on their page."""

from pathlib import Path

from homeassistant.core import Event, HomeAssistant, callback

from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import add_rules, serial_of
from tests.portal.visiting import NOODLES, TEA, Visitor, portal_site, visitor
from tests.site_fixtures import expected_event
from tests.stories.telling import ask, burn, contact, relay_settled


async def test_own_alarm_warns_once_for_each_crossing(
    hass: HomeAssistant, site: CompereSite, mall: Mall, browser: Visitor
) -> None:
    """A level of one's own warns like the policy's, after a restart too, and can be ended."""
    told: list[str] = []

    @callback
    def hear(event: Event) -> None:
        told.append(event.data["level"])

    hass.bus.async_listen("compere_prepaid_credit_warning", hear)
    await browser.scan(site, serial_of(mall, NOODLES))
    status, answer = await browser.post("/api/settings", alarm_threshold="0")
    assert (status, answer["error"]["code"]) == (400, "alarm_below_cut_off")
    status, answer = await browser.post("/api/settings", alarm_threshold="150")
    assert (status, answer["alarm_threshold"]) == (200, "150.00")
    await burn(mall, site, NOODLES, 40_000)
    await hass.async_block_till_done()
    assert told == []
    async with expected_event(hass, "credit_warning", account=NOODLES):
        await burn(mall, site, NOODLES, 20_000)
    await burn(mall, site, NOODLES, 5_000)
    await hass.async_block_till_done()
    assert told == ["150.00"]
    await browser.scan(site, serial_of(mall, NOODLES))
    _, overview = await browser.get("/api/overview")
    assert overview["low"] is True
    assert [each["kind"] for each in overview["warnings"]] == ["low_credit"]
    await ask(hass, "top_up", account=NOODLES, amount="50", reference="r-1")
    assert (await browser.get("/api/overview"))[1]["low"] is False
    async with expected_event(hass, "credit_warning", account=NOODLES):
        await burn(mall, site, NOODLES, 40_000)
    assert told == ["150.00", "150.00"]

    assert await hass.config_entries.async_reload(site.entry.entry_id)
    site = site.entry.runtime_data
    assert site.book.account(NOODLES).own_level == site.currency.parse("150")
    async with visitor(site) as again:
        await again.scan(site, serial_of(mall, NOODLES))
        assert (await again.get("/api/settings"))[1]["alarm_threshold"] == "150.00"
        assert (await again.post("/api/settings", alarm_threshold=None))[0] == 200
        assert (await again.get("/api/overview"))[1]["low"] is False
        assert site.book.account(NOODLES).announced is None


async def test_language_is_kept_and_used(
    hass: HomeAssistant, site: CompereSite, mall: Mall, browser: Visitor
) -> None:
    """The page's texts, and what the tenant is told, are in the language that was chosen."""
    await browser.scan(site, serial_of(mall, NOODLES))
    for wrong in ("de", "", 5, None):
        assert (await browser.post("/api/settings", language=wrong))[0] == 400
    for wrong in ("x", "0", 5):  # refused as a whole
        assert (await browser.post("/api/settings", language="ms", alarm_threshold=wrong))[0] == 400
    assert (await browser.get("/api/settings"))[1]["language"] == "en"
    assert (await browser.post("/api/settings", language="zh-Hans"))[1]["language"] == "zh-Hans"
    async with visitor(site, **{"Accept-Language": "en"}) as again:
        assert (await again.scan(site, serial_of(mall, NOODLES)))["language"] == "zh-Hans"
        _, answer = await again.post("/api/settings", alarm_threshold="x")
        assert answer["error"]["message"].startswith("这不是金额")
    number = AccountNumber(NOODLES)
    assert site.announcements.language_of(number) == "zh-Hans"
    await burn(mall, site, NOODLES, 120_000)
    await hass.async_block_till_done()
    await site.notifier.errands.async_done(5)
    await browser.scan(site, serial_of(mall, NOODLES))
    [message] = (await browser.get("/api/overview"))[1]["messages"]
    assert "额" in message["text"]


async def test_announcements_are_read(
    hass: HomeAssistant, site: CompereSite, mall: Mall, browser: Visitor
) -> None:
    """Shown to whom they are for, with a receipt; others cannot read or mark them."""
    await ask(
        hass, "announce", account=[NOODLES], title="Works", message="No lift today", reference="a-1"
    )
    await browser.scan(site, serial_of(mall, NOODLES))
    [shown] = (await browser.get("/api/overview"))[1]["announcements"]
    assert (shown["title"], shown["text"], shown["read"]) == ("Works", "No lift today", False)
    async with visitor(site) as other:
        await other.scan(site, serial_of(mall, TEA))
        assert (await other.get("/api/overview"))[1]["announcements"] == []
        assert (await other.post(f"/api/announcements/{shown['id']}/read"))[0] == 404
        assert (await other.post("/api/announcements/nothing/read"))[0] == 404
    assert (await browser.post(f"/api/announcements/{shown['id']}/read"))[0] == 200
    assert (await browser.get("/api/overview"))[1]["announcements"][0]["read"] is True


async def test_confirms_reconnection_and_uses_emergency_credit(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """What the policy lets a tenant do, from the page, and what it says when there is nothing."""
    async with portal_site(hass, mall, tmp_path) as site, visitor(site) as browser:
        await add_rules(
            hass,
            "policies:",
            "  - {name: Careful, warning_levels: [50], reconnect: confirm, emergency_credit: 20}",
        )
        await ask(hass, "apply_policy", account=NOODLES, policy="Careful")
        serial = serial_of(mall, NOODLES)
        await browser.scan(site, serial)
        assert (await browser.post("/api/reconnect"))[1]["error"][
            "code"
        ] == "reconnect_not_possible"
        status, answer = await browser.post("/api/emergency")
        assert (status, answer["error"]["code"]) == (400, "emergency_not_needed")
        await burn(mall, site, NOODLES, 201_000)
        await relay_settled(site.controller, site.book.meter(serial).serial)
        await browser.scan(site, serial)
        _, overview = await browser.get("/api/overview")
        assert overview["can"]["emergency"] == {"offered": "20.00", "in_use": "0.00"}
        status, answer = await browser.post("/api/emergency")
        assert (status, answer["can"]["emergency"]["in_use"]) == (200, "20.00")
        assert answer["can"]["confirm_reconnect"] is True
        assert contact(mall.meter(NOODLES)) == "open"
        assert (await browser.post("/api/reconnect"))[0] == 200
        await relay_settled(site.controller, site.book.meter(serial).serial)
        assert contact(mall.meter(NOODLES)) == "closed"
