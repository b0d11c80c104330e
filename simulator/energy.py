"""The energy registers of a meter, exact to the last watt-microsecond.

A meter counts in whole watt-hours; what has not filled a watt-hour yet stays in the register. All
registers of one meter are fed by the same flow, so phases, tariff rates and total always agree.
"""

from dataclasses import dataclass, field
from fractions import Fraction

UNITS_PER_WH = 3_600 * 1_000_000
"""Registers count W·µs."""

RATES = 4
"""T1 sharp, T2 peak, T3 flat, T4 valley: the order of the registers."""

MONTHS_KEPT = 13
"""This month and the twelve before it."""

_VALLEY, _FLAT, _PEAK = 3, 2, 1

# Which rate the meter's own schedule holds from which hour on. It has no sharp hours: as in most
# provinces, those belong to a season, and the register keeps what the last season left in it.
_SCHEDULE = ((21, _FLAT), (14, _PEAK), (12, _FLAT), (10, _PEAK), (8, _FLAT), (0, _VALLEY))

# How a register set to a total is shared among the rates, in percent.
_SHARES = (2, 38, 36, 24)


def rate_at(hour: int) -> int:
    """Return the index of the rate that the meter's own schedule has at this local hour."""
    return next(rate for starts, rate in _SCHEDULE if hour >= starts)


def _no_months() -> list[list[int]]:
    return [[0] * RATES for _ in range(MONTHS_KEPT)]


@dataclass(slots=True)
class EnergyRegisters:
    """Import energy by phase, by rate and by month."""

    phases: list[int] = field(default_factory=lambda: [0, 0, 0])
    rates: list[int] = field(default_factory=lambda: [0] * RATES)
    months: list[list[int]] = field(default_factory=_no_months)
    """Energy of this month by rate, then of the months before."""
    month: int = 0
    """Which month is the first of `months`: year × 12 + month."""

    @property
    def total(self) -> int:
        """Return the import energy in W·µs."""
        return sum(self.phases)

    @property
    def wh(self) -> int:
        """Return the whole watt-hours counted."""
        return self.total // UNITS_PER_WH

    @property
    def exact_wh(self) -> Fraction:
        """Return the energy with the part of a watt-hour that no register shows yet."""
        return Fraction(self.total, UNITS_PER_WH)

    def flow(self, watts: tuple[int, int, int], duration_us: int, rate: int) -> None:
        """Let power flow through the three phases for a while."""
        for phase, power in enumerate(watts):
            self.phases[phase] += power * duration_us
        energy = sum(watts) * duration_us
        self.rates[rate] += energy
        self.months[0][rate] += energy

    def set_wh(self, wh: int) -> None:
        """Make the registers show this total, shared plausibly among phases and rates."""
        if wh < 0:
            raise ValueError("a register does not go below 0")
        self.phases = [wh // 3 * UNITS_PER_WH] * 2
        self.phases.append(wh * UNITS_PER_WH - sum(self.phases))
        self.rates = [wh * share // 100 * UNITS_PER_WH for share in _SHARES[1:]]
        self.rates.insert(0, wh * UNITS_PER_WH - sum(self.rates))

    def enter_month(self, month: int) -> None:
        """Close the months that have ended; the meter does this at 00:00 on the 1st."""
        if self.month == 0:
            self.month = month
        while self.month < month:
            self.months = [[0] * RATES, *self.months[: MONTHS_KEPT - 1]]
            self.month += 1
