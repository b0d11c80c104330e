"""A survey of a site's energy on some days: balances, findings and base loads, out of one reading.

Reading it takes a transaction; working it out takes none, and may be done elsewhere.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..ids import MeterSerial
from ..ledger.ports import LedgerTransaction
from ..ledger.records import Document, HoldKind
from ..prepayment.calendar import day_of, day_start
from ..tariff.tax import PPM
from .energy_balance import (
    EXPECTED_PPM,
    Balance,
    FeederHour,
    Hours,
    Metered,
    days_of,
    expected_ppm_of,
    feeder_hours,
    hours_of_meters,
    meters_behind,
    read_metered,
)
from .feeders import feeders_on
from .findings import (
    Finding,
    FindingKind,
    NightRank,
    OpenTime,
    OpenTimes,
    likely_bypasses,
    night_ranking,
    standing_still,
)
from .hours import hours_of

FINDING = "energy_finding"
"""The kind of the documents that say what was told, so that it is told once."""

QUIET = timedelta(days=7)
"""The same finding about the same thing is told again only after so long."""

NEGATIVE_PPM = 20_000
"""Meters behind a feeder may count so much more than its main ones: each is right within 1 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """What a site says of its meters: which are there, in which area, and when their night is."""

    present: Collection[MeterSerial]
    areas: Mapping[MeterSerial, str]
    nights: Mapping[MeterSerial, tuple[int, int]]
    let: Collection[MeterSerial]
    """Those that tenants are charged by: of a vacant shop or an idle lift nobody wonders."""


class Surveyed(NamedTuple):
    """What was read for a survey."""

    metered: Metered
    open_times: OpenTimes


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was worked out of some days."""

    hours: Hours
    feeders: Mapping[str, tuple[FeederHour, ...]]
    expected: Mapping[str, Mapping[date, int]]
    """Which part (ppm) of a feeder's energy may get lost, by the feeder's name and the day."""
    findings: tuple[Finding, ...]
    nights: tuple[NightRank, ...]

    def balance(self, feeder: str, zone: ZoneInfo) -> Balance:
        """Return a feeder's balance over all of it."""
        return _together(self.days(feeder, zone))

    def days(self, feeder: str, zone: ZoneInfo) -> dict[date, Balance]:
        """Return a feeder's balance of each day."""
        return _by_day(self.feeders[feeder], self.expected[feeder], zone)


def _by_day(
    hours: Iterable[FeederHour], expected: Mapping[date, int], zone: ZoneInfo
) -> dict[date, Balance]:
    by_day: dict[date, list[FeederHour]] = {}
    for hour in hours:
        by_day.setdefault(day_of(hour.at, zone), []).append(hour)
    return {day: Balance.of(found, expected[day]) for day, found in by_day.items()}


def _together(days: Mapping[date, Balance]) -> Balance:
    return reduce(Balance.plus, days.values(), Balance(expected_ppm=EXPECTED_PPM))


def read_survey(
    tx: LedgerTransaction,
    since: date,
    until: date,
    zone: ZoneInfo,
    present: Collection[MeterSerial],
) -> Surveyed:
    """Read all that a survey of the days from `since` to before `until` needs."""
    metered = read_metered(tx, since, until, zone, present)
    return Surveyed(metered, _open_times(tx, metered.lines, day_start(since, zone)))


def _open_times(tx: LedgerTransaction, meters: Iterable[MeterSerial], since: datetime) -> OpenTimes:
    """Return when the relays of meters were to be open, as far as that was so since an instant."""
    meters = list(meters)
    tx.prefetch((), meters)
    found: dict[MeterSerial, list[OpenTime]] = {}
    holds = [hold for kind in HoldKind for hold in tx.holds_since(kind, since)]
    holds += [hold for meter in meters for hold in tx.holds(meter) if hold.placed_at < since]
    for hold in holds:
        found.setdefault(hold.meter, []).append(OpenTime(hold.placed_at, hold.released_at))
    return found


def survey(read: Surveyed, around: Neighbourhood, zone: ZoneInfo, now: datetime) -> Survey:
    """Work out a survey. The hours that are not over yet are left out."""
    metered, open_times = read
    hours = hours_of_meters(metered, zone)
    days = days_of(metered.since, metered.until)
    by_day = {day: feeders_on(metered.documents, day) for day in days}
    names = {name: feeder for found in by_day.values() for name, feeder in found.items()}
    feeders = {
        name: tuple(
            hour
            for hour in feeder_hours(name, metered, hours, zone, around.present, days)
            if hour.at + timedelta(hours=1) <= now
        )
        for name in names
    }
    expected = {
        name: {day: expected_ppm_of(found[name]) for day, found in by_day.items() if name in found}
        for name in names
    }
    begin, end = day_start(metered.since, zone), min(now, day_start(metered.until, zone))
    marks = hours_of(begin, end, zone)
    main = {serial for feeder in names.values() for serial in feeder.main}
    findings: list[Finding] = []
    neighbours = _neighbours(around, main)
    findings += standing_still(hours, marks, neighbours, open_times)
    for name, balance in feeders.items():
        behind = meters_behind(names[name], names, metered.lines)
        findings += likely_bypasses(name, balance, hours, behind, open_times)
        findings += _negative(name, balance, _together(_by_day(balance, expected[name], zone)))
    nights = {meter: night for meter, night in around.nights.items() if meter not in main}
    return Survey(
        hours=hours,
        feeders=feeders,
        expected=expected,
        findings=tuple(findings),
        nights=night_ranking(hours, nights, zone, open_times),
    )


def _neighbours(
    around: Neighbourhood, main: Collection[MeterSerial]
) -> dict[MeterSerial, tuple[MeterSerial, ...]]:
    """Return the other meters of each tenant's area; of a meter that is alone there, all others."""
    meters = sorted(meter for meter in around.present if meter not in main)
    by_area: dict[str, list[MeterSerial]] = {}
    for meter in meters:
        by_area.setdefault(around.areas.get(meter, ""), []).append(meter)
    found = {}
    for meter in (meter for meter in meters if meter in around.let):
        area = around.areas.get(meter, "")
        near = by_area[area] if area and len(by_area[area]) > 1 else meters
        found[meter] = tuple(other for other in near if other != meter)
    return found


def _negative(name: str, hours: tuple[FeederHour, ...], balance: Balance) -> tuple[Finding, ...]:
    """Return that meters count more than comes in: a main meter is missing, or a ratio wrong."""
    more_wh = -balance.loss_wh
    if more_wh <= 0 or more_wh * PPM < balance.main_wh * NEGATIVE_PPM:
        return ()
    return (
        Finding(
            kind=FindingKind.NEGATIVE_LOSS,
            since=hours[0].at,
            until=hours[-1].at + timedelta(hours=1),
            energy_wh=more_wh,
            feeder=name,
            detail={"main_wh": balance.main_wh, "sub_wh": balance.sub_wh, "hours": balance.hours},
        ),
    )


def tell_once(tx: LedgerTransaction, findings: Iterable[Finding], day: date) -> tuple[Finding, ...]:
    """Take note of findings; return those that were not told lately."""
    told: dict[str, date] = {}
    for document in tx.documents(FINDING):
        told[document.name] = date.fromisoformat(document.version)
    news = []
    for finding in findings:
        name = f"{finding.kind}:{finding.meter or finding.feeder}"
        last = told.get(name)
        if last is not None and day - last < QUIET:
            continue
        told[name] = day
        content = f'{{"energy_wh":{finding.energy_wh}}}'
        version = day.isoformat()
        tx.insert_document(Document(kind=FINDING, name=name, version=version, content=content))
        news.append(finding)
    return tuple(news)
