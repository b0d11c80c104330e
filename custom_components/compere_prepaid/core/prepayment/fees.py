"""Charges that are not for energy: due by the day, and at the end of a month.

Standing and service charges fall due as each calendar day of the site begins, whether there is
supply or not. A month is closed when every meter was charged past its end: then what lacks to the
minimum and the demand charges are booked. All have ids made of account, kind and day, so nothing is
ever booked twice, whenever it is tried.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from ..ids import AccountNumber
from ..ledger.account_rows import (
    DemandPeak,
    Fee,
    FeeKind,
    Tenancy,
)
from ..money.amount import ZERO, Amount
from ..tariff.demand import DemandKey, DemandQuantity
from ..tariff.fees import DemandFee, Fee as DueFee, day_fees, demand_fees, minimum_fee
from ..tariff.model import Tariff
from .calendar import day_of, day_start, month_before, month_of, next_month
from .slip import Slip, fee_id

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """The highest demand of a month so far, in W or VA, and when its block began."""

    quantity: int
    at: datetime


type Peaks = Mapping[tuple[date, DemandKey], Peak]
"""By month (its first day) and what the tariff measures."""


def first_tenancy(account: AccountNumber, name: str, at: datetime, zone: ZoneInfo) -> Tenancy:
    """Return how an account stands that begins now: this day is its first."""
    return Tenancy(
        account=account,
        name=name,
        opened_at=at,
        charged_through=day_of(at, zone) - _DAY,
        closed_through=month_before(month_of(at, zone)),
    )


def book_fees(
    slip: Slip, tenancy: Tenancy, tariff: Tariff, zone: ZoneInfo, charged_to: datetime | None
) -> Tenancy:
    """Book what is due by now; return how the account stands then.

    `charged_to` is up to when all its meters are charged, None if it has none.
    """
    tenancy = _book_days(slip, tenancy, tariff, zone)
    return _close_months(slip, tenancy, tariff, zone, charged_to)


def close_account_fees(slip: Slip, tenancy: Tenancy, tariff: Tariff, zone: ZoneInfo) -> Tenancy:
    """Book what is due when an account ends now: days, earlier months, and the begun month."""
    tenancy = book_fees(slip, tenancy, tariff, zone, slip.at)
    month = month_of(slip.at, zone)
    days = (day_of(slip.at, zone) - _first_day(tenancy, month, zone)).days + 1
    _close_month(slip, tariff, zone, month, days)
    return replace(tenancy, closed_through=month)


def store_peaks(slip: Slip, peaks: Peaks) -> None:
    """Store demands that are higher than what is stored."""
    for (month, key), peak in sorted(peaks.items()):
        item = item_of(key)
        stored = slip.tx.find(DemandPeak, account=slip.account, month=month, item=item)
        if stored is None or stored.quantity < peak.quantity:
            slip.tx.put(
                DemandPeak(
                    account=slip.account,
                    month=month,
                    item=item,
                    quantity=peak.quantity,
                    at=peak.at,
                )
            )


def _book_days(slip: Slip, tenancy: Tenancy, tariff: Tariff, zone: ZoneInfo) -> Tenancy:
    today = day_of(slip.at, zone)
    through = tenancy.charged_through
    if through is None:  # an account of a time before there were such charges
        through = today - _DAY
    while through < today:
        through += _DAY
        begins = max(day_start(through, zone), tenancy.opened_at)
        for fee in day_fees(tariff, through):
            slip.fee(_fee(slip.account, fee, through), begins)
    if through == tenancy.charged_through:
        return tenancy
    return replace(tenancy, charged_through=through)


def _close_months(
    slip: Slip, tenancy: Tenancy, tariff: Tariff, zone: ZoneInfo, charged_to: datetime | None
) -> Tenancy:
    through = tenancy.closed_through
    if through is None:
        through = month_before(month_of(slip.at, zone))
    while (end := next_month(month := next_month(through))) <= day_of(slip.at, zone):
        if charged_to is not None and charged_to < day_start(end, zone):
            break  # a meter still has to say what it counted in that month
        _close_month(slip, tariff, zone, month, (end - _first_day(tenancy, month, zone)).days)
        through = month
    if through == tenancy.closed_through:
        return tenancy
    return replace(tenancy, closed_through=through)


def _first_day(tenancy: Tenancy, month: date, zone: ZoneInfo) -> date:
    """Return the first day of a month on which the account was there."""
    return max(month, day_of(tenancy.opened_at, zone))


def _close_month(slip: Slip, tariff: Tariff, zone: ZoneInfo, month: date, days: int) -> None:
    """Book the demand of a month, then what lacks to its minimum."""
    tx, account, end = slip.tx, slip.account, next_month(month)
    version = tariff.find_version(end - _DAY)
    if version is None or not (version.demand or version.minimum_per_month):
        return
    booked_at = min(day_start(end, zone) - timedelta(microseconds=1), slip.at)
    keys = {item_of(item.key): item.key for item in version.demand}

    def peaks(of: date) -> Mapping[DemandKey, int]:
        rows = tx.rows(DemandPeak, account=account, month=of)
        return {keys[row.item]: row.quantity for row in rows if row.item in keys}

    looked_back = max((item.look_back_months for item in version.demand), default=0)
    history = [peaks(earlier) for earlier in _months_before(month, looked_back)]
    for demand in demand_fees(tariff, month, peaks(month), history, days):
        slip.fee(_fee(account, demand, month), booked_at)
    energy = tx.spending(account, day_start(month, zone), day_start(end, zone)).amount
    fees = [fee for fee in tx.fees(account, month, end) if fee.kind is not FeeKind.SERVICE]
    lacking = minimum_fee(tariff, month, Amount(energy + total(fees)), days)
    if lacking is not None:
        slip.fee(_fee(account, lacking, month), booked_at)


def item_of(key: DemandKey) -> str:
    """Return what is measured as the ledger names it; no two keys have one text."""
    return f"{key.quantity}|{key.minutes}|{len(key.period)}|{key.period}|{key.name}"


def demand_key(item: str) -> DemandKey:
    """Return what is measured from its name in the ledger (`item_of`)."""
    quantity, minutes, length, rest = item.split("|", 3)
    period, name = rest[: int(length)], rest[int(length) + 1 :]
    return DemandKey(name, DemandQuantity(quantity), int(minutes), period)


def _months_before(month: date, count: int) -> Iterator[date]:
    """Yield so many months before a month, the latest first."""
    for _ in range(count):
        month = month_before(month)
        yield month


def _fee(account: AccountNumber, fee: DueFee, day: date) -> Fee:
    demand = fee if isinstance(fee, DemandFee) else None
    kind, item = FeeKind(fee.kind), item_of(demand.key) if demand else ""
    return Fee(
        account=account,
        kind=kind,
        day=day,
        item=item,
        tariff=fee.tariff,
        tariff_valid_from=fee.valid_from,
        revision=fee.revision,
        quantity=demand.billed_w if demand else 0,
        amount=fee.amount,
        tax_ppm=fee.tax_ppm,
        transfer_id=fee_id(account, kind, day.isoformat(), item),
    )


def total(fees: Sequence[Fee]) -> Amount:
    """Return what fees cost together."""
    return Amount(sum((fee.amount for fee in fees), start=ZERO))
