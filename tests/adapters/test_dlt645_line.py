"""DL/T 645 meters on real lines: next to Modbus meters, and with all that goes wrong there."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from custom_components.compere_prepaid.core.bus.bus import Bus
from custom_components.compere_prepaid.core.bus.dlt645 import Dlt645RefusedError
from custom_components.compere_prepaid.core.bus.requests import (
    BusError,
    GarbledAnswerError,
    NoAnswerError,
)
from custom_components.compere_prepaid.core.bus.scheduler import RequestClass
from custom_components.compere_prepaid.core.bus.settings import LineSettings, Transport
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.meters.catalogue import load_catalogue
from custom_components.compere_prepaid.core.meters.dlt645_meter import Dlt645Meter
from custom_components.compere_prepaid.core.meters.dlt645_profile import Dlt645Profile
from custom_components.compere_prepaid.core.meters.dlt645_relay import RelayAccess
from custom_components.compere_prepaid.core.meters.modbus_meter import ModbusMeter
from simulator.clock import ManualClock
from simulator.dlt645 import SWITCH, Dlt645Meter as SimulatedDlt645, Dlt645Plan
from simulator.faults import Fault, FaultKind
from simulator.line import LinePlan, SimulatedLine, Transport as SimulatedTransport
from simulator.loads import LoadKind
from simulator.mall import Mall
from simulator.meter import MeterPlan
from simulator.tenants import MallPlan
from tests.adapters.real_line import SystemClock, bus_on
from tests.core.meters.shipped import SHIPPED, modbus_profile
from tests.dlt645_mall import KPM33B, PASSWORD
from tests.site_fixtures import MONDAY_NOON

pytestmark = pytest.mark.usefixtures("socket_enabled")

LINE = "West riser"
METERS, ROUNDS = 20, 5
ROUTINE, RELAY = RequestClass.ROUTINE, RequestClass.RELAY
LATE_S = 0.3
"""Long after the answer was given up, and before the meter is asked again."""


def digits_of(place: int) -> str:
    """Return the address of a meter."""
    return f"2010000{place:05}"


def wh_of(place: int) -> int:
    """Return what a meter's register shows: no two show the same."""
    return 100_000 + 10 * place


def mall_of(
    transport: SimulatedTransport, meters: int, *, baudrate: int = 115200, pace: bool = False
) -> Mall:
    """Return a mall with one line of these meters and a KPM33B."""
    plans: list[MeterPlan] = [
        Dlt645Plan(
            serial=digits_of(place),
            name=f"Shop {place}",
            address=0,
            kind=LoadKind.CAFE,
            rated_kw=9,
            breaker_a=20,
            area="",
            floor_area=0,
            starts_wh=wh_of(place),
        )
        for place in range(meters)
    ]
    plans.append(
        MeterPlan(
            serial=KPM33B,
            name="Neighbour",
            address=1,
            kind=LoadKind.CAFE,
            rated_kw=9,
            breaker_a=20,
            area="",
            floor_area=0,
            starts_wh=777_000,
        )
    )
    line = LinePlan(name=LINE, transport=transport, baudrate=baudrate, pace=pace)
    plan = MallPlan(lines=[line], meters={LINE: plans}, tenants={})
    return Mall.build(plan, clock=ManualClock(MONDAY_NOON))


@asynccontextmanager
async def line_of(mall: Mall, timeout_s: float) -> AsyncIterator[tuple[Bus, SimulatedLine]]:
    """Open a mall and run a bus on its line."""
    async with mall:
        plan = mall.lines[LINE].plan
        is_serial = plan.transport is SimulatedTransport.SERIAL
        settings = LineSettings(
            transport=Transport(plan.transport.value),
            host="" if is_serial else "127.0.0.1",
            port=0 if is_serial else mall.port(LINE),
            device=str(mall.device(LINE)) if is_serial else "",
            baudrate=plan.baudrate,
            timeout_s=timeout_s,
        )
        async with bus_on(settings) as bus:
            await bus.wait_until_up()
            yield bus, mall.lines[LINE]


def device_of(bus: Bus, place: int) -> Dlt645Meter:
    """Return a meter as the product sees it."""
    profile = load_catalogue([SHIPPED]).get("dlt645_2007_single_phase")
    assert isinstance(profile, Dlt645Profile)
    digits = digits_of(place)
    access = RelayAccess(password=PASSWORD)
    return Dlt645Meter(profile, digits, MeterSerial(digits), bus, SystemClock(), 1, access)


TRANSPORTS = pytest.mark.parametrize(
    "transport", [SimulatedTransport.RTU_TCP, SimulatedTransport.SERIAL]
)


@TRANSPORTS
async def test_two_languages_share_the_wires(transport: SimulatedTransport, tmp_path: Path) -> None:
    """Both meters are read again and again, and each tells its own."""
    async with line_of(mall_of(transport, 2), 1.0) as (bus, line):
        neighbour = ModbusMeter(
            modbus_profile("compere_kpm33b"), 1, MeterSerial(KPM33B), bus, SystemClock()
        )
        for _ in range(5):
            for place in range(2):
                device = device_of(bus, place)
                assert await device.identify(ROUTINE) == digits_of(place)
                reading = await device.read(ROUTINE, detail=True)
                assert reading.energy_wh == wh_of(place)
                assert reading.relay_closed is True
            assert await neighbour.identify(ROUTINE) == KPM33B
            assert (await neighbour.read(ROUTINE, detail=True)).energy_wh == 777_000
        assert line.statistics.requests == line.statistics.answers


@TRANSPORTS
async def test_a_slow_line_keeps_its_silences(transport: SimulatedTransport) -> None:
    """At 2400 baud, eight bits, even parity: no question comes before the line was quiet."""
    async with line_of(mall_of(transport, 1, baudrate=2400, pace=True), 1.0) as (bus, line):
        device = device_of(bus, 0)
        for _ in range(2):
            assert (await device.read(ROUTINE, detail=False)).energy_wh == wh_of(0)
        assert line.statistics.answers == 6
        assert line.statistics.silence_broken == 0


BEFORE = {
    "echo": (True, b""),
    "preamble": (False, b"\xfe\xfe\xfe\xfe"),
    "one byte of it": (False, b"\xfe"),
    "address of a converter": (False, bytes.fromhex("001a2b3c4d5e")),
    "noise": (False, bytes.fromhex("68 16 00 68 91 ff 16")),
    "echo and preamble": (True, b"\xfe\xfe"),
}


@pytest.mark.parametrize("before", BEFORE)
async def test_what_stands_before_answers_does_no_harm(before: str) -> None:
    """Two-wire adapters, converters that announce themselves, noise: every number is right."""
    async with line_of(mall_of(SimulatedTransport.RTU_TCP, 2), 1.0) as (bus, line):
        line.echoes, line.prefix = BEFORE[before]
        for place in range(2):
            device = device_of(bus, place)
            assert await device.identify(ROUTINE) == digits_of(place)
            assert (await device.read(ROUTINE, detail=True)).energy_wh == wh_of(place)
            await device.write_relay(False, RELAY)
            assert await device.read_relay(RELAY) is False


FAULTS = {
    FaultKind.SILENT: NoAnswerError,
    FaultKind.LOST: NoAnswerError,
    FaultKind.LATE: NoAnswerError,
    FaultKind.BAD_CRC: GarbledAnswerError,
    FaultKind.GARBLED: GarbledAnswerError,
    FaultKind.EXCEPTION: Dlt645RefusedError,
}


@pytest.mark.parametrize("kind", FAULTS)
async def test_each_fault_is_told_by_its_name(kind: FaultKind) -> None:
    """And the next reading is right: what came late was thrown away."""
    mall = mall_of(SimulatedTransport.RTU_TCP, 1)
    async with line_of(mall, 0.1) as (bus, _):
        device = device_of(bus, 0)
        mall.meters[0].fail(Fault(kind=kind, seconds=LATE_S, times=1))
        with pytest.raises(FAULTS[kind]):
            await device.read(ROUTINE, detail=False)
        assert (await device.read(ROUTINE, detail=False)).energy_wh == wh_of(0)


async def test_a_command_whose_answer_was_lost_is_seen_when_read_back() -> None:
    """Whether the relay moved, only its state tells; nothing is sent twice by itself."""
    mall = mall_of(SimulatedTransport.RTU_TCP, 1)
    async with line_of(mall, 0.1) as (bus, _):
        device, meter = device_of(bus, 0), mall.meters[0]
        assert isinstance(meter, SimulatedDlt645)
        meter.fail(Fault(kind=FaultKind.LOST, functions=frozenset({SWITCH}), times=1))
        with pytest.raises(NoAnswerError):
            await device.write_relay(False, RELAY)
        assert await device.read_relay(RELAY) is False
        assert len(meter.commands) == 1


@pytest.mark.slow
async def test_nothing_that_goes_wrong_makes_a_wrong_number(figure: Callable[[str], None]) -> None:
    """Twenty meters, a third of all answers lost, late, damaged, or noise: right, or an error."""
    right, errors = 0, 0
    mall = mall_of(SimulatedTransport.RTU_TCP, METERS)
    async with line_of(mall, 0.03) as (bus, line):
        for kind, share in (
            (FaultKind.LOST, 0.1),
            (FaultKind.LATE, 0.1),
            (FaultKind.BAD_CRC, 0.1),
            (FaultKind.GARBLED, 0.05),
        ):
            line.fail(Fault(kind=kind, seconds=LATE_S, share=share))

        async def read(place: int) -> bool:
            try:
                reading = await device_of(bus, place).read(ROUTINE, detail=False)
            except BusError:
                return False
            assert reading.energy_wh == wh_of(place)
            assert reading.relay_closed is True
            return True

        for _ in range(ROUNDS):
            outcomes = await asyncio.gather(*(read(place) for place in range(METERS)))
            right += sum(outcomes)
            errors += len(outcomes) - sum(outcomes)
    assert right
    assert errors
    figure(
        f"DL/T 645: of {right + errors} readings on a bad line {right} right, {errors} errors, "
        "0 wrong"
    )
