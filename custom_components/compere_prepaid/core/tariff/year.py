"""The parts of a year and a day that tariffs speak about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from ..money.amount import Price

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALL_DAYS = frozenset(range(7))
ALL_MONTHS = frozenset(range(1, 13))
MINUTES_PER_DAY = 24 * 60
A_LEAP_YEAR = 2024
"""A year that has every day which a year can have."""


class MonthDay(NamedTuple):
    """A day of any year."""

    month: int
    day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """A part of each year in which the periods have other prices; by months, or from day to day."""

    name: str
    prices: Mapping[str, Price]
    """What a kWh costs in it, in every period."""
    percent_ppm: int | None = None
    """Where the prices were written as a percentage: what it adds to the usual ones."""
    months: frozenset[int] = frozenset()
    span: tuple[MonthDay, MonthDay] | None = None
    """First and last day, in place of months; it may go over the turn of the year."""

    def holds_on(self, day: date) -> bool:
        """Tell whether a day lies in the season."""
        if self.span is None:
            return day.month in self.months
        first, last = self.span
        here = MonthDay(day.month, day.day)
        return first <= here <= last if first <= last else here >= first or here <= last
