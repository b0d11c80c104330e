"""The command line of `script/allocate`."""

import argparse
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from custom_components.compere_prepaid.core.allocation.bill_file import read_bills
from custom_components.compere_prepaid.core.allocation.gathering import gather
from custom_components.compere_prepaid.core.allocation.sharing import allocate
from custom_components.compere_prepaid.core.allocation.wording import WORDS
from custom_components.compere_prepaid.core.ledger.allocation_rows import SupplierBill
from custom_components.compere_prepaid.core.prepayment.calendar import next_month
from custom_components.compere_prepaid.core.site_file import SiteFile
from custom_components.compere_prepaid.core.value.facts import Period
from script.rating.readings import FaultsError, read_text
from script.rating.refusing import print_answer, read_site

from .answers import Answer
from .gathering import circuits, default_month, gathering_of
from .measured import Registers, read_energy, read_registers


def main(arguments: list[str]) -> int:
    """Print the answer as JSON, or what is wrong on stderr; return the exit status."""
    options = parse(arguments)
    return print_answer("script/allocate", lambda: answer_to(options))


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line; ends the program where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="script/allocate",
        description="Who bears how much of the shared costs of a site file in a month, and why. "
        "Every account has its units all month. The answer is JSON.",
    )
    parser.add_argument("site", type=Path, metavar="SITE.yaml", help="the site file")
    parser.add_argument("--pool", metavar="NAME", help="show this pool only (all)")
    parser.add_argument("--month", metavar="YYYY-MM", help="which month (the last one)")
    parser.add_argument(
        "--bills",
        type=Path,
        metavar="FILE.csv",
        help="bills, with the columns supplier, number, name, since, until, amount",
    )
    parser.add_argument(
        "--readings",
        type=Path,
        metavar="FILE.csv",
        help="registers of meters, with the columns meter, time and register_wh",
    )
    parser.add_argument(
        "--energy",
        type=Path,
        metavar="FILE.csv",
        help="what meters counted in the month, with the columns meter and energy_wh",
    )
    parser.add_argument(
        "--language", choices=sorted(WORDS), default="en", help="of the explanations (en)"
    )
    parser.add_argument("--folder", type=Path, default=Path(), help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def answer_to(options: argparse.Namespace) -> Mapping[str, Any]:
    """Return what was asked for. Raises `FaultsError`, or an error of the core."""
    site = read_site(options.folder / options.site)
    zone = ZoneInfo(site.time_zone)
    month = _month(options.month, site, zone)
    gathering = gathering_of(site, month, _registers(options, site, month), _bills(options, site))
    if options.pool is not None and options.pool not in (pool.name for pool in gathering.pools):
        known = ", ".join(pool.name for pool in gathering.pools)
        raise FaultsError(
            f"{options.site.name}: there is no pool '{options.pool}' in {month.name}; "
            f"pools: {known}"
        )
    inputs = gather(gathering)
    answer = Answer(inputs, allocate(inputs), site.currency, options.language, options.pool)
    return {
        "month": month.name,
        "currency": site.currency.code,
        "pools": answer.pools(),
        "accounts": {one.number: answer.of_account(one.number) for one in site.accounts},
        "notes": answer.notes(),
    }


def _month(text: str | None, site: SiteFile, zone: ZoneInfo) -> Period:
    if text is None:
        since = default_month(site, datetime.now(zone).date())
    else:
        try:
            since = date.fromisoformat(f"{text}-01")
        except ValueError as error:
            raise FaultsError(f"--month: '{text[:40]}' is no month like 2026-10") from error
    return Period(since=since, until=next_month(since), zone=zone)


def _registers(options: argparse.Namespace, site: SiteFile, month: Period) -> Registers:
    """Return what is known of registers; where a meter has both, readings count."""
    meters = frozenset(circuit for found in circuits(site).values() for circuit in found)
    found: Registers = {}
    if options.energy is not None:
        found = read_energy(options.folder / options.energy, month.begin, month.end, meters)
    if options.readings is not None:
        read = read_registers(options.folder / options.readings, month.zone, meters)
        found = {**found, **read}
    return found


def _bills(options: argparse.Namespace, site: SiteFile) -> tuple[SupplierBill, ...]:
    if options.bills is None:
        return ()
    path = options.folder / options.bills
    return read_bills(
        read_text(path), file=path.name, currency=site.currency, at=datetime.now(UTC), user=""
    )
