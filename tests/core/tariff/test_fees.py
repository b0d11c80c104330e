"""Standing charges, minimum, demand and tax: by the day, by the month, and always adding up."""

from calendar import monthrange
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.money.amount import Amount
from custom_components.compere_prepaid.core.tariff.demand import DemandKey, DemandQuantity
from custom_components.compere_prepaid.core.tariff.fees import (
    Fee,
    day_fees,
    demand_fees,
    minimum_fee,
)
from custom_components.compere_prepaid.core.tariff.model import LineKind, Tariff, Tax
from custom_components.compere_prepaid.core.tariff.tax import PPM, tax_on
from custom_components.compere_prepaid.core.tariff.year import ALL_MONTHS
from tests.core.tariff.tariffs import CNY, version

JUNE = date(2026, 6, 1)


def tariff_of(**parts: Any) -> Tariff:
    """Return a tariff with a price that does not matter here."""
    return Tariff.of([version("0.5", **parts)])


def days_of(month: date) -> list[date]:
    """Return all days of a month."""
    return [month + timedelta(days=n) for n in range(monthrange(month.year, month.month)[1])]


def test_fees_of_a_day() -> None:
    """A day's fee and its share of the month's, standing and service apart, each with its tax."""
    tariff = tariff_of(
        standing={"per_day": "0.53", "per_month": 30},
        service={"per_month": 70},
        tax={"percent": 15, "included": False, "lines": {"service": {"included": True}}},
    )
    assert day_fees(tariff, date(2026, 6, 30)) == (
        Fee(
            kind=LineKind.STANDING,
            amount=CNY.parse("1.53"),
            tax_ppm=150_000,
            tariff="Retail",
            valid_from=date(2000, 1, 1),
            revision=1,
        ),
        Fee(
            kind=LineKind.SERVICE,
            amount=Amount(2_333_333_334),
            tax_ppm=0,
            tariff="Retail",
            valid_from=date(2000, 1, 1),
            revision=1,
        ),
    )


def test_what_is_free_is_no_fee() -> None:
    """Neither is a day before the tariff."""
    assert day_fees(tariff_of(), JUNE) == ()
    later = Tariff.of([version("0.5", valid_from=date(2026, 6, 2), standing={"per_day": 1})])
    assert day_fees(later, JUNE) == ()
    assert len(day_fees(later, date(2026, 6, 2))) == 1


def test_a_new_version_prorates_the_month_by_itself() -> None:
    """Ten days of 30 a month and twenty days of 60 a month."""
    tariff = Tariff.of(
        [
            version("0.5", standing={"per_month": 30}),
            version("0.5", standing={"per_month": 60}, valid_from=date(2026, 6, 11)),
        ]
    )
    found = [day_fees(tariff, day)[0] for day in days_of(JUNE)]
    assert sum(fee.amount for fee in found) == CNY.parse(10 + 40)
    assert [fee.valid_from for fee in found[9:11]] == [date(2000, 1, 1), date(2026, 6, 11)]


@given(
    st.integers(min_value=0, max_value=10**12).map(lambda micro: Decimal(micro).scaleb(-6)),
    st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 12, 1)),
)
def test_the_days_of_a_month_make_its_fee(fee: Decimal, day: date) -> None:
    """To the last digit, in months of any length, and no two days differ by more than a digit."""
    tariff = tariff_of(standing={"per_month": fee})
    shares = [
        fees[0].amount if (fees := day_fees(tariff, one)) else 0
        for one in days_of(day.replace(day=1))
    ]
    assert CNY.exact(Amount(sum(shares))) == fee
    assert max(shares) - min(shares) <= 1


@pytest.mark.parametrize(
    ("spent", "days", "due"),
    [("10", 30, "15"), ("25", 30, None), ("26", 30, None), ("0", 12, "10"), ("10", 12, None)],
)
def test_the_minimum_is_what_lacks_at_the_end(spent: str, days: int, due: str | None) -> None:
    """In proportion to the days of the month that were supplied."""
    fee = minimum_fee(tariff_of(minimum_per_month=25), JUNE, CNY.parse(spent), days)
    assert (fee and fee.amount) == (due and CNY.parse(due))
    assert fee is None or fee.kind is LineKind.MINIMUM


def test_the_minimum_lacks_by_the_smallest_unit() -> None:
    """Nothing is rounded."""
    spent = Amount(CNY.parse(25) - 1)
    fee = minimum_fee(tariff_of(minimum_per_month=25), JUNE, spent, 30)
    assert fee
    assert fee.amount == 1


def test_a_month_before_the_tariff_has_no_minimum_and_no_demand() -> None:
    """Nothing was agreed then."""
    demand = [{"name": "D", "quantity": "kW", "prices": [{"price": 20}]}]
    tariff = Tariff.of(
        [version("1", valid_from=date(2026, 7, 1), minimum_per_month=5, demand=demand)]
    )
    assert minimum_fee(tariff, JUNE, Amount(0), 30) is None
    assert demand_fees(tariff, JUNE, {}, [], 30) == ()


KEY = DemandKey("D", DemandQuantity.KVA, 30, "flat")


def demanding(**parts: Any) -> Tariff:
    """Return a tariff with a price in steps on the highest power."""
    item = {
        "name": "D",
        "quantity": "kVA",
        "minutes": 30,
        "period": "flat",
        "prices": [{"up_to": 100, "price": 20}, {"up_to": "150.5", "price": 15}, {"price": "2.5"}],
    }
    tax = {"percent": 15, "included": False, "lines": {"demand": {"percent": 6}}}
    return tariff_of(demand=[item | parts], tax=tax)


@pytest.mark.parametrize(
    ("measured_w", "days", "due"),
    [
        (60_000, 30, "1200"),
        (100_000, 30, "2000"),
        (100_001, 30, "2000.015"),
        (200_500, 30, "2882.5"),
        (60_000, 10, "400"),
        (100_001, 7, "466.670166666"),
    ],
)
def test_demand_in_steps(measured_w: int, days: int, due: str) -> None:
    """W × price per kW is exact; a part of a month pays its part."""
    (fee,) = demand_fees(demanding(), JUNE, {KEY: measured_w}, [], days)
    assert CNY.exact(fee.amount) == Decimal(due)
    assert (fee.key, fee.measured_w, fee.billed_w) == (KEY, measured_w, measured_w)
    assert (fee.kind, fee.tax_ppm) == (LineKind.DEMAND, 60_000)
    assert (fee.tariff, fee.valid_from, fee.revision) == ("Retail", date(2000, 1, 1), 1)
    assert isinstance(fee.amount, int)


def test_demand_of_months_before() -> None:
    """The highest of so many months back counts in part; older ones and other keys do not."""
    tariff = demanding(look_back={"months": 2, "percent": 80})
    other = KEY._replace(period="")
    history = [{KEY: 30_000}, {KEY: 50_000, other: 99_000}, {KEY: 90_000}]
    (fee,) = demand_fees(tariff, JUNE, {KEY: 10_000}, history, 30)
    assert (fee.measured_w, fee.billed_w, fee.amount) == (10_000, 40_000, CNY.parse(800))
    (fee,) = demand_fees(tariff, JUNE, {KEY: 1}, [{KEY: 10_001}], 30)
    assert (fee.billed_w, type(fee.billed_w)) == (8_000, int)
    (fee,) = demand_fees(tariff, JUNE, {}, history[1:], 30)
    assert (fee.measured_w, fee.billed_w) == (0, 72_000)


def test_looking_back_at_nothing() -> None:
    """No month before, or none with this measurement: only what was measured is billed."""
    tariff = demanding(look_back={"months": 2, "percent": 100})
    assert demand_fees(tariff, JUNE, {}, [], 30) == ()
    assert demand_fees(tariff, JUNE, {}, [{}, {KEY._replace(name="E"): 5_000}], 30) == ()


def test_demand_in_some_months_only() -> None:
    """And none where nothing was drawn."""
    tariff = demanding(months=["7-9"])
    assert demand_fees(tariff, JUNE, {KEY: 10_000}, [], 30) == ()
    assert len(demand_fees(tariff, date(2026, 7, 1), {KEY: 10_000}, [], 31)) == 1
    assert demand_fees(tariff, date(2026, 7, 1), {}, [], 31) == ()
    (summer,) = tariff.versions
    (item,) = summer.demand
    always = replace(item, key=KEY._replace(name="E"), months=ALL_MONTHS)
    both = Tariff.of([replace(summer, demand=(item, always))])
    (fee,) = demand_fees(both, JUNE, {KEY: 10_000, always.key: 5_000}, [], 30)
    assert fee.key == always.key


def test_tax_by_line() -> None:
    """A line says what differs from the general tax; what is included is not put on top."""
    (found,) = tariff_of(
        tax={
            "percent": "15.5",
            "included": False,
            "lines": {
                "energy": {"percent": 6},
                "standing": {"included": True},
                "demand": {"percent": 0},
            },
        }
    ).versions
    assert found.tax(LineKind.ENERGY) == Tax(60_000, included=False)
    assert found.tax(LineKind.STANDING) == Tax(155_000, included=True)
    assert (
        found.tax(LineKind.SERVICE) == found.tax(LineKind.MINIMUM) == Tax(155_000, included=False)
    )
    assert found.tax(LineKind.DEMAND).excluded_ppm == 0
    assert [found.tax(kind).excluded_ppm for kind in (LineKind.ENERGY, LineKind.STANDING)] == [
        60_000,
        0,
    ]


@given(
    st.lists(st.integers(min_value=-(10**12), max_value=10**12), max_size=30),
    st.integers(min_value=0, max_value=PPM),
)
def test_tax_adds_up_however_an_amount_is_cut(parts: list[int], ppm: int) -> None:
    """Each posting carries what it adds, and all together carry the tax on the sum."""
    marks = [0]
    for part in parts:
        marks.append(marks[-1] + part)
    taxes = [
        tax_on(Amount(after), ppm) - tax_on(Amount(before), ppm)
        for before, after in pairwise(marks)
    ]
    assert sum(taxes) == tax_on(Amount(marks[-1]), ppm) == marks[-1] * ppm // PPM
    for part, tax in zip(parts, taxes, strict=True):
        assert abs(tax * PPM - part * ppm) < PPM
