"""Splitting adds up exactly, whatever the weights and the number of those who share."""

from collections.abc import Sequence
from fractions import Fraction
from random import Random

from hypothesis import given, strategies as st

from custom_components.compere_prepaid.core.allocation.splitting import shares

UNITS = st.integers(-(2**62), 2**62)
WEIGHTS = st.lists(st.one_of(st.integers(0, 5), st.integers(0, 10**15)), max_size=40).filter(
    lambda weights: sum(weights) > 0
)


@given(UNITS, WEIGHTS)
def test_parts_add_up_and_none_is_a_unit_off(units: int, weights: Sequence[int]) -> None:
    """Σ = all units; each part lies within one of its exact quota; no weight, no part."""
    parts = shares(units, weights)
    assert sum(parts) == units
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(units * weight, sum(weights))) < 1
        assert weight or not part


@given(UNITS, WEIGHTS, st.randoms(use_true_random=False))
def test_order_moves_no_part_by_more_than_a_unit(
    units: int, weights: Sequence[int], random: Random
) -> None:
    """And only between equals: whoever has other remainders gets the same in any order."""
    order = list(range(len(weights)))
    random.shuffle(order)
    parts, shuffled = shares(units, weights), [0] * len(weights)
    for place, part in zip(order, shares(units, [weights[at] for at in order]), strict=True):
        shuffled[place] = part
    lost = [abs(units) * weight % sum(weights) for weight in weights]
    for place, (one, other) in enumerate(zip(parts, shuffled, strict=True)):
        assert abs(one - other) <= (lost.count(lost[place]) > 1)


@given(UNITS, WEIGHTS)
def test_a_credit_is_split_as_the_cost_is(units: int, weights: Sequence[int]) -> None:
    """Below zero everything is mirrored."""
    assert [-part for part in shares(-units, weights)] == shares(units, weights)


@given(st.integers(-(2**40), 2**40), st.lists(st.integers(-9, 99), min_size=1, max_size=30))
def test_whole_units_add_up_also_with_weights_below_zero(units: int, weights: list[int]) -> None:
    """A weight below zero takes part as others do, as long as there is something to split by."""
    if total := sum(weights):
        parts = shares(units, weights)
        assert sum(parts) == units
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part - Fraction(units * weight, total)) < 1


def test_ties_go_to_who_comes_first() -> None:
    """100.00 over three: the cent that is left is the first one's."""
    assert shares(10_000, [1, 1, 1]) == [3334, 3333, 3333]
