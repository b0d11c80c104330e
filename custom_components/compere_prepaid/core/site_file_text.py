"""Writing a site as a file that is read as the same site again."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import yaml

from .allocation.document import pool_data
from .balance.feeders import feeder_data
from .bus.settings import LineSettings, Transport
from .document_section import number_text
from .meters.compere_mqtt.ports import BrokerSettings
from .money.amount import Currency
from .site_file import ACCOUNT_PREMISES, AccountEntry, BusEntry, MeterEntry, SiteFile
from .site_file_brokers import broker_data
from .site_file_policies import policy_data
from .tariff.calendar_days import calendar_data
from .tariff.document import tariff_data

_LINE_DEFAULTS = LineSettings(transport=Transport.SERIAL)
_WIDE = 2**30
_RARE = ("calendars", "feeders")
_LONG = ("tariffs", "pools")


def dump_site_file(site: SiteFile) -> str:
    """Return the text that `parse_site_file` reads as this site."""
    groups: tuple[tuple[str, list[dict[str, Any]]], ...] = (
        ("buses", [bus_data(bus) for bus in site.buses]),
        ("meters", [_meter_data(meter) for meter in site.meters]),
        ("accounts", [_account_data(account, site.currency) for account in site.accounts]),
        ("calendars", [calendar_data(calendar) for calendar in site.calendars]),
        ("tariffs", [tariff_data(tariff, site.currency) for tariff in site.tariffs]),
        ("policies", [policy_data(policy, site.currency) for policy in site.policies]),
        ("feeders", [feeder_data(feeder) for feeder in site.feeders]),
        ("pools", [pool_data(pool, site.currency) for pool in site.pools]),
    )
    head = {"name": site.name, "currency": site.currency.code, "time_zone": site.time_zone}
    if site.kind is not None:
        head["kind"] = site.kind.value
    lines = [f"site: {_flow(head)}"]
    for name, entries in groups:
        if name in _RARE and not entries:
            continue  # few sites have any
        lines.append(f"{name}:" if entries else f"{name}: []")
        for entry in entries:
            lines.extend(_long_lines(entry) if name in _LONG else [f"  - {_flow(entry)}"])
    return "\n".join([*lines, ""])


def _long_lines(data: Mapping[str, Any]) -> list[str]:
    """Write a tariff or a pool over several lines, one a key and one a rule or cost."""
    lines = []
    for key, value in data.items():
        if key in ("schedule", "costs"):
            lines.append(f"    {key}:")
            lines.extend(f"      - {_flow(part)}" for part in value)
        else:
            lines.append(f"    {key}: {_flow(value)}")
    return [f"  - {lines[0].lstrip()}", *lines[1:]]


def bus_data(bus: BusEntry) -> dict[str, Any]:
    """Return a line as a site file has it."""
    line = bus.line
    data: dict[str, Any] = {"name": bus.name, "transport": str(line.transport)}
    if isinstance(line, BrokerSettings):
        return data | broker_data(line)
    if line.transport is Transport.SERIAL:
        data["device"] = line.device
    else:
        data |= ({"host": line.host} if line.host else {}) | {"port": line.port}
    for key in ("baudrate", "parity", "stopbits"):
        if line.transport is Transport.SERIAL or _differs(line, key):
            data[key] = getattr(line, key)
    if _differs(line, "timeout_s"):
        data["timeout"] = Decimal(repr(line.timeout_s))
    if line.spacing_s:
        data["spacing"] = Decimal(repr(line.spacing_s))
    data |= {key: True for key in ("shared", "queues") if getattr(line, key)}
    return data


def _differs(line: LineSettings, key: str) -> bool:
    return bool(getattr(line, key) != getattr(_LINE_DEFAULTS, key))


def _meter_data(meter: MeterEntry) -> dict[str, Any]:
    data = {
        "serial": meter.serial,
        "name": meter.name,
        "bus": meter.bus,
        "address": meter.address,
        "profile": meter.profile,
        "area": meter.area or None,
        "floor": meter.floor or None,
        "labels": list(meter.labels) or None,
        "floor_area": meter.floor_area,
        "rated_power": meter.rated_power,
        "breaker": meter.breaker,
        "multiplier": meter.multiplier if meter.multiplier > 1 else None,
        "rollover_kwh": meter.rollover_kwh,
        "power_scale": meter.power_scale,
    }
    return {key: value for key, value in data.items() if value is not None}


def _account_data(account: AccountEntry, currency: Currency) -> dict[str, Any]:
    data: dict[str, Any] = {
        "number": account.number,
        "name": account.name,
        "meters": list(account.meters),
        "tariff": account.tariff,
        "policy": account.policy,
        "opening_balance": currency.exact(account.opening_balance),
    }
    if account.owner:
        data["owner"] = True
    if account.notify:
        data["notify"] = list(account.notify)
    if account.language:
        data["language"] = account.language
    given = {key: getattr(account, key) for key in ACCOUNT_PREMISES}
    return data | {key: value for key, value in given.items() if value is not None}


def _flow(data: Any) -> str:
    """Write data on one line, like `{name: East riser, port: 15020}`."""
    text = yaml.dump(
        data,
        Dumper=_Dumper,
        default_flow_style=True,
        allow_unicode=True,
        sort_keys=False,
        width=_WIDE,
    )
    return str(text).removesuffix("\n").removesuffix("\n...")


class _Dumper(yaml.SafeDumper):
    """Writes exact numbers as plain numbers."""


def _represent_number(dumper: yaml.SafeDumper, number: Decimal) -> yaml.ScalarNode:
    text = number_text(number)
    kind = "float" if "." in text else "int"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{kind}", text)


_Dumper.add_representer(Decimal, _represent_number)
