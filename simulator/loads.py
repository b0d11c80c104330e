"""What shops draw: a day's shape by kind of shop, with the flicker of real appliances.

A load answers one question, "how many watts at this moment?", from nothing but its seed and the
moment. The same seed gives the same mall every time, and anybody can add up independently what a
meter should have counted. Power is constant within a slot of ten seconds.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from .clock import MICROSECONDS

SLOT_US = 10 * MICROSECONDS
"""Within one slot a load does not change."""

_DAY_MINUTES = 1440
_HOUR_MINUTES = 60
_MASK = (1 << 64) - 1


class LoadKind(StrEnum):
    """The kinds of consumers in the mall."""

    RESTAURANT = "restaurant"
    CAFE = "cafe"
    SUPERMARKET = "supermarket"
    FASHION = "fashion"
    ELECTRONICS = "electronics"
    KIOSK = "kiosk"
    ESCALATOR = "escalator"
    LIFT = "lift"
    LIGHTING = "lighting"
    AIR_CONDITIONING = "air_conditioning"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayProfile:
    """A day of one kind of consumer."""

    hours: tuple[int, ...]
    """Percent of the rated power at 00:00, 01:00, … 23:00; straight lines between."""
    flicker: int
    """Percent by which appliances that switch pull the load down now and then."""
    power_factor: int
    """Hundredths."""


def _day(forenoon: str, afternoon: str, *, flicker: int, power_factor: int) -> DayProfile:
    """Read the percentages of two times twelve hours."""
    hours = tuple(int(percent) for percent in f"{forenoon} {afternoon}".split())
    if len(hours) != 24:
        raise ValueError("a day has 24 hours")
    return DayProfile(hours=hours, flicker=flicker, power_factor=power_factor)


PROFILES = MappingProxyType(
    {
        LoadKind.RESTAURANT: _day(
            "8 7 7 7 7 7 9 15 25 45 70 88",
            "92 85 60 50 55 75 92 95 85 60 30 12",
            flicker=18,
            power_factor=93,
        ),
        LoadKind.CAFE: _day(
            "9 8 8 8 8 9 25 60 75 78 80 82",
            "85 82 84 86 80 70 62 58 50 35 15 10",
            flicker=22,
            power_factor=94,
        ),
        LoadKind.SUPERMARKET: _day(
            "45 44 44 44 45 48 60 75 82 85 88 90",
            "90 90 90 90 92 94 95 92 85 70 52 47",
            flicker=8,
            power_factor=91,
        ),
        LoadKind.FASHION: _day(
            "4 4 4 4 4 4 5 6 10 60 82 85",
            "86 86 86 86 87 88 90 90 86 60 10 5",
            flicker=4,
            power_factor=96,
        ),
        LoadKind.ELECTRONICS: _day(
            "12 12 12 12 12 12 12 14 20 62 80 84",
            "86 86 88 88 88 90 92 92 86 55 18 13",
            flicker=10,
            power_factor=95,
        ),
        LoadKind.KIOSK: _day(
            "6 6 6 6 6 6 8 20 45 70 80 85",
            "85 80 80 82 85 88 88 80 65 40 12 7",
            flicker=15,
            power_factor=97,
        ),
        LoadKind.ESCALATOR: _day(
            "0 0 0 0 0 0 2 10 30 60 70 78",
            "82 80 76 76 80 86 90 88 76 45 8 2",
            flicker=25,
            power_factor=82,
        ),
        LoadKind.LIFT: _day(
            "4 3 3 3 3 4 8 20 40 55 62 70",
            "75 70 65 66 70 80 85 80 66 45 15 6",
            flicker=70,
            power_factor=80,
        ),
        LoadKind.LIGHTING: _day(
            "25 20 20 20 20 22 35 60 80 92 95 95",
            "95 95 95 95 96 98 98 98 95 80 40 28",
            flicker=1,
            power_factor=97,
        ),
        LoadKind.AIR_CONDITIONING: _day(
            "15 12 10 10 10 12 20 40 62 75 82 86",
            "90 94 96 95 92 88 82 76 68 50 28 18",
            flicker=20,
            power_factor=86,
        ),
    }
)


def scramble(value: int) -> int:
    """Return 64 bits that look random but are the same for the same value (splitmix64)."""
    value = (value + 0x9E3779B97F4A7C15) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The load behind one meter."""

    kind: LoadKind
    rated_w: int
    seed: int
    utc_offset_s: int = 0
    """Shops open by local time."""

    @property
    def profile(self) -> DayProfile:
        """Return the day that this load follows."""
        return PROFILES[self.kind]

    def watts_at(self, at_us: int) -> int:
        """Return the power drawn at that moment, at most the rated power."""
        slot = at_us // SLOT_US
        minute = (at_us // MICROSECONDS + self.utc_offset_s) // 60 % _DAY_MINUTES
        hour, past = divmod(minute, _HOUR_MINUTES)
        hours = self.profile.hours
        hundredths = (
            hours[hour] * 100 + (hours[(hour + 1) % 24] - hours[hour]) * 100 * past // _HOUR_MINUTES
        )
        wobble = scramble(self.seed * 1_000_003 + slot) % 1000
        kept = 100_000 - self.profile.flicker * wobble
        return self.rated_w * hundredths * kept // 1_000_000_000

    def watt_microseconds(self, from_us: int, to_us: int) -> int:
        """Return the energy drawn between two moments, exactly, in W·µs."""
        energy = 0
        at_us = from_us
        while at_us < to_us:
            until_us = min(to_us, (at_us // SLOT_US + 1) * SLOT_US)
            energy += self.watts_at(at_us) * (until_us - at_us)
            at_us = until_us
        return energy
