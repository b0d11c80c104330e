"""Sensors over real meters: values, what is not believed, and what stays known in silence."""

from datetime import timedelta
from decimal import Decimal

from homeassistant.const import (
    EVENT_STATE_CHANGED,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr
from homeassistant.helpers.json import json_bytes
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    async_capture_events,
    async_fire_time_changed,
)

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.coordinator import PACE_S
from custom_components.compere_prepaid.sensor import HEARTBEAT
from custom_components.compere_prepaid.site import CompereSite
from simulator.faults import Fault, FaultKind
from simulator.mall import Mall
from tests.site_fixtures import (
    SITE_KEY,
    account_entity,
    entity_of,
    expected_event,
    read_again,
    silence,
    state_of,
    state_when,
    use,
)

pytestmark = pytest.mark.usefixtures("site")


def _meter(hass: HomeAssistant, mall: Mall, key: str, platform: str = "sensor") -> str:
    return entity_of(hass, platform, f"{mall.meter('A-101').serial}_{key}")


def _site(hass: HomeAssistant, key: str, platform: str = "sensor") -> str:
    return entity_of(hass, platform, f"{SITE_KEY}_site_{key}")


async def test_meter_shows_what_it_measures(hass: HomeAssistant, mall: Mall) -> None:
    """Energy is the register in kWh and power the load in kW, exactly."""
    meter = mall.meter("A-101")
    energy = state_of(hass, _meter(hass, mall, "energy"))
    assert energy.state == f"{meter.true_wh // 1000}.{meter.true_wh % 1000:03}".rstrip("0")
    assert energy.attributes["unit_of_measurement"] == "kWh"
    power = state_of(hass, _meter(hass, mall, "power"))
    assert Decimal(power.state) == Decimal(meter.power_w) / 1000
    assert power.attributes["unit_of_measurement"] == "kW"
    assert state_of(hass, _meter(hass, mall, "success_rate")).state == "100.0"


async def test_energy_is_charged_and_shown(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Two hours at 5 kW cost 6.17, and every sensor of the account says so."""
    use(mall, "A-101", watts=5_000, seconds=7_200)
    await read_again(site, mall.meter("A-101").serial)
    site.reading_path.refresh_account(site.book.account("A-101").number, news=True)
    values = {
        key: state_of(hass, account_entity(hass, "sensor", "A-101", key)).state
        for key in ("available_credit", "cost_today", "cost_month", "price", "period")
    }
    assert values == {
        "available_credit": "193.82",
        "cost_today": "6.17",
        "cost_month": "6.17",
        "price": "0.6173",
        "period": "flat",
    }
    days = float(state_of(hass, account_entity(hass, "sensor", "A-101", "days_left")).state)
    assert days == pytest.approx(193.827 / 6.173 * 2 / 24, abs=0.001)
    balance = state_of(hass, account_entity(hass, "number", "A-101", "balance"))
    assert balance.state == "193.82"
    left = state_of(hass, account_entity(hass, "sensor", "A-101", "days_left"))
    assert (left.attributes["low"], left.attributes["high"]) == (days, days)
    until = state_of(hass, account_entity(hass, "sensor", "A-101", "expected_zero"))
    ends = dt_util.parse_datetime(until.state, raise_on_error=True)
    assert (ends - site.clock.now()) / timedelta(days=1) == pytest.approx(days, abs=0.001)
    today = state_of(hass, account_entity(hass, "sensor", "A-101", "cost_today"))
    assert (today.attributes["usual"], today.attributes["yesterday"]) == (None, 0)
    assert state_of(hass, account_entity(hass, "sensor", "A-101", "cost_week")).state == "6.17"
    for state in hass.states.async_all():
        json_bytes(state.as_dict())  # what the frontend and the recorder do with each


async def test_supply_state_names_its_meters(hass: HomeAssistant, mall: Mall) -> None:
    """Dashboards and automations join an account and its meters by these attributes."""
    state = state_of(hass, account_entity(hass, "sensor", "A-101", "supply_state"))
    assert state.state == "in_credit"
    assert state.attributes["account"] == "A-101"
    assert state.attributes["account_name"] == "Noodle House"
    assert state.attributes["meters"] == [mall.meter("A-101").serial]


async def test_low_credit_is_told_at_the_warning_level(
    hass: HomeAssistant, site: CompereSite
) -> None:
    """A balance through a level turns the state to warning and the binary sensor on."""
    low = account_entity(hass, "binary_sensor", "A-101", "low_credit")
    assert state_of(hass, low).state == STATE_OFF
    async with expected_event(hass, "credit_warning", account="A-101"):
        await site.cashier.adjust(
            "A-101", site.currency.parse("-110"), reason="test", reference="1"
        )
    assert state_of(hass, low).state == STATE_ON
    state = account_entity(hass, "sensor", "A-101", "supply_state")
    assert state_of(hass, state).state == "warning"
    await hass.async_block_till_done()
    warned = state_of(hass, _site(hass, "accounts_warned"))
    assert (warned.state, warned.attributes["accounts"]) == ("1", ["A-101"])
    assert state_of(hass, _site(hass, "total_balance")).state == "290.00"


async def test_unbelievable_register_is_not_shown(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """A register that falls back is not written to the energy sensor; the next good one is."""
    meter, energy = mall.meter("A-101"), _meter(hass, mall, "energy")
    good, wh = state_of(hass, energy).state, meter.true_wh
    async with expected_event(hass, "suspect_reading", meter=meter.serial):
        meter.set_energy(wh - 5_000)
        await read_again(site, meter.serial)
    assert site.meters[site.book.meter(meter.serial).serial].coordinator.online
    assert state_of(hass, energy).state == good
    account_event = state_of(hass, account_entity(hass, "event", "A-101", "account_event"))
    assert account_event.attributes["event_type"] == "suspect_reading"
    seen = async_capture_events(hass, EVENT_STATE_CHANGED)
    meter.set_energy(wh + 1)
    await read_again(site, meter.serial)
    site.reading_path.refresh_meter(site.book.meter(meter.serial).serial)
    await hass.async_block_till_done()
    shown = [event.data["new_state"].state for event in seen if event.data["entity_id"] == energy]
    assert shown == [f"{(wh + 1) / 1000:.3f}".rstrip("0")]


async def test_silent_meter_is_unavailable_and_its_account_is_not(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """A meter that falls silent takes its own entities along, never money; it comes back."""
    meter = mall.meter("A-101")
    meter.fail(Fault(kind=FaultKind.SILENT))
    async with expected_event(hass, "meter_offline", meter=meter.serial, account="A-101"):
        await silence(site, meter.serial)
    await hass.async_block_till_done()
    for key in ("energy", "power"):
        assert state_of(hass, _meter(hass, mall, key)).state == STATE_UNAVAILABLE
    assert state_of(hass, _meter(hass, mall, "relay", "switch")).state == STATE_UNAVAILABLE
    connection = _meter(hass, mall, "connectivity", "binary_sensor")
    assert state_of(hass, connection).state == STATE_OFF
    assert float(state_of(hass, _meter(hass, mall, "success_rate")).state) < 100
    balance = account_entity(hass, "number", "A-101", "balance")
    assert state_of(hass, balance).state == "200.0"
    offline = state_of(hass, _site(hass, "meters_offline"))
    assert (offline.state, offline.attributes["meters"]) == ("1", ["A-101"])
    meter.heal()
    await read_again(site, meter.serial)
    assert state_of(hass, connection).state == STATE_ON
    assert state_of(hass, _meter(hass, mall, "power")).state != STATE_UNAVAILABLE


async def test_line_without_connection(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """A gateway that is gone shows on its line's device, and comes back by itself."""
    connection = entity_of(hass, "binary_sensor", "bus_bus-east-riser_connectivity")
    assert state_of(hass, connection).state == STATE_ON
    meter = site.meters[site.book.meter(mall.meter("A-103").serial).serial]
    meter.bus.poller.set_interval(meter.serial, 0.1)
    relay = entity_of(hass, "switch", f"{meter.serial}_relay")
    await mall.unplug("East riser")
    await state_when(hass, connection, lambda state: state.state == STATE_OFF)
    await state_when(hass, relay, lambda state: state.state == STATE_UNAVAILABLE)
    await mall.plug_in("East riser")
    await state_when(hass, connection, lambda state: state.state == STATE_ON)
    await state_when(hass, relay, lambda state: state.state == STATE_ON)


async def test_heartbeat_tells_what_changes_by_itself(
    hass: HomeAssistant, site: CompereSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The health of a line is shown once a minute, though nothing happens on it."""
    sweep = entity_of(hass, "sensor", "bus_bus-east-riser_sweep_time")
    assert state_of(hass, sweep).state == STATE_UNKNOWN
    for bus in site.buses.values():
        monkeypatch.setattr(bus.coordinator, "_pushed_at", site.clock.monotonic() - PACE_S)
    async_fire_time_changed(hass, dt_util.utcnow() + HEARTBEAT + timedelta(seconds=1))
    await hass.async_block_till_done()
    assert float(state_of(hass, sweep).state) > 0


async def test_devices_hang_together(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """A meter hangs behind its line, a line and an account behind the site, each in its area."""
    devices, entry_id = dr.async_get(hass), site.entry.entry_id

    def device(name: str) -> dr.DeviceEntry:
        found = devices.async_get_device_by_identifier((DOMAIN, name), entry_id)
        assert found is not None
        return found

    serial = mall.meter("A-101").serial
    meter, account, bus = device(serial), device("account_A-101"), device("bus_bus-east-riser")
    assert (meter.manufacturer, meter.model, meter.serial_number) == ("Compere", "KPM33B", serial)
    assert meter.via_device_id == bus.id
    assert account.via_device_id == bus.via_device_id == device(site.key).id
    areas = ar.async_get(hass)
    food_court = areas.async_get_area_by_name("Food court")
    assert food_court is not None
    assert meter.area_id == account.area_id == food_court.id
