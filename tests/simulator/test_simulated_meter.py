"""A simulated meter by itself: registers, energy, relay, without any line."""

from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
import math

from hypothesis import given, settings, strategies as st
import pytest

from simulator.clock import ManualClock, microseconds_of
from simulator.energy import UNITS_PER_WH
from simulator.faults import Fault, FaultKind
from simulator.image import read_coils, read_registers
from simulator.loads import SLOT_US, Load, LoadKind
from simulator.mall import Mall
from simulator.meter import MeterPlan, SimulatedMeter
from simulator.registers import RegisterError, float_of, float_words
from simulator.tenants import mall_plan

_CHINA_S = 8 * 3600


def _meter(clock: ManualClock, **plan: object) -> SimulatedMeter:
    settled: dict[str, object] = {
        "serial": "33B0025950001",
        "name": "A-101",
        "address": 1,
        "kind": LoadKind.RESTAURANT,
        "rated_kw": 22,
        "breaker_a": 40,
        "area": "Food court",
        "floor_area": 120,
        "starts_wh": 4_000_000,
    }
    return SimulatedMeter(MeterPlan(**{**settled, **plan}), clock, utc_offset_s=_CHINA_S)  # type: ignore[arg-type] # a plan with some fields changed


@pytest.fixture
def meter(clock: ManualClock) -> SimulatedMeter:
    """Install a restaurant's meter at 4000 kWh."""
    return _meter(clock)


def _floats(meter: SimulatedMeter, address: int, count: int) -> list[float]:
    words = read_registers(meter, address, 2 * count)
    return [float_of(words[place : place + 2]) for place in range(0, 2 * count, 2)]


def test_energy_is_power_times_time(meter: SimulatedMeter, clock: ManualClock) -> None:
    """An hour at 3.6 kW counts 3600 Wh, to the last of them."""
    meter.set_load(3600)
    clock.advance(hours=1)
    assert meter.true_wh == 4_003_600
    assert meter.delivered_wh == 3600


def test_register_shows_what_was_counted(meter: SimulatedMeter, clock: ManualClock) -> None:
    """Forward and combined energy are the true register in kWh, single precision."""
    meter.set_load(10_000)
    clock.advance(seconds=1234)
    combined, forward, reverse = _floats(meter, 0x80, 3)
    assert round(forward * 1000) == meter.true_wh == 4_000_000 + 10_000 * 1234 // 3600
    assert combined == forward
    assert reverse == 0


def test_no_energy_flows_through_an_open_relay(meter: SimulatedMeter, clock: ManualClock) -> None:
    """The register stands still while the relay is open and goes on from there."""
    meter.set_load(3600)
    meter.command_relay(closed=False)
    clock.advance(hours=5)
    assert meter.true_wh == 4_000_000
    assert meter.power_w == 0
    meter.command_relay(closed=True)
    clock.advance(seconds=1)
    assert meter.true_wh == 4_000_001


def test_switching_between_looks_is_exact(meter: SimulatedMeter, clock: ManualClock) -> None:
    """Only the time with a closed contact counts, however often nobody looked."""
    meter.set_load(7_200)
    for _ in range(10):
        clock.advance(seconds=3)
        meter.command_relay(closed=False)
        clock.advance(seconds=7)
        meter.command_relay(closed=True)
    assert meter.delivered_wh == 60


@settings(max_examples=30, deadline=None)
@given(steps=st.lists(st.integers(1, 5000), min_size=1, max_size=20))
def test_looking_changes_nothing(steps: list[int]) -> None:
    """However often a meter is looked at, it counts what its load drew, exactly."""
    start = datetime(2026, 1, 31, 15, 59, tzinfo=UTC)
    clock = ManualClock(start)
    meter = _meter(clock)
    for step in steps:
        clock.advance(seconds=step)
        meter.advance()
    drawn = meter.load.watt_microseconds(microseconds_of(start), clock.now_us())
    assert meter.delivered_wh == Fraction(drawn, UNITS_PER_WH)
    energy = meter.energy
    assert energy.total == sum(energy.rates) == drawn + 4_000_000 * UNITS_PER_WH
    assert sum(map(sum, energy.months)) == drawn


def test_rates_follow_the_clock_of_the_day(meter: SimulatedMeter, clock: ManualClock) -> None:
    """Peak until noon, flat after it: T2 and T3 grow one after the other."""
    before = _floats(meter, 0x8C, 4)
    meter.set_load(6000)
    clock.advance(hours=1)
    peak = _floats(meter, 0x8C, 4)
    clock.advance(hours=1)
    flat = _floats(meter, 0x8C, 4)
    assert [round((b - a) * 1000) for a, b in zip(before, peak, strict=True)] == [0, 6000, 0, 0]
    assert [round((b - a) * 1000) for a, b in zip(peak, flat, strict=True)] == [0, 0, 6000, 0]


def test_months_close_on_the_first(meter: SimulatedMeter, clock: ManualClock) -> None:
    """At midnight local time this month's energy becomes last month's."""
    meter.set_load(1000)
    clock.advance(hours=13)  # to midnight of 3 March
    clock.advance(hours=24 * 29)  # to midnight of 1 April
    clock.advance(hours=2)
    assert _floats(meter, 0x9C, 3) == [2.0, 709.0, 0.0]


def test_phases_add_up_and_measurements_agree(meter: SimulatedMeter, clock: ManualClock) -> None:
    """Power is voltage × current × power factor, in watts, and the phases make the total."""
    clock.advance(minutes=7)
    values = _floats(meter, 0x30, 26)
    volts, amperes, active, total = values[0:3], values[3:6], values[9:12], values[12]
    factors = values[21:24]
    assert total == meter.power_w > 10_000
    assert sum(active) == pytest.approx(total)
    apparent = zip(volts, amperes, factors, strict=True)
    assert sum(math.prod(phase) for phase in apparent) == pytest.approx(total, rel=1e-5)
    assert all(217 < volt < 223 for volt in volts)
    assert 49.9 < values[25] < 50.1


def test_an_open_relay_has_voltage_but_no_current(meter: SimulatedMeter) -> None:
    """The meter hangs on the supply; only the shop is off."""
    meter.command_relay(closed=False)
    values = _floats(meter, 0x30, 26)
    assert min(values[0:3]) > 217
    assert values[3:6] == [0, 0, 0]
    assert values[12] == 0


def test_serial_number_and_settings_read_back(meter: SimulatedMeter) -> None:
    """The serial number is ASCII at 0012; address and format are at the start."""
    words = read_registers(meter, 0x00, 0x29, line_word=3)
    text = b"".join(word.to_bytes(2) for word in words[0x12:0x19])
    assert text == b"33B0025950001\0"
    assert words[1] == 1
    assert words[2] == 3
    assert words[0x1E] == 0xDD22
    assert words[0x23:0x26] == [26 << 8 | 3, 2 << 8 | 11, 0]


@pytest.mark.parametrize(
    ("address", "count"),
    [(0x29, 1), (0x27, 3), (0x2F, 1), (0x63, 2), (0x64, 4), (0x67, 2), (0x19F, 2), (0x206, 1)],
)
def test_outside_the_map_is_refused(meter: SimulatedMeter, address: int, count: int) -> None:
    """A read that leaves a stretch of the map is answered with exception 2."""
    with pytest.raises(RegisterError) as refusal:
        read_registers(meter, address, count)
    assert refusal.value.code == 2


@pytest.mark.parametrize(
    ("address", "count"), [(0x30, 52), (0x68, 52), (0x0C, 29), (0x80, 20), (0x9C, 125), (0x200, 6)]
)
def test_suggested_reads_are_answered(meter: SimulatedMeter, address: int, count: int) -> None:
    """The reads that a profile plans lie within the map."""
    assert len(read_registers(meter, address, count)) == count


def test_the_coil_is_the_contact(meter: SimulatedMeter) -> None:
    """Coil 1 to 3 show the contact, everything else is outside."""
    assert read_coils(meter, 1, 3) == [True] * 3
    meter.command_relay(closed=False)
    assert read_coils(meter, 1, 1) == [False]
    for address, count in ((0, 1), (4, 1), (1, 4)):
        with pytest.raises(RegisterError):
            read_coils(meter, address, count)


def test_local_control_ignores_the_coil(meter: SimulatedMeter) -> None:
    """A meter under local control says nothing against a command and does not obey."""
    meter.write_registers(0x1E, [0xDD11])
    meter.command_relay(closed=False)
    assert meter.relay_closed
    meter.write_registers(0x1E, [0xDD22])
    meter.command_relay(closed=False)
    assert not meter.relay_closed


def test_forced_states_end_after_their_minutes(meter: SimulatedMeter, clock: ManualClock) -> None:
    """Forced off for two minutes counts nothing, then the commanded state returns, exactly."""
    meter.set_load(3600)
    meter.write_registers(0x1B, [0xAADD, 2])
    assert not meter.relay_closed
    assert read_registers(meter, 0x1B, 2) == [0xAADD, 2]
    clock.advance(minutes=3)
    assert read_coils(meter, 1, 1) == [True]
    assert meter.delivered_wh == 60
    assert read_registers(meter, 0x1B, 2) == [0, 0]


def test_forced_on_beats_the_coil_until_cleared(meter: SimulatedMeter) -> None:
    """Forced on with 0 minutes stays until 0 is written."""
    meter.write_registers(0x1B, [0xBBDD, 0])
    meter.command_relay(closed=False)
    assert meter.relay_closed
    meter.write_registers(0x1B, [0, 0])
    assert not meter.relay_closed


def test_stored_credit_trips_at_the_watt_hour(meter: SimulatedMeter, clock: ManualClock) -> None:
    """A prepaid meter opens when credit and overdraft are used up, not a slot later."""
    meter.prepaid = True
    meter.set_load(3_333)
    meter.write_registers(0x0E, list(float_words(1.5)))
    meter.write_registers(0x20, list(float_words(0.5)))
    clock.advance(hours=9)
    assert not meter.relay_closed
    assert 2000 <= meter.delivered_wh < 2000 + Fraction(1, 1000)
    (credit,) = _floats(meter, 0x0E, 1)
    assert credit == pytest.approx(-0.5)
    meter.write_registers(0x0E, list(float_words(10)))
    assert meter.relay_closed


def test_writing_credit_sets_or_adds(meter: SimulatedMeter) -> None:
    """Both semantics can be simulated, because the vendor does not say which it is."""
    for expected in (10, 10):
        meter.write_registers(0x0E, list(float_words(10)))
        assert _floats(meter, 0x0E, 1) == [expected]
    meter.adds_credit = True
    meter.write_registers(0x0E, list(float_words(10)))
    assert _floats(meter, 0x0E, 1) == [20]
    meter.write_registers(0x0C, [0x5579])
    assert _floats(meter, 0x0E, 1) == [0]


@pytest.mark.parametrize(
    ("address", "words", "code"),
    [
        (0x30, [0, 0], 2),  # a measurement
        (0x12, [0] * 7, 2),  # the serial number
        (0x0E, [0], 2),  # half a number
        (0x1E, [0xDD22, 0], 2),  # runs into what cannot be written
        (0x1E, [1], 3),
        (0x1B, [0x1234, 1], 3),
        (0x01, [0], 3),
        (0x0C, [1], 3),
        (0x0E, [0x7FC0, 0], 3),  # not a number
    ],
)
def test_bad_writes_change_nothing(
    meter: SimulatedMeter, address: int, words: list[int], code: int
) -> None:
    """What cannot be written is refused with the right code, and nothing is applied."""
    before = read_registers(meter, 0, 0x29)
    with pytest.raises(RegisterError) as refusal:
        meter.write_registers(address, words)
    assert refusal.value.code == code
    assert read_registers(meter, 0, 0x29) == before


def test_a_write_with_one_bad_setting_is_refused_whole(meter: SimulatedMeter) -> None:
    """Hold time is fine, control mode is not: neither is taken."""
    with pytest.raises(RegisterError):
        meter.write_registers(0x1D, [30, 0])
    assert read_registers(meter, 0x1D, 1) == [0]


def test_a_stuck_relay_stays_where_it_is(meter: SimulatedMeter, clock: ManualClock) -> None:
    """The command is taken but the contact does not move, and energy goes on flowing."""
    meter.set_load(3600)
    meter.fail(Fault(kind=FaultKind.STUCK))
    meter.command_relay(closed=False)
    clock.advance(seconds=10)
    assert meter.relay_closed
    assert meter.delivered_wh == 10
    meter.heal()
    assert not meter.relay_closed


def test_a_replaced_meter_is_another_one(meter: SimulatedMeter, clock: ManualClock) -> None:
    """Other serial number and register, relay closed; what was delivered is not forgotten."""
    meter.set_load(3600)
    clock.advance(seconds=100)
    meter.command_relay(closed=False)
    meter.replace("33B0025959999", wh=17)
    assert meter.serial == "33B0025959999"
    assert meter.relay_closed
    assert meter.true_wh == 17
    assert meter.delivered_wh == 100


def test_setting_the_register_keeps_phases_and_rates_in_step(meter: SimulatedMeter) -> None:
    """Total, phases and rates agree after the register was set."""
    meter.set_energy(16_000_001)
    assert meter.true_wh == 16_000_001
    assert sum(meter.energy.rates) == sum(meter.energy.phases)
    assert round(_floats(meter, 0x82, 1)[0] * 1000) == 16_000_001


@pytest.mark.parametrize("kind", LoadKind)
def test_loads_stay_below_their_rating_and_repeat(kind: LoadKind) -> None:
    """A day of every kind stays within its rating, is not flat, and is the same by its seed."""
    load = Load(kind=kind, rated_w=10_000, seed=7, utc_offset_s=_CHINA_S)
    start = microseconds_of(datetime(2026, 3, 1, 16, tzinfo=UTC))
    day = [load.watts_at(start + slot * SLOT_US) for slot in range(0, 8640, 30)]
    again = [load.watts_at(start + slot * SLOT_US) for slot in range(0, 8640, 30)]
    assert day == again
    assert 0 <= min(day) < max(day) <= 10_000
    assert sum(day[144:216]) > 2 * sum(day[0:72]) or kind is LoadKind.SUPERMARKET


def test_the_mall_has_its_shops_and_no_load_trips_a_breaker(build: Callable[..., Mall]) -> None:
    """24 shops, 8 common areas and a main meter; serial numbers differ; ratings fit 3 × 220 V."""
    mall = build(mall_plan(pace=False))
    plans = [meter.plan for meter in mall.meters]
    assert len(plans) == 33
    assert len(mall.plan.tenants) == 24
    assert len({plan.serial for plan in plans}) == 33
    assert all(13 <= len(plan.serial) <= 15 for plan in plans)
    for plan in plans:
        phases = 1 if plan.kind is LoadKind.KIOSK else 3
        assert plan.rated_kw * 1000 <= plan.breaker_a * 220 * phases
