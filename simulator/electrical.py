"""What flows through a meter at a moment, phase by phase, before any register rounds it."""

from collections.abc import Iterable
from dataclasses import dataclass
import math

from .clock import MICROSECONDS
from .loads import scramble
from .meter import NOMINAL_V, SimulatedMeter

type Phases = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Volts, amperes, watts, var, VA."""

    volts: Phases
    between: Phases
    amps: Phases
    active: Phases
    reactive: Phases
    apparent: Phases
    factors: Phases
    factor: float
    hertz: float


def flow_of(meter: SimulatedMeter) -> Flow:
    """Return what flows at the moment up to which the meter has counted."""
    factor = meter.load.profile.power_factor / 100
    first, second, third = map(float, meter.phases_of(meter.flowing_w))
    active = (first, second, third)
    volts = _each(
        level + 1.5 * _noise(meter, channel) if level else 0.0
        for channel, level in enumerate(meter.volts)
    )
    apparent = _each(watts / factor for watts in active)
    return Flow(
        volts=volts,
        between=_each(
            math.sqrt(a * a + a * b + b * b)
            for a, b in ((volts[0], volts[1]), (volts[1], volts[2]), (volts[2], volts[0]))
        ),
        amps=_each(s / (u or NOMINAL_V) for s, u in zip(apparent, volts, strict=True)),
        active=active,
        reactive=_each(math.sqrt(s * s - p * p) for s, p in zip(apparent, active, strict=True)),
        apparent=apparent,
        factors=_each(factor if watts else 1.0 for watts in active),
        factor=factor if sum(active) else 1.0,
        hertz=50 + 0.03 * _noise(meter, 3),
    )


def _each(values: Iterable[float]) -> Phases:
    first, second, third = values
    return first, second, third


def _noise(meter: SimulatedMeter, channel: int) -> float:
    """Return a number between -1 and 1 that changes from second to second."""
    second = meter.at_us // MICROSECONDS
    return scramble(meter.seed + second * 31 + channel * 1_000_003) % 2001 / 1000 - 1
