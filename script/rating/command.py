"""The command line of `script/rate`."""

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, DecimalException
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from custom_components.compere_prepaid.core.site_file import SiteFile
from custom_components.compere_prepaid.core.tariff.bill import bill
from custom_components.compere_prepaid.core.tariff.buying import buys
from custom_components.compere_prepaid.core.tariff.model import Tariff, Used
from custom_components.compere_prepaid.core.tariff.schedule import stretch_at

from .answers import Answer
from .readings import FaultsError, intervals, read_readings, read_time
from .refusing import print_answer, read_site

MAX_WH = 10**15


def main(arguments: list[str]) -> int:
    """Print the answer as JSON, or what is wrong on stderr; return the exit status."""
    options = parse(arguments)
    return print_answer("script/rate", lambda: answer_to(options))


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line; ends the program where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="script/rate",
        description="What readings cost under a tariff of a site file, or what an amount buys. "
        "The answer is JSON.",
    )
    parser.add_argument("site", type=Path, metavar="SITE.yaml", help="the site file")
    parser.add_argument("--tariff", required=True, metavar="NAME", help="a tariff of the file")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--readings",
        type=Path,
        metavar="FILE.csv",
        help="readings of one meter, with the columns time and register_wh",
    )
    what.add_argument("--buy", metavar="AMOUNT", help="money to buy energy with, tax included")
    parser.add_argument(
        "--used-kwh", metavar="N", help="with --buy: what was used this month before (0)"
    )
    parser.add_argument("--at", metavar="TIME", help="with --buy: when (now)")
    parser.add_argument("--folder", type=Path, default=Path(), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.readings and (options.used_kwh is not None or options.at is not None):
        parser.error("--used-kwh and --at go with --buy")
    options.site = options.folder / options.site
    return options


def answer_to(options: argparse.Namespace) -> Mapping[str, Any]:
    """Return what was asked for. Raises `FaultsError`, or an error of the core."""
    site = read_site(options.site)
    tariff = _tariff(site, options.tariff, options.site.name)
    zone = ZoneInfo(site.time_zone)
    if options.buy is not None:
        return _bought(site, tariff, zone, options)
    readings = read_readings(options.folder / options.readings, zone)
    since, until = readings[0].at, readings[-1].at
    answer = Answer(site.currency, zone)
    found = bill(tariff, intervals(readings), zone=zone, since=since, until=until)
    return {
        "tariff": tariff.name,
        "from": answer.time(since),
        "to": answer.time(until),
        **answer.of_bill(found),
    }


def _bought(
    site: SiteFile, tariff: Tariff, zone: ZoneInfo, options: argparse.Namespace
) -> Mapping[str, Any]:
    amount = site.currency.parse_positive(options.buy)
    at = datetime.now(UTC) if options.at is None else _time(options.at, zone)
    period = stretch_at(tariff, at, zone).period
    used_wh = _wh(options.used_kwh or "0")
    used = Used(used_wh, {period: used_wh})
    answer = Answer(site.currency, zone)
    return {
        "tariff": tariff.name,
        "at": answer.time(at),
        "period": period,
        **answer.of_purchase(amount, buys(tariff, amount, at=at, zone=zone, used=used)),
    }


def _tariff(site: SiteFile, name: str, file: str) -> Tariff:
    versions = [version for version in site.tariffs if version.name == name]
    if not versions:
        known = ", ".join(sorted({version.name for version in site.tariffs})) or "-"
        raise FaultsError(f"{file}: there is no tariff '{name}'; tariffs: {known}")
    return Tariff.of(versions, {calendar.name: calendar.days for calendar in site.calendars})


def _time(text: str, zone: ZoneInfo) -> datetime:
    try:
        return read_time(text, zone)
    except ValueError as error:
        raise FaultsError(f"--at: {error}") from error


def _wh(text: str) -> int:
    try:
        wh = Decimal(text).scaleb(3)
    except DecimalException:
        wh = Decimal("NaN")
    if not wh.is_finite() or not 0 <= wh <= MAX_WH or wh % 1:
        raise FaultsError(f"--used-kwh: '{text}' is no number of kWh with at most 3 decimals")
    return int(wh)
