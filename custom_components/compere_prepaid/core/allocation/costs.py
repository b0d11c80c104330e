"""What pools cost: energy at a price or by a tariff, bills, losses, amounts by the month.

Amounts are exact in the book's smallest unit, or rounded down to it where a percentage or a part of
a month is taken.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from ..balance.energy_balance import meters_behind
from ..balance.feeders import Feeder
from ..balance.hours import NOTHING_KNOWN, HourEnergy, RegisterLine
from ..errors import InvalidInputError
from ..ids import MeterSerial
from ..ledger.allocation_rows import SupplierBill
from ..money.amount import ZERO, Amount, Currency, Price, energy_cost
from ..prepayment.calendar import days_of_month, month_of, next_month
from ..tariff.model import NOT_USED, Tariff, Used
from ..tariff.rating import Interval, rate, used_with
from .bills import share_of
from .inputs import CostLine
from .pool import WHOLE_PPM, Cost, CostKind, Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What costs are made of."""

    since: date
    until: date
    zone: ZoneInfo
    currency: Currency
    tariffs: Mapping[str, Tariff]
    present: frozenset[MeterSerial]
    feeders: Mapping[str, Feeder]
    bills: Sequence[SupplierBill]
    registers: Mapping[MeterSerial, RegisterLine]
    hours: Sequence[datetime]
    """The beginnings of all hours, and the end of the last one."""

    @property
    def begin(self) -> datetime:
        """The first instant."""
        return self.hours[0]

    @property
    def end(self) -> datetime:
        """The instant behind the last one."""
        return self.hours[-1]


@dataclass(slots=True)
class _Sum:
    """Energy at one price."""

    energy_wh: int = 0
    estimated: bool = False


def costs_of(pool: Pool, known: Known) -> Iterator[CostLine]:
    """Yield what a pool cost, without what comes from other pools.

    Raises `InvalidInputError`: `tariff_unknown`, and what rating by a tariff raises.
    """
    for cost in pool.costs:
        match cost.kind:
            case CostKind.METERS:
                lines = _of_meters(cost, known)
            case CostKind.LOSSES:
                lines = _of_losses(cost, known)
            case CostKind.BILL:
                lines = _of_bills(cost, known)
            case CostKind.AMOUNT:
                lines = _of_months(cost, known)
            case CostKind.POOL:
                continue
        for line in lines:
            yield _part_of(line, cost)


def _part_of(line: CostLine, cost: Cost) -> CostLine:
    """Return a line as far as it is the pool's; not all of it may be."""
    amount = line.amount
    if cost.ppm == WHOLE_PPM or "missing" in line.detail:
        return line
    return replace(
        line,
        amount=Amount(amount * cost.ppm // WHOLE_PPM),
        detail={**line.detail, "ppm": cost.ppm},
    )


def _missing(name: str, what: str, **more: str | int) -> CostLine:
    return CostLine(name=name, amount=ZERO, detail={"missing": what, **more})


def _of_meters(cost: Cost, known: Known) -> Iterator[CostLine]:
    for serial in cost.meters:
        yield from _unknown(serial, known)
    if cost.tariff:
        hours = {
            serial: known.registers.get(serial, NOTHING_KNOWN).hours(known.hours)
            for serial in cost.meters
        }
        yield from _rated(cost, hours, known, {})
        return
    for serial in cost.meters:
        line = known.registers.get(serial, NOTHING_KNOWN)
        for span in line.spans(known.begin, known.end):
            price = cost.price or Price(0)
            yield CostLine(
                name=serial,
                amount=energy_cost(span.energy_wh, price),
                fixed=cost.fixed,
                detail={
                    "meter": serial,
                    "generation": span.generation,
                    "from_wh": span.from_wh,
                    "to_wh": span.to_wh,
                    "energy_wh": span.energy_wh,
                    "price": price,
                    "estimated": span.estimated,
                },
            )


def _unknown(serial: MeterSerial, known: Known) -> Iterator[CostLine]:
    """Say where a meter's register is not known at an end of the time.

    One that was read first within the time began then; one that is gone ended.
    """
    spans = known.registers.get(serial, NOTHING_KNOWN).spans(known.begin, known.end)
    if serial in known.present and (not spans or spans[-1].until < known.end):
        yield _missing(serial, "register", meter=serial)
    elif spans and spans[0].since > known.begin:
        yield _missing(serial, "beginning", meter=serial)


def _rated(
    cost: Cost,
    hours: Mapping[MeterSerial, Mapping[datetime, HourEnergy]],
    known: Known,
    detail: Mapping[str, str | int | bool],
) -> Iterator[CostLine]:
    """Rate energy by a tariff, hour by hour; all meters climb its tiers together."""
    tariff = known.tariffs.get(cost.tariff)
    if tariff is None:
        names = ", ".join(sorted(known.tariffs)) or "-"
        raise InvalidInputError("tariff_unknown", tariff=cost.tariff, known=names)
    used: dict[date, Used] = {}
    sums: dict[tuple[MeterSerial, str, int, Price], _Sum] = {}
    for at, until in pairwise(known.hours):
        month = month_of(at, known.zone)
        for serial, of_meter in hours.items():
            if (energy := of_meter.get(at)) is None or energy.wh <= 0:
                continue
            interval = Interval(0, energy.wh, at, until)
            before = used.get(month, NOT_USED)
            for line in rate(tariff, interval, zone=known.zone, used=before):
                counted = line.to_wh - line.from_wh
                used[month] = used_with(used.get(month, NOT_USED), line.period, counted)
                one = sums.setdefault((serial, line.period, line.tier, line.price), _Sum())
                one.energy_wh += counted
                one.estimated |= energy.estimated
    for (serial, period, tier, price), one in sorted(sums.items()):
        yield CostLine(
            name=serial,
            amount=energy_cost(one.energy_wh, price),
            fixed=cost.fixed,
            detail={
                **(detail or {"meter": serial}),
                "energy_wh": one.energy_wh,
                "tariff": cost.tariff,
                "period": period,
                "tier": tier,
                "price": price,
                "estimated": one.estimated,
            },
        )


def _of_losses(cost: Cost, known: Known) -> Iterator[CostLine]:
    """Yield what main meters counted more than the meters behind them; less is nothing lost."""
    feeder = known.feeders.get(cost.name)
    if feeder is None:
        raise InvalidInputError("feeder_unknown", feeder=cost.name)
    behind = meters_behind(feeder, known.feeders, known.present)
    for serial in (*feeder.main, *behind):
        yield from _unknown(serial, known)
    main_wh, sub_wh = (
        sum(
            span.energy_wh
            for serial in serials
            for span in known.registers.get(serial, NOTHING_KNOWN).spans(known.begin, known.end)
        )
        for serials in (feeder.main, behind)
    )
    detail: dict[str, str | int | bool] = {
        "feeder": cost.name,
        "main_wh": main_wh,
        "sub_wh": sub_wh,
    }
    if cost.tariff:
        lost = {MeterSerial(cost.name): _lost_by_hour(feeder.main, behind, known)}
        yield from _rated(cost, lost, known, detail)
        return
    energy_wh, price = max(0, main_wh - sub_wh), cost.price or Price(0)
    yield CostLine(
        name=cost.name,
        amount=energy_cost(energy_wh, price),
        fixed=cost.fixed,
        detail={**detail, "energy_wh": energy_wh, "price": price},
    )


def _lost_by_hour(
    main: Sequence[MeterSerial], behind: Sequence[MeterSerial], known: Known
) -> Mapping[datetime, HourEnergy]:
    """Return what was lost in each hour; an hour below zero takes it off those behind it."""
    sides = [
        [known.registers.get(serial, NOTHING_KNOWN).hours(known.hours) for serial in serials]
        for serials in (main, behind)
    ]
    lost: dict[datetime, HourEnergy] = {}
    carried = 0
    for at in known.hours[:-1]:
        counted = [[hours[at] for hours in side if at in hours] for side in sides]
        total = carried + sum(one.wh for one in counted[0]) - sum(one.wh for one in counted[1])
        estimated = any(one.estimated for side in counted for one in side)
        lost[at], carried = HourEnergy(max(0, total), estimated), min(0, total)
    return lost


def _of_bills(cost: Cost, known: Known) -> Iterator[CostLine]:
    """Yield the parts of bills that have this name, and the days that none is for."""
    covered: set[date] = set()
    for bill in known.bills:
        part = share_of(bill, known.since, known.until, known.currency.minor)
        if bill.name != cost.name or part is None:
            continue
        first = max(bill.since, known.since)
        covered.update(first + timedelta(days=day) for day in range(part.days))
        yield CostLine(
            name=bill.name,
            amount=part.amount,
            fixed=cost.fixed or bill.fixed,
            detail={
                "supplier": bill.supplier,
                "number": bill.number,
                "revision": bill.revision,
                "days": part.days,
                "of_days": part.of_days,
            },
        )
    if lacking := (known.until - known.since).days - len(covered):
        yield _missing(cost.name, "bill", days=lacking)


def _of_months(cost: Cost, known: Known) -> Iterator[CostLine]:
    """Yield an amount of every month, by its days in the time: a month's times add up to it."""
    month = known.since.replace(day=1)
    while month < known.until:
        days, end = days_of_month(month), next_month(month)
        first = (max(month, known.since) - month).days
        last = (min(end, known.until) - month).days
        amount = cost.amount * last // days - cost.amount * first // days
        yield CostLine(
            name=cost.name,
            amount=Amount(amount),
            fixed=cost.fixed,
            detail={"month": month.isoformat(), "days": last - first, "of_days": days},
        )
        month = end
