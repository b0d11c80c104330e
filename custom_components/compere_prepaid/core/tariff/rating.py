"""Rating: what the energy between two readings costs, line by line.

An interval of the register is cut where its price changes. At a border in *time* (a period, a
month, a new version) the register was not read, so its Wh are split in proportion to time and the
lines say that they are estimated; whoever reads the meter at the border needs no estimate. At a
border in *energy* (a tier) the cut is exact.

Tiers are climbed in time order: the energy that the account used earlier in the month stands lower
on the ladder. That is the only meaning which a balance that is charged as it goes can have.

The Wh of the lines add up to the interval, always: a cut falls on the Wh that was full by then.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from ..errors import InvalidInputError
from ..money.amount import Amount, Price, energy_cost
from .model import Tariff
from .schedule import Stretch, Timeline, stretch_at, timeline_of

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """What a register counted between two readings of one generation."""

    from_wh: int
    to_wh: int
    from_at: datetime
    to_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedLine:
    """Energy at one price. `tier` counts from 1; `valid_from` says which version of the tariff."""

    from_wh: int
    to_wh: int
    from_at: datetime
    to_at: datetime
    tariff: str
    valid_from: date
    period: str
    tier: int
    price: Price
    amount: Amount
    estimated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What the next Wh costs."""

    period: str
    tier: int
    price: Price


def rate(
    tariff: Tariff, interval: Interval, *, zone: ZoneInfo, used_wh: int
) -> tuple[RatedLine, ...]:
    """Return the lines of an interval: contiguous in Wh, none empty, amounts exact.

    `used_wh` is what the account used before, in the calendar month (of the site's zone) in which
    the interval begins. The lines' times follow each other within the interval; a time in which no
    Wh was counted has no line. Raises `InvalidInputError`: `interval_invalid`, and
    `tariff_not_in_force` if the interval begins before the tariff's first version.
    """
    if interval.from_at.tzinfo is not UTC or interval.to_at.tzinfo is not UTC:
        interval = _in_utc(interval)
    if interval.to_wh < interval.from_wh or interval.to_at < interval.from_at or used_wh < 0:
        raise InvalidInputError("interval_invalid", from_wh=interval.from_wh, to_wh=interval.to_wh)
    if interval.to_wh == interval.from_wh:
        return ()
    timeline = timeline_of(tariff, zone)
    stretch = timeline.at(interval.from_at)
    if stretch.version is None:
        tariff.version_at(interval.from_at.astimezone(zone).date())  # raises
    if interval.to_at <= stretch.until:
        return tuple(_climb(stretch, interval, used_wh, estimated=False))
    lines: list[RatedLine] = []
    month = stretch.month
    for piece_stretch, piece in _split_by_time(timeline, interval):
        if piece_stretch.month != month:
            month, used_wh = piece_stretch.month, 0
        lines.extend(_climb(piece_stretch, piece, used_wh, estimated=True))
        used_wh += piece.to_wh - piece.from_wh
    return tuple(lines)


def quote(tariff: Tariff, at: datetime, *, zone: ZoneInfo, used_wh: int) -> Quote:
    """Return the price of the next Wh of an account that used so much this month.

    Raises `InvalidInputError` (`tariff_not_in_force`) before the tariff's first day.
    """
    stretch = stretch_at(tariff, at, zone)
    tier = bisect_right(stretch.bounds, used_wh)
    return Quote(period=stretch.period, tier=tier + 1, price=stretch.prices[tier])


def price_at(tariff: Tariff, at: datetime, *, zone: ZoneInfo, used_wh: int) -> Price:
    """Return the price of the next kWh, like `quote`."""
    return quote(tariff, at, zone=zone, used_wh=used_wh).price


def _split_by_time(timeline: Timeline, interval: Interval) -> Iterator[tuple[Stretch, Interval]]:
    """Cut an interval at the borders in time, its Wh in proportion, each cut rounded down."""
    energy_wh = interval.to_wh - interval.from_wh
    duration = interval.to_at - interval.from_at
    duration_us = duration // _MICROSECOND
    from_wh, from_at = interval.from_wh, interval.from_at
    for stretch in timeline.between(interval.from_at, interval.to_at):
        if stretch.until >= interval.to_at:
            to_wh, to_at = interval.to_wh, interval.to_at
        else:
            to_at = stretch.until
            elapsed_us = (to_at - interval.from_at) // _MICROSECOND
            to_wh = interval.from_wh + energy_wh * elapsed_us // duration_us
        yield stretch, Interval(from_wh=from_wh, to_wh=to_wh, from_at=from_at, to_at=to_at)
        from_wh, from_at = to_wh, to_at


def _climb(
    stretch: Stretch, interval: Interval, used_wh: int, *, estimated: bool
) -> Iterator[RatedLine]:
    """Cut an interval within one stretch where the account climbs to the next tier."""
    version, bounds = stretch.version, stretch.bounds
    if version is None:  # `rate` began in a version, and a tariff that began does not end
        raise AssertionError(interval)
    from_wh, from_at = interval.from_wh, interval.from_at
    while from_wh < interval.to_wh:
        tier = bisect_right(bounds, used_wh)
        to_wh, to_at = interval.to_wh, interval.to_at
        if tier < len(bounds) and used_wh + to_wh - from_wh > bounds[tier]:
            to_wh = from_wh + bounds[tier] - used_wh
            to_at = _time_at(interval, to_wh)
        price = stretch.prices[tier]
        yield RatedLine(
            from_wh=from_wh,
            to_wh=to_wh,
            from_at=from_at,
            to_at=to_at,
            tariff=version.name,
            valid_from=version.valid_from,
            period=stretch.period,
            tier=tier + 1,
            price=price,
            amount=energy_cost(to_wh - from_wh, price),
            estimated=estimated,
        )
        used_wh += to_wh - from_wh
        from_wh, from_at = to_wh, to_at


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
    return Interval(
        from_wh=interval.from_wh,
        to_wh=interval.to_wh,
        from_at=interval.from_at.astimezone(UTC),
        to_at=interval.to_at.astimezone(UTC),
    )
