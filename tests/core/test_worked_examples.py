"""Bills that others have worked out: their numbers must be ours, to the minor unit.

Each example is reckoned as a person would check it: a tariff as it is written in a site file, and
readings of a register. Where the numbers are published, the source stands with them.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.compere_prepaid.core.money.amount import Amount, Currency
from custom_components.compere_prepaid.core.tariff.bill import Bill, bill, statement_amounts
from custom_components.compere_prepaid.core.tariff.demand import (
    DemandKey,
    DemandMeter,
    DemandQuantity,
)
from custom_components.compere_prepaid.core.tariff.document import tariff_version_from
from custom_components.compere_prepaid.core.tariff.fees import demand_fees
from custom_components.compere_prepaid.core.tariff.model import Tariff, Used
from custom_components.compere_prepaid.core.tariff.rating import Interval, price_at
from tests.core.tariff.tariffs import SHANGHAI, local

USD = Currency.of("USD")
PLAIN = {"name": "Example", "valid_from": "2000-01-01"}
JUNE = ("2026-06-01", "2026-07-01")


def tariff_of(**parts: Any) -> Tariff:
    """Return a tariff as people write it."""
    return Tariff.of([tariff_version_from(PLAIN | parts, USD)])


def billed(
    tariff: Tariff, *readings: tuple[str, str], zone: ZoneInfo = SHANGHAI, **more: Any
) -> Bill:
    """Return the bill for readings: times of the site's clocks, and kWh."""
    marks = [(local(at, zone), int(Decimal(kwh) * 1000)) for at, kwh in readings]
    intervals = [Interval(a[1], b[1], a[0], b[0]) for a, b in pairwise(marks)]
    since, until = marks[0][0], marks[-1][0]
    return bill(tariff, intervals, zone=zone, since=since, until=until, **more)


def monthly(kwh: str, **parts: Any) -> Bill:
    """Return the bill of one June in which so much was used."""
    return billed(tariff_of(**parts), (JUNE[0], "0"), (JUNE[1], kwh))


def shown(bill: Bill) -> Decimal:
    """Return what is to be paid, in the minor unit."""
    return USD.rounded(bill.total)


# E1


@pytest.mark.parametrize(
    ("kwh", "energy", "tax", "total"),
    [("550", "1417.19", "242.58", "1859.77"), ("670", "1802.69", "300.40", "2303.09")],
)
def test_e1_blocks_with_fixed_fees_and_tax(kwh: str, energy: str, tax: str, total: str) -> None:
    """Three blocks, a service fee of 70, 130 for capacity, 15 % on top of all (published)."""
    found = monthly(
        kwh,
        prices={"all": "2.3634"},
        tiers=[{"up_to": 350}, {"up_to": 600, "price": "2.95"}, {"price": "3.4"}],
        standing={"per_month": 130},
        service={"per_month": 70},
        tax={"percent": 15, "included": False},
    )
    assert USD.exact(found.energy) == Decimal(energy)
    assert USD.exact(Amount(found.total - found.tax)) == Decimal(energy) + 200
    assert USD.rounded(found.tax) == Decimal(tax)
    assert shown(found) == Decimal(total)


# E2

HOURS = {"00:00": "valley", "07:00": "peak", "11:00": "flat", "19:00": "peak", "23:00": "valley"}
PERCENT_SEASONS = {
    "base_price": "0.6000",
    "prices": {"peak": "+50 %", "flat": "0 %", "valley": "-50 %"},
    "seasons": [
        {"name": "wet", "months": ["6-10"], "percent": -10},
        {"name": "dry", "months": ["12-4"], "percent": 20},
    ],
    "schedule": [{"slots": HOURS}],
}


@pytest.mark.parametrize(
    ("months", "prices"),
    [
        ((6, 7, 8, 9, 10), ("0.81", "0.54", "0.27")),
        ((12, 1, 2, 3, 4), ("1.08", "0.72", "0.36")),
        ((5, 11), ("0.9", "0.6", "0.3")),
    ],
    ids=["wet", "dry", "normal"],
)
def test_e2_seasons_and_periods_by_percentage(
    months: Sequence[int], prices: tuple[str, str, str]
) -> None:
    """A percentage of the season's price is a percentage of a percentage, exactly."""
    tariff = tariff_of(**PERCENT_SEASONS)
    peak, flat, valley = map(Decimal, prices)
    for month in months:
        for hour, price in ((7, peak), (11, flat), (19, peak), (23, valley), (3, valley)):
            at = local(f"2026-{month:02}-10T{hour:02}:00")
            found = price_at(tariff, at, zone=SHANGHAI, used=Used())
            assert USD.exact_price(found) == price


# E3


@pytest.mark.parametrize(
    ("wh", "price", "standing", "exact", "total"),
    [
        (5197, "0.23856", "0", "1.23979632", "1.24"),
        (5197, "0.23856", "0.530", "1.76979632", "1.77"),
        (3932, "0.264159", "0", "1.038673188", "1.04"),
    ],
)
def test_e3_rounded_once_at_the_end(
    wh: int, price: str, standing: str, exact: str, total: str
) -> None:
    """48 half-hours cost what their sum costs, and the lines that people see add up to it."""
    readings = [
        (f"2026-06-15T{slot // 2:02}:{slot % 2 * 30:02}", str(Decimal(wh * slot // 48).scaleb(-3)))
        for slot in range(48)
    ] + [("2026-06-16", str(Decimal(wh).scaleb(-3)))]
    tariff = tariff_of(prices={"all": price}, standing={"per_day": standing})
    found = billed(tariff, *readings)
    assert len(found.lines) == 48
    assert USD.exact(found.total) == Decimal(exact)
    assert shown(found) == Decimal(total)
    assert sum(statement_amounts(found.amounts, USD)) == Decimal(total)
    assert sum(USD.rounded(amount) for amount in found.amounts) != Decimal(total)


# E4


def test_e4_small_vectors() -> None:
    """Tiers, a minimum, a standing charge, and a flat price with a fee."""
    tiers = [{"up_to": 500}, {"price": "0.15"}]
    assert monthly("800", prices={"all": "0.10"}, tiers=tiers).total == USD.parse(95)
    assert monthly("100", prices={"all": "0.10"}, minimum_per_month=25).total == USD.parse(25)
    by_day = tariff_of(prices={"all": "0.10"}, standing={"per_day": "0.50"})
    february = billed(by_day, ("2026-02-01", "0"), ("2026-03-01", "100"))
    assert february.total == USD.parse(24)
    flat = monthly("900", prices={"all": "0.21884"}, standing={"per_month": "11.30"})
    assert USD.exact(flat.total) == Decimal("208.256")


def test_e4_evening_peak_on_weekdays() -> None:
    """48 hours of 1 kWh from Monday 2 June 2025; 0.30 on weekdays 16–21, else 0.10: 6.80."""
    tariff = tariff_of(
        prices={"base": "0.10", "evening": "0.30"},
        schedule=[
            {
                "days": ["mon-fri"],
                "slots": [
                    {"from": "16:00", "to": "21:00", "period": "evening"},
                    {"from": "21:00", "to": "16:00", "period": "base"},
                ],
            },
            {"slots": {"00:00": "base"}},
        ],
    )
    readings = [(f"2025-06-{2 + hour // 24:02}T{hour % 24:02}:00", str(hour)) for hour in range(49)]
    assert billed(tariff, *readings).total == USD.parse("6.80")
    weekend = [(f"2025-06-{7 + hour // 24:02}T{hour % 24:02}:00", str(hour)) for hour in range(49)]
    assert billed(tariff, *weekend).total == USD.parse("4.80")


# E5


def test_e5_a_reading_that_comes_late() -> None:
    """7.5 kWh from 21:30 to 22:45 over the border at 22:00, split by time and marked."""
    tariff = tariff_of(
        prices={"peak": "0.9876", "flat": "0.6173"},
        schedule=[{"slots": {"00:00": "flat", "14:00": "peak", "22:00": "flat"}}],
    )
    found = billed(tariff, ("2026-06-15T21:30", "20"), ("2026-06-15T22:45", "27.5"))
    assert [(line.period, line.to_wh - line.from_wh, line.estimated) for line in found.lines] == [
        ("peak", 3000, True),
        ("flat", 4500, True),
    ]
    assert USD.exact(found.total) == Decimal("5.74065")


def test_e5_across_a_tier_border() -> None:
    """The month stands at 198.4 kWh; of 5 kWh 1.6 cost 0.435 and 3.4 cost 0.509: no estimate."""
    tariff = tariff_of(prices={"all": "0.435"}, tiers=[{"up_to": 200}, {"price": "0.509"}])
    readings = [("2026-06-15T12:00", "0"), ("2026-06-15T13:00", "5")]
    found = billed(tariff, *readings, used=Used(198_400))
    assert not any(line.estimated for line in found.lines)
    assert USD.exact(found.total) == Decimal("2.4266")


# E6


def test_e6_demand_by_period() -> None:
    """5 kW in the peak at 20, 10 kW else at 10: 200; the next steps are not reached."""
    tariff = tariff_of(
        prices={"peak": 0, "other": 0},
        schedule=[{"slots": {"00:00": "other", "08:00": "peak", "20:00": "other"}}],
        demand=[
            {
                "name": "peak",
                "quantity": "kW",
                "period": "peak",
                "prices": [{"up_to": 100, "price": 20}, {"price": 15}],
            },
            {
                "name": "other",
                "quantity": "kW",
                "period": "other",
                "prices": [{"up_to": 100, "price": 10}, {"price": 5}],
            },
        ],
    )
    found = billed(
        tariff,
        ("2026-06-01T00:00", "0"),
        ("2026-06-15T07:30", "100"),
        ("2026-06-15T07:45", "102.5"),
        ("2026-06-15T08:00", "102.6"),
        ("2026-06-15T08:15", "103.85"),
        ("2026-07-01T00:00", "200"),
    )
    assert found.total == USD.parse(200)


def test_e6_demand_in_summer_only() -> None:
    """10 kW at 1.0 per kW: nothing in January, 10 in June."""
    tariff = tariff_of(
        prices={"all": 0},
        demand=[{"name": "D", "quantity": "kW", "months": ["6-9"], "prices": [{"price": 1}]}],
    )
    for month, following, due in (("01", "02", 0), ("06", "07", 10)):
        found = billed(
            tariff,
            (f"2026-{month}-01T00:00", "0"),
            (f"2026-{month}-10T00:00", "1"),
            (f"2026-{month}-10T00:15", "3.5"),
            (f"2026-{following}-01T00:00", "4"),
        )
        assert found.total == USD.parse(due)


# E13, as far as it is about the hours of a tariff


def test_e13_a_window_has_its_first_instant_and_not_its_last() -> None:
    """Neighbouring windows join: where the period goes on there is no border and no estimate."""
    tariff = tariff_of(
        prices={"day": "0.3", "night": "0.1"},
        schedule=[
            {
                "slots": [
                    {"from": "08:00", "to": "12:00", "period": "day"},
                    {"from": "12:00", "to": "20:00", "period": "day"},
                    {"from": "20:00", "to": "08:00", "period": "night"},
                ]
            }
        ],
    )
    instant = timedelta(microseconds=1)
    for start, before, after in (("08:00", "0.1", "0.3"), ("20:00", "0.3", "0.1")):
        at = local(f"2026-06-15T{start}")
        for when, price in ((at - instant, before), (at, after)):
            found = price_at(tariff, when, zone=SHANGHAI, used=Used())
            assert USD.exact_price(found) == Decimal(price)
    joined = billed(tariff, ("2026-06-15T08:00", "0"), ("2026-06-15T20:00", "12"))
    assert [(line.period, line.estimated) for line in joined.lines] == [("day", False)]


# Further published bills


def test_published_erongo_red() -> None:
    """850 kWh in three blocks, a basic charge by ampere and two levies per kWh: N$ 1 777.93.

    Erongo RED (Namibia), "How is my account calculated?",
    http://www.erongored.com/faq-items/how-is-my-account-calculated/
    """
    levies = Decimal("0.0150") + Decimal("0.0108")
    blocks = [Decimal(price) + levies for price in ("1.56", "1.68", "2.06")]
    found = monthly(
        "850",
        prices={"all": blocks[0]},
        tiers=[{"up_to": 250}, {"up_to": 750, "price": blocks[1]}, {"price": blocks[2]}],
        standing={"per_month": 40 * 8},
    )
    assert USD.exact(found.total) == Decimal("1777.93")


@pytest.mark.parametrize(
    ("month", "kwh", "net", "tax", "total"),
    [("01", "1200", "169.85", "1.70", "171.55"), ("07", "2000", "275.125", "2.75", "277.88")],
    ids=["winter", "summer"],
)
def test_published_city_of_seymour(month: str, kwh: str, net: str, tax: str, total: str) -> None:
    """Falling blocks that differ by season, a power cost on every kWh, a base charge and a tax.

    City of Seymour (Texas), "Billing Calculation Examples",
    https://cityofseymour.org/departments/utilities/residential-electricity/bill-comparison/
    """
    power_cost = Decimal("0.085")
    rates = {
        "01": [(250, "0.064"), (700, "0.049"), (None, "0.0446")],
        "07": [(250, "0.064"), (700, "0.049"), (1250, "0.0475"), (None, "0.0446")],
    }
    tiers = [
        {"price": Decimal(price) + power_cost} | ({"up_to": bound} if bound else {})
        for bound, price in rates[month]
    ]
    tariff = tariff_of(
        prices={"all": 0},
        tiers=tiers,
        standing={"per_month": "7.50"},
        tax={"percent": 1, "included": False},
    )
    first = date(2026, int(month), 1)
    following = (first + timedelta(days=31)).replace(day=1)
    found = billed(tariff, (first.isoformat(), "0"), (following.isoformat(), kwh))
    assert USD.exact(Amount(found.total - found.tax)) == Decimal(net)
    assert USD.rounded(found.tax) == Decimal(tax)
    assert shown(found) == Decimal(total)


TNB = [
    {"up_to": 200},
    {"up_to": 300, "price": "0.334"},
    {"up_to": 600, "price": "0.516"},
    {"up_to": 900, "price": "0.546"},
    {"price": "0.571"},
]


@pytest.mark.parametrize(("kwh", "total"), [("350", "102.80"), ("1400", "681.10")])
def test_published_tenaga_nasional(kwh: str, total: str) -> None:
    """Five rising blocks from 0.218 on.

    TNB (Malaysia): 350 kWh are RM 102.80, and 1 400 kWh on one bill would be RM 681,
    https://www.malaymail.com/news/malaysia/2020/05/28/tnb-prorate-method-ensures-users-will-not-be-overcharged/1870375
    """
    assert shown(monthly(kwh, prices={"all": "0.218"}, tiers=TNB)) == Decimal(total)


def test_published_tenaga_nasional_over_four_months() -> None:
    """1 400 kWh used evenly in four months are RM 411.20: each month has its own ladder.

    The same source as above; its four months count as equally long.
    """
    tariff = tariff_of(prices={"all": "0.218"}, tiers=TNB)
    readings = [(f"2026-0{month}-01", str(350 * (month - 3))) for month in range(3, 8)]
    assert shown(billed(tariff, *readings)) == Decimal("411.20")


def test_published_tenaga_nasional_with_service_tax() -> None:
    """690 kWh with 8 % on what is above 600 kWh: RM 284.87.

    https://weirdkaya.com/saw-a-spike-in-electricity-bills-heres-how-you-can-calculate-your-tnb-bills-by-your-own/
    """
    taxed = [{"up_to": 900, "price": "0.58968"}, {"price": "0.61668"}]
    found = monthly("690", prices={"all": "0.218"}, tiers=[*TNB[:3], *taxed])
    assert shown(found) == Decimal("284.87")


def test_published_bbc_bitesize() -> None:
    """1 800 units at 4 p, a standing charge of £10, 5 % VAT: £86.10.

    https://www.bbc.co.uk/bitesize/guides/z8rhfrd/revision/1
    """
    found = monthly(
        "1800",
        prices={"all": "0.04"},
        standing={"per_month": 10},
        tax={"percent": 5, "included": False},
    )
    assert found.total == USD.parse("86.10")
    assert found.tax == USD.parse("4.10")


@pytest.mark.parametrize(
    ("highest_kw", "percent", "measured_kw", "billed_kw"),
    [(200, 50, 80, 100), (200, 50, 105, 105), (1000, 80, 300, 800)],
)
def test_published_look_back(
    highest_kw: int, percent: int, measured_kw: int, billed_kw: int
) -> None:
    """A part of the highest demand of months before is billed at least.

    https://help.energytoolbase.com/hc/en-us/articles/18367495622164-Understanding-Demand-Ratchets-in-ETB
    and https://feds.pnnl.gov/faq/what-demand-ratchet
    """
    tariff = tariff_of(
        prices={"all": 0},
        demand=[
            {
                "name": "D",
                "quantity": "kW",
                "prices": [{"price": 1}],
                "look_back": {"months": 11, "percent": percent},
            }
        ],
    )
    (item,) = tariff.versions[0].demand
    history = [{item.key: 0}] * 10 + [{item.key: highest_kw * 1000}]
    (fee,) = demand_fees(tariff, date(2026, 6, 1), {item.key: measured_kw * 1000}, history, 30)
    assert fee.billed_w == billed_kw * 1000
    assert fee.amount == USD.parse(billed_kw)


def test_published_mean_of_a_demand_block() -> None:
    """1 min at 1 000 kVA, 20 at 200, 9 at 500 are 317 kVA over 30 min.

    HK Electric, "Choice of Tariff",
    https://www.hkelectric.com/en/customer-services/business-sme-corner/one-stop-service-for-small-and-medium-enterprises-(sme)/energy-management/choice-of-tariff
    """
    meter = DemandMeter([DemandKey("D", DemandQuantity.KVA, 30)])
    at = datetime.fromisoformat("2026-06-15T10:00:00+00:00")
    for minutes, kva in ((1, 1000), (20, 200), (9, 500)):
        until = at + timedelta(minutes=minutes)
        assert meter.add_apparent(at, until, kva * 1_000_000, "all") == ()
        at = until
    (block,) = meter.finish()
    assert block.mean_w == 316_667


def test_the_examples_are_many(figure: Callable[[str], None]) -> None:
    """Say how many there are, for whoever reads the run."""
    names = [name for name in globals() if name.startswith(("test_e", "test_published"))]
    assert len(names) >= 18
    published = sum(name.startswith("test_published") for name in names)
    figure(
        f"tariffs: worked examples as tests: {len(names)}, of which {published} are published "
        "bills that the examples' page does not have"
    )
