"""Polling follows risk: the less credit is left, the sooner the next reading comes."""

from pathlib import Path

from homeassistant.core import HomeAssistant

from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.meters.poller import ROUTINE_S, Poller
from custom_components.compere_prepaid.reading_path import SOONEST_S, VACANT_S
from simulator.mall import Mall
from tests.site_fixtures import read_again, running_site
from tests.stories.telling import PRICE, ask

SHOP = "A-101"


async def test_a_shop_near_zero_is_read_sooner(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """Reading, adjustment and top-up each plan the next reading by what credit is left."""
    serial = MeterSerial(mall.meter(SHOP).serial)
    async with running_site(
        hass, mall, tmp_path, price=PRICE, opening_balance="100", accounts={SHOP: (SHOP,)}
    ) as site:
        poller = site.meters[serial].bus.poller
        assert isinstance(poller, Poller)
        planned = poller._meters[serial]
        mall.meter(SHOP).set_load(36_000)  # a yuan in 100 s
        await read_again(site, serial)
        assert planned.interval_s == ROUTINE_S
        await ask(hass, "adjust_balance", account=SHOP, amount="-99.90", reason="test")
        assert 4 < planned.interval_s < 6
        assert planned.due_at - site.clock.monotonic() < 6
        await ask(hass, "adjust_balance", account=SHOP, amount="-0.09", reason="test")
        assert planned.interval_s == SOONEST_S
        await ask(hass, "top_up", account=SHOP, amount="50")
        assert planned.interval_s == ROUTINE_S


async def test_a_meter_that_nobody_has_is_read_seldom(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """Until a tenant has it: then it is read like any other."""
    empty = MeterSerial(mall.meter("A-102").serial)
    async with running_site(
        hass, mall, tmp_path, price=PRICE, accounts={SHOP: (SHOP,), "A-102": ()}
    ) as site:
        poller = site.meters[empty].bus.poller
        assert isinstance(poller, Poller)
        planned = poller._meters[empty]
        await read_again(site, empty)
        assert planned.interval_s == VACANT_S
        (account,) = (
            subentry
            for subentry in site.entry.get_subentries_of_type("account")
            if subentry.data["number"] == "A-102"
        )
        data = {**account.data, "meters": [empty]}
        hass.config_entries.async_update_subentry(site.entry, account, data=data)
        await hass.async_block_till_done()
        await read_again(site, empty)
        assert planned.interval_s == ROUTINE_S
