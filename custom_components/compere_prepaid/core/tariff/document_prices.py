"""How prices and seasons are written in a tariff."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

from ..document_section import Section, number_text
from ..money.amount import WH_DIGITS, Currency, Price
from .notation import read_month_day, read_months, write_month_day, write_months
from .percent import percent, percent_text, read_percent
from .tax import PPM, PPM_DIGITS
from .year import A_LEAP_YEAR, MonthDay, Season


@dataclass(slots=True, kw_only=True)
class PriceTable:
    """The prices of a tariff, as far as they could be read."""

    base: Price | None = None
    prices: dict[str, Price] = field(default_factory=dict)
    percents: dict[str, int] = field(default_factory=dict)
    """Those that were written as what they add to the base price, in ppm."""


def periods_of(section: Section) -> tuple[str, ...]:
    """Return the periods that have a price, rightly written or not."""
    prices = section.value.get("prices")
    return tuple(prices) if isinstance(prices, Mapping) else ()


def read_prices(section: Section, currency: Currency) -> dict[str, Price]:
    """Read the prices by period of a season or of a tier."""
    prices = {}
    for part in section.items("prices"):
        price = part.money(currency.parse_price)
        if price is not None:
            prices[str(part.path[-1])] = price
    return prices


def read_price_table(section: Section, currency: Currency) -> PriceTable:
    """Read a tariff's own prices: numbers, or percentages on top of the base price."""
    base = section.part("base_price")
    table = PriceTable(base=base.money(currency.parse_price) if base else None)
    is_percent = False
    for part in section.items("prices"):
        period = str(part.path[-1])
        if isinstance(part.value, str) and part.value.endswith("%"):
            is_percent = True
            if "base_price" not in section.value:
                part.fault("is a percentage: add the 'base_price' of which it is one")
            _read_percentage(part, period, table, currency)
        elif (price := part.money(currency.parse_price)) is not None:
            table.prices[period] = price
    if base and not is_percent and section.part("prices"):
        base.fault("is not used: no price is a percentage of it")
    return table


def _read_percentage(section: Section, period: str, table: PriceTable, currency: Currency) -> None:
    ppm = read_percent(section, least=-PPM)
    if ppm is None or table.base is None:
        return
    if (price := _changed(section, table.base, ppm, f"price '{period}'", currency)) is not None:
        table.prices[period] = price
        table.percents[period] = ppm


def _changed(
    section: Section, price: Price, ppm: int, name: str, currency: Currency
) -> Price | None:
    """Return a price changed by a percentage, or report that it has too many decimals then."""
    exact = price * (PPM + ppm)
    if exact % PPM == 0:
        return Price(exact // PPM)
    digits = currency.scale - WH_DIGITS
    value = number_text(Decimal(exact).scaleb(-digits - PPM_DIGITS))
    section.fault(
        f"the {name} would be {value}: a price per kWh has at most {digits} decimals; "
        "change the percentage, or write prices instead"
    )
    return None


def read_seasons(section: Section, table: PriceTable, currency: Currency) -> tuple[Season, ...]:
    """Read the seasons; report days that lie in two of them."""
    found: list[tuple[Section, Season]] = []
    for entry in section.entries("seasons"):
        season = _read_season(entry, periods_of(section), table, currency)
        if season is None:
            continue
        if any(season.name == earlier.name for _, earlier in found):
            entry.fault(f"there is a season '{season.name}' already")
        found.append((entry, season))
    for (_, first), (entry, second) in combinations(found, 2):
        if days := [day for day in _days() if first.holds_on(day) and second.holds_on(day)]:
            entry.fault(
                f"seasons '{first.name}' and '{second.name}' both hold on {_spans(days)}: "
                "a day has one season"
            )
    return tuple(season for _, season in found)


def _read_season(
    section: Section, periods: Iterable[str], table: PriceTable, currency: Currency
) -> Season | None:
    data = section.value
    if ("months" in data) == ("from" in data or "to" in data):
        section.fault("needs either 'months', or 'from' and 'to'")
    elif "months" not in data and not ("from" in data and "to" in data):
        section.fault(f"'{'to' if 'from' in data else 'from'}' is missing")
    if ("percent" in data) == ("prices" in data):
        section.fault("needs either 'percent' or 'prices'")
    months, ends = section.part("months"), [section.part("from"), section.part("to")]
    days = [day for end in ends if end and (day := _read_day(end))]
    ppm, prices = None, read_prices(section, currency)
    if own := section.part("prices"):
        compare_periods(own, periods)
    if (part := section.part("percent")) and (ppm := read_percent(part, least=-PPM)) is not None:
        prices = {
            period: changed
            for period, price in table.prices.items()
            if (changed := _in_season(part, section.text("name"), period, (price, ppm), currency))
            is not None
        }
    if not section.sound or (not months and len(days) < len(ends)):
        return None
    return Season(
        name=data["name"],
        prices=prices,
        percent_ppm=ppm,
        months=read_months(months.value) if months else frozenset(),
        span=None if months else (days[0], days[1]),
    )


def _in_season(
    section: Section,
    season: str | None,
    period: str,
    change: tuple[Price, int],
    currency: Currency,
) -> Price | None:
    price, ppm = change
    return _changed(section, price, ppm, f"price '{period}' in season '{season}'", currency)


def _read_day(section: Section) -> MonthDay | None:
    day = read_month_day(section.value)
    if day is None:
        section.fault(f"there is no {section.value} in any year")
    return day


def compare_periods(section: Section, periods: Iterable[str]) -> None:
    """Report periods that miss something, and names of no period."""
    known = tuple(periods)
    if not known:
        return
    if missing := [period for period in known if period not in section.value]:
        section.fault(f"names no price for {', '.join(missing)}")
    check_periods(section, known)


def check_periods(section: Section, periods: Iterable[str]) -> None:
    """Report keys of a group that are no periods of the tariff."""
    known = tuple(periods)
    for period in section.value:
        if known and period not in known:
            part = Section(section.value[period], (*section.path, period), section.findings)
            part.fault(f"there is no price '{period}'; prices: {', '.join(known)}")


def prices_data(prices: Mapping[str, Price], currency: Currency) -> dict[str, Decimal]:
    """Write prices by period."""
    return {period: currency.exact_price(price) for period, price in prices.items()}


def price_table_data(table: PriceTable, currency: Currency) -> dict[str, Any]:
    """Write a tariff's own prices, percentages as such."""
    prices: dict[str, Decimal | str] = {
        period: percent_text(table.percents[period])
        if period in table.percents
        else currency.exact_price(price)
        for period, price in table.prices.items()
    }
    base = {} if table.base is None else {"base_price": currency.exact_price(table.base)}
    return base | {"prices": prices}


def season_data(season: Season, currency: Currency) -> dict[str, Any]:
    """Write a season, its prices as a percentage if they were written so."""
    data: dict[str, Any] = {"name": season.name}
    if season.span is None:
        data["months"] = write_months(season.months)
    else:
        data["from"], data["to"] = map(write_month_day, season.span)
    if season.percent_ppm is None:
        data["prices"] = prices_data(season.prices, currency)
    else:
        data["percent"] = percent(season.percent_ppm)
    return data


def _days() -> Iterator[date]:
    """Yield every day that a year can have."""
    day = date(A_LEAP_YEAR, 1, 1)
    while day.year == A_LEAP_YEAR:
        yield day
        day += timedelta(days=1)


def _spans(days: Iterable[date]) -> str:
    """Write days of the year as spans: `06-15 to 06-30, 12-01`."""
    runs: list[list[date]] = []
    for day in days:
        if runs and runs[-1][-1] + timedelta(days=1) == day:
            runs[-1].append(day)
        else:
            runs.append([day])
    ends = [(f"{run[0]:%m-%d}", f"{run[-1]:%m-%d}") for run in runs]
    return ", ".join(first if first == last else f"{first} to {last}" for first, last in ends)
