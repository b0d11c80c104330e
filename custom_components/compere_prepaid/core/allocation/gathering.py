"""All that a run is worked out of, read in one snapshot of the ledger.

Reading (`read_gathering`) is apart from working with what was read (`gather`), which needs no
transaction and may take its time. What is not known is told by a line without an amount whose
detail has `missing`: `register` (a meter's register at the end), `beginning` (it was read first
within the time), `bill` (`days` of the time have none), `charges` and `demand` (of so many `units`
it is not known what they used).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from ..balance.energy_balance import meters_behind
from ..balance.feeders import FEEDER, Feeder, feeders_on
from ..balance.hours import RegisterLine, hours_of, peak_hour, register_lines
from ..errors import InvalidInputError
from ..ids import AccountNumber, MeterSerial
from ..ledger.account_rows import Supply, Tenancy
from ..ledger.allocation_rows import SupplierBill
from ..ledger.ports import LedgerTransaction
from ..money.amount import ZERO, Currency
from ..prepayment.calendar import day_of, day_start
from ..tariff.model import Tariff
from .bills import all_bills, counting
from .costs import Known, costs_of
from .document import POOL
from .inputs import CostLine, Inputs
from .pool import Basis, CostKind, Pool
from .pools import pools_on
from .premises import PREMISES, Held, premises_between
from .stays import Tenants, stays_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a run has to know of the site that is not in its ledger."""

    zone: ZoneInfo
    currency: Currency
    owner: AccountNumber | None
    accounts: frozenset[AccountNumber]
    meters: frozenset[MeterSerial]
    tariffs: Mapping[str, Tariff]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """What was read."""

    since: date
    until: date
    setting: Setting
    pools: tuple[Pool, ...]
    """Those that are asked for."""
    common: frozenset[MeterSerial]
    """The meters of all pools there are, and all main meters."""
    feeders: Mapping[str, Feeder]
    bills: Sequence[SupplierBill]
    supplies: Sequence[Supply]
    tenancies: Sequence[Tenancy]
    premises: Mapping[str, Sequence[Held]]
    energy: Mapping[tuple[AccountNumber, MeterSerial], int]
    behind: int
    """Of so many meters that supply somebody the charges do not reach to the end of the time."""
    registers: Mapping[MeterSerial, RegisterLine]


def read_gathering(
    tx: LedgerTransaction, since: date, until: date, names: Iterable[str], setting: Setting
) -> Gathering:
    """Read what pools cost and who bears them in the days from `since` to before `until`.

    Raises `InvalidInputError`: `pool_unknown`, `allocation_without_pools`, `allocation_pools_tied`.
    """
    every = pools_on(tx.documents(POOL), since, setting.currency)
    pools = _chosen(every, tuple(names), since)
    feeders = feeders_on(tx.documents(FEEDER), since)
    zone = setting.zone
    begin, end = day_start(since, zone), day_start(until, zone)
    supplies = tx.rows(Supply)
    wanted = _meters_read(pools, feeders, setting, supplies)
    return Gathering(
        since=since,
        until=until,
        setting=setting,
        pools=pools,
        common=common_meters(every, feeders.values()),
        feeders=feeders,
        bills=tuple(counting(all_bills(tx), since, until)),
        supplies=supplies,
        tenancies=tx.rows(Tenancy),
        premises=premises_between(tx.documents(PREMISES), since, until),
        energy=tx.energy_by_meter(begin, end),
        behind=_behind(tx, supplies, end) if _splits_by(pools, Basis.ENERGY) else 0,
        registers=register_lines(tx, sorted(wanted), begin, end, zone),
    )


def common_meters(pools: Iterable[Pool], feeders: Iterable[Feeder]) -> frozenset[MeterSerial]:
    """Return the meters of pools, and main meters: what nobody has alone."""
    return frozenset(
        serial
        for serials in (
            *(cost.meters for pool in pools for cost in pool.costs),
            *(feeder.main for feeder in feeders),
        )
        for serial in serials
    )


def gather(gathering: Gathering) -> Inputs:
    """Return the inputs of a run. Raises what rating by a tariff raises, and `tariff_unknown`."""
    setting, zone = gathering.setting, gathering.setting.zone
    since, until = gathering.since, gathering.until
    marks = hours_of(day_start(since, zone), day_start(until, zone), zone)
    peak = None
    if _splits_by(gathering.pools, Basis.DEMAND):
        peak = peak_hour(_lines_of_units(gathering, marks), marks)
    known = Known(
        since=since,
        until=until,
        zone=zone,
        currency=setting.currency,
        tariffs=setting.tariffs,
        present=setting.meters,
        feeders=gathering.feeders,
        bills=gathering.bills,
        registers=gathering.registers,
        hours=marks,
    )
    stays = stays_of(
        Tenants(
            since=since,
            until=until,
            zone=zone,
            owner=setting.owner,
            accounts=setting.accounts,
            present=setting.meters,
            common=gathering.common,
            supplies=gathering.supplies,
            tenancies=gathering.tenancies,
            premises=gathering.premises,
            energy=gathering.energy,
            demand={} if peak is None else peak.mean_w,
            demand_on=None if peak is None else day_of(peak.at, zone),
        )
    )
    unmeasured = len(
        {stay.unit for stay in stays if stay.unit and not stay.vacant}
        - (set() if peak is None else set(peak.mean_w))
    )
    return Inputs(
        since=since,
        until=until,
        currency=setting.currency.code,
        owner=setting.owner,
        pools=gathering.pools,
        costs={
            pool.name: (
                *costs_of(pool, known),
                *_unknown_use(pool, gathering.behind, unmeasured),
            )
            for pool in gathering.pools
        },
        stays=stays,
    )


def _chosen(every: Sequence[Pool], names: Sequence[str], day: date) -> tuple[Pool, ...]:
    """Return the pools that are asked for; what takes from one another is run together."""
    known = {pool.name: pool for pool in every}
    for name in names:
        if name not in known:
            raise InvalidInputError("pool_unknown", pool=name, pools=", ".join(known) or "-")
    chosen = {name: known[name] for name in names} if names else known
    if not chosen:
        raise InvalidInputError("allocation_without_pools", day=day)
    for pool in every:
        for cost in pool.costs:
            if cost.kind is CostKind.POOL and (pool.name in chosen) != (cost.name in chosen):
                raise InvalidInputError("allocation_pools_tied", pool=pool.name, other=cost.name)
    return tuple(chosen.values())


def _splits_by(pools: Iterable[Pool], basis: Basis) -> bool:
    return any(split.basis is basis for pool in pools for split in pool.splits)


def _meters_read(
    pools: Iterable[Pool],
    feeders: Mapping[str, Feeder],
    setting: Setting,
    supplies: Iterable[Supply],
) -> set[MeterSerial]:
    """Return the meters whose registers the run asks for."""
    wanted: set[MeterSerial] = set()
    for pool in pools:
        for cost in pool.costs:
            wanted.update(cost.meters)
            if cost.kind is CostKind.LOSSES and (feeder := feeders.get(cost.name)):
                wanted.update(feeder.main)
                wanted.update(meters_behind(feeder, feeders, setting.meters))
    if _splits_by(pools, Basis.DEMAND):
        wanted.update(setting.meters)
        wanted.update(supply.meter for supply in supplies if supply.to_at is None)
    return wanted


def _behind(tx: LedgerTransaction, supplies: Iterable[Supply], end: datetime) -> int:
    """Count the meters that supply somebody and are not charged up to an instant."""
    serials = [supply.meter for supply in supplies if supply.to_at is None]
    tx.prefetch((), serials)
    marks = (tx.mark(serial) for serial in serials)
    return sum(mark is not None and mark.at < end for mark in marks)


def _lines_of_units(
    gathering: Gathering, marks: Sequence[datetime]
) -> Mapping[MeterSerial, RegisterLine]:
    """Return the registers of units: also of a common meter while a tenant has it, as stays do."""
    let = {
        supply.meter
        for supply in gathering.supplies
        if supply.account != gathering.setting.owner
        and supply.from_at < marks[-1]
        and (supply.to_at is None or supply.to_at > marks[0])
    }
    return {
        serial: line
        for serial, line in gathering.registers.items()
        if serial not in gathering.common or serial in let
    }


def _unknown_use(pool: Pool, behind: int, unmeasured: int) -> Iterable[CostLine]:
    """Return lines that say of how many units it is not known what a basis asks for."""
    for basis, kind, units in (
        (Basis.ENERGY, "charges", behind),
        (Basis.DEMAND, "demand", unmeasured),
    ):
        if units and _splits_by((pool,), basis):
            yield CostLine(name=kind, amount=ZERO, detail={"missing": kind, "units": units})
