"""Protection, from what a meter measures to its relay."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from homeassistant.core import Event, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import pytest

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.meters.poller import Poller
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.mall import Mall
from tests.actions.asking import refused
from tests.people import anna, boss
from tests.site_fixtures import (
    entity_of,
    expected_event,
    read_again,
    running_site,
    state_of,
)
from tests.stories.telling import PRICE, ask, contact, relay_settled, verified

__all__ = ["anna", "boss"]

SHOP = "A-101"
HEAD = "site: {name: Riverside Mall, currency: CNY, time_zone: Asia/Shanghai}\n"
OVERLOAD = "overload: {action: hold, limit: 20000, delay: 60, tries: 1, spacing: 60}"


@pytest.fixture
async def site(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> AsyncIterator[CompereSite]:
    """Run the mall; nothing draws anything."""
    for meter in mall.meters:
        meter.set_load(0)
    async with running_site(hass, mall, tmp_path, price=PRICE, opening_balance="100000") as site:
        yield site


async def set_rules(hass: HomeAssistant, rules: str, more: str = "") -> None:
    """Change the policy that all shops have."""
    answer = await ask(
        hass,
        "import_site",
        content=f"{HEAD}policies:\n  - {{name: Standard{more}, protection: {{{rules}}}}}\n",
    )
    assert answer["faults"] == []


async def live(mall: Mall, site: CompereSite, seconds: int, step_s: int = 10) -> None:
    """Let time pass, the shop's meter being read all the while, its relay following."""
    assert isinstance(mall.clock, ManualClock)
    serial = MeterSerial(mall.meter(SHOP).serial)
    for _ in range(seconds // step_s):
        mall.clock.advance(seconds=step_s)
        await read_again(site, serial)
        await relay_settled(site.controller, serial)


def told(hass: HomeAssistant, kind: str) -> list[Event]:
    """Return a list that will hold the events of a kind."""
    seen: list[Event] = []

    @callback
    def take(event: Event) -> None:
        seen.append(event)

    hass.bus.async_listen(f"{DOMAIN}_{kind}", take)
    return seen


def actions(events: list[Event]) -> list[str]:
    """Return what the events of rules say was done."""
    return [event.data["action"] for event in events]


def problem(hass: HomeAssistant, mall: Mall) -> State:
    """Return what the shop's meter shows."""
    serial = mall.meter(SHOP).serial
    return state_of(hass, entity_of(hass, "binary_sensor", f"{serial}_protection"))


def issues_of(hass: HomeAssistant) -> dict[str, str]:
    """Return the texts of the open issues about protection, and their severity."""
    return {
        issue.translation_key or "": issue.severity or ""
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN and "unreachable" not in issue.issue_id
    }


async def test_overload_trips_recloses_locks_out_and_is_released(
    hass: HomeAssistant, mall: Mall, site: CompereSite, boss: str, anna: str
) -> None:
    """After its delay; one try; then only a person lets the shop have power again."""
    meter, events = mall.meter(SHOP), told(hass, "overload")
    await set_rules(hass, OVERLOAD)
    await read_again(site, meter.serial)  # no reading is half done when the load begins
    meter.set_load(23_000)
    await live(mall, site, 60)
    assert (contact(meter), actions(events)) == ("closed", [])
    planned = site.meters[MeterSerial(meter.serial)].bus.poller
    assert isinstance(planned, Poller)
    assert planned._meter(MeterSerial(meter.serial)).interval_s == 10
    await live(mall, site, 4, 4)
    assert planned._meter(MeterSerial(meter.serial)).interval_s == 6
    await live(mall, site, 10)
    assert (contact(meter), actions(events)) == ("open", ["tripped"])
    data = events[0].data
    assert (data["account"], data["meter_name"], data["kind"]) == (SHOP, SHOP, "overload")
    assert (data["value"], data["limit"], data["unit"]) == (23_000, 20_000, "W")
    assert issues_of(hass) == {"protection_overload": "error"}
    await live(mall, site, 60)
    assert (contact(meter), actions(events)) == ("closed", ["tripped", "reclosed"])
    assert (problem(hass, mall).state, issues_of(hass)) == ("off", {})
    await live(mall, site, 400, 20)
    assert (contact(meter), actions(events)) == ("open", ["tripped", "reclosed", "locked_out"])
    assert issues_of(hass) == {"overload_locked_out": "error"}
    state = problem(hass, mall)
    assert (state.state, state.attributes["active"]) == ("on", ["overload"])
    assert state.attributes["locked_out"]
    async with refused(site, "not_allowed", user="Anna"):
        await ask(hass, "release_hold", anna, meter=meter.serial, kind="overload")
    meter.set_load(5_000)
    answer = await ask(hass, "release_hold", boss, meter=meter.serial, kind="overload")
    assert answer["meters"][meter.serial]["holds"] == []
    await live(mall, site, 100, 20)
    assert (contact(meter), actions(events)[3:]) == ("closed", ["cleared"])
    assert (problem(hass, mall).state, issues_of(hass)) == ("off", {})
    entity = entity_of(hass, "event", f"riverside_mall_account_{SHOP}_account_event")
    assert state_of(hass, entity).attributes["event_type"] == "overload"
    await verified(hass)


async def test_a_tenant_who_heeds_the_warning_keeps_power(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """The overload is told while there is time; a load that falls moves no relay."""
    meter, events = mall.meter(SHOP), told(hass, "overload")
    await set_rules(hass, OVERLOAD.replace("delay: 60", "warn: 20, delay: 60"))
    await read_again(site, meter.serial)
    meter.set_load(23_000)
    await live(mall, site, 20)
    assert actions(events) == []
    await live(mall, site, 20)
    assert (contact(meter), actions(events)) == ("closed", ["warned"])
    await hass.async_block_till_done()
    (message,) = (await ask(hass, "get_messages", account=SHOP))["messages"]
    assert message["title"] == "Overload: switch something off"
    meter.set_load(5_000)
    await live(mall, site, 120, 20)
    assert (contact(meter), actions(events)) == ("closed", ["warned", "cleared"])
    assert issues_of(hass) == {}


@pytest.mark.parametrize("how", ["it warns", "never_cut"])
async def test_a_warning_never_moves_the_relay(
    hass: HomeAssistant, mall: Mall, site: CompereSite, how: str
) -> None:
    """However long the load stays: told once, and once when it is over."""
    meter, events = mall.meter(SHOP), told(hass, "overload")
    if how == "it warns":
        await set_rules(hass, OVERLOAD.replace("hold", "warn"))
    else:
        await set_rules(hass, OVERLOAD, ", never_cut: true")
    meter.set_load(23_000)
    await live(mall, site, 1200, 60)
    assert (contact(meter), actions(events)) == ("closed", ["warned"])
    assert issues_of(hass) == {"protection_overload": "warning"}
    meter.set_load(1_000)
    await live(mall, site, 80, 20)
    assert (contact(meter), actions(events)) == ("closed", ["warned", "cleared"])
    assert issues_of(hass) == {}


async def test_an_import_ends_a_hold_that_its_rule_no_longer_places(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """The new rule counts from the next reading on."""
    meter = mall.meter(SHOP)
    await set_rules(hass, OVERLOAD)
    meter.set_load(23_000)
    await live(mall, site, 70)
    assert contact(meter) == "open"
    await set_rules(hass, OVERLOAD.replace("hold", "warn"))
    await live(mall, site, 10)
    assert contact(meter) == "closed"
    written = (await ask(hass, "export_site"))["content"]
    assert "overload: {action: warn, limit: 20000, delay: 60, tries: 1}" in written
    answer = await ask(hass, "import_site", content=HEAD + written[written.index("policies:") :])
    assert (answer["changed"], answer["unchanged"], answer["faults"]) == (0, 1, [])


async def test_a_lock_out_survives_a_restart(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """The relay stays open, the issue is there again, and no try is given anew."""
    meter = mall.meter(SHOP)
    await set_rules(hass, OVERLOAD)
    meter.set_load(23_000)
    await live(mall, site, 300, 20)
    assert (contact(meter), issues_of(hass)) == ("open", {"overload_locked_out": "error"})
    entry = site.entry
    assert await hass.config_entries.async_unload(entry.entry_id)
    ir.async_delete_issue(hass, DOMAIN, f"protection_overload_{entry.entry_id}_{meter.serial}")
    assert await hass.config_entries.async_setup(entry.entry_id)
    events = told(hass, "overload")
    site = entry.runtime_data
    await live(mall, site, 3600, 900)
    assert (contact(meter), actions(events)) == ("open", [])
    assert issues_of(hass) == {"overload_locked_out": "error"}
    assert problem(hass, mall).attributes["locked_out"]


async def test_voltage_opens_and_closes_by_itself(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Too high for its time, then right for its time; and a lost phase, which only warns."""
    meter, events = mall.meter(SHOP), told(hass, "protection")
    await set_rules(hass, "over_voltage: {action: hold, limit: 250, delay: 20, release_time: 30}")
    meter.set_voltage(262)
    await live(mall, site, 30)
    assert (contact(meter), actions(events)) == ("open", ["tripped"])
    assert events[0].data["kind"] == "over_voltage"
    assert 260 < events[0].data["value"] < 264
    meter.set_voltage()
    await live(mall, site, 40)
    assert (contact(meter), actions(events)) == ("closed", ["tripped", "reclosed"])
    meter.set_voltage(0, 220, 220)
    await live(mall, site, 60)
    assert contact(meter) == "closed"
    assert (events[-1].data["kind"], events[-1].data["action"]) == ("phase_loss", "warned")
    assert events[-1].data["value"] == 0
    assert issues_of(hass) == {"protection_phase_loss": "warning"}


async def test_a_bridged_relay_is_told(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """The relay says open, and the register runs: told once, charged all the same."""
    meter = mall.meter(SHOP)
    meter.set_bypass(3_000)
    await ask(hass, "place_hold", meter=meter.serial, kind="manual")
    async with expected_event(hass, "tamper", meter=meter.serial) as seen:
        await live(mall, site, 60)
    assert contact(meter) == "open"
    (event,) = seen
    assert (event.data["kind"], event.data["account"]) == ("bypass", SHOP)
    assert 10 < event.data["energy_wh"] < 50
    assert issues_of(hass) == {"tamper_bypass": "error"}
    assert problem(hass, mall).attributes["active"] == ["bypass"]
    meter.set_bypass(0)
    await live(mall, site, 3600, 600)
    assert (problem(hass, mall).state, issues_of(hass)) == ("off", {})
    charged_wh, register_wh = await verified(hass)
    assert charged_wh == register_wh > 30


async def test_the_base_load_of_a_night(
    hass: HomeAssistant, mall: Mall, site: CompereSite, hass_storage: dict[str, Any]
) -> None:
    """Held against the policy's limit in the morning, and known after a restart."""
    meter, events, entry = mall.meter(SHOP), told(hass, "protection"), site.entry
    meter.set_load(640)
    await set_rules(hass, "night_load: {limit: 500}")
    await live(mall, site, 14 * 3600, 14 * 3600)
    await live(mall, site, 3 * 3600, 900)
    assert [(one.data["kind"], one.data["action"]) for one in events] == [("night_load", "warned")]
    assert events[0].data["value"] == 640
    assert issues_of(hass) == {"protection_night_load": "warning"}
    entity = entity_of(hass, "sensor", f"{meter.serial}_night_base_load")
    er.async_get(hass).async_update_entity(entity, disabled_by=None)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert state_of(hass, entity).state == "640"
    kept = f"{DOMAIN}.{entry.entry_id}.nights"
    assert hass_storage[kept]["data"] == {meter.serial: [640_000]}
    await hass.config_entries.async_remove(entry.entry_id)
    assert kept not in hass_storage
