"""Stops and starts at the worst moments: the ledger is right, and relays follow its demands."""

from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.site_fixtures import (
    all_online,
    expected_event,
    site_entry,
    start_site,
    time_of,
    use,
)
from tests.stories.telling import (
    PRICE,
    ask,
    before_the_command,
    burn,
    contact,
    relay_settled,
    verified,
)

SHOP = "A-101"
HOW: dict[str, Any] = {"price": PRICE, "accounts": {SHOP: (SHOP,)}}


async def test_trip_and_reclose_survive_a_restart_between(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """The decision is in the ledger before the command is on the line; the start carries it out."""
    meter = mall.meter(SHOP)
    entry = site_entry(mall, tmp_path, opening_balance="10", **HOW)
    with time_of(mall):
        site = await start_site(hass, entry)
        with before_the_command():
            async with expected_event(hass, "cut_off", account=SHOP):
                await burn(mall, site, SHOP, 10_000)
        assert contact(meter) == "closed"

        site = await restarted(hass, entry)
        await relay_settled(site.controller, next(iter(site.meters)))
        assert contact(meter) == "open"
        with before_the_command():
            await ask(hass, "top_up", account=SHOP, amount="5", reference="r1")
        assert contact(meter) == "open"

        site = await restarted(hass, entry)
        await relay_settled(site.controller, next(iter(site.meters)))
        assert contact(meter) == "closed"
        again = await ask(hass, "top_up", account=SHOP, amount="5", reference="r1")
        assert again["accounts"][SHOP]["replayed"]
        assert again["accounts"][SHOP]["balance"] == "5.00"
        assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("clean", [True, False])
async def test_many_restarts_charge_every_wh_once(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, *, clean: bool
) -> None:
    """Energy used while running, between runs, and unposted at a kill is charged once."""
    meter = mall.meter(SHOP)
    entry = site_entry(mall, tmp_path, opening_balance="500", **HOW)
    with time_of(mall):
        site = await start_site(hass, entry)
        start = meter.true_wh
        for turn in range(6):
            await burn(mall, site, SHOP, 700 + turn)
            if not clean:  # forget what accrued, as a kill does
                site.book.accounts.clear()
            use(mall, SHOP, 5000, 660)
            site = await restarted(hass, entry)
        await site.charging.settle_all("test")
        total = meter.true_wh - start
        assert total > 9000
        assert await verified(hass) == (total, total)
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_lost_ledger_is_not_begun_anew(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """An empty book in place of a lost one would credit every opening balance a second time."""
    entry = site_entry(mall, tmp_path, opening_balance="10", **HOW)
    ledger = tmp_path / "ledger.db"
    with time_of(mall):
        site = await start_site(hass, entry)
        await ask(hass, "top_up", account=SHOP, amount="5", reference="r1")
        assert site.entry.state is ConfigEntryState.LOADED
        assert await hass.config_entries.async_unload(entry.entry_id)
        kept = ledger.rename(tmp_path / "kept.db")
        assert not await hass.config_entries.async_setup(entry.entry_id)
        assert entry.state is ConfigEntryState.SETUP_RETRY
        assert not ledger.exists()
        kept.rename(ledger)
        assert await hass.config_entries.async_unload(entry.entry_id)
        assert await hass.config_entries.async_setup(entry.entry_id)
        assert (await ask(hass, "get_account", account=SHOP))["balance"] == "15.00"
        assert await hass.config_entries.async_unload(entry.entry_id)


async def restarted(hass: HomeAssistant, entry: MockConfigEntry) -> CompereSite:
    """Stop the site and start it again, until its meters were read."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await hass.config_entries.async_setup(entry.entry_id)
    site: CompereSite = entry.runtime_data
    await all_online(site)
    return site
