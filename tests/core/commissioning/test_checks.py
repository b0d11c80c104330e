"""Checks of what a meter tells, by meters whose truth is known."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.commissioning.meter_check import (
    check_clock,
    check_forced_state,
    check_mode,
    check_tariff_sum,
)
from custom_components.compere_prepaid.core.commissioning.power_check import (
    COMMON_RATIOS,
    check_directions,
    check_power_unit,
    check_transformers,
    check_voltages,
)
from custom_components.compere_prepaid.core.commissioning.verdict import (
    Verdict,
    thousandths_text,
)
from custom_components.compere_prepaid.core.metering.reading import Quantity
from custom_components.compere_prepaid.core.meters.modbus_profile import ForcedState, RelayMode
from custom_components.compere_prepaid.core.meters.profile import Verified

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MODE = RelayMode(
    address=0x1E, value=0xDD22, writes=(0xDD22,), meaning="remote control", verified=Verified.VENDOR
)
FORCED = ForcedState(address=0x1B, open=0xAADD, closed=0xBBDD)


def told(
    currents: tuple[int, int, int] = (10_000, 10_000, 10_000),
    factors: tuple[int, int, int] = (950, 950, 950),
    *,
    per_mille: int = 1000,
) -> dict[Quantity, int]:
    """Return what a meter tells of these currents (mA); its powers are true times `per_mille`."""
    values: dict[Quantity, int] = {}
    total = 0
    for phase, current, factor in zip("abc", currents, factors, strict=True):
        power = 230_000 * current * factor // 1_000_000 * per_mille // 1000
        total += power
        values |= {
            Quantity(f"voltage_{phase}"): 230_000,
            Quantity(f"current_{phase}"): current,
            Quantity(f"power_factor_{phase}"): abs(factor),
            Quantity(f"power_{phase}"): power,
        }
    values[Quantity.POWER] = total
    for pair in ("ab", "bc", "ca"):
        values[Quantity(f"voltage_{pair}")] = 398_372
    return values


@given(
    st.tuples(*[st.integers(500, 100_000)] * 3),
    st.tuples(*[st.integers(500, 1000)] * 3),
    st.integers(800, 1_250),
    st.sampled_from([(1, 1), (1, 1000), (1000, 1000), (1000, 1)]),
)
def test_unit_of_powers_is_found(
    currents: tuple[int, int, int],
    factors: tuple[int, int, int],
    error: int,
    scales: tuple[int, int],
) -> None:
    """W or kW, whatever is believed now, with 20 % of error either way."""
    believed, true = scales
    per_mille = error * believed // true if believed >= true else error
    values = told(currents, factors, per_mille=per_mille)
    if believed < true:
        values = {
            key: value // 1000 if key.startswith("power") and "factor" not in key else value
            for key, value in values.items()
        }
    finding, wanted = check_power_unit(values, believed)
    assert wanted == true
    assert (finding.verdict is Verdict.PASSED) is (believed == true)


def test_unit_needs_a_load_and_all_values() -> None:
    """Without them it says so, and changes nothing."""
    assert check_power_unit(told((0, 0, 0)), 1)[0].finding == "load_needed"
    without = {key: value for key, value in told().items() if "voltage" not in key}
    assert check_power_unit(without, 1) == (check_power_unit({}, 1)[0], None)
    finding, wanted = check_power_unit(told(per_mille=20_000), 1)
    assert (finding.verdict, finding.finding, wanted) == (Verdict.FAILED, "power_differs", None)


REVERSALS = [
    ((950, 950, 950), "all_import"),
    ((950, -950, 950), "transformer_reversed"),
    ((-500, -500, 950), "transformers_crossed"),
    ((-950, -950, -950), "all_export"),
]


@pytest.mark.parametrize(("factors", "finding"), REVERSALS, ids=[row[1] for row in REVERSALS])
def test_transformers_the_wrong_way_round(factors: tuple[int, int, int], finding: str) -> None:
    """A load that only consumes has no negative phase."""
    assert check_directions(told(factors=factors)).finding == finding


def test_direction_needs_a_load() -> None:
    """Nothing is concluded from noise."""
    assert check_directions(told((0, 0, 0))).verdict is Verdict.UNKNOWN
    assert check_directions({Quantity.POWER: -90_000}).finding == "all_export"


def test_voltages_of_a_phase_that_is_dead_or_there_twice() -> None:
    """Each phase has supply, and two phases are 1.73 times as far apart."""
    values = told()
    assert check_voltages(values, 3).finding == "voltages_right"
    dead = check_voltages(values | {Quantity.VOLTAGE_B: 3_000}, 3)
    assert (dead.finding, dead.values["phases"]) == ("phase_dead", "B")
    twice = check_voltages(values | {Quantity.VOLTAGE_CA: 800}, 3)
    assert (twice.finding, twice.values["phases"]) == ("phases_not_apart", "CA")
    assert check_voltages({Quantity.VOLTAGE_A: 231_000}, 1).finding == "voltages_right"
    assert check_voltages({}, 3).verdict is Verdict.UNKNOWN


@given(st.sampled_from(COMMON_RATIOS), st.sampled_from(COMMON_RATIOS), st.integers(960, 1040))
def test_ratio_is_found_by_the_clamp(multiplier: int, true: int, error: int) -> None:
    """The meter multiplies by what it was told; the clamp knows better, within 4 %."""
    secondary = 2_000
    values = told((secondary * multiplier,) * 3)
    clamp = {"a": secondary * true * error // 1000}
    finding = check_transformers(values, clamp, multiplier=multiplier, breaker_a=10_000)
    if true == multiplier:
        assert finding.verdict is Verdict.PASSED
    elif finding.finding == "ratio_wrong":
        ratio = int(finding.values["ratio"])
        assert abs(ratio - true) * 10 <= true
    else:  # two ratios that are next to each other
        assert abs(true - multiplier) * 100 <= 15 * true


def test_currents_that_cannot_be() -> None:
    """More than the breaker lets pass; a clamp without current; a ratio that nobody makes."""
    values = told((90_000, 1_000, 1_000))
    assert (
        check_transformers(values, {}, multiplier=1, breaker_a=40).finding == "current_impossible"
    )
    values = told()
    assert check_transformers(values, {}, multiplier=1, breaker_a=40).finding == "not_clamped"
    small = check_transformers(values, {"a": 100}, multiplier=1, breaker_a=40)
    assert small.finding == "load_needed_clamp"
    strange = check_transformers(values, {"a": 135_000}, multiplier=1, breaker_a=400)
    assert strange.finding == "clamp_differs"
    assert (
        check_transformers({}, {"a": 5_000}, multiplier=1, breaker_a=40).finding == "clamp_differs"
    )


def test_tariff_registers_add_up() -> None:
    """Within a thousandth; single-precision counters are coarse."""
    total = {Quantity.ENERGY_IMPORT: 1_234_567}
    parts = {Quantity.ENERGY_T1: 1_000_000, Quantity.ENERGY_T2: 234_000}
    assert check_tariff_sum(total | parts).verdict is Verdict.PASSED
    assert check_tariff_sum(total | {Quantity.ENERGY_T1: 1_000_000}).verdict is Verdict.ATTENTION
    assert check_tariff_sum(total).verdict is Verdict.UNKNOWN


def clock_words(moment: datetime, coded: Callable[[int], int]) -> list[int]:
    """Return a clock's registers."""
    parts = (moment.year % 100, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    raw = bytes(coded(part) for part in parts)
    return [int.from_bytes(raw[at : at + 2]) for at in (0, 2, 4)]


def decimal_digits(number: int) -> int:
    """Return a number's decimal digits as half bytes."""
    return number // 10 << 4 | number % 10


@given(
    st.datetimes(datetime(2021, 1, 1), datetime(2099, 12, 30)),  # noqa: DTZ001  # local times
    st.integers(-100, 100),
    st.sampled_from([int, decimal_digits]),
)
def test_clock_is_read_in_either_coding(
    moment: datetime, drift_s: int, coded: Callable[[int], int]
) -> None:
    """Binary or decimal digits: what is nearer to now is meant."""
    now = moment.replace(microsecond=0, tzinfo=UTC)
    words = clock_words(now + timedelta(seconds=drift_s), coded)
    assert check_clock(words, now).finding == "clock_right"


def test_clock_that_is_wrong_or_none() -> None:
    """Four days off is told; the 40th of a month is no day."""
    wrong = check_clock(clock_words(NOON - timedelta(days=4), int), NOON)
    assert (wrong.finding, wrong.values["seconds"]) == ("clock_wrong", str(-4 * 86_400))
    assert check_clock([0x1A0D, 0x2828, 0x6161], NOON).finding == "clock_unreadable"


def test_who_commands_the_relay() -> None:
    """By the manual's words; any other is told as it is."""
    assert [check_mode(word, MODE).verdict for word in (0xDD22, 0xDD11)] == [
        Verdict.PASSED,
        Verdict.FAILED,
    ]
    assert [check_forced_state(word, 0, FORCED).verdict for word in (0, 0xAADD, 0xBBDD, 7)] == [
        Verdict.PASSED,
        Verdict.FAILED,
        Verdict.FAILED,
        Verdict.UNKNOWN,
    ]


@given(st.integers(-(10**9), 10**9), st.integers(0, 3))
def test_thousandths_are_written_as_decimals(value: int, decimals: int) -> None:
    """The text means the number, within half of its last place."""
    text = thousandths_text(value, decimals)
    sign = -1 if text.startswith("-") else 1
    whole, _, part = text.removeprefix("-").partition(".")
    assert len(part) == decimals
    meant = sign * (int(whole) * 1000 + int(part.ljust(3, "0") or 0))
    assert abs(meant - value) * 2 <= 10 ** (3 - decimals)
