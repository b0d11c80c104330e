"""Whether a schedule names one period for every hour of every day; if not, where it does not."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations

from .model import ScheduleRule
from .notation import write_clock, write_days, write_months
from .year import A_LEAP_YEAR, MINUTES_PER_DAY, Season

type Hours = tuple[int, int]
"""From one minute of the day to another."""

type _Part = tuple[int, str]
"""A month, or the days of it that lie in one season."""


@dataclass(frozen=True, slots=True)
class Span:
    """A slot as it was written: from a minute of the day to another, maybe over midnight."""

    start: int
    end: int
    period: str

    def __str__(self) -> str:
        """Write the slot as a person would."""
        return f"'{self.period}' from {write_hours((self.start, self.end))}"

    @property
    def hours(self) -> tuple[Hours, ...]:
        """The parts of the day that it covers."""
        if self.start < self.end:
            return ((self.start, self.end),)
        return tuple(
            hours for hours in ((0, self.end), (self.start, MINUTES_PER_DAY)) if hours[0] < hours[1]
        )


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule as it was written, and the hours for which it has no slot."""

    rule: ScheduleRule
    open: tuple[Hours, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Hours of some days for which a schedule names no period."""

    days: frozenset[int]
    day_types: frozenset[str]
    months: frozenset[int]
    season: str
    hours: Hours

    def __str__(self) -> str:
        """Name the days and hours as a person would write them in the schedule."""
        seasons = frozenset({self.season} if self.season else ())
        days = _write_when(self.days, self.day_types, self.months, seasons)
        return f"{days}, from {write_hours(self.hours)}"


def write_when(rule: ScheduleRule) -> str:
    """Name the days of a rule as a person would write them."""
    return _write_when(rule.days, rule.day_types, rule.months, rule.seasons)


def _write_when(
    days: frozenset[int], day_types: frozenset[str], months: frozenset[int], seasons: frozenset[str]
) -> str:
    kinds = ", ".join((*write_days(days), *sorted(day_types)))
    when = f"days {kinds}, months {', '.join(write_months(months))}"
    return f"{when}, season {', '.join(sorted(seasons))}" if seasons else when


def write_hours(hours: Hours) -> str:
    """Write hours as a person would: `02:00 to 03:00`."""
    return f"{write_clock(hours[0])} to {write_clock(hours[1])}"


def open_hours(spans: Iterable[Span]) -> tuple[Hours, ...]:
    """Return the hours of a day that no slot covers."""
    reached = 0
    found = []
    end_of_day = (MINUTES_PER_DAY, MINUTES_PER_DAY)
    for start, end in sorted((end_of_day, *(hours for span in spans for hours in span.hours))):
        if start > reached:
            found.append((reached, start))
        reached = max(reached, end)
    return tuple(found)


def overlaps(spans: Sequence[Span]) -> Iterator[tuple[int, int, Hours]]:
    """Yield the numbers of every two slots that hold at one time, and when both do."""
    for (number, first), (other, second) in combinations(enumerate(spans), 2):
        for mine in first.hours:
            for theirs in second.hours:
                start, end = max(mine[0], theirs[0]), min(mine[1], theirs[1])
                if start < end:
                    yield number, other, (start, end)


def gaps(drafts: Sequence[Draft], seasons: Sequence[Season] = ()) -> tuple[Gap, ...]:
    """Return all hours without a period, days and months with the same hours together."""
    months_of: dict[tuple[int | str, str, Hours], set[int]] = {}
    for kind in _kinds(drafts):
        for month, season in _parts(drafts, seasons):
            for hours in _open_on(drafts, kind, month, season):
                months_of.setdefault((kind, season, hours), set()).add(month)
    kinds_of: dict[tuple[frozenset[int], str, Hours], set[int | str]] = {}
    for (kind, season, hours), months in months_of.items():
        kinds_of.setdefault((frozenset(months), season, hours), set()).add(kind)
    found = [
        Gap(
            days=frozenset(kind for kind in kinds if isinstance(kind, int)),
            day_types=frozenset(kind for kind in kinds if isinstance(kind, str)),
            months=months,
            season=season,
            hours=hours,
        )
        for (months, season, hours), kinds in kinds_of.items()
    ]
    return tuple(sorted(found, key=_in_order))


def unreachable(drafts: Sequence[Draft], seasons: Sequence[Season] = ()) -> Iterator[int]:
    """Yield the numbers of rules that never hold, as rules before them have all their days."""
    taken: set[tuple[int | str, _Part]] = set()
    for number, draft in enumerate(drafts):
        mine = {
            (kind, part)
            for kind in _kinds(drafts)
            for part in _parts(drafts, seasons)
            if draft.rule.fits(kind, *part)
        }
        if mine <= taken:
            yield number
        taken |= mine


def _in_order(gap: Gap) -> tuple[object, ...]:
    days, types = sorted(gap.days), sorted(gap.day_types)
    return (not days, days, types, sorted(gap.months), gap.season, gap.hours)


def _open_on(
    drafts: Sequence[Draft], kind: int | str, month: int, season: str
) -> tuple[Hours, ...]:
    for draft in drafts:
        if draft.rule.fits(kind, month, season):
            return draft.open
    # a type of day that no rule speaks about counts as its weekday
    return () if isinstance(kind, str) else ((0, MINUTES_PER_DAY),)


def _kinds(drafts: Sequence[Draft]) -> tuple[int | str, ...]:
    """Return the weekdays, and the types of day that the rules name."""
    return (*range(7), *sorted({name for draft in drafts for name in draft.rule.day_types}))


def _parts(drafts: Sequence[Draft], seasons: Sequence[Season]) -> tuple[_Part, ...]:
    """Return the months, cut at the borders of seasons if the rules ask for any."""
    if not any(draft.rule.seasons for draft in drafts):
        return tuple((month, "") for month in range(1, 13))
    first = date(A_LEAP_YEAR, 1, 1)
    days = (first + timedelta(days=number) for number in range(366))
    return tuple(
        dict.fromkeys(
            (day.month, next((one.name for one in seasons if one.holds_on(day)), ""))
            for day in days
        )
    )
