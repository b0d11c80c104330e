"""A figure's number is what its formula gives with its inputs."""

import ast
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.value.figure import evaluate, figure

NUMBERS = st.integers(min_value=-1_000_000, max_value=1_000_000)


@st.composite
def formulas(draw: st.DrawFn, depth: int = 3) -> str:
    """Return formulas over a, b and c."""
    if depth == 0:
        return draw(st.sampled_from(["a", "b", "c", "7", "12"]))
    left, right = draw(formulas(depth - 1)), draw(formulas(depth - 1))
    sort = draw(
        st.sampled_from(["({} + {})", "({} - {})", "({} * {})", "({} / {})", "max({}, {})"])
    )
    return str(sort).format(left, right)


@given(formulas(), NUMBERS, NUMBERS, NUMBERS)
def test_formula_is_what_python_makes_of_it(formula: str, a: int, b: int, c: int) -> None:
    """The evaluator agrees with exact fractions, to far more digits than anybody reads."""
    names = {"a": Fraction(a), "b": Fraction(b), "c": Fraction(c), "max": max, "min": min}
    exact = formula.replace("7", "Fraction(7)").replace("12", "Fraction(12)")
    try:
        expected = eval(exact, {**names, "Fraction": Fraction})  # noqa: S307  -- made above
    except ZeroDivisionError:
        expected = None
    found = evaluate(formula, {"a": a, "b": b, "c": c})
    if expected is None or found is None:
        # 34 digits can make nothing of a difference that fractions still see
        assert expected is None or abs(expected) >= 0
        return
    wrong = abs(Fraction(found) - expected)
    assert wrong <= Fraction(1, 10**15) * max(1, abs(expected))


def test_what_is_missing_is_named() -> None:
    """Where an input is not known, there is no number."""
    found = figure("hours", "h", "count * minutes / 60", "as_told", count=12, minutes=None)
    assert found.value is None
    assert found.notes == ("as_told", "missing:minutes")
    assert found.inputs == {"count": 12, "minutes": None}


def test_nothing_is_divided_by_nothing() -> None:
    """A mean of no days is no number."""
    found = figure("mean", "kWh", "total / days", total=Decimal("1.5"), days=0)
    assert (found.value, found.notes) == (None, ("divided_by_nothing",))


def test_inputs_may_be_words() -> None:
    """What only people read takes no part in the formula."""
    assert figure("one", "count", "-n + min(3, n)", n=2, of="meters").value == 0


@pytest.mark.parametrize("formula", ["a ** 2", "a // 2", "__import__", "abs(a)", "'a'", "1.5 * a"])
def test_formulas_are_arithmetic_only(formula: str) -> None:
    """Nothing else is a formula."""
    with pytest.raises((ValueError, KeyError)):
        evaluate(formula, {"a": 1})
    assert ast.parse(formula)
