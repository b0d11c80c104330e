"""How a tenant comes in, and how much each proof shows."""

from datetime import timedelta
from pathlib import Path

from homeassistant.core import HomeAssistant

from custom_components.compere_prepaid.core.access.meter_reference import reference_of
from custom_components.compere_prepaid.core.access.pins import FAILURES, WINDOW
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.portal.sessions import IDLE, LONGEST
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import serial_of
from tests.portal.visiting import (
    NOODLES,
    TEA,
    Visitor,
    code_of,
    later,
    portal_of,
    portal_site,
    visitor,
)
from tests.site_fixtures import read_again
from tests.stories.telling import ask

ACCOUNT = AccountNumber(NOODLES)
PIN = "271828"
SECOND = timedelta(seconds=1)


async def test_what_each_level_shows(site: CompereSite, mall: Mall, browser: Visitor) -> None:
    """A number is enough to pay, the meter's code to look, and staff open the papers."""
    serial = serial_of(mall, NOODLES)
    name = site.book.account(NOODLES).name
    assert (await browser.get("/api/terms"))[0] == 403  # nobody is there yet

    answer = await browser.choose(serial)
    assert answer["level"] == 0
    assert answer["meter"]["reference"] == reference_of(serial)
    assert answer["meter"]["shown"] == f"…{serial[-4:]}"
    assert answer["meter"]["shop"] != name
    assert answer["meter"]["shop"][:2] == name[:2]
    status, terms = await browser.get("/api/terms")
    assert status == 200
    assert terms["amounts"] == ["50.00", "100.00", "200.00", "500.00"]
    assert terms["providers"][0]["methods"] == ["redirect"]
    for path in ("/api/overview", "/api/live", "/api/history", "/api/settings"):
        status, refused = await browser.get(path)
        assert (status, refused["error"]["code"]) == (403, "level_needed"), path

    assert (await browser.scan(site, serial))["level"] == 1
    status, overview = await browser.get("/api/overview")
    assert status == 200
    assert (overview["name"], overview["balance"]) == (name, "200.00")
    assert overview["supply"] == {
        "state": "in_credit",
        "on": True,
        "reason": None,
        "what_to_do": None,
        "until": None,
    }
    assert overview["meters"][0]["relay"] == "closed"
    for path in ("/api/statements", "/api/devices", "/api/auto_top_up"):
        status, refused = await browser.get(path)
        assert (status, refused["error"]["code"]) == (403, "level_needed"), path

    token, _ = site.access.links.issue(ACCOUNT)
    status, answer = await browser.post("/api/link", token=token)
    assert (status, answer["level"]) == (200, 2)
    assert (await browser.get("/api/statements"))[0] == 200
    async with visitor(site) as other:
        await other.begin()
        assert (await other.post("/api/link", token=token))[0] == 403  # only once


async def test_open_mode_shows_balance_by_the_number(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """Where the owner wants it so, a number shows balance and power, and no papers."""
    async with (
        portal_site(hass, mall, tmp_path, portal={"open_mode": True}) as site,
        visitor(site) as browser,
    ):
        answer = await browser.choose(serial_of(mall, NOODLES))
        assert (answer["level"], answer["site"]["open"]) == (1, True)
        assert (await browser.get("/api/overview"))[1]["balance"] == "200.00"
        assert (await browser.get("/api/statements"))[0] == 403


async def test_pin_locks_only_its_own_way(site: CompereSite, mall: Mall, browser: Visitor) -> None:
    """Wrong PINs lock the PIN, also for who knows it; the code and paying go on."""
    serial, reference = serial_of(mall, NOODLES), reference_of(serial_of(mall, NOODLES))
    await site.access.pins.set(ACCOUNT, PIN)
    await browser.begin()
    assert (await browser.post("/api/access", meter=reference, pin=PIN))[1]["level"] == 1
    async with visitor(site) as thief:
        await thief.begin()
        for guess in range(FAILURES):
            status, answer = await thief.post("/api/access", meter=reference, pin=f"10000{guess}")
            assert (status, answer["error"]["code"]) == (403, "not_accepted")
        wrong = answer
        # locked: the right one is answered as the wrong ones were
        assert await thief.post("/api/access", meter=reference, pin=PIN) == (403, wrong)
        assert (await thief.post("/api/find", meter=reference))[0] == 200
        assert (await thief.get("/api/terms"))[0] == 200
        assert (await thief.scan(site, serial))["level"] == 1
    later(mall, WINDOW + SECOND)
    async with visitor(site) as tenant:
        await tenant.begin()
        assert (await tenant.post("/api/access", meter=reference, pin=PIN))[0] == 200


async def test_trusted_browser_needs_no_proof_the_next_time(
    site: CompereSite, mall: Mall, browser: Visitor
) -> None:
    """A bound browser comes back to its papers, until it is revoked."""
    token, _ = site.access.links.issue(ACCOUNT)
    await browser.begin()
    await browser.post("/api/link", token=token)
    status, answer = await browser.post("/api/devices", name="My <b>phone</b>")
    assert status == 200
    [device] = answer["devices"]
    assert (device["name"], device["current"]) == ("My <b>phone</b>", True)
    later(mall, IDLE + SECOND)
    answer = await browser.begin()
    assert (answer["level"], answer["meter"]["reference"]) == (
        2,
        reference_of(serial_of(mall, NOODLES)),
    )
    assert (await browser.post(f"/api/devices/{device['id']}/revoke"))[0] == 200
    assert (await browser.get("/api/statements"))[0] == 403
    assert (await browser.begin())["level"] == 0


async def test_rights_end_with_the_tenancy_and_with_a_new_code(
    hass: HomeAssistant, site: CompereSite, mall: Mall, browser: Visitor
) -> None:
    """A renewed code opens nothing any more, and a former tenant's neither, nor their session."""
    serial, tea = serial_of(mall, NOODLES), serial_of(mall, TEA)
    old = await code_of(site, tea)
    await site.access.tags.renew(site.book.meter(tea).serial, "boss")
    await browser.begin()
    assert (await browser.post("/api/access", **old))[0] == 403
    await browser.scan(site, tea)
    await site.access.tags.renew(site.book.meter(tea).serial, "boss")
    assert (await browser.get("/api/overview"))[0] == 403  # came in by the old one
    former = await code_of(site, serial)
    await browser.scan(site, serial)
    await read_again(site, serial)
    await ask(hass, "move_out", account=NOODLES)
    await hass.async_block_till_done()
    assert (await browser.get("/api/overview"))[1]["error"]["code"] == "session_needed"
    await browser.begin()
    assert (await browser.post("/api/access", **former))[0] == 403
    assert (await browser.post("/api/find", meter=former["meter"]))[0] == 404


async def test_sessions_end(site: CompereSite, mall: Mall, browser: Visitor) -> None:
    """After half an hour without a request, after twelve hours with them, and by logging out."""
    serial = serial_of(mall, NOODLES)
    await browser.scan(site, serial)
    step = IDLE - timedelta(minutes=1)
    for _ in range(int(LONGEST / step)):
        assert (await browser.get("/api/settings"))[0] == 200
        later(mall, step)
    later(mall, step)
    assert (await browser.get("/api/settings"))[0] == 403
    await browser.scan(site, serial)
    later(mall, IDLE)
    assert (await browser.get("/api/settings"))[0] == 403
    await browser.scan(site, serial)
    assert (await browser.post("/api/logout"))[1]["level"] == 0
    assert (await browser.get("/api/settings"))[0] == 403
    assert len(portal_of(site).sessions) == 1
