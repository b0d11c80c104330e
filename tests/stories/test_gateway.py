"""The gateway is unplugged for ten minutes: nobody is cut, nothing is lost, nothing is doubled."""

from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from custom_components.compere_prepaid.const import DOMAIN
from simulator.mall import Mall
from tests.site_fixtures import (
    account_entity,
    all_online,
    entity_of,
    running_site,
    state_of,
    state_when,
)
from tests.stories.telling import PRICE, ask, burn, contact, relay_settled, verified

SHOP = "A-101"
LINE = "East riser"


async def test_gateway_unplugged_for_ten_minutes(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """Meters go offline as one failure, money stays, top-ups count, all is caught up after."""
    meter = mall.meter(SHOP)
    accounts = {SHOP: (SHOP,), "A-102": ("A-102",)}
    async with running_site(
        hass, mall, tmp_path, price=PRICE, opening_balance="3", accounts=accounts
    ) as site:
        started_at = meter.true_wh
        power = entity_of(hass, "sensor", f"{meter.serial}_power")
        balance = account_entity(hass, "number", SHOP, "balance")
        await burn(mall, site, SHOP, 500)
        meter.set_load(20_000)
        await mall.unplug(LINE)
        await state_when(hass, power, lambda state: state.state == "unavailable")
        mall.clock.advance(minutes=10)  # type: ignore[attr-defined]  # a ManualClock
        meter.set_load(0)
        issues = {issue.translation_key for issue in _issues(hass)}
        assert issues == {"bus_down"}
        assert (await ask(hass, "get_account", account=SHOP))["balance"] == "2.50"
        assert state_of(hass, balance).state != "unavailable"
        await ask(hass, "top_up", account="A-102", amount="7", reference="while down")
        assert contact(meter) == "closed"

        await mall.plug_in(LINE)
        await all_online(site)
        await state_when(hass, power, lambda state: state.state != "unavailable")
        await burn(mall, site, SHOP, 0)
        await relay_settled(site.controller, site.book.meters[next(iter(site.meters))].serial)
        used = meter.true_wh - started_at
        assert used == 500 + 20_000 // 6
        answer = await ask(hass, "get_account", account=SHOP)
        assert answer["supply_state"] == "off"
        assert contact(meter) == "open"
        assert not _issues(hass)
        await site.charging.settle_all("test")
        assert await verified(hass) == (used, used)


def _issues(hass: HomeAssistant) -> list[ir.IssueEntry]:
    return [
        issue
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue.active
    ]
