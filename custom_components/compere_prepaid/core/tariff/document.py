"""A tariff version as people write it, and as the ledger keeps it.

Both have the same form (that of the site file); the ledger's is canonical JSON with exact decimals
as text, so that one tariff has one text, and a checker can read it without this package.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
import json
from pathlib import Path
from typing import Any

from ..document_faults import schema_faults
from ..document_section import Findings, Section, number_text
from ..documents import Document
from ..errors import InvalidInputError
from ..money.amount import WH_DIGITS, Currency, Price
from .coverage import gaps
from .model import ScheduleRule, Slot, TariffVersion, Tier
from .notation import read_clock, read_days, read_months, write_clock, write_days, write_months
from .year import ALL_DAYS, ALL_MONTHS

_SITE_SCHEMA = json.loads(
    Path(__file__).parents[1].joinpath("site_file.schema.json").read_text(encoding="utf-8")
)
TARIFF_SCHEMA: Mapping[str, Any] = {
    "$schema": _SITE_SCHEMA["$schema"],
    "$defs": _SITE_SCHEMA["$defs"],
    "$ref": "#/$defs/tariff",
}

_WH_IN_KWH = Decimal(1).scaleb(-WH_DIGITS)
_MAX_BOUND_KWH = 1_000_000_000

# Parts of a tariff that can be written down but not charged yet. Silence would cost somebody money.
_NOT_CHARGED = (
    ("standing", "per_day"),
    ("standing", "per_month"),
    ("minimum_per_month",),
    ("tax", "percent"),
)


def tariff_version_from(data: Mapping[str, Any], currency: Currency) -> TariffVersion:
    """Read a tariff version in the site file's form.

    Raises `InvalidInputError` (`tariff_invalid`) with everything that is wrong.
    """
    document = Document(data=data, lines={})
    findings = Findings(document, schema_faults(data, TARIFF_SCHEMA, {}))
    version = read_tariff_version(Section(data, (), findings), currency)
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
    return tariff_version_from(data, currency)


def tariff_data(version: TariffVersion, currency: Currency) -> dict[str, Any]:
    """Return a version in the site file's form, numbers as `Decimal`."""
    data: dict[str, Any] = {
        "name": version.name,
        "valid_from": version.valid_from.isoformat(),
        "prices": _prices_data(version.prices, currency),
    }
    if version.rules:
        data["schedule"] = [_rule_data(rule) for rule in version.rules]
    if version.tiers:
        data["tiers"] = [_tier_data(tier, currency) for tier in version.tiers]
    if version.tier_proration is not None:
        data["tier_proration"] = {"per_days": version.tier_proration}
    return data


def read_tariff_version(section: Section, currency: Currency) -> TariffVersion | None:
    """Read a version out of a document; None if anything is wrong, which is reported then."""
    data = section.value
    if not isinstance(data, Mapping):
        return None
    before = len(section.findings.meaning)
    prices = _read_prices(section, currency)
    rules = _read_schedule(section)
    tiers = _read_tiers(section, prices, currency)
    _refuse_what_is_not_charged(section)
    if not section.sound or len(section.findings.meaning) > before:
        return None
    proration = data.get("tier_proration")
    return TariffVersion(
        name=data["name"],
        valid_from=date.fromisoformat(data["valid_from"]),
        prices=prices,
        rules=rules,
        tiers=tiers,
        tier_proration=proration["per_days"] if isinstance(proration, Mapping) else None,
    )


def _read_prices(section: Section, currency: Currency) -> dict[str, Price]:
    """Read the prices by period of a tariff or of a tier."""
    prices = {}
    for part in section.items("prices"):
        price = part.money(currency.parse_price)
        if price is not None:
            prices[str(part.path[-1])] = price
    return prices


def _read_schedule(section: Section) -> tuple[ScheduleRule, ...]:
    """Read the schedule; look for gaps only where every rule could be read."""
    before = len(section.findings.meaning)
    periods = _periods(section)
    rules = [_read_rule(rule, periods) for rule in section.entries("schedule")]
    schedule = section.part("schedule")
    if not rules:
        told = schedule or "schedule" not in section.value
        if told and len(periods) > 1 and section.part("prices"):
            section.fault("has several prices: add a 'schedule' that says when each of them holds")
        return ()
    if schedule and len(section.findings.meaning) == before:
        for gap in gaps(rules):
            schedule.fault(f"names no price for {gap}: add a slot or a rule for these hours")
    return tuple(rules)


def _read_rule(section: Section, periods: Sequence[str]) -> ScheduleRule:
    days, months = section.part("days"), section.part("months")
    found: list[Slot] = []
    for slot in section.items("slots"):
        if periods and slot.value not in periods:
            slot.fault(f"there is no price '{slot.value}'; prices: {', '.join(periods)}")
        found.append(Slot(read_clock(str(slot.path[-1])), slot.value))
    return ScheduleRule(
        days=read_days(days.value) if days else ALL_DAYS,
        months=read_months(months.value) if months else ALL_MONTHS,
        slots=tuple(sorted(found, key=lambda slot: slot.minute)),
    )


def _read_tiers(
    section: Section, prices: Mapping[str, Price], currency: Currency
) -> tuple[Tier, ...]:
    entries = list(section.entries("tiers"))
    periods = _periods(section)
    tiers = []
    reached_wh = 0
    for index, entry in enumerate(entries):
        bound = entry.part("up_to")
        up_to_wh = _read_bound(bound) if bound else None
        if bound and index == len(entries) - 1:
            bound.fault("the last tier must have no end: leave 'up_to' out")
        if not bound and index < len(entries) - 1 and entry.sound:
            entry.fault("only the last tier may be without 'up_to'")
        if bound and up_to_wh is not None:
            if up_to_wh <= reached_wh:
                bound.fault("must be more than the 'up_to' of the tier before")
            reached_wh = max(reached_wh, up_to_wh)
        if own := entry.part("prices"):
            _compare_periods(own, periods)
        tiers.append(_read_tier(entry, up_to_wh, prices, currency))
    return tuple(tiers)


def _read_bound(section: Section) -> int | None:
    """Read a bound in kWh as Wh."""
    bound = Decimal(section.value)
    if not (bound.is_finite() and 0 < bound <= _MAX_BOUND_KWH):
        section.fault(f"must be more than 0 and at most {_MAX_BOUND_KWH} kWh")
    elif bound % _WH_IN_KWH:
        section.fault("has too many decimals: a number of kWh has at most 3")
    else:
        return int(bound // _WH_IN_KWH)
    return None


def _read_tier(
    section: Section, up_to_wh: int | None, prices: Mapping[str, Price], currency: Currency
) -> Tier:
    ways = [key for key in ("adder", "price", "prices") if key in section.value]
    if len(ways) > 1:
        section.fault(f"has {' and '.join(ways)}: choose one of them")
        return Tier(up_to_wh=up_to_wh)
    adder, price = section.part("adder"), section.part("price")
    return Tier(
        up_to_wh=up_to_wh,
        adder=_read_adder(adder, prices, currency) if adder else 0,
        price=price.money(currency.parse_price) if price else None,
        prices=_read_prices(section, currency) if "prices" in ways else None,
    )


def _read_adder(section: Section, prices: Mapping[str, Price], currency: Currency) -> int:
    """Read what a tier adds to each price, or takes from it; no price may fall below 0."""
    number = Decimal(section.value)
    magnitude = section.money(lambda _: currency.parse_price(number.copy_abs()))
    adder = (magnitude or 0) * (-1 if number.is_signed() else 1)
    for period, price in prices.items():
        if price + adder < 0:
            section.fault(f"takes more away than the price '{period}' has")
    return adder


def _compare_periods(section: Section, periods: Sequence[str]) -> None:
    if not periods:
        return
    if missing := [period for period in periods if period not in section.value]:
        section.fault(f"names no price for {', '.join(missing)}")
    for period in section.value:
        if period not in periods:
            part = Section(section.value[period], (*section.path, period), section.findings)
            part.fault(f"there is no price '{period}'; prices: {', '.join(periods)}")


def _refuse_what_is_not_charged(section: Section) -> None:
    for path in _NOT_CHARGED:
        part: Section | None = section
        for key in path:
            part = part.part(key) if part else None
        if part and not Decimal(part.value).is_zero():
            part.fault("is not charged by this version yet: set it to 0")


def _periods(section: Section) -> tuple[str, ...]:
    """Return the periods that have a price, rightly written or not."""
    prices = section.value.get("prices")
    return tuple(prices) if isinstance(prices, Mapping) else ()


def _rule_data(rule: ScheduleRule) -> dict[str, Any]:
    return {
        "days": write_days(rule.days),
        "months": write_months(rule.months),
        "slots": {write_clock(slot.minute): slot.period for slot in rule.slots},
    }


def _tier_data(tier: Tier, currency: Currency) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if tier.up_to_wh is not None:
        data["up_to"] = Decimal(tier.up_to_wh).scaleb(-WH_DIGITS)
    if tier.price is not None:
        data["price"] = currency.exact_price(tier.price)
    elif tier.prices is not None:
        data["prices"] = _prices_data(tier.prices, currency)
    elif tier.adder:
        data["adder"] = currency.exact_price(Price(tier.adder))
    return data


def _prices_data(prices: Mapping[str, Price], currency: Currency) -> dict[str, Decimal]:
    return {period: currency.exact_price(price) for period, price in prices.items()}
