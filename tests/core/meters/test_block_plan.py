"""Which registers are read together: as the wire's costs say, and never two reads of one length."""

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.bus.requests import Function
from custom_components.compere_prepaid.core.meters.block_plan import (
    Span,
    halves,
    plan_reads,
    widest_hole,
)


def span(address: int, count: int, *, shared: bool = False) -> Span:
    """Return a run of holding registers."""
    return Span(function=Function.READ_HOLDING, shared=shared, address=address, count=count)


@pytest.mark.parametrize(
    ("baudrate", "bits", "hole"),
    [(9600, 10, 13), (19200, 10, 17), (115200, 10, 74), (2400, 10, 9), (9600, 11, 12)],
)
def test_holes_are_as_wide_as_a_second_request_is_dear(baudrate: int, bits: int, hole: int) -> None:
    """13 characters, 10 ms of thought and a silence, in registers of two characters."""
    assert widest_hole(baudrate, bits) == hole


def test_neighbours_are_read_together() -> None:
    """Up to a hole and a length; registers that all channels share are another matter."""
    wanted = [span(0, 2), span(8, 2), span(30, 2), span(32, 2, shared=True)]
    assert plan_reads(wanted, (), longest=60, hole=6)[0] == [
        span(0, 10), span(30, 2), span(32, 4, shared=True),
    ]  # fmt: skip
    assert plan_reads(wanted[:2], (), longest=8, hole=6)[0] == [span(0, 2), span(8, 4)]


def test_what_is_wanted_seldom_costs_nothing_among_what_is_read_often() -> None:
    """It is asked for again only where it lies elsewhere."""
    often, seldom = plan_reads(
        [span(0, 2), span(6, 2)], [span(2, 4), span(40, 1)], longest=60, hole=10
    )
    assert (often, seldom) == ([span(0, 8)], [span(40, 1)])


def test_equal_lengths_stay_where_nothing_else_is_possible() -> None:
    """A read is not made longer than the meter answers, nor beyond the last register."""
    wanted = [span(0, 2), span(100, 2)]
    assert plan_reads(wanted, (), longest=2, hole=1)[0] == wanted
    last = [span(0, 2), span(0xFFFE, 2)]
    assert plan_reads(last, (), longest=60, hole=1)[0] == last


spans = st.builds(span, st.integers(0, 200), st.sampled_from([1, 2, 4]))


@given(st.lists(spans, min_size=1, max_size=20), st.lists(spans, max_size=20), st.integers(0, 20))
def test_everything_wanted_is_read_and_no_two_reads_are_alike(
    often: list[Span], seldom: list[Span], hole: int
) -> None:
    """Each register in a read, every read within the longest, lengths all different."""
    frequent, rare = plan_reads(
        often, seldom, longest=125, hole=hole, taken=[(Function.READ_HOLDING, 7)]
    )
    assert all(any(read.holds(one) for read in frequent) for one in often)
    assert all(any(read.holds(one) for read in (*frequent, *rare)) for one in seldom)
    lengths = [7, *(read.count for read in (*frequent, *rare))]
    assert max(lengths) <= 125
    assert len(set(lengths)) == len(lengths)


@given(st.lists(spans, min_size=1, max_size=12, unique=True))
def test_halving_ends_at_single_numbers(wanted: list[Span]) -> None:
    """Whatever is refused, its parts are smaller; in the end each number was asked for alone."""
    first, end = min(one.address for one in wanted), max(one.end for one in wanted)
    waiting, asked = [span(first, end - first)], set[Span]()
    while waiting:
        read = waiting.pop()
        parts = halves(read, wanted)
        assert all(part != read and read.holds(part) for part in parts)
        asked.add(read)
        waiting += parts
    assert asked >= set(wanted)


def test_a_read_that_nothing_is_wanted_of_has_no_halves() -> None:
    """It is left out."""
    assert halves(span(0, 9), [span(20, 2)]) == ()
