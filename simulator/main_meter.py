"""A main meter: it counts what passes the meters behind it, and what gets lost on the way there.

Its register is exactly the sum of theirs since it was wired, with what flows around them, plus the
loss: nothing flows in it by itself.
"""

from collections.abc import Iterable
from typing import override

from .meter import SimulatedMeter


class MainMeter(SimulatedMeter):
    """A meter in front of others; `feed` says of which."""

    behind: tuple[SimulatedMeter, ...] = ()
    _seen: int = 0

    def feed(self, meters: Iterable[SimulatedMeter]) -> None:
        """Count what these let through from now on."""
        self.advance()
        self.behind = tuple(meters)
        self._seen = self._behind()

    @property
    @override
    def flowing_w(self) -> int:
        """Return the power that all of it draws."""
        watts = sum(meter.flowing_w + meter.detour_w for meter in self.behind)
        return watts * (1000 + self.plan.loss_permille) // 1000

    @override
    def advance(self) -> None:
        """Take over what the meters behind this one have let through."""
        passed = self._behind()
        moved, self._seen = passed - self._seen, passed
        units = moved * (1000 + self.plan.loss_permille) // 1000
        self._delivered += units
        self.energy.flow(self.phases_of(units), 1, self._rate)
        super().advance()

    @override
    def _flow(self, watts: int, duration_us: int) -> None:
        """Count nothing twice: `advance` has taken it over."""

    def _behind(self) -> int:
        """Return what has passed the meters behind this one, through them and around them."""
        return sum(meter.passed_units for meter in self.behind)
