"""Going back to a snapshot by action: payments come again, and nobody is cut on a doubt."""

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.compere_prepaid import CHECKED_AT
from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.safekeeping import async_snapshot
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import NOODLES, TEA, named_as_cashiers, refused
from tests.site_fixtures import all_online, expected_event
from tests.stories.telling import ask, burn, contact

pytestmark = pytest.mark.usefixtures("site")

NAME = "ledger-2026-03-02.db"


async def restored(hass: HomeAssistant, site: CompereSite, **more: object) -> CompereSite:
    """Restore the snapshot; return the site that runs then."""
    answer = await ask(hass, "restore_ledger", snapshot=NAME, confirm=True)
    assert answer["ok"], answer["faults"]
    assert answer["state"] == ConfigEntryState.LOADED.value
    assert {name: answer[name] for name in more} == more
    again: CompereSite = site.entry.runtime_data
    assert again is not site
    await all_online(again)
    return again


async def test_back_to_last_night(
    hass: HomeAssistant, mall: Mall, site: CompereSite, boss: str
) -> None:
    """The payment of today is booked again; what was counted is charged by itself."""
    await burn(mall, site, NOODLES, 5000)
    await site.charging.settle_all("test")
    assert await async_snapshot(site) is not None
    paid = await ask(hass, "top_up", boss, account=NOODLES, amount=25, reference="R-1")
    await ask(hass, "move_out", boss, account=TEA)
    await burn(mall, site, NOODLES, 3000)
    assert (await ask(hass, "list_snapshots"))["snapshots"] == [
        {"day": "2026-03-02", "snapshot": NAME}
    ]
    answer = await ask(hass, "restore_ledger", boss, snapshot=NAME, confirm=True)
    assert (answer["ok"], answer["complete"]) == (True, True)
    assert answer["rebooked"]["transfers"] == 1
    assert {one["transfer"] for one in answer["by_hand"]} >= {f"end:{TEA}:refund"}
    assert answer["old_file"].startswith("ledger.db.before-restore-")
    again: CompereSite = site.entry.runtime_data
    await all_online(again)
    await burn(mall, again, NOODLES, 1000)
    assert (await ask(hass, "get_account", account=NOODLES))["balance"] == "216.00"
    replay = await ask(hass, "top_up", boss, account=NOODLES, amount=25, reference="R-1")
    assert replay["accounts"][NOODLES]["replayed"]
    old = paid["accounts"][NOODLES]["receipt"]
    assert (await ask(hass, "verify_ledger", anchor=old))["anchor"] == "differs"
    assert (await ask(hass, "verify_ledger"))["ok"]


async def test_nobody_is_cut_before_it_is_confirmed(
    hass: HomeAssistant, mall: Mall, site: CompereSite, boss: str
) -> None:
    """A balance may lack a payment; whoever compared the receipts says so."""
    await async_snapshot(site)
    path = Path(site.entry.data["ledger"])
    await hass.async_add_executor_job(path.unlink)  # with a payment that nobody knows of
    again = await restored(hass, site, complete=False)
    issue = f"ledger_restored_{again.entry.entry_id}"
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue) is not None
    await burn(mall, again, NOODLES, 201_000)
    account = await ask(hass, "get_account", account=NOODLES)
    assert (account["balance"], account["supply_state"]) == ("-1.00", "exhausted")
    assert contact(mall.meter(NOODLES)) == "closed"
    assert await hass.config_entries.async_reload(again.entry.entry_id)
    again = again.entry.runtime_data
    await all_online(again)
    await burn(mall, again, NOODLES, 1000)
    assert contact(mall.meter(NOODLES)) == "closed"
    async with expected_event(hass, "cut_off", account=NOODLES):
        assert (await ask(hass, "confirm_restoration", boss))["confirmed"]
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue) is None
    async with refused(again, "nothing_restored"):
        await ask(hass, "confirm_restoration", boss)


async def test_site_that_cannot_start_is_restored(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """A file that is no ledger any more goes aside; the site starts with the snapshot."""
    await async_snapshot(site)
    entry = site.entry
    assert await hass.config_entries.async_unload(entry.entry_id)
    path = Path(entry.data["ledger"])
    await hass.async_add_executor_job(path.write_bytes, b"no database, whatever it says" * 999)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    await restored(hass, site, complete=False)
    assert (await ask(hass, "get_account", account=NOODLES))["balance"] == "200.00"


async def test_the_ledger_is_checked_and_copied_every_night(
    hass: HomeAssistant, site: CompereSite
) -> None:
    """While the mall sleeps, on Home Assistant's clock."""
    assert (await ask(hass, "list_snapshots"))["snapshots"] == []
    night = datetime.combine(
        dt_util.now().date(),
        time(CHECKED_AT["hour"], CHECKED_AT["minute"]),
        dt_util.get_default_time_zone(),
    ) + timedelta(days=1)
    async_fire_time_changed(hass, night)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (await ask(hass, "list_snapshots"))["snapshots"] == [
        {"day": "2026-03-02", "snapshot": NAME}
    ]


async def test_what_cannot_be(
    hass: HomeAssistant, site: CompereSite, anna: str, mall: Mall
) -> None:
    """Each is refused in words that say what to do, and the site goes on."""
    await async_snapshot(site)
    async with refused(site, "snapshot_missing", snapshot="ledger-2020-01-01.db"):
        await ask(hass, "restore_ledger", snapshot="ledger-2020-01-01.db", confirm=True)
    async with refused(site, "restore_not_confirmed"):
        await ask(hass, "restore_ledger", snapshot=NAME, confirm=False)
    named_as_cashiers(hass, site, anna)
    for action in ("list_snapshots", "restore_ledger", "confirm_restoration"):
        data: dict[str, Any] = {}
        if action == "restore_ledger":
            data = {"snapshot": NAME, "confirm": True}
        async with refused(site, "not_allowed", user="Anna"):
            await ask(hass, action, anna, **data)
    MockConfigEntry(domain=DOMAIN, title="Other").add_to_hass(hass)
    with pytest.raises(ServiceValidationError) as refusal:
        await ask(hass, "list_snapshots")
    assert refusal.value.translation_key == "site_not_named"
    found = await ask(hass, "list_snapshots", config_entry_id=site.entry.entry_id)
    assert len(found["snapshots"]) == 1
