"""A whole bill: what readings of one account cost in a time, with everything that is due besides.

Amounts stay exact. Where people see them they are rounded so that the lines add up to the total:
each line shows what it adds to the rounded sum so far (`statement_amounts`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from zoneinfo import ZoneInfo

from ..errors import InvalidInputError
from ..money.amount import ZERO, Amount, Currency
from .demand import DemandKey, DemandMeter, DemandQuantity
from .fees import Fee, day_fees, demand_fees, minimum_fee
from .model import NOT_USED, NOTHING, LineKind, Tariff, Used
from .rating import Interval, RatedLine, rate, used_with
from .tax import tax_on

_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)
_IN_MINIMUM = (LineKind.STANDING, LineKind.DEMAND)

type Peaks = Mapping[DemandKey, int]
"""The highest power of a month, in W (or VA), by measurement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledFee:
    """What is due of one kind for a month, or for the part of it that the bill is about."""

    month: date
    days: int
    fee: Fee


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledTax:
    """The tax on all lines with one rate of tax."""

    ppm: int
    net: Amount
    amount: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What a time costs."""

    lines: tuple[RatedLine, ...]
    fees: tuple[BilledFee, ...]
    taxes: tuple[BilledTax, ...]
    not_measured: tuple[str, ...] = ()
    """Demand that the tariff has a price for, but nothing was measured of."""

    @property
    def energy(self) -> Amount:
        """The energy lines, without tax that comes on top."""
        return Amount(sum(line.amount for line in self.lines))

    @property
    def tax(self) -> Amount:
        """All tax that comes on top."""
        return Amount(sum(tax.amount for tax in self.taxes))

    @property
    def amounts(self) -> tuple[Amount, ...]:
        """All lines as a statement shows them: energy, fees, tax."""
        return (
            *(line.amount for line in self.lines),
            *(billed.fee.amount for billed in self.fees),
            *(tax.amount for tax in self.taxes),
        )

    @property
    def total(self) -> Amount:
        """What is to be paid, exactly."""
        return Amount(sum(self.amounts))


def bill(
    tariff: Tariff,
    intervals: Iterable[Interval],
    *,
    zone: ZoneInfo,
    since: datetime,
    until: datetime,
    peaks: Mapping[date, Peaks] | None = None,
    history: Sequence[Peaks] = (),
    used: Used = NOT_USED,
) -> Bill:
    """Return what intervals of one account's meters cost from one instant to another.

    The intervals lie in that time. Every calendar day that began in it pays its fees, and every
    month of it its demand and its minimum, in proportion to these days. `peaks` are the measured
    maxima by month; without them they are found in the intervals, as far as these are fine enough.
    `history` are the maxima of the months before, the latest first; `used` is what was used in the
    first month before. Raises `InvalidInputError`: `bill_interval_outside`, and what `rate` raises.
    """
    lines = _energy(tariff, intervals, zone, (since, until), used)
    spent: dict[date, int] = {}
    for line in lines:
        month = _month_of(line.from_at, zone)
        spent[month] = spent.get(month, 0) + line.amount
    measured = _peaks(tariff, lines, zone) if peaks is None else peaks
    earlier = list(history)
    fees: list[BilledFee] = []
    for month, days in _days(since, until, zone).items():
        peak = measured.get(month, NOTHING)
        demand = demand_fees(tariff, month, peak, earlier, len(days))
        due = [
            *_standing(tariff, month, days),
            *(BilledFee(month=month, days=len(days), fee=fee) for fee in demand),
        ]
        counted = sum(billed.fee.amount for billed in due if billed.fee.kind in _IN_MINIMUM)
        before_tax = Amount(spent.get(month, 0) + counted)
        if (minimum := minimum_fee(tariff, month, before_tax, len(days))) is not None:
            due.append(BilledFee(month=month, days=len(days), fee=minimum))
        fees.extend(due)
        earlier.insert(0, peak)
    missing = () if peaks is not None else _not_measurable(tariff, since, until, zone)
    return Bill(lines=lines, fees=tuple(fees), taxes=_taxes(lines, fees), not_measured=missing)


def statement_amounts(amounts: Iterable[Amount], currency: Currency) -> tuple[Decimal, ...]:
    """Round amounts for people so that they add up to their rounded sum."""
    shown = []
    exact, before = ZERO, currency.rounded(ZERO)
    for amount in amounts:
        exact = Amount(exact + amount)
        after = currency.rounded(exact)
        shown.append(after - before)
        before = after
    return tuple(shown)


def _energy(
    tariff: Tariff,
    intervals: Iterable[Interval],
    zone: ZoneInfo,
    time: tuple[datetime, datetime],
    used: Used,
) -> tuple[RatedLine, ...]:
    """Rate the intervals in the order of time; all of an account climb the same ladder."""
    counts = {_month_of(time[0], zone): used}
    lines: list[RatedLine] = []
    for interval in sorted(intervals, key=_from_at):
        if interval.from_at < time[0] or interval.to_at > time[1]:
            raise InvalidInputError(
                "bill_interval_outside",
                from_at=interval.from_at.isoformat(),
                to_at=interval.to_at.isoformat(),
            )
        before = counts.get(_month_of(interval.from_at, zone), NOT_USED)
        for line in rate(tariff, interval, zone=zone, used=before, later=counts):
            month = _month_of(line.from_at, zone)
            energy_wh = line.to_wh - line.from_wh
            counts[month] = used_with(counts.get(month, NOT_USED), line.period, energy_wh)
            lines.append(line)
    return tuple(lines)


_from_at = attrgetter("from_at")


def _days(since: datetime, until: datetime, zone: ZoneInfo) -> Mapping[date, list[date]]:
    """Return the calendar days that began before the end, by month; also the one that runs."""
    days: dict[date, list[date]] = {}
    day = since.astimezone(zone).date()
    while since < until and day <= (until - _INSTANT).astimezone(zone).date():
        days.setdefault(day.replace(day=1), []).append(day)
        day += _DAY
    return days


def _standing(tariff: Tariff, month: date, days: Iterable[date]) -> Iterator[BilledFee]:
    """Yield the fees of a month's days, all days of one kind and version together."""
    sums: dict[tuple[LineKind, date, int], BilledFee] = {}
    for day in days:
        for fee in day_fees(tariff, day):
            key = (fee.kind, fee.valid_from, fee.revision)
            known = sums.get(key)
            if known is not None:
                fee = replace(fee, amount=Amount(fee.amount + known.fee.amount))  # noqa: PLW2901
            sums[key] = BilledFee(month=month, days=known.days + 1 if known else 1, fee=fee)
    yield from sums.values()


def _peaks(tariff: Tariff, lines: Iterable[RatedLine], zone: ZoneInfo) -> Mapping[date, Peaks]:
    """Return the highest active power of each month, as far as readings tell it."""
    keys = {item.key for version in tariff.versions for item in version.demand}
    meter = DemandMeter(keys, max_open=None)
    peaks: dict[date, dict[DemandKey, int]] = {}
    for line in lines:
        meter.add_energy(line.from_at, line.to_at, line.to_wh - line.from_wh, line.period)
    for block in meter.finish():
        found = peaks.setdefault(_month_of(block.since, zone), {})
        found[block.key] = max(found.get(block.key, 0), block.mean_w)
    return peaks


def _not_measurable(
    tariff: Tariff, since: datetime, until: datetime, zone: ZoneInfo
) -> tuple[str, ...]:
    """Name the demand in apparent power: energy does not tell it."""
    names = {
        item.key.name
        for month, days in _days(since, until, zone).items()
        if (version := tariff.find_version(days[-1]))
        for item in version.demand
        if item.key.quantity is DemandQuantity.KVA and item.holds_in(month)
    }
    return tuple(sorted(names))


def _taxes(lines: Iterable[RatedLine], fees: Iterable[BilledFee]) -> tuple[BilledTax, ...]:
    """Return the tax by rate, each on the sum of all that has this rate."""
    net: dict[int, int] = {}
    for line in lines:
        net[line.tax_ppm] = net.get(line.tax_ppm, 0) + line.amount
    for billed in fees:
        net[billed.fee.tax_ppm] = net.get(billed.fee.tax_ppm, 0) + billed.fee.amount
    return tuple(
        BilledTax(ppm=ppm, net=Amount(amount), amount=tax_on(Amount(amount), ppm))
        for ppm, amount in sorted(net.items())
        if ppm
    )


def _month_of(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date().replace(day=1)
