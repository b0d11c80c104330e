"""How long a meter may think before its answer counts as missed.

Each unit shows what it needs; twice the slowest pause of late is enough for it, and a dead one
costs no more than that. One of which nothing is known gets a few times what its neighbours need.
Whoever misses several times may have become slow, so some later tries have more time. When nobody
answers any more it is the way to them that has become slow: then everybody has all the time that
the line's settings allow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .requests import Station
from .settings import LineSettings, Transport

FACTOR = 2
FLOOR_S = 0.06
NETWORK_FLOOR_S = 0.08
"""Below this nobody is hurried; a network between adds its own scatter."""
FORGETTING = 64
"""A slow answer weighs less with each that follows; after so many, about a third is left of it."""

_KNOWN: Mapping[int, int] = {4: 2, 8: 4}
_UNKNOWN: Mapping[int, int] = {0: 4, 2: 8}
"""How many times the usual patience the try after so many misses in a row has, else once."""
PATIENT_TRY = 32
"""Every so many tries one has all the time that the settings allow."""


@dataclass(slots=True)
class _Unit:
    slowest_s: float | None = None
    misses: int = 0


@dataclass(slots=True)
class Patience:
    """What the units of one line need."""

    settings: LineSettings
    _units: dict[Station, _Unit] = field(default_factory=dict)

    @property
    def slowest_s(self) -> float | None:
        """Return the longest pause that an answering unit needs of late; None without any."""
        return max(
            (
                unit.slowest_s
                for unit in self._units.values()
                if unit.slowest_s is not None and not unit.misses
            ),
            default=None,
        )

    def of(self, station: Station) -> float:
        """Return how long this unit may think, in seconds."""
        unit = self._units.get(station) or _Unit()
        own_s = unit.slowest_s
        if own_s is not None and not unit.misses:
            return min(self.settings.timeout_s, self._enough_s(own_s))
        neighbours_s = self.slowest_s
        is_patient = unit.misses and unit.misses % PATIENT_TRY == 0
        if neighbours_s is None or is_patient:
            return self.settings.timeout_s
        times = (_UNKNOWN if own_s is None else _KNOWN).get(unit.misses, 1)
        usual_s = self._enough_s(neighbours_s if own_s is None else own_s)
        return min(self.settings.timeout_s, times * usual_s)

    def brief(self) -> float:
        """Return how long the line's other units think at most: enough for one like them."""
        slowest_s = self.slowest_s
        if slowest_s is None:
            return self.settings.timeout_s
        return min(self.settings.timeout_s, self._enough_s(slowest_s))

    def answered(self, station: Station, thought_s: float) -> None:
        """Learn from an answer."""
        unit = self._units.setdefault(station, _Unit())
        unit.misses = 0
        known_s = thought_s if unit.slowest_s is None else unit.slowest_s
        unit.slowest_s = max(thought_s, known_s + (thought_s - known_s) / FORGETTING)

    def missed(self, station: Station) -> None:
        """Learn from a missed answer."""
        self._units.setdefault(station, _Unit()).misses += 1

    def _enough_s(self, slowest_s: float) -> float:
        is_near = self.settings.transport is Transport.SERIAL
        return max(FLOOR_S if is_near else NETWORK_FLOOR_S, FACTOR * slowest_s)
