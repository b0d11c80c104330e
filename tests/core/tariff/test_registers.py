"""Intervals over borders that were not read, split by the meter's own tariff registers."""

from datetime import datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.tariff.model import Used
from custom_components.compere_prepaid.core.tariff.rating import Interval, rate
from tests.core.tariff.tariffs import BERLIN, SHANGHAI, local, retail, shape

EVENING = (local("2026-06-15T21:30"), local("2026-06-15T22:45"))
NIGHT_AND_DAY = (local("2026-06-15T20:00"), local("2026-06-16T16:00"))


def interval(
    energy_wh: int, time: tuple[datetime, datetime], by_period: dict[str, int] | None
) -> Interval:
    """Return an interval with what the meter's own registers counted in it."""
    return Interval(50_000, 50_000 + energy_wh, *time, by_period)


def test_the_meters_registers_decide_and_not_the_time() -> None:
    """Each period stands once in the interval, so nothing of it is an estimate."""
    lines = rate(
        retail(),
        interval(7500, EVENING, {"peak": 7000, "flat": 500, "valley": 0}),
        zone=SHANGHAI,
        used=Used(),
    )
    assert shape(lines) == [(7000, "peak", 1, False), (500, "flat", 1, False)]
    assert lines[0].to_at == lines[1].from_at == local("2026-06-15T22:00")
    assert (lines[0].from_wh, lines[0].to_wh, lines[1].to_wh) == (50_000, 57_000, 57_500)


def test_within_a_period_that_stands_twice_time_decides() -> None:
    """Peak 20–22, flat 22–24, valley 0–8, flat 8–14, peak 14–16: only the valley is certain."""
    lines = rate(
        retail(),
        interval(10_000, NIGHT_AND_DAY, {"peak": 4000, "flat": 4000, "valley": 2000}),
        zone=SHANGHAI,
        used=Used(),
    )
    assert shape(lines) == [
        (2000, "peak", 1, True),
        (1000, "flat", 1, True),
        (2000, "valley", 1, False),
        (3000, "flat", 1, True),
        (2000, "peak", 1, True),
    ]


def test_the_period_that_begins_at_the_end_is_not_in_the_interval() -> None:
    """Flat 13–14, peak 14–22; the flat that begins at 22:00 makes no estimate of the first."""
    time = (local("2026-06-15T13:00"), local("2026-06-15T22:00"))
    lines = rate(retail(), interval(90, time, {"peak": 50, "flat": 40}), zone=SHANGHAI, used=Used())
    assert shape(lines) == [(40, "flat", 1, False), (50, "peak", 1, False)]


def test_a_period_in_which_nothing_was_counted_has_no_line() -> None:
    """All was used in the evening, whatever the clock says of the rest."""
    lines = rate(
        retail(),
        interval(900, NIGHT_AND_DAY, {"peak": 0, "valley": 900}),
        zone=SHANGHAI,
        used=Used(),
    )
    assert shape(lines) == [(900, "valley", 1, False)]


@pytest.mark.parametrize(
    "by_period",
    [
        None,
        {},
        {"peak": 7000, "flat": 499},
        {"peak": 7000, "flat": 501},
        {"peak": 8000, "flat": -500},
        {"peak": 7000, "valley": 500},
        {"peak": 7000, "T2": 500},
    ],
    ids=["none", "empty", "too little", "too much", "backwards", "other period", "no period"],
)
def test_registers_that_cannot_be_true_are_not_asked(by_period: dict[str, int] | None) -> None:
    """They must add up to what the meter counted, in periods that the interval has."""
    lines = rate(retail(), interval(7500, EVENING, by_period), zone=SHANGHAI, used=Used())
    assert shape(lines) == [(3000, "peak", 1, True), (4500, "flat", 1, True)]


def test_within_one_period_registers_say_nothing_new() -> None:
    """No border, no split, no estimate."""
    time = (local("2026-06-15T15:00"), local("2026-06-15T16:00"))
    lines = rate(retail(), interval(5, time, {"peak": 5}), zone=SHANGHAI, used=Used())
    assert shape(lines) == [(5, "peak", 1, False)]


@given(
    st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2026, 12, 31)),  # noqa: DTZ001
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=40)),
    st.lists(st.integers(min_value=0, max_value=20_000), min_size=3, max_size=3),
)
def test_every_period_gets_what_its_register_counted(
    start: datetime, duration: timedelta, counted: list[int]
) -> None:
    """The lines of a period add up to its register, and all lines tile the interval."""
    since = local(start.isoformat(), BERLIN)
    told = dict(zip(("peak", "flat", "valley"), counted, strict=True))
    whole = interval(sum(counted), (since, since + duration), told)
    tariff = retail(tiers=[{"up_to": 5}, {"up_to": 9, "adder": "0.05"}, {"adder": "0.1"}])
    lines = rate(tariff, whole, zone=BERLIN, used=Used())
    marks = [whole.from_wh, *(line.to_wh for line in lines)]
    assert [line.from_wh for line in lines] == marks[:-1]
    assert marks[-1] == whole.to_wh
    by_time = rate(tariff, whole._replace(by_period=None), zone=BERLIN, used=Used())
    # registers are asked where the interval is over a border and has all periods that they counted
    there = {
        line.period
        for line in rate(
            tariff,
            whole._replace(to_wh=whole.from_wh + 10**9, by_period=None),
            zone=BERLIN,
            used=Used(),
        )
    }
    if len(there) == 1 or any(wh and period not in there for period, wh in told.items()):
        assert lines == by_time
        return
    for period, energy_wh in told.items():
        assert (
            sum(line.to_wh - line.from_wh for line in lines if line.period == period) == energy_wh
        )
