"""Which entities there are, what they are called, and that they come and go with their subentry."""

import json
from pathlib import Path

from homeassistant.components.homeassistant.exposed_entities import async_should_expose
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.bus.scheduler import RequestClass
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.meters.modbus_meter import ModbusMeter
from custom_components.compere_prepaid.diagnostics import (
    async_get_config_entry_diagnostics,
    async_get_device_diagnostics,
)
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.core.bus.played_line import PlayedLine, running_bus
from tests.core.meters.replayed import ReplayedMeter
from tests.core.meters.shipped import modbus_profile
from tests.notifications.phones import choose, reach
from tests.site_fixtures import (
    account_entity,
    account_subentry,
    all_online,
    entity_of,
    meter_subentry,
    state_of,
    state_when,
    stored,
)

ONE_OF_EACH = {"bus-east-riser", "meter-33b0025950001", "account-a-101"}

pytestmark = pytest.mark.usefixtures("site")


async def test_entities(
    hass: HomeAssistant, site: CompereSite, snapshot: SnapshotAssertion
) -> None:
    """Every entity of a meter, an account, a line and the site, as the registry has it."""
    rows = [
        " | ".join(
            str(part)
            for part in (
                f"{entry.domain} {entry.unique_id}",
                entry.translation_key,
                entry.original_name,
                entry.entity_category,
                entry.original_device_class,
                entry.unit_of_measurement,
                (entry.capabilities or {}).get("state_class"),
                "disabled" if entry.disabled else "enabled",
                entry.config_subentry_id,
            )
        )
        for entry in er.async_entries_for_config_entry(er.async_get(hass), site.entry.entry_id)
        if not entry.config_subentry_id or entry.config_subentry_id in ONE_OF_EACH
    ]
    assert sorted(rows) == snapshot


async def test_every_entity_is_named(hass: HomeAssistant, site: CompereSite) -> None:
    """No entity goes by its device class or by its device alone."""
    entries = er.async_entries_for_config_entry(er.async_get(hass), site.entry.entry_id)
    assert [entry.unique_id for entry in entries if not entry.original_name] == []
    assert all(entry.unique_id.endswith(f"_{entry.translation_key}") for entry in entries)


async def test_relays_are_no_matter_for_voices(hass: HomeAssistant, mall: Mall) -> None:
    """A relay is not exposed to assistants by default."""
    assert await async_setup_component(hass, "homeassistant", {})
    relay = entity_of(hass, "switch", f"{mall.meter('A-101').serial}_relay")
    assert not async_should_expose(hass, "conversation", relay)


async def test_entities_come_and_go_with_their_subentry(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """A meter and an account are removed and added while everything else goes on."""
    entry, meter = site.entry, mall.meter("A-103")
    relay = f"{meter.serial}_relay"
    registry = er.async_get(hass)
    subentry = meter_subentry(mall, meter)
    assert hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
    await hass.async_block_till_done()
    assert registry.async_get_entity_id("switch", DOMAIN, relay) is None
    assert (
        dr.async_get(hass).async_get_device_by_identifier((DOMAIN, meter.serial), entry.entry_id)
        is None
    )
    assert meter.serial not in site.meters

    assert hass.config_entries.async_add_subentry(entry, subentry)
    assert hass.config_entries.async_add_subentry(
        entry, account_subentry(mall, "A-103", ("A-103",), opening_balance="75")
    )
    await hass.async_block_till_done()
    await all_online(site)
    await state_when(hass, entity_of(hass, "switch", relay), lambda state: state.state == "on")
    supply = state_of(hass, entity_of(hass, "sensor", f"{site.key}_account_A-103_supply_state"))
    assert (supply.state, supply.attributes["meters"]) == ("warning", [meter.serial])
    added = registry.async_get(entity_of(hass, "switch", relay))
    assert added is not None
    assert added.config_subentry_id == subentry.subentry_id
    assert site is entry.runtime_data


async def test_reconfigured_parts_are_renamed_and_rewired(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """A new name shows on the device, a meter changes hands at once, entities stay the same."""
    entry, serial = site.entry, mall.meter("A-103").serial
    before = {item.entity_id for item in hass.states.async_all()}
    for kind, changes in (
        ("meter-33b0025950003", {"name": "Corner shop"}),
        ("account-a-101", {"name": "Ramen Bar", "meters": [mall.meter("A-101").serial, serial]}),
    ):
        subentry = entry.subentries[kind]
        assert hass.config_entries.async_update_subentry(
            entry, subentry, data={**subentry.data, **changes}
        )
    await hass.async_block_till_done()
    devices = dr.async_get(hass)
    for identifier, name in ((serial, "Corner shop"), ("account_A-101", "A-101 Ramen Bar")):
        device = devices.async_get_device_by_identifier((DOMAIN, identifier), entry.entry_id)
        assert device is not None
        assert device.name == name
    supply = state_of(hass, account_entity(hass, "sensor", "A-101", "supply_state"))
    assert supply.attributes["account_name"] == "Ramen Bar"
    assert supply.attributes["meters"] == [mall.meter("A-101").serial, serial]
    assert {item.entity_id for item in hass.states.async_all()} == before


async def test_meters_of_a_removed_line_are_offline(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Nobody reads them any more, so nothing of theirs is shown as if somebody did."""
    assert hass.config_entries.async_remove_subentry(site.entry, "bus-east-riser")
    await hass.async_block_till_done()
    relay = entity_of(hass, "switch", f"{mall.meter('A-101').serial}_relay")
    assert state_of(hass, relay).state == "unavailable"
    assert state_of(hass, account_entity(hass, "number", "A-101", "balance")).state == "200.0"


async def test_two_malls_may_have_the_same_account_numbers(
    hass: HomeAssistant, mall: Mall, site: CompereSite, tmp_path: Path
) -> None:
    """Unique ids of accounts and sites begin with the site's key."""
    other = MockConfigEntry(
        domain=DOMAIN,
        title="Lakeside Mall",
        unique_id="lakeside_mall",
        data={
            **{key: site.entry.data[key] for key in ("currency", "time_zone", "initial_price")},
            "name": "Lakeside Mall",
            "ledger": str(tmp_path / "other.db"),
        },
        subentries_data=[stored(account_subentry(mall, "A-101", (), opening_balance="30"))],
    )
    other.add_to_hass(hass)
    assert await hass.config_entries.async_setup(other.entry_id)
    await hass.async_block_till_done()
    balance = entity_of(hass, "number", "lakeside_mall_account_A-101_balance")
    assert state_of(hass, balance).state == "30.0"
    assert state_of(hass, account_entity(hass, "number", "A-101", "balance")).state == "200.0"
    total = entity_of(hass, "sensor", "lakeside_mall_site_total_balance")
    assert state_of(hass, total).state == "30.00"
    assert await hass.config_entries.async_unload(other.entry_id)


async def test_a_meter_can_be_read_again_from_its_diagnostics(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Its registers as they came, through JSON, give the same reading without the meter."""
    serial = mall.meter("A-101").serial
    (device,) = (
        device
        for device in dr.async_entries_for_config_entry(dr.async_get(hass), site.entry.entry_id)
        if ("compere_prepaid", serial) in device.identifiers
    )
    await site.meters[MeterSerial(serial)].bus.poller.read_now(MeterSerial(serial))
    told = json.loads(json.dumps(await async_get_device_diagnostics(hass, site.entry, device)))
    meter = told["meter"]
    line = PlayedLine({1: ReplayedMeter(meter["answers"])})
    async with running_bus(line) as bus:
        again = ModbusMeter(
            modbus_profile(meter["profile"]), 1, MeterSerial(serial), bus, site.clock
        )
        assert await again.identify(RequestClass.DUE) == serial
        reading = await again.read(RequestClass.DUE, detail=True)
    assert {str(quantity): value for quantity, value in reading.values.items()} == (
        meter["reading"]["values"]
    )
    assert len(meter["answers"]) == 6  # identity, relay, two blocks with every reading, two more
    assert reading.relay_closed is meter["reading"]["relay_closed"] is True


async def test_diagnostics_tell_no_names_and_no_places(
    hass: HomeAssistant, mall: Mall, site: CompereSite, tmp_path: Path
) -> None:
    """What goes to support has registers, health and money, but nobody's name or address."""
    choose(hass, site.entry, channels=["notify.mobile_app_annas_phone"])
    reach(hass, site, "A-101", notify=["notify.mobile_app_annas_phone"])
    await mall.unplug("East riser")
    await state_when(
        hass,
        entity_of(hass, "binary_sensor", "bus_bus-east-riser_connectivity"),
        lambda state: state.state == "off",
    )
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), site.entry.entry_id)
    whole = await async_get_config_entry_diagnostics(hass, site.entry)
    parts = [await async_get_device_diagnostics(hass, site.entry, device) for device in devices]
    text = json.dumps([whole, parts])
    for secret in ("Noodle House", "Riverside", "annas_phone", "127.0.0.1", str(tmp_path)):
        assert secret not in text
    serial = mall.meter("A-101").serial
    assert whole["meters"][serial]["reading"]["values"]["energy_import"] > 0
    assert whole["buses"]["bus-east-riser"]["health"]["answered"] > 0
    ledger = whole["ledger"]
    assert (ledger["ok"], ledger["refusal"], ledger["restored"]) == (True, None, None)
    assert ledger["engine"].startswith("SQLite 3.")
    assert ledger["schema_version"] >= 2
    assert (ledger["snapshots"], ledger["last_snapshot"]) == (0, None)
    assert ledger["verified_at"].startswith("2026-03-02T04:00:00")
    assert [sorted(part) for part in parts if "account" in part] == [["account", "meters"]] * 2
    assert sum("meter" in part for part in parts) == 3
