"""How a tenant comes in: a number to pay, a code or a PIN to look, and what each of them shows."""

from pathlib import Path

from homeassistant.core import HomeAssistant

from custom_components.compere_prepaid.core.access.meter_reference import reference_of
from tests.portal.visiting import NOODLES, portal_site, visitor
from tests.site_fixtures import one_line_mall


async def test_number_is_enough_to_pay_and_not_to_look(hass: HomeAssistant, tmp_path: Path) -> None:
    """Who knows the number sees a masked name and the terms, and no balance."""
    async with (
        one_line_mall(2) as mall,
        portal_site(hass, mall, tmp_path) as site,
        visitor(site) as browser,
    ):
        serial = mall.meter(NOODLES).serial
        answer = await browser.choose(serial)
        assert answer["level"] == 0
        assert answer["meter"]["reference"] == reference_of(serial)
        assert answer["meter"]["shown"] == f"…{serial[-4:]}"
        name = site.book.account(NOODLES).name
        assert name not in answer["meter"]["shop"]
        assert answer["meter"]["shop"][:2] == name[:2]
        status, terms = await browser.get("/api/terms")
        assert status == 200
        assert terms["amounts"] == ["50.00", "100.00", "200.00", "500.00"]
        status, refused = await browser.get("/api/overview")
        assert (status, refused["error"]["code"]) == (403, "level_needed")
        # the code on the meter opens it
        await browser.scan(site, serial)
        status, overview = await browser.get("/api/overview")
        assert status == 200, overview
        assert overview["balance"] == "200.00"
        assert overview["supply"]["on"] is True
        assert overview["meters"][0]["relay"] == "closed"
