"""A main meter: what the meters behind it count flows through it, and what gets lost on the way.

A bypass here flows past all meters behind this one. Its relay, if its model has one, cuts nobody
off, and all that flowed since the last look counts at the meter's own rate of that look.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import override

from .clock import SimulatedClock
from .energy import UNITS_PER_WH
from .meter import MeterPlan, SimulatedMeter

PERMILLE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class MainMeterPlan(MeterPlan):
    """The main meter of a mall, before it is installed."""

    lost_permille: int = 0
    """How much of what is counted behind it gets lost on top, in thousandths."""

    @override
    def install(self, clock: SimulatedClock, *, seed: int = 0, utc_offset_s: int = 0) -> MainMeter:
        meter = MainMeter(self, clock, seed=seed, utc_offset_s=utc_offset_s)
        meter.lost_permille = self.lost_permille
        return meter


class MainMeter(SimulatedMeter):
    """Counts what the meters behind it count, and `lost_permille` of that on top."""

    lost_permille = 0
    _behind: Sequence[SimulatedMeter] = ()
    _counted = 0
    _past = 0

    def feed(self, behind: Sequence[SimulatedMeter]) -> None:
        """Let everything that these meters count from now on flow through this one."""
        self._behind = tuple(behind)

    @override
    def advance(self) -> None:
        now_us = self._clock.now_us()
        for meter in self._behind:
            meter.advance()
        if now_us > self._at_us:
            self._past += self.bypass_w * (now_us - self._at_us)
            through = sum(int(meter.delivered_wh * UNITS_PER_WH) for meter in self._behind)
            total = self._with_losses(through) + self._past
            self._flow(total - self._counted, 1)
            self._counted = total
            self._at_us = now_us
        if self._at_us >= self._hour_ends_us:
            self._enter_hour()
        self.settle()

    @property
    @override
    def flowing_w(self) -> int:
        return self._with_losses(sum(meter.flowing_w for meter in self._behind)) + self.bypass_w

    @override
    def count_unseen(self, duration_us: int) -> None:
        rated = sum(meter.load.rated_w for meter in self._behind if meter.contact)
        self.energy.flow(self.phases_of(self._with_losses(rated)), duration_us, self._rate)

    def _with_losses(self, amount: int) -> int:
        return amount * (PERMILLE + self.lost_permille) // PERMILLE
