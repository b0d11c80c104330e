"""Which readings are believed: missing, backwards, implausible, from the future."""

from datetime import UTC, datetime, timedelta
import struct

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.metering.plausibility import (
    CLOCK_TOLERANCE,
    Baseline,
    Suspicion,
    assess,
    max_power_w,
    register_step_wh,
)
from custom_components.compere_prepaid.core.metering.reading import MeterReading, Quantity

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
TEN_SECONDS = timedelta(seconds=10)
POWER_W = max_power_w(40)


def reading(energy_wh: int | None, at: datetime = NOW) -> MeterReading:
    """Return a reading of the charged register."""
    values = {} if energy_wh is None else {Quantity.ENERGY_IMPORT: energy_wh}
    return MeterReading(serial=MeterSerial("33B0250100001"), at=at, values=values)


def verdict(
    baseline_wh: int,
    energy_wh: int | None,
    elapsed: timedelta = TEN_SECONDS,
    *,
    power_w: int = POWER_W,
    now: datetime = NOW,
) -> Suspicion | None:
    """Assess a reading now, so long after the baseline."""
    baseline = Baseline(wh=baseline_wh, at=NOW - elapsed)
    return assess(baseline, reading(energy_wh), max_power_w=power_w, now=now)


def test_power_of_a_breaker() -> None:
    """40 A on three phases of 230 V let 27.6 kW through, on one phase 9.2 kW."""
    assert max_power_w(40) == 27_600
    assert max_power_w(40, phases=1) == 9_200
    assert max_power_w(100, phases=3, volts=220) == 66_000


def test_a_reading_that_fits_is_believed() -> None:
    """Nothing used, something used, as much as can be."""
    for used_wh in (0, 1, 50, 92):
        assert verdict(1_000_000, 1_000_000 + used_wh) is None


def test_the_limit_is_breaker_times_time_times_1_2_and_one_step() -> None:
    """27.6 kW × 10 s × 1.2 = 92 Wh, and one step of the register (1 Wh at 1 000 kWh)."""
    assert verdict(1_000_000, 1_000_093) is None
    assert verdict(1_000_000, 1_000_094) is Suspicion.IMPLAUSIBLE


@pytest.mark.parametrize(
    ("register_kwh", "step_wh"),
    [(0, 1), (1, 1), (8_191, 1), (16_383, 1), (16_384, 2), (32_768, 4), (65_536, 8), (99_999, 8)],
)
def test_a_large_register_moves_in_larger_steps(register_kwh: int, step_wh: int) -> None:
    """A float32 of kWh resolves less the more it counted; one step is never implausible."""
    assert register_step_wh(register_kwh * 1000) == step_wh
    register_wh = register_kwh * 1000 + step_wh
    assert verdict(register_wh - step_wh, register_wh, timedelta(0)) is None
    over = verdict(register_wh - step_wh - 1, register_wh, timedelta(0))
    assert over is Suspicion.IMPLAUSIBLE


def test_without_its_energy_a_reading_is_not_believed() -> None:
    """Unknown is not 0, and not what it was before; also where there is no baseline yet."""
    assert verdict(1_000, None) is Suspicion.MISSING
    assert assess(None, reading(None), max_power_w=POWER_W, now=NOW) is Suspicion.MISSING


def test_no_register_runs_backwards() -> None:
    """Not by a Wh, not by a rollover, not by a new meter that starts at 0."""
    assert verdict(1_000, 999) is Suspicion.BACKWARDS
    assert verdict(99_940_000, 85_000, timedelta(hours=100)) is Suspicion.BACKWARDS
    assert verdict(1_000, 0, timedelta(days=400)) is Suspicion.BACKWARDS


def test_another_meters_register_is_implausible() -> None:
    """A replacement that starts at 5 000 kWh did not use 5 000 kWh."""
    assert verdict(1_000_000, 5_000_000, timedelta(hours=10)) is Suspicion.IMPLAUSIBLE


def test_what_was_used_in_a_long_silence_is_believed() -> None:
    """The gap is measured from the last believed reading: in ten hours much can be used."""
    assert verdict(1_000_000, 1_331_200, timedelta(hours=10)) is None
    assert verdict(1_000_000, 1_331_202, timedelta(hours=10)) is Suspicion.IMPLAUSIBLE


def test_the_first_reading_has_nothing_to_be_compared_with() -> None:
    """Whatever the register shows when a meter is met first, is where it starts."""
    assert assess(None, reading(5_000_000), max_power_w=POWER_W, now=NOW) is None


def test_time_runs_forwards() -> None:
    """After a clock was set back, readings wait until it has caught up with the baseline."""
    future = NOW + CLOCK_TOLERANCE + timedelta(microseconds=1)
    assert assess(None, reading(1, future), max_power_w=POWER_W, now=NOW) is Suspicion.IN_FUTURE
    within = NOW + CLOCK_TOLERANCE
    assert assess(None, reading(1, within), max_power_w=POWER_W, now=NOW) is None
    assert verdict(1_000, 1_000, -timedelta(seconds=1)) is Suspicion.IN_FUTURE
    assert verdict(1_000, 1_001, -timedelta(seconds=1)) is Suspicion.IN_FUTURE


def test_the_same_reading_twice_is_believed() -> None:
    """Nothing was used in no time."""
    assert verdict(1_000, 1_000, timedelta(0)) is None


registers = st.integers(min_value=0, max_value=200_000_000)


@given(registers, st.integers(min_value=1, max_value=10**6), st.integers(1, 10**6))
def test_a_load_within_the_breaker_is_never_suspected(
    start_mwh: int, seconds: int, permille: int
) -> None:
    """Wherever the register stands and however it rounds, an honest float32 meter is believed."""
    true_start = start_mwh * 1000
    used_mwh = POWER_W * seconds * (permille % 1001) // 3600
    before = _float32_wh(true_start)
    after = _float32_wh(true_start + used_mwh)
    assert verdict(before, after, timedelta(seconds=seconds)) is None


@given(registers, registers, st.integers(min_value=0, max_value=10**6))
def test_the_verdict_follows_the_rule(before_wh: int, after_wh: int, seconds: int) -> None:
    """Backwards, too much, or believed: nothing between."""
    found = verdict(before_wh, after_wh, timedelta(seconds=seconds))
    limit_wh = POWER_W * seconds * 12 // 36_000 + register_step_wh(after_wh)
    if after_wh < before_wh:
        assert found is Suspicion.BACKWARDS
    elif after_wh - before_wh > limit_wh:
        assert found is Suspicion.IMPLAUSIBLE
    else:
        assert found is None


def _float32_wh(energy_mwh: int) -> int:
    """Return what a meter that keeps kWh as float32 shows, in Wh."""
    kwh: float = struct.unpack("f", struct.pack("f", energy_mwh / 1_000_000))[0]
    return round(kwh * 1000)
