"""Leakage that was found: nights in which a meter's base load stood above what it used to be.

The base load of a night is what its quietest hour used, by the hourly registers. A rise is judged
by the nights before it: at least half as much again as their median, and at least 100 W. While it
lasts it is compared with those same nights, so that a leak does not become usual. What is at stake
is the measured excess, for all hours of those days: an estimate, for by day nobody can see it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median_low

from ..ids import MeterSerial
from .figure import Figure, figure

USUAL_NIGHTS = 14
ENOUGH = 5
"""Nights before, without which none is called unusual."""
GROWTH_PERCENT = 50
LEAST_W = 100
LEAST_NIGHTS = 2
"""One night may be a party."""
HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """Some nights in a row in which a meter's base load was raised."""

    meter: MeterSerial
    since: date
    nights: int
    usual_wh: int
    """What the quietest hour used before."""
    excess_wh: int
    """By how much the quietest hours were above it, added up over the nights."""
    ended: bool

    @property
    def energy_wh(self) -> int:
        """What is at stake: the excess for all hours of those days."""
        return self.excess_wh * HOURS


def leaks(meter: MeterSerial, nights: Sequence[tuple[date, int]]) -> tuple[Leak, ...]:
    """Return the rises of a base load; `nights` are days with the Wh of their quietest hour."""
    found: list[Leak] = []
    usual: list[int] = []
    raised: list[tuple[date, int]] = []

    def close(*, ended: bool) -> None:
        if len(raised) >= LEAST_NIGHTS:
            reference = median_low(usual[-USUAL_NIGHTS:])
            found.append(
                Leak(
                    meter=meter,
                    since=raised[0][0],
                    nights=len(raised),
                    usual_wh=reference,
                    excess_wh=sum(base - reference for _, base in raised),
                    ended=ended,
                )
            )
        elif ended:
            usual.extend(base for _, base in raised)
        raised.clear()

    for day, base in nights:
        if len(usual) >= ENOUGH and _is_raised(base, median_low(usual[-USUAL_NIGHTS:])):
            raised.append((day, base))
            continue
        close(ended=True)
        usual.append(base)
    close(ended=False)
    return tuple(found)


def _is_raised(base: int, usual: int) -> bool:
    return base - usual >= LEAST_W and (base - usual) * 100 >= usual * GROWTH_PERCENT


def leakage_figures(
    found: Sequence[Leak], holds: Mapping[str, int], meters: int
) -> tuple[Figure, ...]:
    """Return what was found, and how often protection opened a relay by kind of hold.

    `meters` is of how many meters enough nights were known.
    """
    energy = sum(leak.energy_wh for leak in found)
    return (
        figure(
            "leaks_found",
            "count",
            "found",
            found=len(found),
            over=sum(leak.ended for leak in found),
            meters_watched=meters,
        ),
        figure(
            "leakage_energy",
            "kWh",
            "excess_kwh * hours_of_a_day",
            "estimate",
            excess_kwh=Decimal(energy // HOURS).scaleb(-3),
            hours_of_a_day=HOURS,
        ),
        figure(
            "protection_cuts",
            "count",
            " + ".join(holds) or "0",
            **holds,
        ),
    )
