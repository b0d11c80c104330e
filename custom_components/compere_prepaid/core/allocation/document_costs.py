"""How the costs of a pool are written: what meters counted, bills, losses, amounts, other pools."""

from typing import Any

from ..document_section import Section
from ..ids import MeterSerial
from ..money.amount import ZERO, Currency
from ..tariff.percent import percent, read_percent
from .pool import WHOLE_PPM, Cost, CostKind

ENERGY_KINDS = (CostKind.METERS, CostKind.LOSSES)
"""Those that are energy, and so need a price."""


def read_costs(section: Section, currency: Currency) -> tuple[Cost, ...]:
    """Read all costs of a pool that can be read; what is wrong is reported."""
    found = (_read_cost(entry, section, currency) for entry in section.entries("costs"))
    return tuple(cost for cost in found if cost)


def _read_cost(section: Section, pool: Section, currency: Currency) -> Cost | None:
    before = len(section.findings.meaning)
    kinds = [kind for kind in CostKind if kind in section.value]
    if len(kinds) != 1:
        some = " and ".join(f"'{kind}'" for kind in kinds)
        section.fault(
            f"has {some}: make two costs of it"
            if kinds
            else f"does not say what costs: write one of {', '.join(CostKind)}"
        )
        return None
    kind = kinds[0]
    if section.sound:
        _check_keys(section, kind)
    itself = section.part("pool")
    if itself and itself.value == pool.value.get("name"):
        itself.fault("is this pool itself: it can only have a part of another one")
    amount_part, price_part = section.part("amount"), section.part("price")
    amount = amount_part.money(currency.parse) if amount_part else ZERO
    price = price_part.money(currency.parse_price) if price_part else None
    share = section.part("percent")
    ppm = read_percent(share, least=-WHOLE_PPM, most=WHOLE_PPM) if share else WHOLE_PPM
    if share and ppm == 0:
        share.fault("must not be 0: leave the whole cost out")
    if not section.sound or len(section.findings.meaning) > before:
        return None
    data = section.value
    return Cost(
        kind=kind,
        name=data.get("name", "") if kind is CostKind.AMOUNT else _name(kind, data),
        meters=tuple(MeterSerial(str(one)) for one in data.get("meters", ())),
        ppm=WHOLE_PPM if ppm is None else ppm,
        price=price,
        tariff=data.get("tariff", ""),
        amount=amount or ZERO,
        fixed=data.get("fixed", False),
    )


def _name(kind: CostKind, data: Any) -> str:
    return "" if kind is CostKind.METERS else str(data[kind])


def _check_keys(section: Section, kind: CostKind) -> None:
    """Report keys that do not go with what costs, and what is missing."""
    ways = [key for key in ("price", "tariff") if key in section.value]
    if kind in ENERGY_KINDS:
        if len(ways) != 1:
            section.fault(
                "has 'price' and 'tariff': choose one of them"
                if ways
                else "does not say what a kWh costs: add a 'price' or a 'tariff'"
            )
        ways = []
    foreign = ways + (["name"] if kind is not CostKind.AMOUNT else ["percent"])
    for key in foreign:
        if part := section.part(key):
            part.fault(f"does not go with '{kind}': remove it")
    if kind is CostKind.AMOUNT and "name" not in section.value:
        section.fault("'name' is missing: what people call this amount")


def cost_data(cost: Cost, currency: Currency) -> dict[str, Any]:
    """Write a cost."""
    data: dict[str, Any] = {}
    match cost.kind:
        case CostKind.METERS:
            data["meters"] = list(cost.meters)
        case CostKind.AMOUNT:
            data |= {"amount": currency.exact(cost.amount), "name": cost.name}
        case _:
            data[cost.kind.value] = cost.name
    if cost.price is not None:
        data["price"] = currency.exact_price(cost.price)
    if cost.tariff:
        data["tariff"] = cost.tariff
    if cost.ppm != WHOLE_PPM:
        data["percent"] = percent(cost.ppm)
    return data | ({"fixed": True} if cost.fixed else {})
