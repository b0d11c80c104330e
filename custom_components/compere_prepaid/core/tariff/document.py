"""A tariff version as people write it, and as the ledger keeps it.

Both have the same form (that of the site file); the ledger's is canonical JSON with exact decimals
as text, so that one tariff has one text, and a checker can read it without this package.
"""

from collections.abc import Callable, Mapping
from datetime import date
import json
from pathlib import Path
from typing import Any

from ..document_faults import schema_faults
from ..document_section import Findings, Section, number_text
from ..documents import Document
from ..errors import InvalidInputError
from ..money.amount import Currency
from .document_fees import (
    demand_data,
    fees_data,
    read_demand,
    read_fee,
    read_meter_registers,
    read_standing,
    read_taxes,
    taxes_data,
)
from .document_prices import (
    PriceTable,
    price_table_data,
    read_price_table,
    read_seasons,
    season_data,
)
from .document_schedule import check_reach, read_schedule, rule_data
from .document_tiers import read_tiers, tier_data
from .model import TariffVersion

_SITE_SCHEMA = json.loads(
    Path(__file__).parents[1].joinpath("site_file.schema.json").read_text(encoding="utf-8")
)
TARIFF_SCHEMA: Mapping[str, Any] = {
    "$schema": _SITE_SCHEMA["$schema"],
    "$defs": _SITE_SCHEMA["$defs"],
    "$ref": "#/$defs/tariff",
}


def tariff_version_from(data: Mapping[str, Any], currency: Currency) -> TariffVersion:
    """Read a tariff version in the site file's form.

    Raises `InvalidInputError` (`tariff_invalid`) with everything that is wrong.
    """
    return _read_alone(data, currency, read_tariff_version)


def _read_alone(
    data: Mapping[str, Any],
    currency: Currency,
    read: Callable[[Section, Currency], TariffVersion | None],
) -> TariffVersion:
    document = Document(data=data, lines={})
    findings = Findings(document, schema_faults(data, TARIFF_SCHEMA, {}))
    version = read(Section(data, (), findings), currency)
    if version is None or findings.all:
        raise InvalidInputError(
            "tariff_invalid",
            tariff=data.get("name", "?") if isinstance(data, Mapping) else "?",
            faults="\n".join(
                f"{fault.path}: {fault.message}" if fault.path else fault.message
                for fault in findings.all
            ),
        )
    return version


def tariff_content(version: TariffVersion, currency: Currency) -> str:
    """Return a version as canonical JSON: the same tariff has the same text, always."""
    data = {"currency": currency.code, **tariff_data(version, currency)}
    return json.dumps(
        data, default=number_text, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )


def tariff_version_of(content: str, currency: Currency) -> TariffVersion:
    """Return the version that `tariff_content` wrote.

    Raises `InvalidInputError`: `tariff_invalid`, and `tariff_currency_differs` for the text of
    another book.
    """
    data = json.loads(content)
    if (code := data.pop("currency", None)) != currency.code:
        raise InvalidInputError(
            "tariff_currency_differs", tariff=data.get("name"), currency=code, book=currency.code
        )
    return _read_alone(data, currency, _read)


def tariff_data(version: TariffVersion, currency: Currency) -> dict[str, Any]:
    """Return a version in the site file's form, numbers as `Decimal`; what is not used is left out.

    The text of a tariff must never change: a ledger that has it would take it for another one.
    """
    table = PriceTable(
        base=version.base_price, prices=dict(version.prices), percents=dict(version.percents)
    )
    lists = {
        "seasons": [season_data(season, currency) for season in version.seasons],
        "calendar": version.calendar,
        "schedule": [rule_data(rule) for rule in version.rules],
        "tiers": [tier_data(tier, currency) for tier in version.tiers]
        or {
            period: [tier_data(tier, currency) for tier in ladder]
            for period, ladder in version.period_tiers.items()
        },
    }
    data: dict[str, Any] = {"name": version.name, "valid_from": version.valid_from.isoformat()}
    if version.revision > 1:
        data["revision"] = version.revision
    data |= price_table_data(table, currency)
    data |= {key: value for key, value in lists.items() if value}
    if version.tier_proration is not None:
        data["tier_proration"] = {"per_days": version.tier_proration}
    data |= fees_data(version.standing, version.service, version.minimum_per_month, currency)
    if version.demand:
        data["demand"] = [demand_data(item, currency) for item in version.demand]
    data |= taxes_data(version.general_tax, version.line_taxes)
    if version.meter_registers:
        data["meter_registers"] = dict(version.meter_registers)
    return data


def read_tariff_version(section: Section, currency: Currency) -> TariffVersion | None:
    """Read a version out of a document; None if anything is wrong, which is reported then."""
    version = _read(section, currency)
    if version is not None:
        check_reach(section, version.rules, version.seasons)
    return version


def _read(section: Section, currency: Currency) -> TariffVersion | None:
    """Read a version as every release of this program did; reading it again must go on working."""
    data = section.value
    if not isinstance(data, Mapping):
        return None
    before = len(section.findings.meaning)
    table = read_price_table(section, currency)
    seasons = read_seasons(section, table, currency)
    rules = read_schedule(section, seasons)
    tiers, period_tiers = read_tiers(section, table.prices, seasons, currency)
    standing = read_standing(section, "standing", currency)
    service = read_standing(section, "service", currency)
    minimum = read_fee(section.part("minimum_per_month"), currency)
    demand = read_demand(section, currency)
    general_tax, line_taxes = read_taxes(section)
    registers = read_meter_registers(section)
    if not section.sound or len(section.findings.meaning) > before:
        return None
    proration = data.get("tier_proration")
    return TariffVersion(
        name=data["name"],
        valid_from=date.fromisoformat(data["valid_from"]),
        revision=data.get("revision", 1),
        prices=table.prices,
        base_price=table.base,
        percents=table.percents,
        seasons=seasons,
        calendar=data.get("calendar", ""),
        rules=rules,
        tiers=tiers,
        period_tiers=period_tiers,
        tier_proration=proration["per_days"] if isinstance(proration, Mapping) else None,
        standing=standing,
        service=service,
        minimum_per_month=minimum,
        demand=demand,
        general_tax=general_tax,
        line_taxes=line_taxes,
        meter_registers=registers,
    )
