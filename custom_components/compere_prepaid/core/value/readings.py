"""Meter readings that nobody had to walk for, and how long tenants waited for their power."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from statistics import median

from .figure import Figure, figure

_PERCENTILE = 95


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What was read for billing in a time.

    `at_borders` are meters × months whose register is known when a month of the site begins,
    `at_moves` those with which a tenancy ended. Beginnings are not counted: the reading is that of
    the end before, or somebody installed the meter. What had to be reckoned, because the meter did
    not answer then, is not counted either: somebody might have walked.
    """

    at_borders: int
    at_moves: int
    reckoned: int


def reading_figures(
    readings: Readings,
    *,
    minutes_per_reading: Decimal | None,
    wage: Decimal | None,
    known_since: str = "",
) -> tuple[Figure, ...]:
    """Return how many readings nobody walked for; `wage` is what an hour costs.

    `known_since` is the first day of which registers are kept, if that is later than the time.
    """
    count = figure(
        "readings_saved",
        "count",
        "at_month_borders + at_moves",
        *((f"registers_since:{known_since}",) if known_since else ()),
        at_month_borders=readings.at_borders,
        at_moves=readings.at_moves,
        reckoned_and_not_counted=readings.reckoned,
    )
    hours = figure(
        "reading_hours_saved",
        "h",
        "readings * minutes_per_reading / 60",
        readings=count.value,
        minutes_per_reading=minutes_per_reading,
    )
    money = figure(
        "reading_cost_saved", "money", "hours * hourly_wage", hours=hours.value, hourly_wage=wage
    )
    return count, hours, money


def reconnection_figures(
    waits: Sequence[timedelta], *, minutes_before: Decimal | None, kept_since: str
) -> tuple[Figure, ...]:
    """Return how long it took from a payment's booking until the relay was read back closed.

    `minutes_before` is what a person needed for a reconnection before, if the user knows it.
    """
    seconds = sorted(Decimal(wait // timedelta(milliseconds=1)).scaleb(-3) for wait in waits)
    note = f"kept_since:{kept_since}" if kept_since else "none_kept"
    count = figure("reconnections", "count", "reconnections", note, reconnections=len(seconds))
    if not seconds:
        return (count,)
    place = -(-len(seconds) * _PERCENTILE // 100)  # the nearest rank
    middle = Decimal(median(seconds))
    return (
        count,
        figure("reconnection_median", "s", "median_s", median_s=middle, of=len(seconds)),
        figure(
            "reconnection_p95",
            "s",
            "seconds_of_place",
            seconds_of_place=seconds[place - 1],
            place=place,
            of=len(seconds),
        ),
        figure("reconnection_longest", "s", "longest_s", longest_s=seconds[-1]),
        figure(
            "reconnection_hours_saved",
            "h",
            "reconnections * (minutes_before * 60 - mean_s) / 3600",
            reconnections=len(seconds),
            minutes_before=minutes_before,
            mean_s=_mean(seconds),
        ),
    )


def _mean(seconds: Sequence[Decimal]) -> Decimal:
    total = sum(seconds, Decimal(0))
    return (total // Decimal("0.001") // len(seconds)).scaleb(-3)
