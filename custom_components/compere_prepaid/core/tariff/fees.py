"""What a bill has besides energy: standing charges, the service fee, a minimum, and demand.

A fee per month is charged by the day, so that a month that is supplied whole pays it whole, and
moves and new versions prorate it by themselves. Every day that began counts.
"""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ..money.amount import Amount
from .demand import DemandItem, DemandKey, DemandStep
from .model import LineKind, Standing, Tariff, TariffVersion
from .tax import PPM


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    """An amount that is due, and by which version of the tariff."""

    kind: LineKind
    amount: Amount
    tax_ppm: int
    """What comes on top of it; 0 where the tax is included."""
    tariff: str
    valid_from: date
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandFee(Fee):
    """The price of a month's highest power."""

    key: DemandKey
    measured_w: int
    """In VA where apparent power was measured."""
    billed_w: int
    """More than measured where the months before ask for it."""


def day_fees(tariff: Tariff, day: date) -> tuple[Fee, ...]:
    """Return what is due for a calendar day of the site as such; nothing before the tariff."""
    version = tariff.find_version(day)
    if version is None:
        return ()
    dues = ((LineKind.STANDING, version.standing), (LineKind.SERVICE, version.service))
    return tuple(_fee(version, kind, amount) for kind, fee in dues if (amount := _of_day(fee, day)))


def minimum_fee(tariff: Tariff, month: date, spent: Amount, days: int) -> Fee | None:
    """Return what a month's bill lacks to the minimum; None if it reaches it.

    `month` is its first day. `spent` is energy, standing charge and demand before tax; `days` of
    the month were supplied. The version on the month's last day says what the minimum is.
    """
    version = _version_for(tariff, month)
    if version is None:
        return None
    lacking = version.minimum_per_month * days // _days_of(month) - spent
    return _fee(version, LineKind.MINIMUM, Amount(lacking)) if lacking > 0 else None


def demand_fees(
    tariff: Tariff,
    month: date,
    peaks: Mapping[DemandKey, int],
    history: Sequence[Mapping[DemandKey, int]],
    days: int,
) -> tuple[DemandFee, ...]:
    """Return what a month's highest power costs, item by item.

    `peaks` are the month's maxima in W (or VA); `history` those of the months before, the latest
    first. `days` of the month were supplied. The version on the month's last day has the prices.
    """
    version = _version_for(tariff, month)
    if version is None:
        return ()
    return tuple(_demand(version, month, peaks, history, days))


def _demand(
    version: TariffVersion,
    month: date,
    peaks: Mapping[DemandKey, int],
    history: Sequence[Mapping[DemandKey, int]],
    days: int,
) -> Iterator[DemandFee]:
    for item in version.demand:
        if not item.holds_in(month):
            continue
        measured = peaks.get(item.key, 0)
        billed = max(measured, _look_back(item, history))
        amount = _step_costs(item.steps, billed) * days // _days_of(month)
        if amount:
            yield DemandFee(
                kind=LineKind.DEMAND,
                amount=Amount(amount),
                tax_ppm=version.tax(LineKind.DEMAND).excluded_ppm,
                tariff=version.name,
                valid_from=version.valid_from,
                revision=version.revision,
                key=item.key,
                measured_w=measured,
                billed_w=billed,
            )


def _look_back(item: DemandItem, history: Sequence[Mapping[DemandKey, int]]) -> int:
    """Return the power that months before ask for at least, rounded down to the W."""
    earlier = (peaks.get(item.key, 0) for peaks in history[: item.look_back_months])
    return max(earlier, default=0) * item.look_back_ppm // PPM


def _step_costs(steps: Sequence[DemandStep], power_w: int) -> int:
    """Return what power costs for a whole month: W × price per kW is exact, like Wh × price."""
    cost = reached = 0
    for step in steps:
        end = power_w if step.up_to_w is None else min(power_w, step.up_to_w)
        cost += max(0, end - reached) * step.price
        reached = max(reached, end)
    return cost


def _of_day(fee: Standing, day: date) -> Amount:
    """Return a day's fee, with its share of the month's: all days' shares make the whole."""
    days = _days_of(day)
    share = fee.per_month * day.day // days - fee.per_month * (day.day - 1) // days
    return Amount(fee.per_day + share)


def _fee(version: TariffVersion, kind: LineKind, amount: Amount) -> Fee:
    return Fee(
        kind=kind,
        amount=amount,
        tax_ppm=version.tax(kind).excluded_ppm,
        tariff=version.name,
        valid_from=version.valid_from,
        revision=version.revision,
    )


def _version_for(tariff: Tariff, month: date) -> TariffVersion | None:
    return tariff.find_version(month.replace(day=_days_of(month)))


def _days_of(month: date) -> int:
    return monthrange(month.year, month.month)[1]
