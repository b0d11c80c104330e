"""When prices change: the tariff's borders as instants.

Tariffs are written on the wall clock of the site; energy is counted in real time. Between the two
lie days of 23 and 25 hours. The rule here is the plain one: at any instant the period is what the
schedule says for the date and time that the site's clocks show. An hour that the clocks skip is not
charged to anybody, an hour that they repeat has its period twice.

`Timeline` cuts each calendar month into stretches of constant price rules, once, and remembers
them; rating then only looks them up.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from operator import attrgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..money.amount import Price
from .model import LineKind, Tariff, TariffVersion
from .year import Season

_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_MAX_MONTHS = 1200  # a hundred years; more would be a mistake somewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time within one month in which version, season and period, so all prices, stay the same."""

    since: datetime
    until: datetime
    """The first instant after it (UTC, like `since`)."""
    month: date
    """The first day of the month whose energy the tiers count."""
    version: TariffVersion | None
    """None before the tariff's first version."""
    period: str = ""
    prices: tuple[Price, ...] = ()
    """Per kWh, tier by tier."""
    bounds: tuple[int, ...] = ()
    """Where each tier but the last ends, in Wh of the month."""
    counts_period: bool = False
    """Whether the tiers count the energy of this period only."""
    tax_ppm: int = 0
    """What comes on top of the prices."""


class _State(NamedTuple):
    """What decides on the prices at an instant."""

    version: TariffVersion | None
    season: Season | None = None
    period: str = ""


class Timeline:
    """One tariff's stretches in one time zone, worked out month by month when asked for."""

    def __init__(self, tariff: Tariff, zone: ZoneInfo) -> None:
        """Remember whose timeline it is."""
        self._tariff = tariff
        self._zone = zone
        self._months: dict[tuple[int, int], tuple[Stretch, ...]] = {}

    def at(self, instant: datetime) -> Stretch:
        """Return the stretch in which an instant (UTC) lies."""
        key = (instant.year, instant.month)
        stretches = self._months.get(key) or self._work_out(key)
        # The UTC month is only a guess of the site's.
        if instant < stretches[0].since:
            key = (key[0], key[1] - 1) if key[1] > 1 else (key[0] - 1, 12)
            stretches = self._months.get(key) or self._work_out(key)
        elif instant >= stretches[-1].until:
            key = (key[0], key[1] + 1) if key[1] < 12 else (key[0] + 1, 1)
            stretches = self._months.get(key) or self._work_out(key)
        return stretches[bisect_right(stretches, instant, key=_since) - 1]

    def between(self, since: datetime, until: datetime) -> Iterator[Stretch]:
        """Yield the stretches from one instant to another, in order."""
        stretch = self.at(since)
        yield stretch
        while stretch.until < until:
            stretch = self.at(stretch.until)
            yield stretch

    def _work_out(self, key: tuple[int, int]) -> tuple[Stretch, ...]:
        if len(self._months) >= _MAX_MONTHS:
            self._months.clear()
        first = date(*key, 1)
        following = (first + 31 * _DAY).replace(day=1)
        since, until = _midnight(first, self._zone), _midnight(following, self._zone)
        marks: list[tuple[datetime, _State]] = []
        for instant in self._candidates(first, since, until):
            state = self._state_at(instant)
            if not marks or marks[-1][1] != state:
                marks.append((instant, state))
        ends = [instant for instant, _ in marks[1:]] + [until]
        stretches = tuple(
            _stretch(mark, end, state, first)
            for (mark, state), end in zip(marks, ends, strict=True)
        )
        self._months[key] = stretches
        return stretches

    def _candidates(self, first: date, since: datetime, until: datetime) -> Sequence[datetime]:
        """Return every instant of the month at which anything could change."""
        instants = {since, *_clock_changes(since, until, self._zone)}
        day = first
        while day.month == first.month:
            version = self._tariff.find_version(day)
            rule = version.rule_of(day) if version else None
            minutes = {0} | {slot.minute for slot in rule.slots} if rule else {0}
            for minute in minutes:
                instants.update(_instants(day, minute, self._zone))
            day += _DAY
        return sorted(instant for instant in instants if since <= instant < until)

    def _state_at(self, instant: datetime) -> _State:
        wall = instant.astimezone(self._zone)
        version = self._tariff.find_version(wall.date())
        if version is None:
            return _State(None)
        period = version.period_on(wall.date(), wall.hour * 60 + wall.minute)
        return _State(version, version.season_of(wall.date()), period)


_since = attrgetter("since")


def timeline_of(tariff: Tariff, zone: ZoneInfo) -> Timeline:
    """Return the tariff's timeline in a zone, the same one each time."""
    timeline = tariff.memory.get(zone)
    if not isinstance(timeline, Timeline):
        timeline = tariff.memory[zone] = Timeline(tariff, zone)
    return timeline


def period_at(version: TariffVersion, at: datetime, zone: ZoneInfo) -> str:
    """Return the period that the site's clocks stand in at an instant."""
    wall = at.astimezone(zone)
    return version.period_on(wall.date(), wall.hour * 60 + wall.minute)


def stretch_at(tariff: Tariff, at: datetime, zone: ZoneInfo) -> Stretch:
    """Return the prices in force at an instant, and from when to when they are.

    Raises `InvalidInputError` (`tariff_not_in_force`) before the tariff's first day.
    """
    stretch = timeline_of(tariff, zone).at(at.astimezone(UTC))
    if stretch.version is None:
        tariff.version_at(at.astimezone(zone).date())  # raises
    return stretch


def next_border(tariff: Tariff, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant after this one at which the meter should be read.

    There period, month or tariff version change, so the next Wh may have another price.
    """
    return timeline_of(tariff, zone).at(after.astimezone(UTC)).until


def month_start(at: datetime, zone: ZoneInfo) -> datetime:
    """Return when the calendar month of an instant began in the site's zone, in UTC."""
    return _midnight(at.astimezone(zone).date().replace(day=1), zone)


def _stretch(since: datetime, until: datetime, state: _State, month: date) -> Stretch:
    version, period = state.version, state.period
    if version is None:
        return Stretch(since=since, until=until, month=month, version=None)
    return Stretch(
        since=since,
        until=until,
        month=month,
        version=version,
        period=period,
        prices=version.tier_prices(period, state.season),
        bounds=version.tier_bounds(period, month),
        counts_period=bool(version.period_tiers),
        tax_ppm=version.tax(LineKind.ENERGY).excluded_ppm,
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return when a day begins: at midnight, or where clocks skip midnight, at that instant."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _instants(day: date, minute: int, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield when the clocks show this minute: once, or twice in an hour that is repeated."""
    wall = datetime.combine(day, time(minute // 60, minute % 60), zone)
    yield wall.astimezone(UTC)
    yield wall.replace(fold=1).astimezone(UTC)


def _clock_changes(since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the instants at which the zone's clocks are put forward or back, to the second."""
    before = since
    while before < until:
        after = min(before + _HOUR, until)
        if _offset(before, zone) != _offset(after, zone):
            early, late = before, after
            while late - early > _SECOND:
                middle = early + (late - early) // _SECOND // 2 * _SECOND
                if _offset(middle, zone) == _offset(early, zone):
                    early = middle
                else:
                    late = middle
            yield late
        before = after


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta | None:
    return instant.astimezone(zone).utcoffset()
