"""Whole bills: everything that is due in a time, exact, and rounded so that it adds up."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.money.amount import Amount
from custom_components.compere_prepaid.core.tariff.bill import Bill, bill, statement_amounts
from custom_components.compere_prepaid.core.tariff.demand import DemandKey, DemandQuantity
from custom_components.compere_prepaid.core.tariff.document import tariff_version_from
from custom_components.compere_prepaid.core.tariff.fees import DemandFee
from custom_components.compere_prepaid.core.tariff.model import LineKind, Tariff, Used
from custom_components.compere_prepaid.core.tariff.rating import Interval
from custom_components.compere_prepaid.core.tariff.tax import tax_on
from tests.core.tariff.drawing import CALENDAR, tariff_documents
from tests.core.tariff.tariffs import BERLIN, CNY, SHANGHAI, local, version

DAYS = {date.fromisoformat(day): kind for day, kind in CALENDAR.items()}


def tariff_of(**parts: Any) -> Tariff:
    """Return a tariff with one price of 0.5, or what else is said."""
    return Tariff.of([version(parts.pop("price", "0.5"), **parts)])


def bill_of(tariff: Tariff, since: str, until: str, *intervals: Interval, **more: Any) -> Bill:
    """Return a bill from one local time to another."""
    return bill(tariff, intervals, zone=SHANGHAI, since=local(since), until=local(until), **more)


def interval(since: str, until: str, energy_wh: int) -> Interval:
    """Return an interval between two local times."""
    return Interval(0, energy_wh, local(since), local(until))


def fees(found: Bill) -> list[tuple[str, str, int, str]]:
    """Return kind, month, days and exact amount of what is due besides energy."""
    return [
        (
            str(billed.fee.kind),
            f"{billed.month:%Y-%m}",
            billed.days,
            f"{CNY.exact(billed.fee.amount).normalize():f}",
        )
        for billed in found.fees
    ]


def test_fees_of_every_day_that_began() -> None:
    """From noon to noon three days later are four days, over the turn of a month."""
    tariff = tariff_of(standing={"per_day": 1}, service={"per_month": 62})
    found = bill_of(tariff, "2026-07-30T12:00", "2026-08-02T12:00")
    assert fees(found) == [
        ("standing", "2026-07", 2, "2"),
        ("service", "2026-07", 2, "4"),
        ("standing", "2026-08", 2, "2"),
        ("service", "2026-08", 2, "4"),
    ]
    assert found.total == CNY.parse(12)
    assert found.energy == found.tax == 0


def test_midnight_ends_a_day_and_begins_none() -> None:
    """A time without length has no day at all."""
    tariff = tariff_of(standing={"per_day": 1})
    assert bill_of(tariff, "2026-06-01", "2026-07-01").total == CNY.parse(30)
    assert bill_of(tariff, "2026-06-01", "2026-06-01").total == 0
    assert bill_of(tariff, "2026-06-01T12:00", "2026-06-01T12:00").total == 0
    assert bill_of(tariff, "2026-06-01T04:00", "2026-06-03T04:00").total == CNY.parse(3)


def test_days_of_23_and_25_hours_are_days() -> None:
    """A fee per day does not follow the clock."""
    tariff = tariff_of(standing={"per_day": 1})
    for first, last in (("2026-03-28", "2026-03-31"), ("2026-10-24", "2026-10-27")):
        since, until = local(first, BERLIN), local(last, BERLIN)
        found = bill(tariff, (), zone=BERLIN, since=since, until=until)
        assert found.total == CNY.parse(3)


def test_fees_of_two_versions_stand_apart() -> None:
    """Each says by which version it is due."""
    tariff = Tariff.of(
        [
            version("0.5", standing={"per_day": 1}),
            version("0.5", standing={"per_day": 2}, valid_from=date(2026, 6, 11)),
        ]
    )
    found = bill_of(tariff, "2026-06-01", "2026-07-01")
    assert [(billed.fee.valid_from.year, billed.days) for billed in found.fees] == [
        (2000, 10),
        (2026, 20),
    ]
    assert found.total == CNY.parse(50)


def test_the_minimum_of_each_month() -> None:
    """Energy, standing charge and demand count towards it, the service fee does not."""
    tariff = tariff_of(
        minimum_per_month=100,
        standing={"per_month": 10},
        service={"per_month": 50},
        demand=[{"name": "D", "quantity": "kW", "prices": [{"price": 1}]}],
    )
    found = bill_of(
        tariff,
        "2026-06-01",
        "2026-08-11",
        interval("2026-06-10T10:00", "2026-06-10T10:15", 5_000),
        interval("2026-07-01", "2026-08-01", 744_000),
    )
    assert fees(found) == [
        ("standing", "2026-06", 30, "10"),
        ("service", "2026-06", 30, "50"),
        ("demand", "2026-06", 30, "20"),
        ("minimum", "2026-06", 30, "67.5"),
        ("standing", "2026-07", 31, "10"),
        ("service", "2026-07", 31, "50"),
        ("demand", "2026-07", 31, "1"),
        ("standing", "2026-08", 10, "3.225806451"),
        ("service", "2026-08", 10, "16.129032258"),
        ("minimum", "2026-08", 10, "29.032258065"),
    ]


def test_a_power_of_less_than_half_a_watt_is_none() -> None:
    """A Wh in ten days."""
    tariff = tariff_of(
        price="0", demand=[{"name": "D", "quantity": "kW", "prices": [{"price": 1}]}]
    )
    found = bill_of(tariff, "2026-06-01", "2026-07-01", interval("2026-06-01", "2026-06-11", 1))
    assert fees(found) == []


def test_all_energy_of_a_month_counts_towards_its_minimum() -> None:
    """However many readings there were."""
    found = bill_of(
        tariff_of(price="1", minimum_per_month=100),
        "2026-06-01",
        "2026-07-01",
        interval("2026-06-01", "2026-06-02", 30_000),
        interval("2026-06-02", "2026-06-03", 20_000),
    )
    assert fees(found) == [("minimum", "2026-06", 30, "50")]


def test_a_peak_belongs_to_the_month_of_the_site() -> None:
    """The first hours of a month in Shanghai are still the month before in UTC."""
    tariff = tariff_of(
        price="0", demand=[{"name": "D", "quantity": "kW", "prices": [{"price": 1}]}]
    )
    found = bill_of(
        tariff,
        "2026-06-01",
        "2026-08-01",
        interval("2026-07-01T00:00", "2026-07-01T00:15", 1_000),
    )
    assert fees(found) == [("demand", "2026-07", 31, "4")]


def test_each_period_has_its_ladder_in_a_bill_too() -> None:
    """What one interval used lifts the tier of the next one, within the period."""
    tariff = tariff_of(tiers={"flat": [{"up_to": 10}, {"price": "1"}]})
    found = bill_of(
        tariff,
        "2026-06-01",
        "2026-07-01",
        interval("2026-06-01", "2026-06-02", 8_000),
        interval("2026-06-02", "2026-06-03", 8_000),
    )
    assert [line.tier for line in found.lines] == [1, 1, 2]


KVA = DemandKey("D", DemandQuantity.KVA, 15)


def test_peaks_may_be_told_and_are_looked_back_at() -> None:
    """Those of months before the bill, and those of its own months."""
    tariff = tariff_of(
        demand=[
            {
                "name": "D",
                "quantity": "kVA",
                "prices": [{"price": 1}],
                "look_back": {"months": 2, "percent": 50},
            }
        ]
    )
    peaks = {date(2026, 6, 1): {KVA: 10_000}, date(2026, 8, 1): {KVA: 4_000}}
    found = bill_of(
        tariff, "2026-06-01", "2026-09-01", peaks=peaks, history=[{KVA: 1_000}, {KVA: 30_000}]
    )
    measured = [
        (billed.fee.measured_w, billed.fee.billed_w)
        for billed in found.fees
        if isinstance(billed.fee, DemandFee)
    ]
    assert measured == [(10_000, 15_000), (0, 5_000), (4_000, 5_000)]
    assert found.not_measured == ()


def test_apparent_power_is_not_made_up() -> None:
    """Energy does not tell it: the bill says what it could not reckon."""
    item = {"quantity": "kVA", "prices": [{"price": 1}]}
    tariff = tariff_of(
        demand=[
            item | {"name": "Summer", "months": ["6-9"]},
            item | {"name": "Winter", "months": ["12-2"]},
            item | {"name": "May", "months": [5]},
        ]
    )
    found = bill_of(tariff, "2026-06-01", "2026-07-01", interval("2026-06-01", "2026-06-02", 9_000))
    assert (found.fees, found.not_measured) == ((), ("Summer",))


def test_demand_of_several_meters() -> None:
    """They add up in the same block, also where one of them is read rarely."""
    tariff = tariff_of(
        price="0", demand=[{"name": "D", "quantity": "kW", "prices": [{"price": 1}]}]
    )
    found = bill_of(
        tariff,
        "2026-06-01",
        "2026-07-01",
        interval("2026-06-01", "2026-07-01", 720_000),
        interval("2026-06-20T10:00", "2026-06-20T10:15", 1_000),
    )
    assert found.total == CNY.parse(5)


def test_all_meters_of_an_account_climb_one_ladder() -> None:
    """In the order of time, and each month its own, also over the turn of the month."""
    tariff = tariff_of(tiers=[{"up_to": 10}, {"price": "1"}])
    found = bill_of(
        tariff,
        "2026-06-01",
        "2026-08-01",
        interval("2026-06-30T20:00", "2026-07-01T04:00", 16_000),
        interval("2026-06-30T18:00", "2026-07-01T00:00", 6_000)._replace(
            from_wh=900_000, to_wh=906_000
        ),
        interval("2026-06-30T20:00", "2026-07-01T04:00", 8_000),
        used=Used(1_000),
    )
    assert found.lines[0].from_at == local("2026-06-30T18:00")
    assert found.lines[0].tier == 1
    by_tier = {
        (month, tier): sum(
            line.to_wh - line.from_wh
            for line in found.lines
            if line.tier == tier and line.from_at.astimezone(SHANGHAI).month == month
        )
        for month in (6, 7)
        for tier in (1, 2)
    }
    assert by_tier == {(6, 1): 9_000, (6, 2): 9_000, (7, 1): 10_000, (7, 2): 2_000}


@pytest.mark.parametrize(
    ("since", "until"), [("2026-05-31T23:59", "2026-06-02"), ("2026-06-02", "2026-07-01T00:01")]
)
def test_an_interval_outside_of_the_time_is_refused(since: str, until: str) -> None:
    """Its part of the fees and of the ladder would be unknown."""
    with pytest.raises(InvalidInputError) as caught:
        bill_of(tariff_of(), "2026-06-01", "2026-07-01", interval(since, until, 1))
    assert caught.value.key == "bill_interval_outside"
    assert caught.value.placeholders == {
        "from_at": local(since).isoformat(),
        "to_at": local(until).isoformat(),
    }


def test_tax_by_rate() -> None:
    """On the sum of all lines that have it; what is included is not listed."""
    tariff = tariff_of(
        price="1",
        standing={"per_month": 30},
        service={"per_month": 60},
        tax={
            "percent": 10,
            "included": False,
            "lines": {"standing": {"percent": 6}, "service": {"included": True}},
        },
    )
    found = bill_of(
        tariff, "2026-06-01", "2026-07-01", interval("2026-06-01", "2026-06-02", 100_000)
    )
    assert [(tax.ppm, tax.net, tax.amount) for tax in found.taxes] == [
        (60_000, CNY.parse(30), CNY.parse("1.80")),
        (100_000, CNY.parse(100), CNY.parse(10)),
    ]
    assert found.total == CNY.parse("201.80")


def test_lines_of_a_statement_add_up() -> None:
    """Each shows what it adds to the rounded sum, so none is lost and none is made."""
    third = Amount(3_333_333_333)
    shown = statement_amounts([third, third, third, Amount(1), Amount(-third)], CNY)
    assert [f"{amount:f}" for amount in shown] == ["3.33", "3.34", "3.33", "0.00", "-3.33"]
    assert sum(shown) == Decimal("6.67")
    assert statement_amounts([], CNY) == ()


@given(st.lists(st.integers(min_value=-(10**13), max_value=10**13).map(Amount)))
def test_any_statement_adds_up_and_is_nearly_exact(amounts: list[Amount]) -> None:
    """The sum of what is shown is the rounded sum; each line is off by a unit at most."""
    shown = statement_amounts(amounts, CNY)
    assert sum(shown, Decimal(0)) == CNY.rounded(Amount(sum(amounts)))
    for amount, text in zip(amounts, shown, strict=True):
        assert abs(CNY.exact(amount) - text) <= Decimal("0.01")


@st.composite
def register(draw: st.DrawFn) -> list[tuple[datetime, int]]:
    """Draw readings of one meter over some weeks."""
    at, wh = local("2026-04-20", BERLIN), 0
    readings = [(at, wh)]
    steps = st.tuples(st.integers(1, 60 * 24 * 9), st.integers(0, 40_000))
    for minutes, energy_wh in draw(st.lists(steps, min_size=1, max_size=8)):
        at, wh = at + timedelta(minutes=minutes), wh + energy_wh
        readings.append((at, wh))
    return readings


@settings(max_examples=60)
@given(tariff_documents(), register())
def test_any_bill_adds_up(data: dict[str, Any], readings: list[tuple[datetime, int]]) -> None:
    """All energy is in it once, every day pays its share, tax is that of the sum."""
    written = tariff_version_from(data | {"valid_from": "2026-05-02"}, CNY)
    first = tariff_version_from(data | {"valid_from": "2000-01-01", "standing": {}}, CNY)
    tariff = Tariff.of([first, written], {"China": DAYS})
    intervals = [Interval(a[1], b[1], a[0], b[0]) for a, b in pairwise(readings)]
    found = bill(tariff, intervals, zone=BERLIN, since=readings[0][0], until=readings[-1][0])
    assert sum(line.to_wh - line.from_wh for line in found.lines) == readings[-1][1]
    assert found.total == sum(found.amounts)
    assert sum(statement_amounts(found.amounts, CNY)) == CNY.rounded(found.total)
    net: dict[int, int] = {}
    for line in found.lines:
        net[line.tax_ppm] = net.get(line.tax_ppm, 0) + line.amount
    for billed in found.fees:
        net[billed.fee.tax_ppm] = net.get(billed.fee.tax_ppm, 0) + billed.fee.amount
    assert found.tax == sum(tax_on(Amount(amount), ppm) for ppm, amount in net.items())
    last = (readings[-1][0] - timedelta(microseconds=1)).astimezone(BERLIN).date()
    begun = (last - max(date(2026, 4, 20), date(2026, 5, 2))).days + 1
    standing = [billed for billed in found.fees if billed.fee.kind is LineKind.STANDING]
    assert sum(billed.days for billed in standing) in (0, max(begun, 0))
