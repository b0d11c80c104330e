"""How long a meter may think before its answer counts as missed.

Each unit shows what it needs; twice the slowest pause of late is enough for it, and a dead one
costs no more than that. Whoever misses gets twice as long the next time, up to what the line's
settings allow: a meter may have become slow, or its gateway.
"""

from dataclasses import dataclass, field

from .requests import Station
from .settings import LineSettings, Transport

FACTOR = 2
FLOOR_S = 0.06
NETWORK_FLOOR_S = 0.08
"""Below this nobody is hurried; a network between adds its own scatter."""
FORGETTING = 64
"""A slow answer weighs less with each that follows; after so many, about a third is left of it."""


@dataclass(slots=True)
class _Unit:
    slowest_s: float
    misses: int = 0


@dataclass(slots=True)
class Patience:
    """What the units of one line need."""

    settings: LineSettings
    _units: dict[Station, _Unit] = field(default_factory=dict)

    @property
    def slowest_s(self) -> float | None:
        """Return the longest pause that a unit of the line needs of late; None before any."""
        return max((unit.slowest_s for unit in self._units.values()), default=None)

    def of(self, station: Station) -> float:
        """Return how long this unit may think, in seconds."""
        ceiling_s = self.settings.timeout_s
        unit = self._units.get(station)
        if unit is None:
            return ceiling_s
        return min(ceiling_s, self._enough_s(unit.slowest_s) * (1 << min(unit.misses, 10)))

    def brief(self) -> float:
        """Return how long a unit may think that has long been silent: as long as its neighbours."""
        slowest_s = self.slowest_s
        if slowest_s is None:
            return self.settings.timeout_s
        return min(self.settings.timeout_s, self._enough_s(slowest_s))

    def answered(self, station: Station, thought_s: float) -> None:
        """Learn from an answer."""
        unit = self._units.get(station)
        if unit is None:
            self._units[station] = _Unit(thought_s)
            return
        unit.misses = 0
        forgotten_s = unit.slowest_s + (thought_s - unit.slowest_s) / FORGETTING
        unit.slowest_s = max(thought_s, forgotten_s)

    def missed(self, station: Station) -> None:
        """Learn from a missed answer."""
        if (unit := self._units.get(station)) is not None:
            unit.misses += 1

    def _enough_s(self, slowest_s: float) -> float:
        is_near = self.settings.transport is Transport.SERIAL
        return max(FLOOR_S if is_near else NETWORK_FLOOR_S, FACTOR * slowest_s)
