"""Demand: mean power in blocks of time, of several meters, in bounded memory."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.tariff.demand import (
    MAX_OPEN_BLOCKS,
    DemandBlock,
    DemandKey,
    DemandMeter,
    DemandQuantity,
)

AT = datetime(2026, 6, 15, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ANY = DemandKey("any", DemandQuantity.KW, 15)
PEAK = DemandKey("peak", DemandQuantity.KW, 30, "peak")
KVA = DemandKey("kva", DemandQuantity.KVA, 15)


def test_energy_becomes_power() -> None:
    """2.5 kWh in a quarter of an hour are 10 kW; of half an hour they are 5."""
    meter = DemandMeter([ANY, PEAK, KVA])
    assert meter.add_energy(AT, AT + 15 * MINUTE, 2500, "peak") == ()
    assert meter.finish() == (DemandBlock(ANY, AT, 10_000), DemandBlock(PEAK, AT, 5_000))
    assert meter.finish() == ()


def test_a_block_counts_its_own_period_only() -> None:
    """A measurement without a period counts at any time."""
    meter = DemandMeter([ANY, PEAK])
    meter.add_energy(AT, AT + 15 * MINUTE, 1000, "flat")
    assert meter.finish() == (DemandBlock(ANY, AT, 4_000),)


def test_readings_need_not_come_at_the_ends_of_blocks() -> None:
    """What was counted between two of them is spread evenly over its time."""
    meter = DemandMeter([ANY])
    meter.add_energy(AT + 5 * MINUTE, AT + 35 * MINUTE, 3000, "flat")  # 6 kW
    assert [(block.since, block.mean_w) for block in meter.finish()] == [
        (AT, 4_000),
        (AT + 15 * MINUTE, 6_000),
        (AT + 30 * MINUTE, 2_000),
    ]


def test_meters_of_one_account_add_up() -> None:
    """However their readings come; the block is finished when the caller says so."""
    meter = DemandMeter([ANY])
    meter.add_energy(AT, AT + 15 * MINUTE, 2000, "flat")
    assert meter.finish(AT + 14 * MINUTE) == ()
    meter.add_energy(AT - 10 * MINUTE, AT + 20 * MINUTE, 3000, "flat")
    assert [(block.since, block.mean_w) for block in meter.finish(AT + 15 * MINUTE)] == [
        (AT - 15 * MINUTE, 4_000),
        (AT, 14_000),
    ]
    assert [block.since for block in meter.finish()] == [AT + 15 * MINUTE]


def test_blocks_begin_at_multiples_in_utc() -> None:
    """An hour's block of a zone that is half an hour off still begins at the UTC hour."""
    meter = DemandMeter([ANY._replace(minutes=60)])
    zone_at = datetime.fromisoformat("2026-06-15T15:30:00+05:30")
    meter.add_energy(zone_at, zone_at + 60 * MINUTE, 1000, "flat")
    assert [block.since for block in meter.finish()] == [AT]


def test_energy_at_one_instant_belongs_to_its_block() -> None:
    """Two readings with one time stamp."""
    meter = DemandMeter([ANY])
    meter.add_energy(AT, AT, 500, "flat")
    assert meter.finish() == (DemandBlock(ANY, AT, 2_000),)


def test_apparent_power_counts_for_its_time() -> None:
    """10 kVA for a third of the block, 4 kVA for the rest; energy does not touch it."""
    meter = DemandMeter([KVA])
    meter.add_apparent(AT, AT + 5 * MINUTE, 10_000_000, "flat")
    meter.add_apparent(AT + 5 * MINUTE, AT + 15 * MINUTE, 4_000_000, "flat")
    meter.add_energy(AT, AT + 15 * MINUTE, 9_999, "flat")
    assert meter.finish() == (DemandBlock(KVA, AT, 6_000),)


def test_apparent_power_of_one_period() -> None:
    """Counts where the measurement asks for it."""
    meter = DemandMeter([KVA._replace(period="peak")])
    meter.add_apparent(AT, AT + 15 * MINUTE, 6_000_500, "peak")
    meter.add_apparent(AT, AT + 15 * MINUTE, 6_000_500, "flat")
    (block,) = meter.finish()
    assert (block.mean_w, type(block.mean_w)) == (6_001, int)


def test_blocks_come_in_the_order_of_time() -> None:
    """Whatever they measure."""
    meter = DemandMeter([PEAK, ANY])
    meter.add_energy(AT, AT + 60 * MINUTE, 4_000, "peak")
    assert [(block.key.name, (block.since - AT) // MINUTE) for block in meter.finish()] == [
        ("peak", 0),
        ("any", 0),
        ("any", 15),
        ("peak", 30),
        ("any", 30),
        ("any", 45),
    ]


def test_no_power_is_made_up_by_rounding() -> None:
    """A great energy over odd times is split exactly, in whole numbers."""
    meter = DemandMeter([ANY])
    energy_wh = 10**15 + 7
    meter.add_energy(AT + timedelta(microseconds=1), AT + 45 * MINUTE, energy_wh, "flat")
    blocks = meter.finish()
    assert {type(block.mean_w) for block in blocks} == {int}
    assert abs(sum(block.mean_w for block in blocks) - energy_wh * 4) <= 2


def test_a_meter_that_is_silent_for_long_does_not_fill_the_memory() -> None:
    """The oldest blocks go when very many wait, also out of one long interval."""
    meter = DemandMeter([ANY])
    pushed: list[DemandBlock] = []
    for number in range(MAX_OPEN_BLOCKS + 5):
        since = AT + number * 15 * MINUTE
        pushed += meter.add_energy(since, since + 15 * MINUTE, 1000 + number, "flat")
    assert [block.mean_w for block in pushed] == [4000, 4004, 4008, 4012, 4016]
    year = meter.add_energy(AT, AT + timedelta(days=365), 365 * 96_000, "flat")
    assert len(year) == 365 * 96 - MAX_OPEN_BLOCKS
    assert len(meter.finish()) == MAX_OPEN_BLOCKS


@given(
    st.lists(
        st.tuples(
            st.integers(min_value=0, max_value=500),
            st.integers(min_value=0, max_value=300),
            st.integers(min_value=0, max_value=50_000),
        ),
        max_size=8,
    ),
    st.sampled_from([1, 5, 15, 30, 60]),
)
def test_no_energy_is_lost_between_blocks(pieces: list[tuple[int, int, int]], minutes: int) -> None:
    """All blocks together hold what was fed in, but for the rounding of each to the W."""
    meter = DemandMeter([ANY._replace(minutes=minutes)], max_open=None)
    for start, length, energy_wh in pieces:
        meter.add_energy(AT + start * MINUTE, AT + (start + length) * MINUTE, energy_wh, "flat")
    blocks = meter.finish()
    held = sum(block.mean_w for block in blocks) * minutes
    fed = sum(energy_wh for _, _, energy_wh in pieces) * 60
    assert abs(held - fed) * 2 <= len(blocks) * minutes
    assert [block.since for block in blocks] == sorted({block.since for block in blocks})


@pytest.mark.parametrize("minutes", [1, 2, 3, 5, 10, 15, 20, 30, 60])
def test_an_even_load_has_one_power(minutes: int) -> None:
    """However odd the times of the readings are."""
    meter = DemandMeter([ANY._replace(minutes=minutes)], max_open=None)
    step = timedelta(seconds=36)  # 100 Wh at 10 kW
    for number in range(400):
        meter.add_energy(AT + number * step, AT + (number + 1) * step, 100, "flat")
    assert {block.mean_w for block in meter.finish()} == {10_000}
