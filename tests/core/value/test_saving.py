"""The saving that a model claims, on malls whose true saving is known."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
import math
import random

import pytest

from custom_components.compere_prepaid.core.value.saving import Day, Refusal, Saving, saving

YEAR = 365
TRUE_KWH = 120
"""Saved on each day after."""


def mall(
    seed: int, *, likeness: float = 0.0, before: int = YEAR, after: int = 90, noise: float = 150
) -> tuple[list[Day], list[Day]]:
    """Return a mall's days: cooling above 21 °C, weekends, floor that is let, and chance.

    Chance has a memory: a day resembles the one before by `likeness`.
    """
    chance = random.Random(seed)
    error, days = 0.0, []
    for place in range(before + after):
        day = date(2025, 1, 1) + timedelta(days=place)
        degrees = 18 + 12 * math.sin(2 * math.pi * (place - 100) / YEAR) + chance.gauss(0, 2)
        occupied = 4000 + place // 60 % 4 * 250
        error = likeness * error + math.sqrt(1 - likeness**2) * chance.gauss(0, noise)
        kwh = 1500 + 0.3 * occupied + 40 * max(0.0, degrees - 21) + 200 * (day.weekday() > 4)
        kwh += error - (TRUE_KWH if place >= before else 0)
        days.append(
            Day(
                day=day,
                energy_wh=round(kwh * 1000),
                occupied=Decimal(occupied),
                temperature=Decimal(f"{degrees:.2f}"),
            )
        )
    return days[:before], days[before:]


def claimed(before: list[Day], after: list[Day]) -> Saving:
    """Return what is claimed; there must be something."""
    found = saving(before, after)
    assert isinstance(found, Saving), found
    return found


def refused(before: list[Day], after: list[Day]) -> Refusal:
    """Return why nothing is claimed."""
    found = saving(before, after)
    assert isinstance(found, Refusal), found
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("likeness", "rounds"), [(0.0, 40), (0.3, 40), (0.6, 40)])
def test_interval_holds_the_true_saving(
    likeness: float, rounds: int, figure: Callable[[str], None]
) -> None:
    """95 of 100 intervals should; chance may make some fewer, hardly a tenth."""
    held = 0
    for seed in range(rounds):
        found = claimed(*mall(seed, likeness=likeness))
        held += abs(found.saved - TRUE_KWH * found.days_after) <= found.half_width
    figure(
        f"value: 95 % interval held the true saving in {held} of {rounds} malls "
        f"whose days resemble each other by {likeness}"
    )
    assert held >= rounds * 90 // 100


def test_days_that_resemble_each_other_say_less() -> None:
    """The same noise with a memory makes the interval wider."""
    alone, alike = claimed(*mall(7)), claimed(*mall(7, likeness=0.6))
    assert alike.effective_days < alone.effective_days
    assert alike.half_width > alone.half_width * Decimal("1.5")
    assert Decimal("0.4") < alike.autocorrelation < Decimal("0.8")


def test_model_is_the_mall() -> None:
    """Without much chance the model finds what the mall is made of."""
    found = claimed(*mall(3, noise=1))
    assert found.cooling_base == 21
    assert found.heating_base is None
    assert abs(found.coefficients["cooling_degrees"] - 40) < Decimal("0.2")
    assert abs(found.coefficients["occupied"] - Decimal("0.3")) < Decimal("0.002")
    assert abs(found.coefficients["weekday_7"] - 200) < 1
    assert abs(found.coefficients["weekday_3"]) < 1
    assert abs(found.saved - TRUE_KWH * 90) < found.half_width < 60
    assert found.cv_rmse < Decimal("0.001")
    assert abs(found.nmbe) < Decimal("1e-20")
    assert found.r_squared > Decimal("0.999")


def test_weather_would_be_taken_for_a_saving() -> None:
    """A milder time after looks like a saving to a model without weather; not to one with it."""
    before, after = mall(5, noise=20)
    hot, mild = before[150:270], [replace(day, day=day.day) for day in after]
    blind = [[replace(day, temperature=None) for day in days] for days in (before[100:270], mild)]
    seeing, unseeing = claimed(before, after), claimed(*blind)
    assert unseeing.notes == ("without_weather",)
    assert unseeing.saved > 2 * seeing.saved
    assert seeing.notes == ()
    assert refused(hot, mild).reason == "outside_temperature"


def test_heating_counts_too() -> None:
    """A mall that is heated below 12 °C."""
    before, after = mall(11, noise=5)

    def heated(day: Day) -> Day:
        assert day.temperature is not None
        extra = max(Decimal(0), 12 - day.temperature) * 60_000
        return replace(day, energy_wh=day.energy_wh + int(extra))

    found = claimed([*map(heated, before)], [*map(heated, after)])
    assert (found.heating_base, found.cooling_base) == (12, 21)
    assert abs(found.coefficients["heating_degrees"] - 60) < 1


def test_special_days_are_days_of_their_own() -> None:
    """A mall that is shut on holidays: they are known, once there were some."""
    before, after = mall(2, noise=10)
    before = [
        replace(day, special=True, energy_wh=500_000) if day.day.day == 9 else day for day in before
    ]
    after = [
        replace(day, special=True, energy_wh=500_000) if day.day.day == 9 else day for day in after
    ]
    known = claimed(before, after)
    assert known.coefficients["special_day"] < -1000
    few = [day if day.day.month < 3 else replace(day, special=False) for day in before]
    assert "special_day" not in saving_or_nothing(few, after)


def saving_or_nothing(before: list[Day], after: list[Day]) -> set[str]:
    """Return the columns of a model that may have been refused."""
    found = saving(before, after)
    return set(found.coefficients) if isinstance(found, Saving) else set()


def test_what_is_hardly_known_is_left_out() -> None:
    """A few days without temperature are left out; a temperature that is hardly there is."""
    before, after = mall(4)
    gaps = [
        replace(day, temperature=None) if place % 20 == 0 else day
        for place, day in enumerate(before)
    ]
    assert claimed(gaps, after).days_before == YEAR - 19
    bare = [replace(day, occupied=None) for day in before]
    assert claimed(bare, after).notes == ("without_occupancy",)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda before, after: (before[:59], after), "too_few_days_before"),
        (lambda before, after: (before, after[:13]), "too_few_days_after"),
        (
            lambda before, after: (before, [replace(day, occupied=Decimal(9000)) for day in after]),
            "outside_occupied",
        ),
        (
            lambda before, after: (before, [replace(d, temperature=Decimal(40)) for d in after]),
            "outside_temperature",
        ),
        (
            lambda before, after: ([replace(day, energy_wh=0) for day in before], after),
            "no_energy_before",
        ),
        (
            lambda before, after: (
                [replace(d, energy_wh=d.energy_wh * (p % 5)) for p, d in enumerate(before)],
                after,
            ),
            "fit_too_bad",
        ),
    ],
    ids=["short before", "short after", "other tenants", "heat wave", "nothing", "no pattern"],
)
def test_nothing_is_claimed_without_ground(
    change: Callable[[list[Day], list[Day]], tuple[list[Day], list[Day]]], reason: str
) -> None:
    """Each of these is refused with its reason."""
    found = refused(*change(*mall(1)))
    assert found.reason == reason


def test_a_long_memory_makes_a_short_time_too_short() -> None:
    """Seventy days that hardly differ from each other say as much as a handful."""
    before, after = mall(9, likeness=0.95, before=75, after=20)
    found = refused(
        [replace(day, temperature=None) for day in before],
        [replace(day, temperature=None) for day in after],
    )
    assert found.reason == "too_few_days_before"
    assert found.numbers["effective"] < 20
