"""What a meter holds as a backstop: never too little while its account can pay."""

from collections.abc import Callable
import itertools

from hypothesis import given, settings, strategies as st

from custom_components.compere_prepaid.core.commissioning.backstop import (
    LARGE_WH,
    SPACING_S,
    Holding,
    is_due,
    reserve_wh,
    wanted_wh,
)

MAX_POWER_W = 22_000
PRICE = 1_000_000
"""One unit of money a kWh, in millionths; a Wh is then a thousandth, in book units 10⁶."""
WH = PRICE
POLL_S = 10

EVENTS = st.lists(
    st.tuples(
        st.integers(1, 400),  # how many polls it lasts
        st.integers(0, MAX_POWER_W),  # W
        st.sampled_from([0, 0, 0, 500, 20_000, 200_000]),  # top-up at its begin, Wh
        st.sampled_from([PRICE // 4, PRICE, 4 * PRICE]),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=300)
@given(EVENTS, st.integers(0, 100_000))
def test_the_meter_never_trips_a_tenant_who_can_pay(
    events: list[tuple[int, int, int, int]], first_credit: int
) -> None:
    """Loads, top-ups and prices change; while credit is left, the meter holds more than 0."""
    available, register, now_s = first_credit * WH, 0, 0
    holding: Holding | None = None
    writes: list[int] = []
    for polls, watts, top_up, price in events:
        available += top_up * WH
        for _ in range(polls):
            if available > 0:
                used = watts * POLL_S // 3600
                register += used
                available -= used * price
            now_s += POLL_S
            wanted = wanted_wh(available, price, MAX_POWER_W)
            assert wanted >= reserve_wh(MAX_POWER_W) > 0
            if is_due(holding, wanted, register, now_s, MAX_POWER_W):
                holding = Holding(written_wh=wanted, register_wh=register, written_at_s=now_s)
                writes.append(now_s)
            assert holding is not None
            if available > 0:
                assert holding.left_wh(register) > 0
    steps = [later - earlier for earlier, later in itertools.pairwise(writes)]
    assert all(step >= 60 for step in steps)


def test_flash_is_spared(figure: Callable[[str], None]) -> None:
    """A day at an even load: counted writes."""
    available, register, writes = 500_000 * WH, 0, 0
    holding: Holding | None = None
    for now_s in range(0, 86_400, POLL_S):
        register += 5_000 * POLL_S // 3600
        available -= 5_000 * POLL_S // 3600 * PRICE
        wanted = wanted_wh(available, PRICE, MAX_POWER_W)
        if is_due(holding, wanted, register, now_s, MAX_POWER_W):
            holding = Holding(written_wh=wanted, register_wh=register, written_at_s=now_s)
            writes += 1
    assert writes <= 4
    figure(f"backstop: {writes} writes in a day at 5 kW and 500 kWh of credit")


def test_without_the_program_it_trips_soon_after_the_credit_ends() -> None:
    """What it holds beyond the credit is a tenth and the reserve."""
    assert wanted_wh(100_000 * WH, PRICE, MAX_POWER_W) == 110_000 + reserve_wh(MAX_POWER_W)
    assert reserve_wh(MAX_POWER_W) == 11_000
    assert wanted_wh(-5, PRICE, MAX_POWER_W) == reserve_wh(MAX_POWER_W)
    assert wanted_wh(5, 0, MAX_POWER_W) == LARGE_WH
    assert wanted_wh(10**18, PRICE, MAX_POWER_W) == LARGE_WH


def test_refresh_waits_for_enough_change_and_enough_time() -> None:
    """Not by less than 5 %, not before a quarter of an hour; below the reserve within a minute."""
    holding = Holding(written_wh=100_000, register_wh=0, written_at_s=0)

    def due(wanted: int, register: int, now_s: int) -> bool:
        return is_due(holding, wanted, register, now_s, MAX_POWER_W)

    assert is_due(None, 1, 0, 0, MAX_POWER_W)
    assert not due(104_000, 0, 10 * SPACING_S)
    assert not due(120_000, 0, SPACING_S - 1)
    assert due(120_000, 0, SPACING_S)
    assert due(80_000, 0, SPACING_S)
    assert not due(120_000, 95_000, 59)
    assert due(120_000, 95_000, 60)
