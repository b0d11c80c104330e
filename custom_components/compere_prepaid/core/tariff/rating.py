"""Rating: what the energy between two readings costs, line by line.

An interval of the register is cut where its price changes. At a border in *time* (a period, a
month, a new version) the register was not read. If the meter's own tariff registers tell how much
was used in each period, that is believed; else the Wh are split in proportion to time. Lines of
which time decided say that they are estimated; whoever reads the meter at the border needs no
estimate. At a border in *energy* (a tier) the cut is exact.

Tiers are climbed in time order: the energy that the account used earlier in the month stands lower
on the ladder. That is the only meaning which a balance that is charged as it goes can have.

The Wh of the lines add up to the interval, always: a cut falls on the Wh that was full by then.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..errors import InvalidInputError
from ..money.amount import Amount, Price, energy_cost
from .model import NOT_USED, NOTHING, Tariff, Used
from .schedule import Stretch, Timeline, stretch_at, timeline_of

_MICROSECOND = timedelta(microseconds=1)


class Interval(NamedTuple):
    """What a register counted between two readings of one generation."""

    from_wh: int
    to_wh: int
    from_at: datetime
    to_at: datetime
    by_period: Mapping[str, int] | None = None
    """Wh per period, as the meter's own tariff registers counted them."""


class RatedLine(NamedTuple):
    """Energy at one price. `tier` counts from 1; `valid_from` and `revision` name the version."""

    from_wh: int
    to_wh: int
    from_at: datetime
    to_at: datetime
    tariff: str
    valid_from: date
    revision: int
    period: str
    tier: int
    price: Price
    amount: Amount
    tax_ppm: int
    """What comes on top of the amount; 0 where the tax is included."""
    estimated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What the next Wh costs."""

    period: str
    tier: int
    price: Price
    tax_ppm: int
    """What comes on top of the price; 0 where the tax is included."""


class _Piece(NamedTuple):
    """The part of an interval that lies in one stretch."""

    stretch: Stretch
    from_at: datetime
    to_at: datetime
    duration_us: int


def rate(
    tariff: Tariff,
    interval: Interval,
    *,
    zone: ZoneInfo,
    used: Used,
    later: Mapping[date, Used] = NOTHING,
) -> tuple[RatedLine, ...]:
    """Return the lines of an interval: contiguous in Wh, none empty, amounts exact.

    `used` is what the account used before, in the calendar month (of the site's zone) in which the
    interval begins; `later` the same for months after it, by their first day. The lines' times
    follow each other within the interval; a time in which no Wh was counted has no line. Raises
    `InvalidInputError`: `interval_invalid`, and `tariff_not_in_force` if the interval begins before
    the tariff's first version.
    """
    from_wh, to_wh, from_at, to_at, _ = interval
    if from_at.tzinfo is not UTC or to_at.tzinfo is not UTC:
        interval = _in_utc(interval)
        _, _, from_at, to_at, _ = interval
    if to_wh < from_wh or to_at < from_at or used.total_wh < 0:
        raise InvalidInputError("interval_invalid", from_wh=from_wh, to_wh=to_wh)
    if to_wh == from_wh:
        return ()
    timeline = timeline_of(tariff, zone)
    stretch = timeline.at(from_at)
    if stretch.version is None:
        tariff.version_at(from_at.astimezone(zone).date())  # raises
    if to_at <= stretch.until:
        return _climb(stretch, interval, used, estimated=False)
    return _rate_over_borders(timeline, interval, used, later)


def quote(tariff: Tariff, at: datetime, *, zone: ZoneInfo, used: Used) -> Quote:
    """Return the price of the next Wh of an account that used so much this month.

    Raises `InvalidInputError` (`tariff_not_in_force`) before the tariff's first day.
    """
    stretch = stretch_at(tariff, at, zone)
    tier = bisect_right(stretch.bounds, counted(stretch, used))
    return Quote(
        period=stretch.period,
        tier=tier + 1,
        price=stretch.prices[tier],
        tax_ppm=stretch.tax_ppm,
    )


def price_at(tariff: Tariff, at: datetime, *, zone: ZoneInfo, used: Used) -> Price:
    """Return the price of the next kWh, like `quote`."""
    return quote(tariff, at, zone=zone, used=used).price


def counted(stretch: Stretch, used: Used) -> int:
    """Return the energy that a stretch's tiers count, in Wh."""
    return used.by_period.get(stretch.period, 0) if stretch.counts_period else used.total_wh


def used_with(used: Used, period: str, energy_wh: int) -> Used:
    """Return what was used after some more energy of a period."""
    by_period = {**used.by_period, period: used.by_period.get(period, 0) + energy_wh}
    return Used(used.total_wh + energy_wh, by_period)


def _climb(
    stretch: Stretch, interval: Interval, used: Used, *, estimated: bool
) -> tuple[RatedLine, ...]:
    """Cut an interval within one stretch where the account climbs to the next tier."""
    from_wh, end_wh, from_at, end_at, _ = interval
    version, bounds, prices = stretch.version, stretch.bounds, stretch.prices
    if version is None:  # `rate` began in a version, and a tariff that began does not end
        raise AssertionError(interval)
    reached = used.by_period.get(stretch.period, 0) if stretch.counts_period else used.total_wh
    lines = []
    while from_wh < end_wh:
        tier = bisect_right(bounds, reached)
        to_wh, to_at = end_wh, end_at
        if tier < len(bounds) and reached + to_wh - from_wh > bounds[tier]:
            to_wh = from_wh + bounds[tier] - reached
            to_at = _time_at(interval, to_wh)
        price = prices[tier]
        lines.append(
            RatedLine(
                from_wh,
                to_wh,
                from_at,
                to_at,
                version.name,
                version.valid_from,
                version.revision,
                stretch.period,
                tier + 1,
                price,
                energy_cost(to_wh - from_wh, price),
                stretch.tax_ppm,
                estimated,
            )
        )
        reached += to_wh - from_wh
        from_wh, from_at = to_wh, to_at
    return tuple(lines)


def _rate_over_borders(
    timeline: Timeline, interval: Interval, used: Used, later: Mapping[date, Used]
) -> tuple[RatedLine, ...]:
    """Rate an interval in which prices may change, stretch by stretch."""
    pieces = list(_pieces(timeline, interval))
    shares = _by_registers(pieces, interval) or _by_time(pieces, interval.to_wh - interval.from_wh)
    lines: list[RatedLine] = []
    month, from_wh = pieces[0].stretch.month, interval.from_wh
    for piece, (energy_wh, estimated) in zip(pieces, shares, strict=True):
        if piece.stretch.month != month:
            month = piece.stretch.month
            used = later.get(month, NOT_USED)
        part = Interval(from_wh, from_wh + energy_wh, piece.from_at, piece.to_at)
        lines.extend(_climb(piece.stretch, part, used, estimated=estimated))
        if piece is not pieces[-1]:
            used = used_with(used, piece.stretch.period, energy_wh)
        from_wh = part.to_wh
    return tuple(lines)


def _pieces(timeline: Timeline, interval: Interval) -> Iterator[_Piece]:
    """Yield the parts of an interval by the stretches in which they lie."""
    since = interval.from_at
    for stretch in timeline.between(interval.from_at, interval.to_at):
        until = min(stretch.until, interval.to_at)
        yield _Piece(stretch, since, until, (until - since) // _MICROSECOND)
        since = until


type _Shares = list[tuple[int, bool]]
"""Of each piece its Wh, and whether that is an estimate."""


def _by_time(pieces: Sequence[_Piece], energy_wh: int) -> _Shares:
    return [(share, True) for share in _in_proportion(pieces, energy_wh)]


def _by_registers(pieces: Sequence[_Piece], interval: Interval) -> _Shares | None:
    """Split by what the meter counted in each period; None where that is not the whole truth.

    Within one period that stands in several pieces, time decides.
    """
    told = interval.by_period
    if told is None or sum(told.values()) != interval.to_wh - interval.from_wh:
        return None
    places: dict[str, list[int]] = {}
    for index, piece in enumerate(pieces):
        places.setdefault(piece.stretch.period, []).append(index)
    if any(wh < 0 or (wh and period not in places) for period, wh in told.items()):
        return None
    shares = [(0, False)] * len(pieces)
    for period, indices in places.items():
        parts = _in_proportion([pieces[index] for index in indices], told.get(period, 0))
        for index, part in zip(indices, parts, strict=True):
            shares[index] = (part, len(indices) > 1)
    return shares


def _in_proportion(pieces: Sequence[_Piece], energy_wh: int) -> list[int]:
    """Split energy over pieces of time, each cut rounded down to the Wh that was full by then."""
    total_us = sum(piece.duration_us for piece in pieces)
    shares = []
    passed_us = before = 0
    for piece in pieces:
        passed_us += piece.duration_us
        reached = energy_wh * passed_us // total_us
        shares.append(reached - before)
        before = reached
    return shares


def _time_at(interval: Interval, register_wh: int) -> datetime:
    """Return when the register passed a value, if the load was even."""
    duration_us = (interval.to_at - interval.from_at) // _MICROSECOND
    energy_wh = interval.to_wh - interval.from_wh
    passed_us = duration_us * (register_wh - interval.from_wh) // energy_wh
    return interval.from_at + passed_us * _MICROSECOND


def _in_utc(interval: Interval) -> Interval:
    """Return the interval with UTC times; only there is the difference of two times a duration."""
    if interval.from_at.tzinfo is None or interval.to_at.tzinfo is None:
        raise InvalidInputError("interval_invalid", from_wh=interval.from_wh, to_wh=interval.to_wh)
    return interval._replace(
        from_at=interval.from_at.astimezone(UTC), to_at=interval.to_at.astimezone(UTC)
    )
