"""The site file: one YAML document that holds a whole site.

It is read in one go: shape, names that point to each other, money, tariffs; every fault is told
with its line, and a file with a fault is not a site. Writing a site and reading it again gives the
same site.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from .allocation.document import read_pool
from .allocation.pool import Pool
from .balance.feeders import Feeder, read_feeder
from .bus.settings import LineSettings, Transport
from .document_faults import MAX_FAULTS, schema_faults
from .document_section import Findings, Section
from .documents import Document, DocumentError, read_document
from .ids import AccountNumber, MeterSerial
from .ledger.records import BookKind
from .meters.address import kept_address
from .meters.compere_mqtt.ports import TRANSPORT, BrokerSettings
from .meters.dlt645_relay import NO_OPERATOR, USUAL_LEVEL, RelayAccess
from .money.amount import ZERO, Amount, Currency
from .policy.credit import Policy
from .site_file_brokers import check_brokers, read_broker, refuse_broker_keys
from .site_file_names import (
    ADDRESS_KEYS,
    ALL_ADDRESS_KEYS,
    check_calendars,
    check_names,
    check_places,
)
from .site_file_policies import read_amount, read_policy
from .site_file_pools import check_pools
from .tariff.calendar_days import Calendar, read_calendar
from .tariff.document import read_tariff_version
from .tariff.model import TariffVersion

SCHEMA: Mapping[str, Any] = json.loads(
    (Path(__file__).parent / "site_file.schema.json").read_text(encoding="utf-8")
)

_LINE_KEYS = ("shared", "queues", "host", "port", "device", "baudrate", "parity", "stopbits")
ACCOUNT_PREMISES = ("floor_area", "rated_power", "persons", "opening_hours")
"""What an account may say of its premises."""

_FINEST = "KWD"
"""A currency with as many decimals as any: nothing is wrong in it that another would allow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusEntry:
    """A line and its name."""

    name: str
    line: LineSettings | BrokerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterEntry:
    """A meter: which it is, where it answers, and what it feeds."""

    serial: MeterSerial
    name: str
    bus: str
    """The name of the bus."""
    address: int | str
    """A number on a line, the digits of a DL/T 645 meter, the meter code behind a broker."""
    profile: str
    area: str = ""
    floor: str = ""
    labels: tuple[str, ...] = ()
    floor_area: Decimal | None = None
    """m²"""
    rated_power: Decimal | None = None
    """kW"""
    breaker: int
    """A"""
    multiplier: int = 1
    """The ratio of the current transformers, where the register does not contain it."""
    rollover_kwh: int | None = None
    """Where the register begins anew at 0; None if that is not known."""
    relay_access: RelayAccess | None = None
    """The right to switch its relay, where it asks for one. Read, and never written to a file."""
    power_scale: int | None = None
    """What its powers are multiplied by; None leaves it as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEntry:
    """A tenant's account and what supplies it; or the owner's, who has what nobody else has."""

    number: AccountNumber
    name: str
    meters: tuple[MeterSerial, ...]
    tariff: str
    policy: str
    opening_balance: Amount = ZERO
    owner: bool = False
    notify: tuple[str, ...] | None = None
    """The tenant's channels; None leaves them as they are."""
    language: str | None = None
    """In which the tenant is told; None leaves it as it is."""
    floor_area: Decimal | None = None
    """m², of all its units together, in place of what its meters say."""
    rated_power: Decimal | None = None
    """kW, likewise."""
    persons: int | None = None
    opening_hours: Decimal | None = None
    """A week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFile:
    """A whole site, as one file holds it."""

    name: str
    currency: Currency
    time_zone: str
    kind: BookKind | None = None
    """Whether its money is real or for trying; None goes into either."""
    buses: tuple[BusEntry, ...] = ()
    meters: tuple[MeterEntry, ...] = ()
    accounts: tuple[AccountEntry, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    tariffs: tuple[TariffVersion, ...] = ()
    policies: tuple[Policy, ...] = ()
    feeders: tuple[Feeder, ...] = ()
    pools: tuple[Pool, ...] = ()


def parse_site_file(text: str, *, file: str) -> SiteFile:
    """Read a site file; `file` is the name that the person knows it by.

    Raises `DocumentError` with everything that is wrong. Blocking: a thousand meters take about a
    second.
    """
    return site_file_of(read_document(text, file=file), file=file)


def site_file_of(document: Document, *, file: str) -> SiteFile:
    """Return the site that a document holds, as `parse_site_file` does."""
    findings = Findings(document, schema_faults(document.data, SCHEMA, document.lines))
    if not isinstance(document.data, Mapping) or len(findings.schema) >= MAX_FAULTS:
        raise DocumentError(file, findings.all)
    root = Section(document.data, (), findings)
    currency = _read_site(root)
    buses = [_read_bus(entry) for entry in root.entries("buses")]
    meters = [_read_meter(entry) for entry in root.entries("meters")]
    calendars = [read_calendar(entry) for entry in root.entries("calendars")]
    tariffs = [read_tariff_version(entry, currency) for entry in root.entries("tariffs")]
    policies = [read_policy(entry, currency) for entry in root.entries("policies")]
    feeders = [read_feeder(entry) for entry in root.entries("feeders")]
    pools = [read_pool(entry, currency) for entry in root.entries("pools")]
    accounts = [_read_account(entry, currency) for entry in root.entries("accounts")]
    check_names(root)
    check_calendars(root)
    check_places(root)
    check_brokers(root)
    check_pools(root, pools, feeders, currency)
    if findings.all:
        raise DocumentError(file, findings.all)
    site = document.data["site"]
    return SiteFile(
        name=site["name"],
        currency=currency,
        time_zone=site["time_zone"],
        kind=BookKind(site["kind"]) if "kind" in site else None,
        buses=tuple(bus for bus in buses if bus),
        meters=tuple(meter for meter in meters if meter),
        accounts=tuple(account for account in accounts if account),
        calendars=tuple(calendar for calendar in calendars if calendar),
        tariffs=tuple(tariff for tariff in tariffs if tariff),
        policies=tuple(policy for policy in policies if policy),
        feeders=tuple(feeder for feeder in feeders if feeder),
        pools=tuple(pool for pool in pools if pool),
    )


def _read_site(root: Section) -> Currency:
    """Check the zone; return the currency, or the finest one in place of one that is wrong."""
    site = root.group("site")
    if (zone := site.part("time_zone")) and not _is_time_zone(zone.value):
        zone.fault(f"there is no time zone '{zone.value}'; write it like Asia/Shanghai")
    return Currency.of(site.text("currency") or _FINEST)


def _is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except OSError, ValueError, LookupError:  # not found, a folder, not a path at all
        return False
    return True


def _read_bus(section: Section) -> BusEntry | None:
    transport = section.part("transport")
    if transport is None:
        return None
    if transport.value == TRANSPORT:
        broker = read_broker(section)
        return None if broker is None else BusEntry(name=section.value["name"], line=broker)
    before = len(section.findings.meaning)
    refuse_broker_keys(section, transport.value)
    needed, possible = ADDRESS_KEYS[transport.value]
    for key in sorted(possible | ALL_ADDRESS_KEYS):
        if key in needed and key not in section.value:
            section.fault(f"'{key}' is missing: transport {transport.value} needs it")
        elif key not in possible and (part := section.part(key)):
            part.fault(f"does not go with transport {transport.value}: remove it")
    if not section.sound or len(section.findings.meaning) > before:
        return None
    data = section.value
    given = {key: data[key] for key in _LINE_KEYS if key in data}
    for key, name in (("timeout", "timeout_s"), ("spacing", "spacing_s")):
        if key in data:
            given[name] = float(data[key])
    return BusEntry(
        name=data["name"], line=LineSettings(transport=Transport(transport.value), **given)
    )


def _read_meter(section: Section) -> MeterEntry | None:
    if not section.sound:
        return None
    data = section.value
    return MeterEntry(
        serial=MeterSerial(str(data["serial"])),
        name=data["name"],
        bus=data["bus"],
        address=kept_address(data["address"]),
        profile=data["profile"],
        area=data.get("area", ""),
        floor=data.get("floor", ""),
        labels=tuple(data.get("labels", ())),
        floor_area=_decimal(data.get("floor_area")),
        rated_power=_decimal(data.get("rated_power")),
        breaker=data["breaker"],
        multiplier=data.get("multiplier", 1),
        rollover_kwh=data.get("rollover_kwh"),
        power_scale=data.get("power_scale"),
        relay_access=_relay_access(data.get("relay_access")),
    )


def _relay_access(data: Mapping[str, Any] | None) -> RelayAccess | None:
    if data is None:
        return None
    return RelayAccess(
        password=str(data["password"]),
        level=str(data.get("level", USUAL_LEVEL)),
        operator=str(data.get("operator", NO_OPERATOR)),
    )


def _decimal(value: int | Decimal | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _read_account(section: Section, currency: Currency) -> AccountEntry | None:
    balance = read_amount(section.part("opening_balance"), currency)
    if not section.sound or balance is None:
        return None
    data = section.value
    return AccountEntry(
        number=AccountNumber(str(data["number"])),
        name=data["name"],
        meters=tuple(MeterSerial(str(serial)) for serial in data["meters"]),
        tariff=data["tariff"],
        policy=data["policy"],
        opening_balance=balance,
        owner=data.get("owner", False),
        notify=tuple(data["notify"]) if "notify" in data else None,
        language=data.get("language"),
        floor_area=_decimal(data.get("floor_area")),
        rated_power=_decimal(data.get("rated_power")),
        persons=data.get("persons"),
        opening_hours=_decimal(data.get("opening_hours")),
    )
