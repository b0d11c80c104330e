"""Whether a schedule names a price for every hour of every day; if not, where the gaps are."""

from collections.abc import Sequence
from dataclasses import dataclass

from .model import ScheduleRule
from .notation import write_clock, write_days, write_months
from .year import MINUTES_PER_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Hours of some days for which a schedule names no period."""

    days: frozenset[int]
    months: frozenset[int]
    to_minute: int
    """From midnight to here; later there is none, as a slot lasts until the next or midnight."""

    def __str__(self) -> str:
        """Name the days and hours as a person would write them in the schedule."""
        days, months = ", ".join(write_days(self.days)), ", ".join(write_months(self.months))
        return f"days {days}, months {months}, from 00:00 to {write_clock(self.to_minute)}"


def gaps(rules: Sequence[ScheduleRule]) -> tuple[Gap, ...]:
    """Return all hours without a period, days and months with the same hours together."""
    months_of: dict[tuple[int, int], set[int]] = {}
    for month in range(1, 13):
        for day in range(7):
            rule = next((rule for rule in rules if day in rule.days and month in rule.months), None)
            end = rule.slots[0].minute if rule else MINUTES_PER_DAY
            if end:
                months_of.setdefault((day, end), set()).add(month)
    days_of: dict[tuple[frozenset[int], int], set[int]] = {}
    for (day, end), months in months_of.items():
        days_of.setdefault((frozenset(months), end), set()).add(day)
    found = [
        Gap(days=frozenset(days), months=months, to_minute=end)
        for (months, end), days in days_of.items()
    ]
    return tuple(sorted(found, key=lambda gap: (sorted(gap.days), sorted(gap.months))))
