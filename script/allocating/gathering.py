"""What a run is worked out of, out of a site file: every account has its units all month."""

from collections.abc import Sequence
from datetime import date
from functools import cache

from custom_components.compere_prepaid.core.allocation.consistency import Named, unknown_names
from custom_components.compere_prepaid.core.allocation.document import pool_document
from custom_components.compere_prepaid.core.allocation.gathering import (
    Gathering,
    Setting,
    common_meters,
)
from custom_components.compere_prepaid.core.allocation.pool import Pool
from custom_components.compere_prepaid.core.allocation.pools import pools_on
from custom_components.compere_prepaid.core.allocation.premises import (
    Held,
    premises_from,
    unit_of_account,
    unit_of_meter,
)
from custom_components.compere_prepaid.core.balance.feeders import (
    Feeder,
    feeder_document,
    feeders_on,
)
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.ledger.account_rows import Supply, Tenancy
from custom_components.compere_prepaid.core.ledger.allocation_rows import SupplierBill
from custom_components.compere_prepaid.core.meters.catalogue import Catalogue, load_catalogue
from custom_components.compere_prepaid.core.meters.profile import circuits_of
from custom_components.compere_prepaid.core.prepayment.calendar import (
    month_before,
    next_month,
)
from custom_components.compere_prepaid.core.site_file import SiteFile
from custom_components.compere_prepaid.core.tariff.model import Tariff
from custom_components.compere_prepaid.core.value.facts import Period
from script.rating.core_alone import PACKAGE, ROOT
from script.rating.readings import FaultsError

from .measured import Registers

PROFILES = ROOT.joinpath(*PACKAGE.split("."), "core", "meters", "profiles")


def circuits(site: SiteFile) -> dict[MeterSerial, tuple[MeterSerial, ...]]:
    """Return of each meter of the file what accounts and pools may name: it, or its channels."""
    profiles = _catalogue().profiles
    return {
        meter.serial: tuple(circuits_of(profiles.get(meter.profile), meter.serial))
        for meter in site.meters
    }


@cache
def _catalogue() -> Catalogue:
    return load_catalogue([PROFILES])


def gathering_of(
    site: SiteFile, month: Period, registers: Registers, bills: Sequence[SupplierBill]
) -> Gathering:
    """Return all that a run of the file's pools has to know. Raises `FaultsError`."""
    of_meters = circuits(site)
    meters = frozenset(circuit for found in of_meters.values() for circuit in found)
    pools, feeders = _in_force(site, month, meters)
    supplied = {serial: one.number for one in site.accounts for serial in one.meters}
    counted = {
        serial: sum(span.energy_wh for span in registers[serial].spans(month.begin, month.end))
        for serial in supplied
        if serial in registers
    }
    return Gathering(
        since=month.since,
        until=month.until,
        setting=Setting(
            zone=month.zone,
            currency=site.currency,
            owner=next((one.number for one in site.accounts if one.owner), None),
            accounts=frozenset(one.number for one in site.accounts),
            meters=meters,
            tariffs=_tariffs(site),
        ),
        pools=pools,
        common=common_meters(pools, feeders.values()),
        feeders=feeders,
        bills=bills,
        supplies=[
            Supply(
                meter=serial,
                generation=1,
                number=1,
                account=number,
                from_wh=0,
                from_at=month.begin,
            )
            for serial, number in supplied.items()
        ],
        tenancies=[
            Tenancy(account=one.number, name=one.name, opened_at=month.begin)
            for one in site.accounts
        ],
        premises=_premises(site, of_meters, month),
        energy={(supplied[serial], serial): energy_wh for serial, energy_wh in counted.items()},
        behind=len(supplied) - len(counted),
        registers=registers,
    )


def default_month(site: SiteFile, today: date) -> date:
    """Return the first day of the month before this one, or of the first that has all pools."""
    last = month_before(today.replace(day=1))
    first_days = [pool.valid_from for pool in site.pools if not pool.ended]
    latest = max(first_days, default=last)
    begun = latest if latest.day == 1 else next_month(latest.replace(day=1))
    return max(last, begun)


def _in_force(
    site: SiteFile, month: Period, meters: frozenset[MeterSerial]
) -> tuple[tuple[Pool, ...], dict[str, Feeder]]:
    """Return what holds on the first day; refuse names that are not in the file."""
    documents = [pool_document(pool, site.currency) for pool in site.pools]
    pools = pools_on(documents, month.since, site.currency)
    if not pools:
        raise FaultsError(f"no pool of the site file holds on {month.since}: name another --month")
    named = Named(meters=meters, accounts={one.number for one in site.accounts})
    if clashes := list(unknown_names(pools, named)):
        raise FaultsError(*map(str, clashes))
    return pools, feeders_on(map(feeder_document, site.feeders), month.since)


def _tariffs(site: SiteFile) -> dict[str, Tariff]:
    calendars = {calendar.name: calendar.days for calendar in site.calendars}
    names = dict.fromkeys(version.name for version in site.tariffs)
    return {
        name: Tariff.of([one for one in site.tariffs if one.name == name], calendars)
        for name in names
    }


def _premises(
    site: SiteFile, of_meters: dict[MeterSerial, tuple[MeterSerial, ...]], month: Period
) -> dict[str, tuple[Held, ...]]:
    """Return what the file says of units; what a meter with channels measures is several shops."""
    units = {}
    for meter in site.meters:
        for circuit in of_meters[meter.serial]:
            is_whole = circuit == meter.serial
            units[unit_of_meter(circuit)] = premises_from(
                area=meter.area,
                floor=meter.floor,
                labels=meter.labels,
                floor_area=meter.floor_area if is_whole else None,
                rated_power=meter.rated_power if is_whole else None,
            )
    for account in site.accounts:
        units[unit_of_account(AccountNumber(account.number))] = premises_from(
            floor_area=account.floor_area,
            rated_power=account.rated_power,
            persons=account.persons,
            opening_hours=account.opening_hours,
        )
    return {unit: (Held(month.since, month.until, one),) for unit, one in units.items()}
