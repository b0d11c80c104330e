"""A real site in Home Assistant whose meters speak MQTT: real mosquitto, real clients on both ends.

    async with mqtt_site(hass, tmp_path, "A-101") as run:
        run.meters["A-101"].upload_energy()

Home Assistant's own `mqtt` integration holds its connection. Time is the simulated mall's.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.compere_prepaid.const import DOMAIN, meter_unique_id
from custom_components.compere_prepaid.core.ids import BusId, MeterSerial
from custom_components.compere_prepaid.core.meters.compere_mqtt.reader import MqttReader
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from simulator.meter import SimulatedMeter
from simulator.mqtt_broker import Broker
from simulator.mqtt_meter import MqttMeter
from tests.site_fixtures import SITE_KEY, account_subentry, stored, time_of
from tests.waiting import until

BUS_ID = "bus-broker"


@dataclass(kw_only=True)
class MqttRun:
    """What runs in a test."""

    hass: HomeAssistant
    mall: Mall
    broker: Broker
    site: CompereSite
    meters: dict[str, MqttMeter]
    """By the name of the shop."""

    @property
    def bus_id(self) -> BusId:
        """Return the id of the bus that is the broker."""
        return BusId(BUS_ID)

    @property
    def reader(self) -> MqttReader:
        """Return who works on the records."""
        reader = self.site.buses[BusId(BUS_ID)].poller
        assert isinstance(reader, MqttReader)
        return reader

    def serial(self, name: str) -> MeterSerial:
        """Return the serial number of a shop's meter."""
        return MeterSerial(self.meters[name].code)

    async def upload(self, name: str) -> None:
        """Let a meter upload its energies, and wait until they were worked on."""
        meter, wh = self.meters[name], self.meters[name].meter.true_wh
        meter.upload_energy()
        serial = self.serial(name)
        state, shown = self.site.book.meters[serial], self.site.meters[serial].coordinator
        await until(lambda: state.last is not None and state.last.wh == wh)
        await until(lambda: shown.data is not None and shown.data.energy_wh == wh)
        await self.settled(name)

    async def burn(self, name: str, wh: int, watts: int = 20_000) -> None:
        """Let a shop use this energy, and upload."""
        meter = self.meters[name].meter
        await until(lambda: not self.reader._asking)  # an answer on its way is of before
        meter.set_load(watts)
        self.mall.clock.advance(seconds=wh * 3600 // watts)  # type: ignore[attr-defined]
        meter.set_load(0)
        await self.upload(name)

    async def paced(self, name: str, energy_min: int, live_s: int) -> None:
        """Wait until a meter has confirmed its intervals."""
        pace = self.reader._meters[self.serial(name)].pace
        await until(lambda: (pace.energy_min, pace.live_s) == (energy_min, live_s))

    async def settled(self, name: str) -> None:
        """Wait until nothing is being commanded of a meter, and all news were told."""
        serial = self.serial(name)
        controller = self.site.controller
        driven = controller._meters[serial]
        await until(lambda: driven.task is None or driven.task.done())
        await self.hass.async_block_till_done()


@contextmanager
def connected_meters(broker: Broker, mall: Mall, **how: Any) -> Iterator[dict[str, MqttMeter]]:
    """Put every meter of a mall on the air."""
    with ExitStack() as stack:
        yield {
            meter.name: stack.enter_context(MqttMeter(meter=meter, port=broker.port, **how))
            for meter in mall.meters
        }


async def connect_home_assistant(
    hass: HomeAssistant, broker: Broker, folder: Path
) -> MockConfigEntry:
    """Set up Home Assistant's own MQTT integration, which wants to read a configuration."""
    (folder / "configuration.yaml").touch()
    hass.config.config_dir = str(folder)
    entry = MockConfigEntry(
        domain="mqtt",
        version=2,
        minor_version=1,
        data={"broker": "127.0.0.1", "port": broker.port, "protocol": "5"},
        options={"discovery": False, "birth_message": {}, "will_message": {}},
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    return entry


def broker_subentry(**how: Any) -> ConfigSubentry:
    """Return the subentry of a bus that is the broker."""
    data = {
        "name": "Broker",
        "transport": "mqtt",
        "topic_prefix": "",
        "live_interval": 60,
        "energy_interval": 5,
    }
    return ConfigSubentry(
        data=MappingProxyType(data | how),
        subentry_id=BUS_ID,
        subentry_type="bus",
        title="Broker",
        unique_id="bus:mqtt:",
    )


def air_subentry(meter: SimulatedMeter, profile: str) -> ConfigSubentry:
    """Return the subentry of a meter behind the broker."""
    return ConfigSubentry(
        data=MappingProxyType(
            {
                "serial": meter.serial,
                "name": meter.name,
                "bus": BUS_ID,
                "address": meter.serial,
                "profile": profile,
                "area": meter.plan.area,
                "breaker": meter.plan.breaker_a,
            }
        ),
        subentry_id=f"meter-{meter.serial.lower()}",
        subentry_type="meter",
        title=meter.name,
        unique_id=meter_unique_id(meter.serial),
    )


@asynccontextmanager
async def mqtt_site(
    hass: HomeAssistant,
    folder: Path,
    mall: Mall,
    *,
    profile: str = "compere_kpm33b_mqtt",
    setup: Callable[[dict[str, MqttMeter]], None] = lambda _: None,
    bus: dict[str, Any] | None = None,
    opening_balance: str = "200",
    price: str = "0.6173",
) -> AsyncIterator[MqttRun]:
    """Run a site over a broker; every shop has an account, and every meter has uploaded once."""
    with Broker(folder) as broker, connected_meters(broker, mall) as meters, time_of(mall):
        setup(meters)
        mqtt_entry = await connect_home_assistant(hass, broker, folder)
        subentries = [broker_subentry(**(bus or {}))]
        for meter in mall.meters:
            subentries.append(air_subentry(meter, profile))
            subentries.append(
                account_subentry(mall, meter.name, (meter.name,), opening_balance=opening_balance)
            )
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="Riverside Mall",
            unique_id=SITE_KEY,
            data={
                "name": "Riverside Mall",
                "currency": "CNY",
                "time_zone": "Asia/Shanghai",
                "ledger": str(folder / "ledger.db"),
                "initial_price": price,
            },
            subentries_data=[stored(subentry) for subentry in subentries],
        )
        entry.add_to_hass(hass)
        try:
            assert await hass.config_entries.async_setup(entry.entry_id)
            site: CompereSite = entry.runtime_data
            run = MqttRun(hass=hass, mall=mall, broker=broker, site=site, meters=meters)
            await until(lambda: site.buses[BusId(BUS_ID)].bus.health.up)
            for shop in mall.meters:
                shop.set_load(0)
            for name in meters:
                await run.upload(name)
            yield run
        finally:
            for one in (entry, mqtt_entry):
                if one.state is ConfigEntryState.LOADED:
                    await hass.config_entries.async_unload(one.entry_id)
            await hass.async_block_till_done()
