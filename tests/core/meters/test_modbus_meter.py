"""A meter on its line: what is asked, what becomes of the answers."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.compere_prepaid.core.bus.requests import (
    Function,
    GarbledAnswerError,
    NoAnswerError,
    RefusedError,
    Request,
)
from custom_components.compere_prepaid.core.bus.scheduler import RequestClass
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.metering.reading import Quantity
from custom_components.compere_prepaid.core.meters.modbus_meter import (
    ModbusMeter,
    SerialUnreadableError,
)
from tests.core.bus.played_line import Answer, PlayedLine, running_bus
from tests.core.bus.virtual_time import NOON, VirtualClock, run
from tests.core.meters.played_meter import KPM33B, PlayedMeter

SERIAL = MeterSerial("33B1225950027")


def test_a_reading_has_energies_and_relay_and_on_demand_everything() -> None:
    """Two frames for what money needs, one more for the rest; stamped on receipt."""
    meter = PlayedMeter(SERIAL, kwh=1234.5, power_w=5000)
    line = PlayedLine({7: meter})

    async def story() -> None:
        async with running_bus(line) as bus:
            device = ModbusMeter(KPM33B, 7, SERIAL, bus, VirtualClock())
            reading = await device.read(RequestClass.ROUTINE, detail=False)
            assert reading.energy_wh == 1_234_500
            assert reading.power_mw == 5_000_000
            assert Quantity.VOLTAGE_A not in reading.values
            assert reading.relay_closed is True
            assert reading.serial == SERIAL
            assert 0 < (reading.at - NOON).total_seconds() < 0.2
            assert len(meter.asked) == 3
            full = await device.read(RequestClass.ROUTINE, detail=True)
            assert full.power_mw == 5_000_000
            assert full.values[Quantity.VOLTAGE_A] == 230_000
            assert len(full.values) == 27
            assert len(meter.asked) == 8

    run(story())


def test_transformers_multiply_what_flows_through_them() -> None:
    """Energies, powers and currents are what flows in the mains; the rest is as the meter says."""
    line = PlayedLine({7: PlayedMeter(SERIAL, kwh=1234.5, power_w=5000)})

    async def story() -> None:
        async with running_bus(line) as bus:
            plain = ModbusMeter(KPM33B, 7, SERIAL, bus, VirtualClock())
            behind = ModbusMeter(KPM33B, 7, SERIAL, bus, VirtualClock(), multiplier=40)
            told = (await plain.read(RequestClass.ROUTINE, detail=True)).values
            reckoned = (await behind.read(RequestClass.ROUTINE, detail=True)).values
            same = {name for name in told if name.startswith(("voltage", "power_f", "freq"))}
            assert len(same) == 11
            for name, value in told.items():
                assert reckoned[name] == value * (1 if name in same else 40), name

    run(story())


def test_the_serial_number_is_read_from_the_meter() -> None:
    """Thirteen characters; rubbish in their place is an error of its own."""
    meter = PlayedMeter(SERIAL)
    line = PlayedLine({7: meter})

    async def story() -> None:
        async with running_bus(line) as bus:
            device = ModbusMeter(KPM33B, 7, MeterSerial(""), bus, VirtualClock())
            assert await device.identify(RequestClass.DISCOVERY) == SERIAL
            meter.serial = ""
            with pytest.raises(SerialUnreadableError) as caught:
                await device.identify(RequestClass.DISCOVERY)
            assert caught.value.placeholders == {"address": "7"}

    run(story())


def test_a_relay_is_written_once_and_read_back_by_who_asks() -> None:
    """A command is one frame; a missing echo is an error and no second try."""
    meter = PlayedMeter(SERIAL)
    line = PlayedLine({7: meter})

    async def story() -> None:
        async with running_bus(line) as bus:
            device = ModbusMeter(KPM33B, 7, SERIAL, bus, VirtualClock())
            await device.write_relay(False, RequestClass.RELAY)
            assert await device.read_relay(RequestClass.RELAY) is False
            await device.write_relay(True, RequestClass.RELAY)
            assert await device.read_relay(RequestClass.RELAY) is True
            meter.is_silent = True
            with pytest.raises(NoAnswerError):
                await device.write_relay(False, RequestClass.RELAY)

    run(story())
    writes = [request for request in meter.asked if request.is_write]
    assert [(w.function, w.address, w.values) for w in writes] == [
        (Function.WRITE_COIL, 1, (0,)),
        (Function.WRITE_COIL, 1, (1,)),
        (Function.WRITE_COIL, 1, (0,)),
    ]


def refusing(registers: set[int], longest: int = 125) -> Callable[[Request], Answer]:
    """Play a meter without some registers, and with a longest read; its numbers tell where."""

    def answer(request: Request) -> Answer:
        asked = range(request.address, request.address + request.count)
        if request.function is Function.READ_COILS:
            return (1,)
        if request.count > longest:
            return RefusedError(request.unit, 3)
        if registers & set(asked):
            return RefusedError(request.unit, 2)
        return (0x4000,) * request.count

    return answer


def test_a_number_that_the_meter_does_not_have_is_left_out_for_good() -> None:
    """Only when the meter says so; being busy is no such word. What it has is read as before."""
    meter = PlayedMeter(SERIAL, kwh=1, refuses={0x30: 6})
    line = PlayedLine({7: meter})

    async def story() -> None:
        async with running_bus(line) as bus:
            device = ModbusMeter(KPM33B, 7, SERIAL, bus, VirtualClock())
            with pytest.raises(RefusedError):
                await device.read(RequestClass.ROUTINE, detail=True)
            assert device.learned == {}
            meter.refuses = {0x30: 2}
            for _ in range(3):
                reading = await device.read(RequestClass.ROUTINE, detail=True)
                assert reading.energy_wh == 1000
                assert Quantity.VOLTAGE_A not in reading.values
                assert len(reading.values) == 26
            assert meter.asked_for(0x30) == 5  # whole, a half, a quarter, an eighth; then no more

    run(story())


@pytest.mark.parametrize("address", [0x82, 0x48])
@pytest.mark.parametrize("code", [1, 2, 3])
def test_without_energy_or_power_there_is_no_reading(address: int, code: int) -> None:
    """A refusal of what is charged is never turned into a value, nor into silence about it."""
    without = {address, address + 1}

    def answer(request: Request) -> Answer:
        if without & set(range(request.address, request.address + request.count)):
            return RefusedError(request.unit, code)
        return (0,) * request.count

    async def story() -> None:
        async with running_bus(PlayedLine({7: answer})) as bus:
            device = ModbusMeter(KPM33B, 7, SERIAL, bus, VirtualClock())
            for _ in range(2):
                with pytest.raises(RefusedError) as caught:
                    await device.read(RequestClass.ROUTINE, detail=True)
                assert caught.value.placeholders == {"address": "7", "code": str(code)}
            assert device.learned == {}

    run(story())


@pytest.mark.parametrize("longest", [2, 3, 8, 17, 19])
def test_a_read_that_is_too_long_is_split_and_the_parts_are_remembered(longest: int) -> None:
    """Every number arrives; from the second reading on nothing is refused. Another run may know."""
    line = PlayedLine({7: refusing(set(), longest)})

    async def story() -> None:
        async with running_bus(line) as bus:
            device = ModbusMeter(KPM33B, 7, SERIAL, bus, VirtualClock())
            first = await device.read(RequestClass.ROUTINE, detail=True)
            assert set(first.values) == set(KPM33B.quantities)
            refused = bus.health.refused
            assert refused > 0
            heir = ModbusMeter(KPM33B, 7, SERIAL, bus, VirtualClock())
            heir.learned = {**device.learned, "no such block": ((1, 2),)}
            for meter in (device, heir):
                reading = await meter.read(RequestClass.ROUTINE, detail=True)
                assert reading.values == first.values
            assert bus.health.refused == refused
            assert heir.learned == device.learned

    run(story())


@settings(max_examples=30)
@given(missing=st.sets(st.integers(0x30, 0x93)), longest=st.integers(2, 30))
def test_whatever_a_meter_refuses_what_it_has_is_read(missing: set[int], longest: int) -> None:
    """Exactly the numbers whose registers it has; or no reading, if what is charged is missing."""
    has = {
        measurand.quantity
        for measurand in KPM33B.measurands
        if not missing & {measurand.address, measurand.address + 1}
    }

    async def story() -> None:
        async with running_bus(PlayedLine({7: refusing(missing, longest)})) as bus:
            device = ModbusMeter(KPM33B, 7, SERIAL, bus, VirtualClock())
            for _ in range(2):
                if {Quantity.ENERGY_IMPORT, Quantity.POWER} <= has:
                    reading = await device.read(RequestClass.ROUTINE, detail=True)
                    assert set(reading.values) == has
                else:
                    with pytest.raises(RefusedError):
                        await device.read(RequestClass.ROUTINE, detail=True)

    run(story())


def test_a_meter_without_a_relay_has_none() -> None:
    """Readings say that the relay is unknown; commands are refused."""
    line = PlayedLine({7: PlayedMeter(SERIAL)})

    async def story() -> None:
        async with running_bus(line) as bus:
            profile = replace(KPM33B, relay=None)
            device = ModbusMeter(profile, 7, SERIAL, bus, VirtualClock())
            reading = await device.read(RequestClass.ROUTINE, detail=False)
            assert reading.relay_closed is None
            for work in (
                device.write_relay(True, RequestClass.RELAY),
                device.read_relay(RequestClass.RELAY),
            ):
                with pytest.raises(InvalidInputError) as caught:
                    await work
                assert caught.value.key == "relay_missing"

    run(story())


def test_a_relay_register_that_tells_neither_state_is_unknown() -> None:
    """Unknown is not open: a reading says None, a read-back is an error."""
    relay = KPM33B.relay
    assert relay is not None
    profile = replace(
        KPM33B,
        relay=replace(
            relay,
            read_function=Function.READ_HOLDING, read_address=0x82,
            told_closed=(0x55,), told_open=(0xAA,),
        ),
    )  # fmt: skip
    line = PlayedLine({7: PlayedMeter(SERIAL, kwh=1)})

    async def story() -> None:
        async with running_bus(line) as bus:
            device = ModbusMeter(profile, 7, SERIAL, bus, VirtualClock())
            reading = await device.read(RequestClass.ROUTINE, detail=False)
            assert reading.relay_closed is None
            with pytest.raises(GarbledAnswerError):
                await device.read_relay(RequestClass.RELAY)

    run(story())


@pytest.mark.parametrize("address", [0, 248, -1])
def test_what_is_no_address_is_refused(address: int) -> None:
    """Modbus meters have 1 to 247; 0 would be everybody."""

    async def story() -> None:
        async with running_bus(PlayedLine()) as bus:
            with pytest.raises(InvalidInputError) as caught:
                ModbusMeter(KPM33B, address, SERIAL, bus, VirtualClock())
            assert caught.value.key == "bus_address_invalid"

    run(story())
