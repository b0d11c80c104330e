"""Every model that we ship: a simulated meter of it, read and switched over a real line.

The simulator's registers were not written from our profiles; where the two disagree, one is wrong.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from custom_components.compere_prepaid.core.bus.bus import Bus
from custom_components.compere_prepaid.core.bus.scheduler import RequestClass
from custom_components.compere_prepaid.core.bus.settings import LineSettings, Transport
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.metering.reading import MeterReading, Quantity
from custom_components.compere_prepaid.core.meters.building import build_device
from custom_components.compere_prepaid.core.meters.catalogue import load_catalogue
from custom_components.compere_prepaid.core.meters.decode import Encoding
from custom_components.compere_prepaid.core.meters.device import MeterDevice
from custom_components.compere_prepaid.core.meters.modbus_meter import ModbusMeter
from custom_components.compere_prepaid.core.meters.modbus_profile import Measurand, ModbusProfile
from custom_components.compere_prepaid.core.meters.poller import Poller
from custom_components.compere_prepaid.core.meters.profile import circuits_of
from simulator.clock import ManualClock
from simulator.electrical import Flow, flow_of
from simulator.energy import UNITS_PER_WH
from simulator.line import LinePlan, Transport as SimulatedTransport
from simulator.loads import LoadKind
from simulator.mall import Mall
from simulator.meter import MeterPlan, SimulatedMeter
from simulator.models import MODELS, NEUTRAL_A, STORED_CENTS, THD_PERCENT
from simulator.tenants import MallPlan
from tests.adapters.real_line import SystemClock, bus_on
from tests.adapters.test_polling import Listener
from tests.core.meters.shipped import SHIPPED, modbus_profile

pytestmark = pytest.mark.usefixtures("socket_enabled")

NAMES = [
    name
    for name, profile in sorted(load_catalogue([SHIPPED]).profiles.items())
    if isinstance(profile, ModbusProfile)
]
LINE = "Riser"
SERIALS = {"compere_kpm33b": "33B0025950001"}


@dataclass(slots=True)
class Stage:
    """The circuits of one simulated meter, and ours that read them."""

    clock: ManualClock
    meters: Sequence[SimulatedMeter]
    devices: Sequence[MeterDevice]
    poller: Poller
    bus: Bus


@asynccontextmanager
async def metered(profile: ModbusProfile, transport: Transport) -> AsyncIterator[Stage]:
    """Simulate a meter of a model and poll it."""
    serial = MeterSerial(SERIALS.get(profile.name, "202409030017"))
    circuits = circuits_of(profile, serial)
    plans = [
        MeterPlan(
            serial=circuit,
            name=circuit,
            address=9,
            kind=LoadKind.KIOSK if profile.phases == 1 else LoadKind.RESTAURANT,
            rated_kw=6,
            breaker_a=40,
            area="",
            floor_area=0,
            model=profile.name,
        )
        for circuit in circuits
    ]
    line = LinePlan(name=LINE, transport=SimulatedTransport(transport.value), pace=False)
    plan = MallPlan(lines=[line], meters={LINE: plans}, tenants={})
    clock = ManualClock(datetime(2026, 3, 2, 4, tzinfo=UTC))
    async with Mall.build(plan, clock=clock) as mall:
        settings = LineSettings(
            transport=transport, host="127.0.0.1", port=mall.port(LINE), timeout_s=5
        )
        async with bus_on(settings) as bus:
            poller = Poller(bus, SystemClock(), Listener(), interval_s=3600)
            devices = [
                build_device(profile, 9, circuit, bus, SystemClock(), channel=channel)
                for circuit, channel in circuits.items()
            ]
            for device in devices:
                poller.add(device)
            await poller.start()
            try:
                yield Stage(clock, mall.lines[LINE].meters, devices, poller, bus)
            finally:
                await poller.stop()


def truth(meter: SimulatedMeter, flow: Flow) -> dict[Quantity, float]:
    """Return what a meter could say at best, in our units."""
    wh = meter.true_wh
    tariffs = [units // UNITS_PER_WH for units in meter.energy.rates]
    told: dict[Quantity, float] = {
        Quantity.ENERGY_IMPORT: wh,
        Quantity.ENERGY_TOTAL: wh,
        Quantity.ENERGY_EXPORT: 0,
        Quantity.ENERGY_T5: 0,
        Quantity.POWER: 1000 * sum(flow.active),
        Quantity.REACTIVE_POWER: 1000 * sum(flow.reactive),
        Quantity.APPARENT_POWER: 1000 * sum(flow.apparent),
        Quantity.POWER_FACTOR: 1000 * flow.factor,
        Quantity.FREQUENCY: 1000 * flow.hertz,
        Quantity.CURRENT_N: 1000 * NEUTRAL_A,
        Quantity.STORED_AMOUNT: 10 * STORED_CENTS,
    }
    told |= {Quantity(f"energy_t{n}"): units for n, units in enumerate(tariffs, 1)}
    for name, phases in (
        ("voltage_", flow.volts),
        ("current_", flow.amps),
        ("power_", flow.active),
        ("power_factor_", flow.factors),
        ("voltage_thd_", THD_PERCENT),
    ):
        told |= {Quantity(f"{name}{p}"): 1000 * v for p, v in zip("abc", phases, strict=True)}
    pairs = zip(("ab", "bc", "ca"), flow.between, strict=True)
    return told | {Quantity(f"voltage_{pair}"): 1000 * value for pair, value in pairs}


def resolution(measurand: Measurand, value: float) -> float:
    """Return by how much what a register says may differ from what is."""
    if measurand.encoding is Encoding.FLOAT32:
        return 1 + abs(value) * 2**-22
    return 1 + float(measurand.scale * measurand.unit.factor)


def compare(
    profile: ModbusProfile, meter: SimulatedMeter, first: SimulatedMeter, reading: MeterReading
) -> int:
    """Compare everything that the profile promises; what circuits share is the first one's."""
    told, shared = truth(meter, flow_of(meter)), truth(first, flow_of(first))
    assert set(reading.values) == set(profile.quantities)
    for measurand in profile.measurands:
        expected = (shared if measurand.shared else told)[measurand.quantity]
        difference = abs(reading.values[measurand.quantity] - expected)
        assert difference < resolution(measurand, expected), measurand
    return len(profile.measurands)


def test_every_modbus_model_is_simulated() -> None:
    """A new profile brings a simulated meter, or this test tells."""
    assert set(NAMES) == {"compere_kpm33b", *MODELS}


@pytest.mark.parametrize("transport", [Transport.RTU_TCP, Transport.MODBUS_TCP])
@pytest.mark.parametrize("name", NAMES)
async def test_all_numbers_agree_with_the_meter(
    name: str, transport: Transport, figure: Callable[[str], None]
) -> None:
    """Energies, tariffs, powers and the rest, of each circuit, idle and under load."""
    profile = modbus_profile(name)
    compared, refused = 0, 0
    # an Acrel tells what its relay is forced to do, and nothing has forced it yet
    state = True if profile.has_relay and profile.manufacturer != "Acrel" else None
    async with metered(profile, transport) as stage:
        for number, meter in enumerate(stage.meters):
            meter.set_energy(1_234_567 + 11_111 * number)
        for load in (0, 4321, 5999):
            for number, meter in enumerate(stage.meters):
                meter.set_load(load - 100 * number if load else 0)
            stage.clock.advance(seconds=3600)
            for meter, device in zip(stage.meters, stage.devices, strict=True):
                reading = await stage.poller.read_now(device.serial)
                compared += compare(profile, meter, stage.meters[0], reading)
                assert reading.relay_closed is state
            refused = refused or stage.bus.health.refused
        assert stage.bus.health.refused == refused  # what a meter refuses is asked for once
        assert stage.bus.health.timeouts == stage.bus.health.garbled == 0
    figure(f"{name} over {transport}: {compared} numbers compared, 0 wrong")


@pytest.mark.parametrize("name", [name for name in NAMES if modbus_profile(name).has_relay])
async def test_relays_follow_and_are_read_back(name: str) -> None:
    """Open, closed, open: the contact moves, the load goes and comes, the read-back agrees."""
    profile = modbus_profile(name)
    async with metered(profile, Transport.RTU_TCP) as stage:
        ((meter,), (device,)) = stage.meters, stage.devices
        meter.set_load(2000)
        for closed in (False, True, False):
            await device.write_relay(closed, RequestClass.RELAY)
            assert meter.relay_closed is closed
            assert meter.power_w == (2000 if closed else 0)
            assert await device.read_relay(RequestClass.RELAY) is closed
            assert (await stage.poller.read_now(device.serial)).relay_closed is closed


@pytest.mark.parametrize("name", NAMES)
async def test_who_the_meter_is(name: str) -> None:
    """A meter that tells its number is believed; a mute one keeps what it was given."""
    profile = modbus_profile(name)
    async with metered(profile, Transport.RTU_TCP) as stage:
        for meter, device in zip(stage.meters, stage.devices, strict=True):
            assert await device.identify(RequestClass.DISCOVERY) == device.serial == meter.serial
        stranger = build_device(profile, 9, MeterSerial(""), stage.bus, SystemClock())
        found = await stranger.identify(RequestClass.DISCOVERY)
        assert found == (stage.meters[0].serial if profile.tells_serial else "")


@pytest.mark.parametrize(
    ("name", "words"), [("compere_kpm33b", (0x1E, 0xDD11)), ("acrel_ddsy1352", (0x57, 0, 0))]
)
async def test_a_relay_that_does_not_obey_yet(name: str, words: tuple[int, ...]) -> None:
    """A meter under local control, or under its own prepayment, says so, and can be told."""
    profile = modbus_profile(name)
    async with metered(profile, Transport.RTU_TCP) as stage:
        ((meter,), (device,)) = stage.meters, stage.devices
        assert isinstance(device, ModbusMeter)
        await device.write_registers(words[0], words[1:], RequestClass.DISCOVERY)
        (mode,) = await device.unset_modes(RequestClass.DISCOVERY)
        await device.set_mode(mode, RequestClass.DISCOVERY)
        assert await device.unset_modes(RequestClass.DISCOVERY) == ()
        contacts = [meter.relay_closed]
        await device.write_relay(False, RequestClass.RELAY)
        contacts.append(meter.relay_closed)
        assert contacts == [True, False]
        assert await device.unset_modes(RequestClass.DISCOVERY) == ()
