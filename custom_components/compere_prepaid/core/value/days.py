"""The days that a model of energy is fitted to: what a building used, and what was let in it.

A building's energy is what its main meters counted that lie behind no other; without any, it is the
sum of all meters. A day counts if the register of each of them was read, not reckoned, when it
began and when it ended: what is known only together with a neighbour says nothing of either.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from ..allocation.document import POOL
from ..allocation.pools import pools_on
from ..allocation.premises import PREMISES, premises_between
from ..allocation.stays import Tenants, stays_of
from ..balance.feeders import FEEDER, feeders_on
from ..balance.hours import RegisterLine, register_lines
from ..errors import InvalidInputError
from ..ids import AccountNumber, MeterSerial
from ..ledger.account_rows import Supply, Tenancy
from ..ledger.ports import LedgerTransaction
from ..money.amount import Currency
from ..prepayment.calendar import day_start
from .facts import Period
from .saving import Day

_DAY = timedelta(days=1)
_THOUSANDTHS = 3

MOST_METERS = 200
"""Without main meters, so many at most are added up: more would take minutes to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """What is known of a site beside its ledger."""

    currency: Currency
    owner: AccountNumber | None
    accounts: frozenset[AccountNumber]
    meters: frozenset[MeterSerial]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a user knows of days: it counts in place of what the ledger knows."""

    energy_wh: Mapping[date, int]
    temperature: Mapping[date, Decimal]
    occupied: Mapping[date, Decimal]
    special: Collection[date] = ()


def meters_of_building(
    tx: LedgerTransaction, period: Period, building: Building, feeder: str | None
) -> Sequence[MeterSerial]:
    """Return the meters whose sum is what the building used.

    Where a feeder has all meters behind it, other feeders' main meters are, too.

    Raises `InvalidInputError` (`feeder_unknown`).
    """
    feeders = feeders_on(tx.documents(FEEDER), period.until - _DAY)
    if feeder is not None:
        if feeder not in feeders:
            raise InvalidInputError("feeder_unknown", feeder=feeder)
        return feeders[feeder].main
    behind = {serial for one in feeders.values() for serial in one.meters or ()}
    of_all = [one for one in feeders.values() if one.meters is None]
    mains = {serial for one in of_all or feeders.values() for serial in one.main}
    return sorted(mains - behind or building.meters)


def read_energy(
    tx: LedgerTransaction, period: Period, meters: Iterable[MeterSerial]
) -> Mapping[date, int]:
    """Return the Wh that meters counted together on each day that is known of all of them."""
    days = [period.since + _DAY * place for place in range(period.days)]
    totals: dict[date, int] = dict.fromkeys(days, 0)
    for serial in meters:
        line = register_lines(tx, [serial], period.begin, period.end, period.zone)[serial]
        for day in list(totals):
            energy = _of_day(line, day, period)
            if energy is None:
                del totals[day]
            else:
                totals[day] += energy
    return totals


def _of_day(line: RegisterLine, day: date, period: Period) -> int | None:
    since, until = day_start(day, period.zone), day_start(day + _DAY, period.zone)
    start, end = line.at(since), line.at(until)
    if start is None or end is None or start.estimated or end.estimated:
        return None
    if start.generation == end.generation:
        return end.wh - start.wh
    return sum(span.energy_wh for span in line.spans(since, until))


def read_occupied(
    tx: LedgerTransaction, period: Period, building: Building
) -> tuple[Mapping[date, Decimal], str]:
    """Return how much was let on each day: m², or units where no floor areas are known."""
    pools = pools_on(tx.documents(POOL), period.since, building.currency)
    feeders = feeders_on(tx.documents(FEEDER), period.since)
    common = {
        *(serial for pool in pools for cost in pool.costs for serial in cost.meters),
        *(serial for feeder in feeders.values() for serial in feeder.main),
    }
    stays = stays_of(
        Tenants(
            since=period.since,
            until=period.until,
            zone=period.zone,
            owner=building.owner,
            accounts=building.accounts,
            present=building.meters,
            common=frozenset(common),
            supplies=tx.rows(Supply),
            tenancies=tx.rows(Tenancy),
            premises=premises_between(tx.documents(PREMISES), period.since, period.until),
        )
    )
    let = [stay for stay in stays if not stay.vacant and stay.account not in {None, building.owner}]
    by_area = any(stay.floor_area for stay in let)
    changes: dict[date, int] = {}
    for stay in let:
        size = stay.floor_area if by_area else 1
        changes[stay.since] = changes.get(stay.since, 0) + size
        changes[stay.until] = changes.get(stay.until, 0) - size
    occupied, found = 0, {}
    for place in range(period.days):
        day = period.since + _DAY * place
        occupied += changes.get(day, 0)
        found[day] = Decimal(occupied).scaleb(-_THOUSANDTHS if by_area else 0)
    return found, "floor_area" if by_area else "units"


def days_of(
    energy_wh: Mapping[date, int],
    occupied: Mapping[date, Decimal],
    given: Given,
    period: Period,
) -> list[Day]:
    """Join what is known of the days of a time; those without energy are left out."""
    energy = {**energy_wh, **given.energy_wh}
    let = {**occupied, **given.occupied}
    return [
        Day(
            day=day,
            energy_wh=energy[day],
            occupied=let.get(day),
            temperature=given.temperature.get(day),
            special=day in given.special,
        )
        for day in sorted(energy)
        if period.since <= day < period.until
    ]
