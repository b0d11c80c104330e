"""A main meter counts what passes the meters behind it, and what gets lost, to the unit."""

from datetime import UTC, datetime

from hypothesis import given, strategies as st

from simulator.clock import ManualClock
from simulator.energy import UNITS_PER_WH
from simulator.main_meter import MainMeter
from simulator.mall import Mall
from simulator.tenants import MAIN, one_line_plan

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)

steps = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.integers(0, 20_000),
        st.integers(0, 3000),
        st.booleans(),
        st.integers(1, 100_000),
    ),
    max_size=12,
)
"""Which shop, its load, what flows around its meter, whether its relay closes, and seconds."""


@given(steps)
def test_the_sum_of_what_is_behind(steps: list[tuple[int, int, int, bool, int]]) -> None:
    """Whatever shops do, the register moves by what they drew and 2 % more, rounded down."""
    clock = ManualClock(NOON)
    mall = Mall.build(one_line_plan(2, pace=False, main=True), clock=clock)
    main, shops = mall.meter(MAIN), mall.meters[:2]
    assert isinstance(main, MainMeter)
    assert main.behind == tuple(shops)
    before = main.energy.total
    passed = 0
    for shop, watts, around, closes, seconds in steps:
        shops[shop].set_load(watts)
        shops[shop].set_detour(around)
        shops[shop].command_relay(closed=closes)
        clock.advance(seconds=seconds)
        passed = sum(meter.passed_units for meter in shops)
        main.advance()
    moved = main.energy.total - before
    assert passed * 1020 // 1000 - len(steps) <= moved <= passed * 1020 // 1000
    assert main.power_w == sum(m.power_w + m.detour_w for m in shops) * 1020 // 1000


def test_what_flows_around_a_meter() -> None:
    """The main meter counts it; the meter that is bridged does not."""
    clock = ManualClock(NOON)
    mall = Mall.build(one_line_plan(1, pace=False, main=True), clock=clock)
    (shop, main) = mall.meters
    shop.set_load(0)
    before, counted = main.true_wh, shop.true_wh
    shop.set_detour(1000)
    clock.advance(seconds=7200)
    assert shop.true_wh == counted
    assert main.true_wh == before + 2040
    assert shop.passed_units == 2000 * UNITS_PER_WH
