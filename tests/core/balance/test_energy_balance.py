"""Feeders by the hour: an hour of which one meter is unknown is no loss, and no Wh counts twice."""

from datetime import date, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.balance.alarm import loss_alarm
from custom_components.compere_prepaid.core.balance.energy_balance import (
    EXPECTED_PPM,
    Balance,
    FeederHour,
    Metered,
    meters_behind,
)
from custom_components.compere_prepaid.core.balance.feeders import Feeder
from custom_components.compere_prepaid.core.ids import MeterSerial
from tests.core.balance.mall_hours import (
    ALL,
    BEGIN,
    LIGHTS,
    MAIN,
    SHOP,
    TEA,
    Load,
    balanced,
    line,
    metered,
)

EVERYTHING = Feeder(name="Site", main=(MAIN,))
EAST = Feeder(name="East", main=(TEA,), meters=(LIGHTS,))


def test_a_loss_by_the_hour() -> None:
    """The loss is what the main meter counted more, as a part of that; expected is no news."""
    loads = {
        MAIN: lambda hour: 1050 if hour < 24 else 1100,
        SHOP: lambda _: 600,
        TEA: lambda _: 300,
        LIGHTS: lambda _: 100,
    }
    hours, _ = balanced("Site", metered(loads, EVERYTHING))
    assert [hour.loss_wh for hour in hours[:25]] == [50] * 24 + [100]
    first = Balance.of(hours[:24], 50_000)
    assert (first.main_wh, first.sub_wh, first.loss_wh) == (25_200, 24_000, 1200)
    assert (first.loss_ppm, first.unexplained_wh) == (47_619, 0)
    second = Balance.of(hours[24:48], 50_000)
    assert (second.unexplained_wh, second.unexplained_ppm) == (1080, 40_909)
    both = first.plus(second)
    assert (both.hours, both.loss_wh, both.unexplained_wh) == (48, 3600, 3600 - 2580)
    assert Balance.of((), EXPECTED_PPM).loss_ppm is None


def test_an_unknown_meter_makes_no_loss() -> None:
    """Hours in which a meter is not known count for nothing, and say which meter it was."""
    loads = {
        MAIN: lambda _: 1000,
        SHOP: lambda hour: None if 10 <= hour < 15 else 990,
        TEA: lambda _: 0,
        LIGHTS: lambda _: 0,
    }
    hours, _ = balanced("Site", metered(loads, EVERYTHING))
    balance = Balance.of(hours[:24], EXPECTED_PPM)
    assert (balance.hours, balance.unknown_hours) == (19, 5)
    assert balance.missing == {SHOP: 5}
    assert balance.loss_wh == 19 * 10
    assert {hour.loss_wh for hour in hours[10:15]} == {None}
    # a meter that was never read at all is missed in every hour
    silent = (*ALL, MeterSerial("N"))
    read = metered(loads | {MeterSerial("N"): lambda _: None}, EVERYTHING)
    never, _ = balanced("Site", read, silent)
    assert Balance.of(never, EXPECTED_PPM).hours == 0


def test_a_meter_that_was_replaced() -> None:
    """What went is not missed afterwards, what came is not missed before; the hour of it is."""
    loads = {
        MAIN: lambda _: 1000,
        SHOP: lambda hour: 1000 if hour < 30 else None,
        TEA: lambda hour: None if hour < 31 else 1000,
        LIGHTS: lambda _: 0,
    }
    hours, _ = balanced("Site", metered(loads, EVERYTHING), (MAIN, TEA, LIGHTS))
    assert [hour.at for hour in hours if hour.missing] == [hours[30].at]
    assert Balance.of(hours, EXPECTED_PPM).loss_wh == 0
    # one that came without another one having gone is missed: its load was there before
    alone, _ = balanced("Site", metered(loads, EVERYTHING))
    assert [hour.missing for hour in alone[:31]] == [(TEA,)] * 30 + [(SHOP, TEA)]


def test_a_main_meter_that_left() -> None:
    """Without any main meter it is not known what went in; another one may take its place."""
    other = MeterSerial("N")
    loads: dict[MeterSerial, Load] = {
        MAIN: lambda hour: 1000 if hour < 30 else None,
        SHOP: lambda _: 900,
        TEA: lambda _: 0,
        LIGHTS: lambda _: 0,
    }
    gone, _ = balanced("Site", metered(loads, EVERYTHING), (SHOP, TEA, LIGHTS))
    balance = Balance.of(gone, EXPECTED_PPM)
    assert (balance.hours, balance.loss_wh, balance.missing) == (30, 3000, {MAIN: 210})
    both = Feeder(name="Site", main=(MAIN, other))
    loads[other] = lambda hour: None if hour < 31 else 1000
    swapped, _ = balanced("Site", metered(loads, both), (SHOP, TEA, LIGHTS, other))
    assert [hour.at for hour in swapped if hour.missing] == [swapped[30].at]


def test_feeders_within_feeders() -> None:
    """A main meter within a list counts for the meters behind it, and `all` are no main meters."""
    feeders = {feeder.name: feeder for feeder in (EVERYTHING, EAST)}
    assert meters_behind(EVERYTHING, feeders, ALL) == (LIGHTS, SHOP)
    listed = Feeder(name="Hall", main=(MAIN,), meters=(SHOP, TEA, LIGHTS))
    assert meters_behind(listed, {**feeders, "Hall": listed}, ALL) == (SHOP, TEA)


def test_a_feeder_is_what_it_was_on_each_day() -> None:
    """A version holds from its day on; before the first and after the end there is no feeder."""
    day = date(2026, 3, 4)
    versions = (
        Feeder(name="Site", valid_from=day, main=(MAIN,), meters=(SHOP,)),
        Feeder(name="Site", valid_from=day + timedelta(days=1), main=(MAIN,), meters=(SHOP, TEA)),
        Feeder(name="Site", valid_from=day + timedelta(days=2), ended=True),
    )
    loads = {MAIN: lambda _: 1000, SHOP: lambda _: 500, TEA: lambda _: 400, LIGHTS: lambda _: 0}
    hours, _ = balanced("Site", metered(loads, *versions))
    assert [hour.loss_wh for hour in hours] == [500] * 24 + [100] * 24
    assert hours[0].at == BEGIN + timedelta(days=2)


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000), st.booleans()), max_size=60))
def test_balances_add_up(parts: list[tuple[int, int, bool]]) -> None:
    """However hours are grouped, their balance is the same."""
    hours = [
        FeederHour(BEGIN, main, sub, estimated=False, missing=(SHOP,) if unknown else ())
        for main, sub, unknown in parts
    ]
    whole = Balance.of(hours, 0)
    for place in range(len(hours) + 1):
        assert Balance.of(hours[:place], 0).plus(Balance.of(hours[place:], 0)) == whole


def day(number: int, unexplained_ppm: int, hours: int = 24) -> tuple[date, Balance]:
    """Return a day on which this part of the energy was lost beyond what may be."""
    sub = 100_000 - unexplained_ppm // 10
    balance = Balance(expected_ppm=0, hours=hours, main_wh=100_000, sub_wh=sub)
    return date(2026, 3, number), balance


@pytest.mark.parametrize(
    ("parts", "since", "days"),
    [
        ([50_000], None, 0),
        ([50_000, 50_000], 1, 2),
        ([0, 20_000, 20_000], 2, 2),
        ([50_000, 19_999, 50_000], None, 0),
        ([50_000, 50_000, 0], 1, 3),
        ([50_000, 50_000, 15_000, 15_000], 1, 4),
        ([50_000, 50_000, 0, 0], None, 0),
        ([50_000, 50_000, 0, 15_000, 0], 1, 5),
        ([50_000, 50_000, 0, 0, 50_000, 50_000], 5, 2),
    ],
    ids=str,
)
def test_days_raise_an_alarm(parts: list[int], since: int | None, days: int) -> None:
    """Two bad days raise it and two good ones end it; what is between changes nothing."""
    alarm = loss_alarm(day(number, part) for number, part in enumerate(parts, 1))
    if since is None:
        assert alarm is None
        return
    assert alarm is not None
    assert (alarm.since, alarm.days) == (date(2026, 3, since), days)
    assert alarm.balance.loss_wh == sum(parts[since - 1 :]) // 10


def test_a_day_of_which_little_is_known_decides_nothing() -> None:
    """It neither raises an alarm nor ends one, nor comes between two days that do."""
    bad, good = (1, 50_000), (3, 0)
    assert loss_alarm([day(*bad), day(2, 0, 11), day(3, 50_000)]) is not None
    assert loss_alarm([day(*bad), day(2, 50_000, 11)]) is None
    alarm = loss_alarm([day(*bad), day(2, 50_000), day(*good), day(4, 0, 11)])
    assert alarm is not None
    assert alarm.through == date(2026, 3, 3)


def test_hours_of_nothing() -> None:
    """Without a feeder there are no hours."""
    empty = Metered(BEGIN.date(), BEGIN.date(), (), {SHOP: line(lambda _: 1)})
    assert balanced("Site", empty)[0] == ()
