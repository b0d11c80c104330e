"""Draws tariffs that are right, in the form that people write, with everything they can have."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from tests.core.tariff.tariffs import useful

NAMES = ["peak", "flat", "valley", "尖峰", "season 1"]
SEASONS: list[list[dict[str, Any]]] = [
    [],
    [{"name": "wet", "months": ["6-10"]}, {"name": "dry", "months": ["12-4"]}],
    [{"name": "summer", "from": "06-15", "to": "09-14"}],
    [{"name": "turn", "from": "12-15", "to": "01-15"}, {"name": "March", "months": [3]}],
]
CALENDAR = {"2026-05-01": "holiday", "2026-05-09": "mon", "2026-10-01": "holiday"}


def money(digits: int, most: int = 5_000_000) -> st.SearchStrategy[Decimal]:
    """Return amounts with so many decimals."""
    return st.integers(min_value=0, max_value=most).map(lambda n: Decimal(n).scaleb(-digits))


prices = money(6)
coarse_prices = money(4, 50_000)
"""A whole percentage of a whole percentage of one of these is still exact."""
percents = st.integers(min_value=-100, max_value=300)
clocks = st.integers(min_value=1, max_value=1439).map(lambda m: f"{m // 60:02}:{m % 60:02}")


@st.composite
def slots(draw: st.DrawFn, periods: list[str]) -> Any:
    """Draw the slots of a day in one of their two forms."""
    starts = sorted({"00:00", *draw(st.lists(clocks, max_size=5))})
    names = [draw(st.sampled_from(periods)) for _ in starts]
    if draw(st.booleans()):
        return dict(zip(starts, names, strict=True))
    spans = [
        {"from": since, "to": until, "period": period}
        for (since, until), period in zip(pairwise([*starts, "24:00"]), names, strict=True)
    ]
    if len(spans) > 2 and draw(st.booleans()):  # join the night over midnight
        first, *middle, last = spans
        spans = [*middle, {"from": last["from"], "to": first["to"], "period": last["period"]}]
    return draw(st.permutations(spans))


@st.composite
def ladders(draw: st.DrawFn, periods: list[str], *, single: bool) -> list[dict[str, Any]]:
    """Draw the tiers of one ladder."""
    ways: list[st.SearchStrategy[dict[str, Any]]] = [
        st.just({}),
        prices.map(lambda price: {"adder": price}),
        prices.map(lambda price: {"price": price}),
    ]
    if not single:
        every = st.fixed_dictionaries(dict.fromkeys(periods, prices))
        ways.append(every.map(lambda found: {"prices": found}))
    bounds = draw(st.sets(st.integers(min_value=1, max_value=10**7), max_size=3))
    steps = [draw(st.one_of(ways)) | {"up_to": Decimal(b).scaleb(-3)} for b in sorted(bounds)]
    return [*steps, draw(st.one_of(ways))]


@st.composite
def price_parts(draw: st.DrawFn, periods: list[str]) -> dict[str, Any]:
    """Draw prices and seasons."""
    data: dict[str, Any] = {"prices": {period: draw(coarse_prices) for period in periods}}
    if draw(st.booleans()):
        data["base_price"] = draw(money(2, 500))
        data["prices"] |= {periods[0]: f"{draw(percents):+} %"}
    every = st.fixed_dictionaries(dict.fromkeys(periods, prices))
    data["seasons"] = [
        season
        | draw(
            st.one_of(
                percents.map(lambda percent: {"percent": percent}),
                every.map(lambda found: {"prices": found}),
            )
        )
        for season in draw(st.sampled_from(SEASONS))
    ]
    return data


@st.composite
def schedules(draw: st.DrawFn, periods: list[str], seasons: list[str]) -> dict[str, Any]:
    """Draw a schedule, maybe with rules for holidays and for one season."""
    spans = st.fixed_dictionaries(
        {
            "days": st.lists(st.sampled_from(["mon", "sat-mon", "wed-fri"]), min_size=1),
            "months": st.lists(st.sampled_from([1, "11-2", "5-7"]), min_size=1),
            "slots": slots(periods),
        }
    )
    rules = useful([*draw(st.lists(spans, max_size=2)), {"slots": draw(slots(periods))}])
    data: dict[str, Any] = {}
    if draw(st.booleans()):
        data["calendar"] = "China"
        rules.insert(0, {"days": ["holiday"], "slots": draw(slots(periods))})
    if draw(st.booleans()) and seasons:
        rules.insert(0, {"seasons": seasons[:1], "slots": draw(slots(periods))})
    return data | {"schedule": rules}


@st.composite
def fee_parts(draw: st.DrawFn, periods: list[str]) -> dict[str, Any]:
    """Draw what a bill has besides energy."""
    fees = st.fixed_dictionaries({"per_day": money(6), "per_month": money(2)})
    tax = st.fixed_dictionaries({"percent": money(4, 500_000), "included": st.booleans()})
    lines = st.dictionaries(st.sampled_from(["standing", "energy", "demand"]), tax)
    demand = st.fixed_dictionaries(
        {
            "quantity": st.sampled_from(["kW", "kVA"]),
            "minutes": st.sampled_from([15, 30, 60]),
            "months": st.sampled_from([["1-12"], ["6-9"]]),
            "prices": st.sampled_from([[{"price": 20}], [{"up_to": 2, "price": 20}, {"price": 5}]]),
        },
        optional={
            "period": st.sampled_from(periods),
            "look_back": st.just({"months": 2, "percent": 80}),
        },
    )
    names = draw(st.sets(st.sampled_from(["A", "B"]), max_size=2))
    return {
        "standing": draw(fees),
        "service": draw(fees),
        "minimum_per_month": draw(money(2)),
        "demand": [{"name": name} | draw(demand) for name in sorted(names)],
        "tax": draw(tax) | {"lines": draw(lines)},
    }


@st.composite
def tariff_documents(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a tariff that is right."""
    periods = sorted(draw(st.sets(st.sampled_from(NAMES), min_size=1, max_size=4)))
    data: dict[str, Any] = {
        "name": draw(st.text(alphabet="abc é中0 .:#'\"", min_size=1).map(lambda t: f"x{t}x")),
        "valid_from": draw(st.dates()).isoformat(),
        "revision": draw(st.integers(min_value=1, max_value=3)),
    }
    data |= draw(price_parts(periods))
    data |= draw(schedules(periods, [season["name"] for season in data["seasons"]]))
    data |= draw(fee_parts(periods))
    if draw(st.booleans()):
        data["tiers"] = draw(ladders(periods, single=False))
    else:
        chosen = draw(st.sets(st.sampled_from(periods)))
        data["tiers"] = {period: draw(ladders(periods, single=True)) for period in sorted(chosen)}
    data["tier_proration"] = draw(st.sampled_from(["none", {"per_days": 30}, {"per_days": 366}]))
    if len(periods) <= 4 and draw(st.booleans()):
        data["meter_registers"] = {name: f"T{n}" for n, name in enumerate(periods, start=1)}
    return data
