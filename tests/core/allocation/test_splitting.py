"""Splitting adds up exactly, whatever the weights, the unit and the number of those who share."""

from collections.abc import Mapping
from fractions import Fraction
from random import Random

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.allocation.splitting import shares, split
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.money.amount import Amount

AMOUNTS = st.integers(-(2**62), 2**62).map(Amount)
UNITS = st.sampled_from([1, 7, 10**7, 5 * 10**7, 10**9]).map(Amount)
WEIGHTS = st.dictionaries(
    st.text(max_size=4), st.one_of(st.integers(0, 5), st.integers(0, 10**15)), max_size=40
).filter(lambda weights: sum(weights.values()) > 0)


@given(AMOUNTS, WEIGHTS, UNITS)
def test_parts_add_up_and_none_is_a_unit_off(
    amount: Amount, weights: Mapping[str, int], unit: Amount
) -> None:
    """Σ = the amount; each part lies within a unit of its exact quota; no weight, no part."""
    parts = split(amount, weights, unit)
    assert sum(parts.values()) == amount
    assert list(parts) == sorted(weights)
    total = sum(weights.values())
    for name, weight in weights.items():
        assert abs(parts[name] - Fraction(amount * weight, total)) < unit
        assert weight or not parts[name]
    assert sum(part % unit != 0 for part in parts.values()) <= 1


@given(AMOUNTS, WEIGHTS, UNITS, st.randoms(use_true_random=False))
def test_order_changes_nothing(
    amount: Amount, weights: Mapping[str, int], unit: Amount, random: Random
) -> None:
    """Not even by a unit."""
    names = list(weights)
    random.shuffle(names)
    shuffled = {name: weights[name] for name in names}
    assert split(amount, shuffled, unit) == split(amount, weights, unit)


@given(AMOUNTS, WEIGHTS, UNITS)
def test_a_credit_is_split_as_the_cost_is(
    amount: Amount, weights: Mapping[str, int], unit: Amount
) -> None:
    """Below zero everything is mirrored."""
    mirrored = split(Amount(-amount), weights, unit)
    assert {name: -part for name, part in mirrored.items()} == split(amount, weights, unit)


@given(st.integers(-(2**40), 2**40), st.lists(st.integers(-9, 99), min_size=1, max_size=30))
def test_whole_units_add_up_also_with_weights_below_zero(units: int, weights: list[int]) -> None:
    """A weight below zero takes part as others do, as long as there is something to split by."""
    if total := sum(weights):
        parts = shares(units, weights)
        assert sum(parts) == units
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part - Fraction(units * weight, total)) < 1


def test_ties_go_by_id() -> None:
    """100.00 over three: the cent that is left is the first one's."""
    assert split(Amount(10_000), {"C": 1, "A": 1, "B": 1}, Amount(1)) == {
        "A": 3334,
        "B": 3333,
        "C": 3333,
    }


def test_what_lies_below_a_unit_is_nobodys_who_has_no_weight() -> None:
    """10.05 in tenths: the odd 0.05 goes to somebody who shares."""
    assert split(Amount(1005), {"A": 0, "B": 1, "C": 1}, Amount(10)) == {"A": 0, "B": 505, "C": 500}


@pytest.mark.parametrize("weights", [{}, {"A": 0}, {"A": 1, "B": -1}])
def test_nothing_to_split_by(weights: Mapping[str, int]) -> None:
    """An amount is not lost for want of weights."""
    with pytest.raises(InvalidInputError) as caught:
        split(Amount(100), weights, Amount(1))
    assert caught.value.key == "allocation_no_denominator"
