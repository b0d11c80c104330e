"""Letting tenants in: labels with codes, codes that are renewed, PINs, links of staff."""

from collections.abc import AsyncIterator
from pathlib import Path
import re

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
import segno

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.access.meter_reference import serial_of
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.ledger.payment_rows import MeterToken
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import BAKERY, NOODLES, TEA, named_as_cashiers, refused
from tests.portal.visiting import portal_options, visitor
from tests.site_fixtures import running_site
from tests.stories.telling import PRICE, ask

ADDRESS = "https://pay.mall.example"


@pytest.fixture
async def site(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> AsyncIterator[CompereSite]:
    """Run a site with its page; the bakery's meter supplies nobody."""
    options = portal_options(public_url=ADDRESS)
    accounts = {NOODLES: (NOODLES,), TEA: (TEA,)}
    async with running_site(
        hass, mall, tmp_path, accounts=accounts, options=options, price=PRICE
    ) as site:
        yield site


def parts(url: str) -> dict[str, str]:
    """Return what a label's code holds, as the page posts it."""
    found = re.fullmatch(rf"{re.escape(ADDRESS)}/m/([^#]+)#([\w-]+)", url)
    assert found is not None
    return {"meter": found[1], "tag": found[2]}


async def opens(site: CompereSite, url: str) -> bool:
    """Tell whether a code opens its page."""
    async with visitor(site) as browser:
        await browser.begin()
        status, _ = await browser.post("/api/access", **parts(url))
        return status == 200


async def test_labels_open_the_page(
    hass: HomeAssistant, mall: Mall, site: CompereSite, tmp_path: Path
) -> None:
    """Of all meters in one go, each with its own code and number; what has no tenant is named."""
    answer = await ask(hass, "print_meter_labels", save=True, languages=["en", "zh-Hans", "ms"])
    assert answer["without_account"] == [mall.meter(BAKERY).serial]
    assert [label["name"] for label in answer["labels"]] == [NOODLES, TEA]
    page = answer["content"]
    (file,) = (tmp_path / DOMAIN / "reports").iterdir()  # nothing else runs
    assert answer["file"] == str(file)
    assert file.read_text("utf-8") == page
    for label in answer["labels"]:
        assert await opens(site, label["url"])
        assert serial_of(label["reference"]) == label["meter"]
        assert label["reference"] in page
        assert segno.make(label["url"], error="m", micro=False).svg_inline(omitsize=True) in page
    assert page.count("扫码") == page.count("Imbas") == 2
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


async def test_labels_of_some_meters(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """By account or meter; in Home Assistant's language and English."""
    hass.config.language = "zh-Hans"
    answer = await ask(hass, "print_meter_labels", account=TEA, layout="single")
    assert [label["meter"] for label in answer["labels"]] == [mall.meter(TEA).serial]
    assert "扫码" in answer["content"]
    assert "Scan" in answer["content"]
    answer = await ask(hass, "print_meter_labels", meter=mall.meter(BAKERY).serial)
    assert answer["labels"] == []
    async with refused(site, "account_unknown", account="Z-1"):
        await ask(hass, "print_meter_labels", account="Z-1")


async def test_page_needs_an_address(hass: HomeAssistant, site: CompereSite) -> None:
    """A code must lead somewhere, and a link only opens a page that is there."""
    hass.config_entries.async_update_entry(site.entry, options=portal_options())
    await hass.async_block_till_done()
    for action, data in (("print_meter_labels", {}), ("issue_portal_link", {"account": TEA})):
        async with refused(site, "portal_without_address"):
            await ask(hass, action, **data)
    options = portal_options(public_url=ADDRESS, enabled=False)
    hass.config_entries.async_update_entry(site.entry, options=options)
    await hass.async_block_till_done()
    async with refused(site, "portal_off"):
        await ask(hass, "issue_portal_link", account=TEA)


async def test_old_labels_die(
    hass: HomeAssistant, mall: Mall, site: CompereSite, boss: str
) -> None:
    """A renewed code is another one; the old label opens nothing, the neighbour's still does."""
    before = await ask(hass, "print_meter_labels")
    urls = {label["name"]: label["url"] for label in before["labels"]}
    serial = mall.meter(NOODLES).serial
    answer = await ask(hass, "rotate_meter_token", meter=serial, user=boss)
    assert answer["meters"][serial]["rotation"] == 1
    after = await ask(hass, "print_meter_labels", meter=serial)
    assert not await opens(site, urls[NOODLES])
    assert await opens(site, after["labels"][0]["url"])
    assert await opens(site, urls[TEA])
    kept = await site.ledger.read(lambda tx: tx.find(MeterToken, meter=MeterSerial(serial)))
    assert kept is not None
    assert kept.user == boss


async def test_pin_is_told_once(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """Six random digits, or those that were given, which are not repeated; empty takes it away."""
    answer = await ask(hass, "set_portal_pin", account=NOODLES)
    assert re.fullmatch("[0-9]{6}", answer["pin"])
    pins, noodles = site.access.pins, AccountNumber(NOODLES)
    assert await pins.accepts(noodles, answer["pin"])
    assert await ask(hass, "set_portal_pin", account=NOODLES, pin="204816") == {
        "account": NOODLES,
        "has_pin": True,
    }
    assert await pins.accepts(noodles, "204816")
    assert not await pins.accepts(noodles, answer["pin"])
    answer = await ask(hass, "set_portal_pin", account=NOODLES, pin="")
    assert answer == {"account": NOODLES, "has_pin": False}
    assert not await pins.has(noodles)


async def test_pin_that_is_none(hass: HomeAssistant, site: CompereSite) -> None:
    """Too short, no digits, or nobody there to hear it."""
    for pin in ("12345", "abcdef", "1" * 13):
        async with refused(site, "pin_wrong"):
            await ask(hass, "set_portal_pin", account=NOODLES, pin=pin)
    async with refused(site, "pin_not_told", account=NOODLES):
        call = {"account": NOODLES}
        await hass.services.async_call(DOMAIN, "set_portal_pin", call, blocking=True)


async def test_link_opens_the_papers_once(hass: HomeAssistant, site: CompereSite) -> None:
    """Who has it is trusted as the tenant, on one phone."""
    answer = await ask(hass, "issue_portal_link", account=TEA)
    token = answer["url"].removeprefix(f"{ADDRESS}/l#")
    async with visitor(site) as browser:
        await browser.begin()
        status, session = await browser.post("/api/link", token=token)
        assert (status, session["level"]) == (200, 2)
    async with visitor(site) as other:
        await other.begin()
        status, _ = await other.post("/api/link", token=token)
        assert status == 403


async def test_who_may_let_tenants_in(
    hass: HomeAssistant,
    site: CompereSite,
    anna: str,
    bob: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Cashiers know tenants: PINs and links, which are told in the log. Codes are for others."""
    named_as_cashiers(hass, site, anna)
    hass.config_entries.async_update_entry(
        site.entry, options={**site.entry.options, **portal_options(public_url=ADDRESS)}
    )
    await hass.async_block_till_done()
    for action, says in (
        ("set_portal_pin", f"The PIN of account {TEA} was set by Anna"),
        ("issue_portal_link", f"Anna gave out a link for account {TEA}"),
    ):
        caplog.clear()
        await ask(hass, action, account=TEA, user=anna)
        assert says in [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
        with pytest.raises(ServiceValidationError):
            await ask(hass, action, account=TEA, user=bob)
    for action in ("rotate_meter_token", "print_meter_labels"):
        with pytest.raises(ServiceValidationError):
            await ask(hass, action, account=TEA, user=anna)
