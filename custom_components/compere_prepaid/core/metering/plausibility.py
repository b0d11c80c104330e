"""Which readings are believed.

Energy is charged from one believed reading to the next. A reading that cannot be true is *suspect*:
nothing is charged or cut by it, and the last believed reading stays the baseline, so that the next
plausible one charges the whole time in between, once.

No register runs backwards here. One that really does so was replaced or reset, which is for a
person to say, who begins a new register generation; or it rolled over, which is believed only of a
register whose end is known and near.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from .reading import MeterReading

CLOCK_TOLERANCE = timedelta(seconds=2)
"""A clock that is set right may step back by so much before readings count as from the future."""

_MICROSECOND = timedelta(microseconds=1)
_MICROSECONDS_PER_HOUR = 3_600_000_000

# A load may exceed the breaker's rating for a while, and voltage its nominal value: × 1.2.
_MARGIN_NUMERATOR, _MARGIN_DENOMINATOR = 6, 5

_FLOAT32_MANTISSA_BITS = 23


class Suspicion(StrEnum):
    """Why a reading cannot be true."""

    MISSING = "missing"
    """The meter did not tell its energy."""
    BACKWARDS = "backwards"
    """The register stands lower than at the baseline."""
    IMPLAUSIBLE = "implausible"
    """More energy than the breaker lets through in the time."""
    IN_FUTURE = "in_future"
    """The reading is later than now, or the baseline is later than the reading."""
    CONTRADICTORY = "contradictory"
    """The registers that the meter told together do not fit each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A believed reading: the register at an instant."""

    wh: int
    at: datetime


def max_power_w(breaker_a: int, phases: int = 3, volts: int = 230) -> int:
    """Return the power that a breaker lets through for good."""
    return breaker_a * phases * volts


def assess(
    baseline: Baseline | None, reading: MeterReading, *, max_power_w: int, now: datetime
) -> Suspicion | None:
    """Return why a reading cannot be true, or None if it is believed.

    Energy since the baseline may be at most power × time × 1.2, rounded down, plus one step of the
    register. Without a baseline there is nothing to compare with.
    """
    if reading.energy_wh is None:
        return Suspicion.MISSING
    if reading.at > now + CLOCK_TOLERANCE:
        return Suspicion.IN_FUTURE
    if baseline is None:
        return None
    if reading.energy_wh < baseline.wh:
        return Suspicion.BACKWARDS
    if reading.at < baseline.at:
        return Suspicion.IN_FUTURE
    possible_wh = _possible_wh(max_power_w, reading.at - baseline.at)
    too_much = reading.energy_wh - baseline.wh > possible_wh + register_step_wh(reading.energy_wh)
    return Suspicion.IMPLAUSIBLE if too_much else None


def rolled_over_at(
    baseline: Baseline, reading: MeterReading, *, max_power_w: int, modulus_wh: int
) -> datetime | None:
    """Return when a register that runs from `modulus_wh` to 0 did so; None if it did not.

    It stood within the last twentieth of its range and stands within the first one, and what it
    counted over the border is plausible. The instant is that of an even load.
    """
    energy_wh = reading.energy_wh
    if energy_wh is None or reading.at <= baseline.at:
        return None
    near = modulus_wh // 20
    if not (modulus_wh - near <= baseline.wh <= modulus_wh and energy_wh <= near):
        return None
    counted = modulus_wh - baseline.wh + energy_wh
    possible_wh = _possible_wh(max_power_w, reading.at - baseline.at)
    if counted > possible_wh + register_step_wh(modulus_wh):
        return None
    elapsed_us = (reading.at - baseline.at) // _MICROSECOND
    return baseline.at + elapsed_us * (modulus_wh - baseline.wh) // max(counted, 1) * _MICROSECOND


def _possible_wh(max_power_w: int, elapsed: timedelta) -> int:
    return (max_power_w * (elapsed // _MICROSECOND) * _MARGIN_NUMERATOR) // (
        _MICROSECONDS_PER_HOUR * _MARGIN_DENOMINATOR
    )


def register_step_wh(register_wh: int) -> int:
    """Return the smallest step by which a register can move at a value, in whole Wh.

    Many meters keep kWh as a 32-bit floating-point number, whose 24 significant bits resolve less
    the larger it is: 1 Wh up to 16 383 kWh, 2 Wh up to 32 767 kWh, 4 Wh up to 65 535 kWh, and so
    on. Finer registers are granted the same step; it is far below what matters.
    """
    exponent = max(register_wh // 1000, 1).bit_length() - 1
    return -((-1000 << exponent) >> _FLOAT32_MANTISSA_BITS)
