"""The whole way of readings and relay commands, from the poller to simulated meters."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from custom_components.compere_prepaid.core.bus import settings as bus_settings
from custom_components.compere_prepaid.core.bus.requests import BusError
from custom_components.compere_prepaid.core.bus.scheduler import RequestClass
from custom_components.compere_prepaid.core.bus.settings import LineSettings
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.metering.reading import MeterReading
from custom_components.compere_prepaid.core.meters.modbus_meter import ModbusMeter
from custom_components.compere_prepaid.core.meters.poller import OtherMeterError, Poller
from simulator.faults import Fault, FaultKind
from simulator.line import Transport
from simulator.mall import Mall
from simulator.meter import SimulatedMeter
from simulator.tenants import one_line_plan
from tests.adapters.real_line import SystemClock, bus_on
from tests.core.meters.shipped import modbus_profile

pytestmark = pytest.mark.usefixtures("socket_enabled")

KPM33B = modbus_profile("compere_kpm33b")
RISER = "East riser"


@dataclass(slots=True)
class Listener:
    """Remembers, and lets a test wait for news."""

    readings: list[MeterReading] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    others: list[tuple[str, str]] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def on_reading(self, reading: MeterReading) -> None:
        """Remember a reading."""
        self.readings.append(reading)
        await self._tell()

    async def on_silent(self, serial: MeterSerial, error: BusError, failures: int) -> None:
        """Remember a failure."""
        del error, failures
        self.silent.append(serial)
        await self._tell()

    async def on_other_meter(self, serial: MeterSerial, found: str) -> None:
        """Remember a stranger."""
        self.others.append((serial, found))
        await self._tell()

    async def _tell(self) -> None:
        async with self.news:
            self.news.notify_all()

    async def wait_for_all(self, serials: set[str]) -> None:
        """Return when there is a reading of each."""
        async with self.news:
            await self.news.wait_for(lambda: {r.serial for r in self.readings} >= serials)


@dataclass(slots=True)
class Polled:
    """A simulated line that is polled."""

    meters: list[SimulatedMeter]
    devices: list[ModbusMeter]
    poller: Poller
    listener: Listener


@asynccontextmanager
async def polled(transport: Transport, count: int, timeout_s: float = 5.0) -> AsyncIterator[Polled]:
    """Simulate a line with so many meters and poll them."""
    clock = SystemClock()
    async with Mall.build(one_line_plan(count, transport=transport, pace=False)) as mall:
        is_serial = transport is Transport.SERIAL
        settings = LineSettings(
            transport=bus_settings.Transport(transport.value),
            host="" if is_serial else "127.0.0.1",
            port=0 if is_serial else mall.port(RISER),
            device=str(mall.device(RISER)) if is_serial else "",
            timeout_s=timeout_s,
        )
        meters = list(mall.lines[RISER].meters)
        listener = Listener()
        async with bus_on(settings) as bus:
            poller = Poller(bus, clock, listener)
            devices = [
                ModbusMeter(KPM33B, meter.address, MeterSerial(meter.serial), bus, clock)
                for meter in meters
            ]
            for device in devices:
                poller.add(device)
            await poller.start()
            try:
                yield Polled(meters, devices, poller, listener)
            finally:
                await poller.stop()


@pytest.mark.parametrize("transport", Transport)
async def test_what_meters_count_is_what_is_read(transport: Transport) -> None:
    """Every meter's Wh, power and relay arrive exactly, under its own name, on every transport."""
    async with polled(transport, 6) as stage:
        for number, meter in enumerate(stage.meters, 1):
            meter.set_load(0)
            meter.set_energy(1_234_567 * number)
        for meter in stage.meters:
            reading = await stage.poller.read_now(MeterSerial(meter.serial))
            assert reading.energy_wh == meter.true_wh
            assert reading.power_mw == 0
            assert reading.relay_closed is True
        await stage.listener.wait_for_all({meter.serial for meter in stage.meters})
        assert stage.listener.silent == []


@pytest.mark.parametrize("transport", Transport)
async def test_relays_follow_and_are_read_back(transport: Transport) -> None:
    """Open and close each relay; what is read back is what the contact does."""
    async with polled(transport, 3) as stage:
        for meter, device in zip(stage.meters, stage.devices, strict=True):
            for closed in (False, True):
                await device.write_relay(closed, RequestClass.RELAY)
                assert await device.read_relay(RequestClass.RELAY) is closed
                assert meter.relay_closed is closed
            meter.fail(Fault(kind=FaultKind.STUCK))
            await device.write_relay(False, RequestClass.RELAY)
            assert await device.read_relay(RequestClass.RELAY) is True


async def test_a_meter_that_was_replaced_gives_no_reading() -> None:
    """The stranger's energy never passes for the old meter's."""
    async with polled(Transport.RTU_TCP, 2) as stage:
        old, other = stage.meters
        serial = MeterSerial(old.serial)
        await stage.poller.read_now(serial)
        seen = len(stage.listener.readings)
        old.fail(Fault(kind=FaultKind.EXCEPTION, code=4, times=1))  # the works are noticed
        with pytest.raises(BusError):
            await stage.poller.read_now(serial)
        old.replace("33B0025959999", wh=77_000_000)
        with pytest.raises(OtherMeterError) as caught:
            await stage.poller.read_now(serial)
        assert caught.value.found == "33B0025959999"
        assert (await stage.poller.read_now(MeterSerial(other.serial))).serial == other.serial
        assert (serial, "33B0025959999") in stage.listener.others
        strangers = [
            reading for reading in stage.listener.readings[seen:] if reading.serial == serial
        ]
        assert strangers == []


async def test_a_faulty_line_costs_readings_and_never_their_truth() -> None:
    """One answer in ten goes wrong, in three ways: what does arrive is right."""
    async with polled(Transport.RTU_TCP, 6, timeout_s=0.2) as stage:
        for number, meter in enumerate(stage.meters, 1):
            meter.set_load(0)
            meter.set_energy(1_000_000 * number)
            for kind in (FaultKind.LOST, FaultKind.BAD_CRC, FaultKind.LATE):
                meter.fail(Fault(kind=kind, seconds=0.4, share=0.03))
        truth = {meter.serial: meter.true_wh for meter in stage.meters}
        good = 0
        for _ in range(6):
            results = await asyncio.gather(
                *(stage.poller.read_now(MeterSerial(serial)) for serial in truth),
                return_exceptions=True,
            )
            for result in results:
                assert isinstance(result, MeterReading | BusError)
                good += isinstance(result, MeterReading)
        assert good >= 12
        assert all(
            reading.energy_wh == truth[reading.serial] for reading in stage.listener.readings
        )
