"""What the figures of the report are made of, worked out by hand beside them."""

from datetime import date, timedelta
from decimal import Decimal
import statistics

from hypothesis import given, strategies as st

from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.money.amount import Currency
from custom_components.compere_prepaid.core.value.arrears import Standing, arrears_figures
from custom_components.compere_prepaid.core.value.figure import Figure, evaluate
from custom_components.compere_prepaid.core.value.leakage import leakage_figures, leaks
from custom_components.compere_prepaid.core.value.readings import (
    Readings,
    reading_figures,
    reconnection_figures,
)

CNY = Currency.of("CNY")
METER = MeterSerial("33B0250100001")


def by_name(figures: tuple[Figure, ...]) -> dict[str, Figure]:
    """Return figures by name; each is what its formula gives."""
    for one in figures:
        if one.value is not None:
            assert one.value == evaluate(one.formula, one.inputs)
    return {one.name: one for one in figures}


def test_readings_saved() -> None:
    """Twelve months of 500 meters, at four minutes each and 30 an hour."""
    readings = Readings(at_borders=6000, at_moves=24, reckoned=7)
    found = by_name(
        reading_figures(readings, minutes_per_reading=Decimal(4), wage=Decimal("30.50"))
    )
    assert found["readings_saved"].value == 6024
    assert found["reading_hours_saved"].value == Decimal("401.6")
    assert found["reading_cost_saved"].value == Decimal("12248.80")
    bare = by_name(reading_figures(readings, minutes_per_reading=None, wage=None))
    assert bare["reading_hours_saved"].value is None
    assert bare["reading_hours_saved"].notes == ("missing:minutes_per_reading",)
    assert bare["reading_cost_saved"].notes == ("missing:hours", "missing:hourly_wage")


@given(st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=200))
def test_waits(milliseconds: list[int]) -> None:
    """Median, nearest rank of 95 % and the longest, as the library has them."""
    waits = [timedelta(milliseconds=wait) for wait in milliseconds]
    found = by_name(
        reconnection_figures(waits, minutes_before=Decimal(90), kept_since="2026-03-01")
    )
    seconds = sorted(Decimal(wait).scaleb(-3) for wait in milliseconds)
    assert found["reconnections"].value == len(seconds)
    assert found["reconnection_median"].value == statistics.median(seconds)
    p95 = found["reconnection_p95"].value
    assert p95 is not None
    assert sum(second <= p95 for second in seconds) * 100 >= 95 * len(seconds)
    assert sum(second < p95 for second in seconds) * 100 < 95 * len(seconds)
    assert found["reconnection_longest"].value == seconds[-1]
    hours = found["reconnection_hours_saved"].value
    assert hours is not None
    exact = (90 * 60 - statistics.fmean(map(float, seconds))) * len(seconds) / 3600
    assert abs(float(hours) - exact) < 0.001 * len(seconds)


def test_no_waits_are_no_figure() -> None:
    """Where nothing came back, nothing is claimed."""
    (count,) = reconnection_figures([], minutes_before=None, kept_since="")
    assert count.value == 0
    assert count.notes == ("none_kept",)


def test_arrears() -> None:
    """Two shops over three days, and what billing afterwards would have outstanding."""
    standing = Standing(
        balances={
            AccountNumber("A-101"): [CNY.parse(-5), CNY.parse(-40), CNY.parse(10)],
            AccountNumber("A-102"): [CNY.parse(20), CNY.parse(-10), CNY.parse("-2.50")],
        },
        charged=CNY.parse(300),
        days=3,
        debts=CNY.parse(7),
        left=2,
        left_owing={AccountNumber("B-1"): CNY.parse(12)},
    )
    found = by_name(
        arrears_figures(standing, CNY, days_outstanding=Decimal(45), bad_debts_before=Decimal(1000))
    )
    assert found["arrears_peak"].value == 50
    assert found["arrears_now"].value == Decimal("2.5")
    assert round(found["arrears_average"].value or 0, 6) == Decimal("19.166667")
    assert found["prepaid_average"].value == 10
    assert found["arrears_if_billed_afterwards"].value == 4500
    assert round(found["arrears_avoided"].value or 0, 6) == Decimal("4480.833333")
    assert found["bad_debts"].value == 12
    assert found["bad_debts_avoided"].value == 988
    assert found["older_debts"].value == 7
    bare = by_name(arrears_figures(standing, CNY, days_outstanding=None, bad_debts_before=None))
    assert bare["arrears_avoided"].value is None
    assert bare["arrears_avoided"].notes == ("missing:billed_afterwards",)
    assert bare["bad_debts_avoided"].notes == ("missing:bad_debts_before",)


def nights(*bases: int) -> list[tuple[date, int]]:
    """Return nights in a row with these base loads."""
    return [(date(2026, 3, 1) + timedelta(days=place), base) for place, base in enumerate(bases)]


def test_leak_that_was_repaired() -> None:
    """Ten quiet nights, four with 350 W more, and quiet again: 4 × 350 W × 24 h at stake."""
    found = leaks(METER, nights(*[300] * 10, 650, 640, 660, 650, 300, 310))
    (leak,) = found
    assert (leak.since, leak.nights, leak.usual_wh) == (date(2026, 3, 11), 4, 300)
    assert (leak.excess_wh, leak.energy_wh, leak.ended) == (1400, 33_600, True)
    figures = by_name(leakage_figures(found, {"protection": 2, "overload": 1}, 12))
    assert figures["leaks_found"].value == 1
    assert figures["leakage_energy"].value == Decimal("33.6")
    assert figures["protection_cuts"].value == 3


def test_what_is_no_leak() -> None:
    """One night, a rise below 100 W or below half, and nights without any before them."""
    assert leaks(METER, nights(*[300] * 10, 900, 300, 300)) == ()
    assert leaks(METER, nights(*[20] * 10, 119, 119, 119)) == ()
    assert leaks(METER, nights(*[1000] * 10, 1499, 1499)) == ()
    assert leaks(METER, nights(100, 100, 100, 900, 900, 900)) == ()
    (lasting,) = leaks(METER, nights(*[1000] * 5, *[1500] * 40))
    assert (lasting.nights, lasting.ended) == (40, False)
    assert lasting.energy_wh == 40 * 500 * 24
