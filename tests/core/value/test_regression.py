"""Least squares in decimals, against what Python's statistics make of the same numbers."""

from decimal import Decimal
import statistics

from hypothesis import assume, given, strategies as st
import pytest

from custom_components.compere_prepaid.core.value.regression import (
    ZERO,
    Fit,
    Products,
    dot,
    lag_one,
    student_t,
)

NUMBERS = st.integers(min_value=-10_000, max_value=10_000)
POINTS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=3, max_size=30)
ONE = Decimal(1)


def fit(rows: list[list[Decimal]], values: list[Decimal]) -> Fit:
    """Fit values by all columns."""
    return Products.of(rows, values).fit(range(len(rows[0])))


@given(POINTS)
def test_line_is_that_of_the_library(points: list[tuple[int, int]]) -> None:
    """Slope and intercept of a line agree with `statistics.linear_regression`."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    assume(len(set(xs)) > 1)
    found = fit([[ONE, Decimal(x)] for x in xs], [Decimal(y) for y in ys])
    slope, intercept = statistics.linear_regression(xs, ys)
    assert float(found.coefficients[1]) == pytest.approx(slope, rel=1e-6, abs=1e-6)
    assert float(found.coefficients[0]) == pytest.approx(intercept, rel=1e-6, abs=1e-3)


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=4, max_size=25))
def test_residuals_stand_upright(rows: list[tuple[int, int, int]]) -> None:
    """What is left unexplained has nothing in common with any column: that makes it the least."""
    columns = [[ONE, Decimal(a), Decimal(b)] for a, b, _ in rows]
    values = [Decimal(y) for *_, y in rows]
    found = fit(columns, values)
    residuals = found.residuals(columns, values)
    for column in zip(*columns, strict=True):
        assert abs(dot(column, residuals)) < Decimal("1e-12")
    squares = sum((value * value for value in residuals), ZERO)
    assert abs(found.unexplained - squares) < Decimal("1e-12")


@given(st.lists(NUMBERS, min_size=5, max_size=40))
def test_mean_and_its_leverage(values: list[int]) -> None:
    """With ones alone the model is the mean, and x'(X'X)⁻¹x of m days is m² ÷ n."""
    found = fit([[ONE]] * len(values), [Decimal(value) for value in values])
    assert float(found.coefficients[0]) == pytest.approx(statistics.fmean(values), abs=1e-9)
    assert float(found.leverage([Decimal(3)])) == pytest.approx(9 / len(values))


def test_columns_that_say_nothing_new_are_left_out() -> None:
    """A constant, and a sum of others, do not upset the rest."""
    rows = [[ONE, Decimal(2), Decimal(x), Decimal(x * x), Decimal(x + x * x)] for x in range(9)]
    found = fit(rows, [Decimal(5 + 3 * x - x * x) for x in range(9)])
    assert found.used == (0, 2, 3)
    assert [round(value, 9) for value in found.coefficients] == [5, 0, 3, -1, 0]
    assert found.unexplained < Decimal("1e-20")
    assert round(found.predicted(rows[8]), 9) == 5 + 24 - 64


@pytest.mark.parametrize(
    ("freedom", "expected"),
    [
        (5, "2.5706"),
        (10, "2.2281"),
        (15, "2.1314"),
        (30, "2.0423"),
        (60, "2.0003"),
        (120, "1.9799"),
    ],
)
def test_students_table(freedom: int, expected: str) -> None:
    """The 97.5th percentiles of the tables that are printed everywhere."""
    assert abs(student_t(Decimal(freedom)) - Decimal(expected)) < Decimal("0.0003")


def test_likeness_of_neighbours() -> None:
    """Days that follow each other count; over a gap nothing is compared."""
    up_down = [Decimal((-1) ** day) for day in range(100)]
    assert lag_one(up_down) == -1
    assert lag_one([ONE, None, -ONE, None, ONE]) == 0
    slow = [Decimal(1 if day % 20 < 10 else -1) for day in range(200)]
    assert Decimal("0.7") < lag_one(slow) < Decimal("0.9")
