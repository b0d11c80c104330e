"""How the tiers of a tariff are written: one ladder, or one for each period."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ..document_section import Section
from ..money.amount import WH_DIGITS, Currency, Price
from .document_prices import check_periods, compare_periods, periods_of, prices_data, read_prices
from .model import Tier
from .year import Season

_WH_IN_KWH = Decimal(1).scaleb(-WH_DIGITS)
_MAX_BOUND_KWH = 1_000_000_000

type Ladders = tuple[tuple[Tier, ...], dict[str, tuple[Tier, ...]]]
"""The one for all periods, and those of single periods; one of the two is empty."""


def read_tiers(
    section: Section,
    prices: Mapping[str, Price],
    seasons: Sequence[Season],
    currency: Currency,
) -> Ladders:
    """Read the tiers; `prices` and `seasons` are what their adders add to."""
    tiers = section.value.get("tiers")
    if not isinstance(tiers, Mapping):
        bases = list(_bases(prices, seasons))
        return _read_ladder(list(section.entries("tiers")), section, bases, currency), {}
    group = section.group("tiers")
    check_periods(group, periods_of(section))
    ladders = {}
    for period in tiers:
        own = [base for base in _bases(prices, seasons) if base[0] == period]
        entries = list(group.entries(period))
        for entry in entries:
            if part := entry.part("prices"):
                part.fault(f"does not go with tiers of the period '{period}': write 'price'")
        if ladder := _read_ladder(entries, section, own, currency):
            ladders[period] = ladder
    return (), ladders


type _Base = tuple[str, str, Price]
"""A period, a season or nothing, and the price then."""


def _bases(prices: Mapping[str, Price], seasons: Sequence[Season]) -> Iterator[_Base]:
    for period, price in prices.items():
        yield period, "", price
    for season in seasons:
        for period, price in season.prices.items():
            yield period, season.name, price


def _read_ladder(
    entries: Sequence[Section], tariff: Section, bases: Sequence[_Base], currency: Currency
) -> tuple[Tier, ...]:
    tiers = []
    for entry, up_to_wh in zip(entries, read_bounds(entries, "tier"), strict=True):
        if own := entry.part("prices"):
            compare_periods(own, periods_of(tariff))
        tiers.append(_read_tier(entry, up_to_wh, bases, currency))
    return tuple(tiers)


def read_bounds(entries: Sequence[Section], kind: str, unit: str = "kWh") -> list[int | None]:
    """Read where the steps of a ladder end, in thousandths of the unit; they must grow."""
    bounds: list[int | None] = []
    reached = 0
    for index, entry in enumerate(entries):
        bound = entry.part("up_to")
        end = _read_bound(bound, unit) if bound else None
        if bound and index == len(entries) - 1:
            bound.fault(f"the last {kind} must have no end: leave 'up_to' out")
        if not bound and index < len(entries) - 1 and entry.sound:
            entry.fault(f"only the last {kind} may be without 'up_to'")
        if bound and end is not None:
            if end <= reached:
                bound.fault(f"must be more than the 'up_to' of the {kind} before")
            reached = max(reached, end)
        bounds.append(end)
    return bounds


def _read_bound(section: Section, unit: str) -> int | None:
    bound = Decimal(section.value)
    if not (bound.is_finite() and 0 < bound <= _MAX_BOUND_KWH):
        section.fault(f"must be more than 0 and at most {_MAX_BOUND_KWH} {unit}")
    elif bound % _WH_IN_KWH:
        section.fault(f"has too many decimals: a number of {unit} has at most 3")
    else:
        return int(bound // _WH_IN_KWH)
    return None


def _read_tier(
    section: Section, up_to_wh: int | None, bases: Sequence[_Base], currency: Currency
) -> Tier:
    ways = [key for key in ("adder", "price", "prices") if key in section.value]
    if len(ways) > 1:
        section.fault(f"has {' and '.join(ways)}: choose one of them")
        return Tier(up_to_wh=up_to_wh)
    adder, price = section.part("adder"), section.part("price")
    return Tier(
        up_to_wh=up_to_wh,
        adder=_read_adder(adder, bases, currency) if adder else 0,
        price=price.money(currency.parse_price) if price else None,
        prices=read_prices(section, currency) if "prices" in ways else None,
    )


def _read_adder(section: Section, bases: Sequence[_Base], currency: Currency) -> int:
    """Read what a tier adds to each price, or takes from it; no price may fall below 0."""
    number = Decimal(section.value)
    magnitude = section.money(lambda _: currency.parse_price(number.copy_abs()))
    adder = (magnitude or 0) * (-1 if number.is_signed() else 1)
    for period, season, price in bases:
        if price + adder < 0:
            then = f" in season '{season}'" if season else ""
            section.fault(f"takes more away than the price '{period}' has{then}")
    return adder


def bound_data(bound: int | None) -> dict[str, Decimal]:
    """Write where a step ends."""
    return {} if bound is None else {"up_to": Decimal(bound).scaleb(-WH_DIGITS)}


def tier_data(tier: Tier, currency: Currency) -> dict[str, Any]:
    """Write a tier."""
    data: dict[str, Any] = dict(bound_data(tier.up_to_wh))
    if tier.price is not None:
        data["price"] = currency.exact_price(tier.price)
    elif tier.prices is not None:
        data["prices"] = prices_data(tier.prices, currency)
    elif tier.adder:
        data["adder"] = currency.exact_price(Price(tier.adder))
    return data
