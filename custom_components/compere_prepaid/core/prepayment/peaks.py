"""The highest demand of an account, measured as its meters are read."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from ..tariff.demand import DemandBlock, DemandKey, DemandMeter
from ..tariff.model import Tariff
from ..tariff.rating import RatedLine
from .calendar import day_of, month_of
from .fees import Peak


@dataclass(slots=True)
class PeakKeeper:
    """Keeps the highest blocks of each month until they are stored.

    A block that was running when the program stopped is measured by what the meter counted in all
    that time, evenly: never higher than it was.
    """

    peaks: dict[tuple[date, DemandKey], Peak] = field(default_factory=dict)
    """Those of the running month and the one before."""
    _keys: frozenset[DemandKey] = frozenset()
    _meter: DemandMeter = field(default_factory=lambda: DemandMeter(()))

    def follow(self, tariff: Tariff, at: datetime, zone: ZoneInfo) -> bool:
        """Measure what the tariff asks for at an instant; tell whether it asks for anything."""
        version = tariff.find_version(day_of(at, zone))
        keys = frozenset(item.key for item in version.demand) if version else frozenset()
        if keys != self._keys:
            self._keys, self._meter = keys, DemandMeter(keys)
        return bool(keys)

    def add_energy(self, lines: Iterable[RatedLine], zone: ZoneInfo) -> None:
        """Take what a meter counted."""
        for line in lines:
            energy_wh = line.to_wh - line.from_wh
            self._keep(
                self._meter.add_energy(line.from_at, line.to_at, energy_wh, line.period), zone
            )

    def add_apparent(
        self, from_at: datetime, to_at: datetime, power_mva: int, period: str, zone: ZoneInfo
    ) -> None:
        """Take the apparent power that a meter told for a time."""
        if to_at > from_at:
            self._keep(self._meter.add_apparent(from_at, to_at, power_mva, period), zone)

    def finish(self, until: datetime, zone: ZoneInfo) -> None:
        """Take the blocks that ended by an instant up to which all meters were read."""
        self._keep(self._meter.finish(until), zone)

    def _keep(self, blocks: Iterable[DemandBlock], zone: ZoneInfo) -> None:
        for block in blocks:
            month = month_of(block.since, zone)
            known = self.peaks.get((month, block.key))
            if known is None or known.quantity < block.mean_w:
                self.peaks[month, block.key] = Peak(quantity=block.mean_w, at=block.since)
        months = sorted({month for month, _ in self.peaks})[:-2]
        for place in [place for place in self.peaks if place[0] in months]:
            del self.peaks[place]
