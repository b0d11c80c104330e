"""A tenant runs out and is topped up: the product's main job, from the meter to the relay."""

from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from simulator.mall import Mall
from tests.site_fixtures import expected_event, running_site
from tests.stories.telling import PRICE, ask, burn, contact, relay_settled, verified

SHOP = "A-101"


@pytest.mark.parametrize("chunk_wh", [100, 700, 5000])
async def test_runs_out_and_is_topped_up(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, chunk_wh: int
) -> None:
    """From 51 to a warning at 50, to the cut at 0, and back within a moment of a top-up."""
    meter = mall.meter(SHOP)
    async with running_site(
        hass, mall, tmp_path, price=PRICE, opening_balance="51", accounts={SHOP: (SHOP,)}
    ) as site:
        started_at = meter.true_wh
        async with expected_event(hass, "credit_warning", account=SHOP) as warned:
            while not warned:
                await burn(mall, site, SHOP, chunk_wh)
        assert [event.data["level"] for event in warned] == ["50.00"]
        async with expected_event(hass, "cut_off", account=SHOP) as cut:
            while not cut:
                assert contact(meter) == "closed"
                await burn(mall, site, SHOP, chunk_wh)
        serial = site.meters[next(iter(site.meters))].serial
        await relay_settled(site.controller, serial)
        assert contact(meter) == "open"
        answer = await ask(hass, "get_account", account=SHOP)
        assert (answer["supply_state"], answer["meters"][0]["relay"]) == ("off", "open")

        async with expected_event(hass, "restored", account=SHOP) as restored:
            credited = await ask(hass, "top_up", account=SHOP, amount="20", reference="r1")
        assert contact(meter) == "closed"
        assert restored[0].data["meter"] == meter.serial
        used = meter.true_wh - started_at
        assert credited["accounts"][SHOP]["balance"] == f"{71 - used / 1000:.2f}"
        assert (await ask(hass, "get_account", account=SHOP))["supply_state"] == "warning"
        await burn(mall, site, SHOP, 500)
        await site.charging.settle_all("test")
        total = meter.true_wh - started_at
        assert await verified(hass) == (total, total)


async def test_energy_stands_still_while_off(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """A cut shop uses nothing and is charged nothing, however long it stays off."""
    meter = mall.meter(SHOP)
    async with running_site(
        hass, mall, tmp_path, price=PRICE, opening_balance="1", accounts={SHOP: (SHOP,)}
    ) as site:
        async with expected_event(hass, "cut_off", account=SHOP):
            await burn(mall, site, SHOP, 1000)
        await relay_settled(site.controller, next(iter(site.meters)))
        before = (meter.true_wh, (await ask(hass, "get_account", account=SHOP))["balance"])
        await burn(mall, site, SHOP, 50_000)
        after = (meter.true_wh, (await ask(hass, "get_account", account=SHOP))["balance"])
        assert after == before == (before[0], "0.00")
