"""How the rest of a bill is written in a tariff: fees, the minimum, demand and tax."""

from collections.abc import Mapping
from typing import Any

from ..document_section import Section
from ..money.amount import WH_DIGITS, Amount, Currency, Price
from .demand import DemandItem, DemandKey, DemandQuantity, DemandStep
from .document_prices import check_periods, periods_of
from .document_tiers import bound_data, read_bounds
from .model import NO_TAX, LineKind, Standing, Tax
from .notation import read_months, write_months
from .percent import percent, read_percent
from .tax import PPM
from .year import ALL_MONTHS

_AMOUNT_PER_PRICE: int = 10**WH_DIGITS
_MINUTES = 15
_FEE_SENTENCES = {
    "price_not_a_number": "must be an amount like 12.50, not {price}",
    "price_negative": "must not be negative",
    "price_too_precise": "has too many decimals: a fee has at most {digits}",
    "price_too_large": "is too large: a fee is at most {limit}",
}
_DEMAND_SENTENCES = {
    "price_not_a_number": "must be a price like 20, not {price}",
    "price_negative": "must not be negative",
    "price_too_precise": "has too many decimals: a price per kW has at most {digits}",
    "price_too_large": "is too large: a price per kW is at most {limit}",
}


def read_fee(section: Section | None, currency: Currency) -> Amount:
    """Read an amount that may have as many decimals as a price; 0 where nothing stands."""
    price = section.money(currency.parse_price, _FEE_SENTENCES) if section else None
    return Amount((price or 0) * _AMOUNT_PER_PRICE)


def read_standing(section: Section, key: str, currency: Currency) -> Standing:
    """Read what is charged for the time alone."""
    group = section.group(key)
    return Standing(
        per_day=read_fee(group.part("per_day"), currency),
        per_month=read_fee(group.part("per_month"), currency),
    )


def read_taxes(section: Section) -> tuple[Tax, dict[LineKind, Tax]]:
    """Read the general tax, and those of lines that have another one."""
    group = section.group("tax")
    general = _read_tax(group, group)
    lines = group.group("lines")
    found = {
        LineKind(kind): _read_tax(lines.group(kind), group)
        for kind in lines.value
        if kind in LineKind
    }
    return general, {kind: tax for kind, tax in found.items() if tax != general}


def _read_tax(section: Section, general: Section) -> Tax:
    """Read a tax; what a line does not say itself, the general one says."""
    part = section.part("percent") or general.part("percent")
    ppm = (read_percent(part, most=PPM) if part else 0) or 0
    included = section.value.get("included", general.value.get("included"))
    if ppm and included is None and section.sound:
        section.fault(
            "does not say whether the prices contain the tax: add 'included: true' or "
            "'included: false'"
        )
    return Tax(ppm, included=bool(included)) if ppm else NO_TAX


def read_demand(section: Section, currency: Currency) -> tuple[DemandItem, ...]:
    """Read the prices on the highest power."""
    items: list[DemandItem] = []
    for entry in section.entries("demand"):
        item = _read_demand_item(entry, periods_of(section), currency)
        if item and any(item.key.name == other.key.name for other in items):
            entry.fault(f"there is a demand '{item.key.name}' already")
        if item:
            items.append(item)
    return tuple(items)


def _read_demand_item(
    section: Section, periods: tuple[str, ...], currency: Currency
) -> DemandItem | None:
    before = len(section.findings.meaning)
    period = section.part("period")
    if period and periods and period.value not in periods:
        period.fault(f"there is no price '{period.value}'; prices: {', '.join(periods)}")
    entries = list(section.entries("prices"))
    prices = [
        part.money(currency.parse_price, _DEMAND_SENTENCES)
        if (part := entry.part("price"))
        else None
        for entry in entries
    ]
    bounds = read_bounds(entries, "step", section.text("quantity") or "kW")
    look_back = section.group("look_back")
    share = look_back.part("percent")
    ppm = read_percent(share, most=PPM) if share else 0
    if not section.sound or len(section.findings.meaning) > before:
        return None
    data = section.value
    return DemandItem(
        key=DemandKey(
            name=data["name"],
            quantity=DemandQuantity(data["quantity"]),
            minutes=data.get("minutes", _MINUTES),
            period=data.get("period", ""),
        ),
        steps=tuple(
            DemandStep(bound, price or Price(0))
            for bound, price in zip(bounds, prices, strict=True)
        ),
        months=read_months(data["months"]) if "months" in data else ALL_MONTHS,
        look_back_months=look_back.value.get("months", 0),
        look_back_ppm=ppm or 0,
    )


def read_meter_registers(section: Section) -> dict[str, str]:
    """Read which of the meter's own registers counts which period."""
    group = section.group("meter_registers")
    periods = periods_of(section)
    check_periods(group, periods)
    if group.value and (missing := [period for period in periods if period not in group.value]):
        group.fault(f"names no register for {', '.join(missing)}")
    taken: dict[str, str] = {}
    for part in section.items("meter_registers"):
        period, register = str(part.path[-1]), str(part.value)
        if register in taken:
            part.fault(f"counts '{taken[register]}' already")
        taken[register] = period
    return {period: register for register, period in taken.items()}


def fees_data(
    standing: Standing, service: Standing, minimum: Amount, currency: Currency
) -> dict[str, Any]:
    """Write what is charged besides energy; nothing of what is free."""
    data: dict[str, Any] = {}
    for key, fee in (("standing", standing), ("service", service)):
        if written := {
            part: currency.exact(amount) for part, amount in fee._asdict().items() if amount
        }:
            data[key] = written
    return data | ({"minimum_per_month": currency.exact(minimum)} if minimum else {})


def demand_data(item: DemandItem, currency: Currency) -> dict[str, Any]:
    """Write a price on the highest power."""
    data: dict[str, Any] = {
        "name": item.key.name,
        "quantity": str(item.key.quantity),
        "minutes": item.key.minutes,
    }
    if item.key.period:
        data["period"] = item.key.period
    if item.months != ALL_MONTHS:
        data["months"] = write_months(item.months)
    data["prices"] = [
        bound_data(step.up_to_w) | {"price": currency.exact_price(step.price)}
        for step in item.steps
    ]
    if item.look_back_months:
        share = percent(item.look_back_ppm)
        data["look_back"] = {"months": item.look_back_months, "percent": share}
    return data


def taxes_data(general: Tax, lines: Mapping[LineKind, Tax]) -> dict[str, Any]:
    """Write the taxes; nothing where there is none."""
    data = _tax_data(general) if general.ppm or lines else {}
    if lines:
        data["lines"] = {str(kind): _tax_data(tax) for kind, tax in sorted(lines.items())}
    return {"tax": data} if data else {}


def _tax_data(tax: Tax) -> dict[str, Any]:
    return {"percent": percent(tax.ppm), "included": tax.included}
