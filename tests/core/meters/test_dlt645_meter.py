"""A DL/T 645 meter on its line: who it is, what it tells, and what moves its relay."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, override
from zoneinfo import ZoneInfo

import pytest

from custom_components.compere_prepaid.core.bus.bus import Bus
from custom_components.compere_prepaid.core.bus.dlt645 import (
    Control,
    Dlt645RefusedError,
)
from custom_components.compere_prepaid.core.bus.requests import (
    GarbledAnswerError,
    NoAnswerError,
)
from custom_components.compere_prepaid.core.bus.scheduler import RequestClass
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.metering.reading import Quantity
from custom_components.compere_prepaid.core.meters.catalogue import load_catalogue
from custom_components.compere_prepaid.core.meters.dlt645_meter import (
    LOCKED_FOR_S,
    METER_NUMBER,
    MISSES,
    RUN_STATUS,
    Dlt645Meter,
    dlt645_address,
)
from custom_components.compere_prepaid.core.meters.dlt645_profile import Closing, Dlt645Profile
from custom_components.compere_prepaid.core.meters.dlt645_relay import (
    Command,
    RelayAccess,
    RelayLockedError,
)
from custom_components.compere_prepaid.core.meters.modbus_meter import SerialUnreadableError
from simulator.dlt645 import STORED_AMOUNT, STORED_ENERGY
from simulator.faults import Fault, FaultKind
from tests.core.bus.virtual_time import NOON, VirtualClock, run
from tests.core.meters.shipped import SHIPPED
from tests.core.meters.spoken_line import DIGITS, spoken_bus, spoken_meter

SHANGHAI = ZoneInfo("Asia/Shanghai")
ACCESS = RelayAccess(password="123456", zone=SHANGHAI)  # noqa: S106  # the simulated meter's
ENERGIES = 0x0001FF00
ROUTINE, RELAY = RequestClass.ROUTINE, RequestClass.RELAY


def dlt645_profile(name: str = "dlt645_2007") -> Dlt645Profile:
    """Return a DL/T 645 profile that we ship."""
    profile = load_catalogue([SHIPPED]).get(name)
    assert isinstance(profile, Dlt645Profile)
    return profile


def device_on(bus: Bus, address: int | str = DIGITS, **how: Any) -> Dlt645Meter:
    """Return the meter as the product sees it."""
    profile, clock = how.pop("profile", dlt645_profile()), how.pop("clock", VirtualClock())
    how = {"access": ACCESS, **how}
    return Dlt645Meter(profile, address, MeterSerial(DIGITS), bus, clock, **how)


class LaterClock(VirtualClock):
    """A clock that can be put forward."""

    later_s = 0.0

    @override
    def monotonic(self) -> float:
        return super().monotonic() + self.later_s


def test_a_meter_is_who_its_number_says() -> None:
    """Its number, and where it has none, its address; asked for only until that is known."""
    meter = spoken_meter()

    async def story() -> None:
        async with spoken_bus(meter) as (bus, line):
            device = device_on(bus)
            assert await device.identify(ROUTINE) == DIGITS
            assert [request.control for request in line.asked] == [Control.READ]
            meter.lacks.add(METER_NUMBER)
            assert await device.identify(ROUTINE) == DIGITS
            assert await device.identify(ROUTINE, is_brief=True) == DIGITS
            assert [request.control for request in line.asked[1:]] == [
                Control.READ,
                Control.READ_ADDRESS,
                Control.READ_ADDRESS,
            ]

    run(story())


def test_a_number_that_is_none_is_not_taken() -> None:
    """A meter that was never numbered tells zeros; one without an address is nobody."""
    nobody = spoken_meter("000000000000")

    async def story() -> None:
        async with spoken_bus(nobody) as (bus, _):
            with pytest.raises(SerialUnreadableError):
                await device_on(bus, 0).identify(ROUTINE)

    run(story())


def test_a_refused_identification_is_no_number() -> None:
    """What is not about the number is told as it is."""
    meter = spoken_meter()
    meter.fail(Fault(kind=FaultKind.EXCEPTION, code=1))

    async def story() -> None:
        async with spoken_bus(meter) as (bus, _):
            with pytest.raises(Dlt645RefusedError) as refused:
                await device_on(bus).identify(ROUTINE)
            assert refused.value.code == 1

    run(story())


def test_a_reading_has_energies_and_relay_and_on_demand_everything() -> None:
    """Three frames for what money needs, the rest once in a while; stamped on receipt."""
    meter = spoken_meter(wh=1_234_560)
    meter.set_load(5_000)

    async def story() -> None:
        async with spoken_bus(meter) as (bus, line):
            device = device_on(bus)
            reading = await device.read(ROUTINE, detail=False)
            assert reading.energy_wh == 1_234_560
            assert reading.power_mw == 5_000_000
            assert reading.relay_closed is True
            assert len(line.asked) == 3
            tariffs = [reading.values[Quantity(f"energy_t{place}")] for place in range(1, 5)]
            assert all(wh % 10 == 0 for wh in tariffs)
            assert 0 <= 1_234_560 - sum(tariffs) < 40
            assert 0 < (reading.at - NOON).total_seconds() < 3
            full = await device.read(ROUTINE, detail=True)
            wanted = set(device.profile.quantities)
            assert wanted - set(full.values) == {Quantity.STORED_CREDIT, Quantity.STORED_AMOUNT}
            assert 218_000 < full.values[Quantity.VOLTAGE_B] < 222_000
            assert 49_900 < full.values[Quantity.FREQUENCY] < 50_100
            assert full.values[Quantity.VOLTAGE_THD_A] == 2_120
            assert full.values[Quantity.ENERGY_EXPORT] == 0
            parts = [full.values[Quantity(f"power_{phase}")] for phase in "abc"]
            assert sum(parts) == 5_000_000

    run(story())


def test_a_single_phase_meter_is_asked_for_one_phase() -> None:
    """Its profile names single numbers in place of blocks."""
    meter = spoken_meter()
    meter.set_load(1_000)

    async def story() -> None:
        async with spoken_bus(meter) as (bus, _):
            device = device_on(bus, profile=dlt645_profile("dlt645_2007_single_phase"))
            reading = await device.read(ROUTINE, detail=True)
            assert reading.power_mw == 1_000_000
            assert Quantity.VOLTAGE_A in reading.values
            assert Quantity.VOLTAGE_B not in reading.values

    run(story())


def test_transformers_multiply_what_flows_through_them() -> None:
    """Energies, powers and currents; voltages, factors, distortions are as the meter says."""
    meter = spoken_meter()
    meter.set_load(3_000)

    async def story() -> None:
        async with spoken_bus(meter) as (bus, _):
            plain = await device_on(bus).read(ROUTINE, detail=True)
            behind = await device_on(bus, multiplier=40).read(ROUTINE, detail=True)
            for quantity, number in plain.values.items():
                is_divided = quantity.startswith(("energy", "power", "reactive", "app", "current"))
                is_ratio = "factor" in quantity or "thd" in quantity
                factor = 40 if is_divided and not is_ratio else 1
                assert behind.values[quantity] == number * factor, quantity

    run(story())


def test_what_the_meter_sells_is_read_by_its_own_word() -> None:
    """Energy or money, whichever its status says; nothing is asked of one that sells neither."""
    meter = spoken_meter()
    meter.amount = 19_856

    async def story() -> None:
        async with spoken_bus(meter) as (bus, line):
            device = device_on(bus)
            for sells, quantity, identifier in (
                (1, Quantity.STORED_CREDIT, STORED_ENERGY),
                (2, Quantity.STORED_AMOUNT, STORED_AMOUNT),
            ):
                meter.sells = sells
                meter.settings.credit = 77_770 * 3_600_000_000
                values = (await device.read(ROUTINE, detail=True)).values
                assert values[quantity] == {1: 77_770, 2: 198_560}[sells]
                assert line.asked_for(identifier) == 1
            assert line.asked_for(STORED_ENERGY) == 1

    run(story())


def test_a_refused_block_is_read_number_by_number_from_then_on() -> None:
    """The block is refused once; a number that is refused too is not asked for again."""
    meter = spoken_meter(wh=500_000)
    meter.lacks = {ENERGIES, 0x00010400}

    async def story() -> None:
        async with spoken_bus(meter) as (bus, line):
            device = device_on(bus)
            for _ in range(3):
                reading = await device.read(ROUTINE, detail=False)
                assert reading.energy_wh == 500_000
                assert Quantity.ENERGY_T3 in reading.values
                assert Quantity.ENERGY_T4 not in reading.values
            assert line.asked_for(ENERGIES) == 1
            assert line.asked_for(0x00010400) == 1
            assert [line.asked_for(0x00010000 + tariff * 256) for tariff in range(4)] == [3] * 4

    run(story())


def test_without_the_energy_that_is_charged_there_is_no_reading() -> None:
    """It is refused: that is told, and never passes for 0 or for a reading."""
    meter = spoken_meter()
    meter.lacks = {ENERGIES, 0x00010000}

    async def story() -> None:
        async with spoken_bus(meter) as (bus, _):
            with pytest.raises(Dlt645RefusedError):
                await device_on(bus).read(ROUTINE, detail=False)

    run(story())


def test_details_that_do_not_come_cost_no_reading() -> None:
    """Some meters are silent about what they do not have: after three misses that is learned."""
    meter = spoken_meter(wh=10_000)
    meter.ignores = {0x0208FF00}
    meter.lacks = {0x02800001}

    async def story() -> None:
        async with spoken_bus(meter) as (bus, line):
            device = device_on(bus)
            for _ in range(MISSES + 2):
                reading = await device.read(ROUTINE, detail=True)
                assert reading.energy_wh == 10_000
                assert Quantity.FREQUENCY in reading.values
                assert Quantity.CURRENT_THD_A in reading.values
                assert Quantity.VOLTAGE_THD_A not in reading.values
                assert Quantity.CURRENT_N not in reading.values
            assert line.asked_for(0x0208FF00) == MISSES
            assert line.asked_for(0x02800001) == 1

    run(story())


def test_energies_that_do_not_come_are_an_error() -> None:
    """A silent meter is silent, whatever it was asked for."""
    meter = spoken_meter()
    meter.fail(Fault(kind=FaultKind.SILENT))

    async def story() -> None:
        async with spoken_bus(meter) as (bus, _):
            with pytest.raises(NoAnswerError):
                await device_on(bus).read(ROUTINE, detail=True)

    run(story())


def test_an_answer_in_pieces_is_put_together() -> None:
    """The meter says that there is more, until there is none."""
    meter = spoken_meter(wh=1_234_560)
    meter.longest_answer = 7

    async def story() -> None:
        async with spoken_bus(meter) as (bus, line):
            reading = await device_on(bus).read(ROUTINE, detail=False)
            assert reading.energy_wh == 1_234_560
            assert Quantity.ENERGY_T4 in reading.values
            controls = [request.control for request in line.asked]
            assert controls.count(Control.READ_NEXT) == 2 + 1

    run(story())


def test_an_answer_without_an_end_is_given_up() -> None:
    """A meter that always has more does not hold the line for ever."""
    meter = spoken_meter()
    meter.longest_answer = 1

    async def story() -> None:
        async with spoken_bus(meter) as (bus, line):
            with pytest.raises(GarbledAnswerError):
                await device_on(bus).read(ROUTINE, detail=False)
            assert len(line.asked) == 16

    run(story())


def test_a_meter_without_a_run_status_has_no_relay_to_read() -> None:
    """Its relay is unknown; that it has none is asked once."""
    meter = spoken_meter()
    meter.lacks = {RUN_STATUS}

    async def story() -> None:
        async with spoken_bus(meter) as (bus, line):
            device = device_on(bus)
            for _ in range(2):
                assert (await device.read(ROUTINE, detail=True)).relay_closed is None
            assert line.asked_for(RUN_STATUS) == 1
            with pytest.raises(Dlt645RefusedError):
                await device.read_relay(RELAY)

    run(story())


def test_the_relay_follows_who_knows_the_password() -> None:
    """Trip and close; each command says until when it is valid, in the meter's own time."""
    meter = spoken_meter()

    async def story() -> None:
        async with spoken_bus(meter) as (bus, line):
            device = device_on(bus)
            assert await device.read_relay(RELAY) is True
            await device.write_relay(False, RELAY)
            assert await device.read_relay(RELAY) is False
            assert not meter.relay_closed
            await device.write_relay(True, RELAY)
            assert await device.read_relay(RELAY) is True
            tripped, closed = meter.commands
            assert tripped[:10] == bytes.fromhex("02 563412 00000000 1A 00")
            assert closed[:10] == bytes.fromhex("02 563412 00000000 1C 00")
            assert tripped[11:] == bytes.fromhex("10 20 01 03 26")  # ten past eight in Shanghai
            assert len([one for one in line.asked if one.is_write]) == 2

    run(story())


def test_a_command_is_valid_for_ten_minutes_of_local_time() -> None:
    """Digit by digit, over midnight and the year's end of the meter's zone."""
    now = datetime(2026, 12, 31, 15, 55, 7, tzinfo=UTC)
    access = RelayAccess(
        password="000001",  # noqa: S106  # made up
        level="98",
        operator="0a0B0C0D",
        zone=SHANGHAI,
    )
    data = access.command(Command.TRIP, now)
    assert data == bytes.fromhex("98 010000 0D0C0B0A 1A 00 07 05 00 01 01 27")


def test_a_wrong_password_is_sent_once_and_then_not_for_a_day() -> None:
    """The meter would lock itself; the refusal is told each time all the same."""
    meter = spoken_meter()
    wrong = RelayAccess(password="654321")  # noqa: S106  # wrong on purpose

    async def story() -> None:
        async with spoken_bus(meter) as (bus, _):
            clock = LaterClock()
            device = device_on(bus, access=wrong, clock=clock)
            for _ in range(5):
                with pytest.raises(RelayLockedError, match="relay_password_refused"):
                    await device.write_relay(False, RELAY)
            assert len(meter.commands) == 1
            assert not meter.is_locked
            assert await device.read_relay(RELAY) is True
            clock.later_s = LOCKED_FOR_S + 1
            with pytest.raises(RelayLockedError):
                await device.write_relay(False, RELAY)
            assert len(meter.commands) == 2
            await device_on(bus).write_relay(False, RELAY)  # set up anew with the right one
            assert await device.read_relay(RELAY) is False

    run(story())


def test_without_a_password_nothing_is_sent() -> None:
    """The relay is read all the same."""
    meter = spoken_meter()

    async def story() -> None:
        async with spoken_bus(meter) as (bus, _):
            device = device_on(bus, access=None)
            with pytest.raises(RelayLockedError, match="relay_password_missing"):
                await device.write_relay(False, RELAY)
            assert meter.commands == []
            assert await device.read_relay(RELAY) is True

    run(story())


def test_any_other_refusal_of_a_command_may_be_tried_again() -> None:
    """A meter that says something else than "no right" did not count a wrong password."""
    meter = spoken_meter()
    meter.fail(Fault(kind=FaultKind.EXCEPTION, code=1, times=1))

    async def story() -> None:
        async with spoken_bus(meter) as (bus, _):
            device = device_on(bus)
            with pytest.raises(Dlt645RefusedError):
                await device.write_relay(False, RELAY)
            await device.write_relay(False, RELAY)
            assert await device.read_relay(RELAY) is False

    run(story())


def test_a_meter_that_closes_by_its_button_is_only_allowed_to() -> None:
    """The command is 1Bh, and the relay stays open until somebody presses."""
    meter = spoken_meter()
    profile = dlt645_profile()

    async def story() -> None:
        async with spoken_bus(meter) as (bus, _):
            assert profile.switch is not None
            by_button = replace(profile.switch, closing=Closing.BY_BUTTON)
            device = device_on(bus, profile=replace(profile, switch=by_button))
            await device.write_relay(False, RELAY)
            await device.write_relay(True, RELAY)
            assert meter.commands[-1][8] == 0x1B
            assert await device.read_relay(RELAY) is False
            meter.press_button()
            assert await device.read_relay(RELAY) is True

    run(story())


def test_the_display_is_told_and_says_so() -> None:
    """2Ah and 2Bh move no relay; what the run status says is remembered from each reading."""
    meter = spoken_meter()

    async def story() -> None:
        async with spoken_bus(meter) as (bus, _):
            device = device_on(bus)
            told = [device.low_credit_shown]
            await device.read(ROUTINE, detail=False)
            told.append(device.low_credit_shown)
            assert await device.show_low_credit(True, ROUTINE) is True
            told.append(device.low_credit_shown)
            assert (meter.alarm, meter.relay_closed) == (True, True)
            meter.alarm = False  # somebody pressed a button
            await device.read(ROUTINE, detail=False)
            told.append(device.low_credit_shown)
            assert told == [None, False, True, False]
            await device.write_relay(False, RELAY)
            assert await device.show_low_credit(True, ROUTINE) is True
            assert await device.show_low_credit(False, ROUTINE) is False
            assert not meter.relay_closed
            assert [command[8] for command in meter.commands] == [0x2A, 0x1A, 0x2A, 0x2B]
            meter.lacks.add(RUN_STATUS)
            await device.read(ROUTINE, detail=False)
            assert (await device.read(ROUTINE, detail=False)).relay_closed is None

    run(story())


def test_nothing_but_reading_and_switching_can_be_said() -> None:
    """Clearing a meter, setting its address or password, and topping it up have no words here."""
    assert {control.value for control in Control} == {0x11, 0x12, 0x13, 0x1C}
    assert {ACCESS.command(command, NOON)[8] for command in Command} == {
        *(0x1A, 0x1B, 0x1C),
        *(0x2A, 0x2B),
    }


def test_a_meter_without_a_relay_has_none_to_switch() -> None:
    """A profile without one is for meters that only count."""
    meter = spoken_meter()

    async def story() -> None:
        async with spoken_bus(meter) as (bus, _):
            device = device_on(bus, profile=replace(dlt645_profile(), switch=None))
            assert (await device.read(ROUTINE, detail=False)).relay_closed is None
            with pytest.raises(InvalidInputError, match="relay_missing"):
                await device.write_relay(False, RELAY)
            with pytest.raises(InvalidInputError, match="relay_missing"):
                await device.read_relay(RELAY)

    run(story())


@pytest.mark.parametrize(
    ("written", "digits"),
    [(61, "000000000061"), ("61", "000000000061"), (DIGITS, DIGITS), (int(DIGITS), DIGITS)],
)
def test_an_address_is_twelve_digits(written: int | str, digits: str) -> None:
    """Leading zeros may be left out."""
    assert dlt645_address(written) == digits


@pytest.mark.parametrize("wrong", ["", "12ab", "2010000000123", -1, 999_999_999_999, "AA", "١٢"])
def test_other_addresses_are_refused(wrong: int | str) -> None:
    """Letters, too many digits, and the address that means everybody."""
    with pytest.raises(InvalidInputError, match="dlt645_address_invalid"):
        dlt645_address(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "12345"},
        {"password": "12345x"},
        {"password": "123456", "level": "2"},
        {"password": "123456", "operator": "0"},
    ],
)
def test_an_access_that_no_command_can_carry_is_refused(wrong: dict[str, Any]) -> None:
    """Six digits, a byte, four bytes; and none of them is in a text."""
    with pytest.raises(InvalidInputError, match="relay_access_invalid"):
        RelayAccess(**wrong)
    assert "123456" not in repr(ACCESS)
