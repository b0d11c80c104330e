"""What is worth looking at: each finding with its numbers, and what must not be one."""

from datetime import timedelta

import pytest

from custom_components.compere_prepaid.core.balance.energy_balance import Hours
from custom_components.compere_prepaid.core.balance.feeders import Feeder
from custom_components.compere_prepaid.core.balance.findings import (
    Finding,
    FindingKind,
    NightRank,
    OpenTime,
    likely_bypasses,
    night_ranking,
    standing_still,
)
from custom_components.compere_prepaid.core.balance.hours import HOUR, RegisterLine, Stretch
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.prepayment.calendar import day_start
from tests.core.balance.mall_hours import (
    LIGHTS,
    MAIN,
    SHOP,
    TEA,
    UNTIL,
    ZONE,
    Load,
    at,
    balanced,
    marks,
    metered,
)

SITE = Feeder(name="Site", main=(MAIN,))
NOW = day_start(UNTIL, ZONE)
LAST_DAY = 9 * 24
"""The first hour of the last day."""

NEIGHBOURS = {SHOP: (TEA, LIGHTS), TEA: (SHOP, LIGHTS), LIGHTS: (SHOP, TEA)}


def hours_of_shops(shop: Load, tea: Load = lambda _: 300, lights: Load = lambda _: 100) -> Hours:
    """Return the hours of shops."""
    return balanced("Site", metered({SHOP: shop, TEA: tea, LIGHTS: lights}))[1]


def still(hours: Hours, *opened: OpenTime) -> tuple[Finding, ...]:
    """Return what stands still."""
    return standing_still(hours, marks(), NEIGHBOURS, {SHOP: opened})


def test_a_meter_stands_still() -> None:
    """It counts nothing for two days though its relay is closed and others move; it did before."""
    (found,) = still(hours_of_shops(lambda hour: 400 if hour < LAST_DAY - 26 else 0))
    assert found.kind is FindingKind.STANDS_STILL
    assert found.meter == SHOP
    assert (found.since, found.until) == (at(7, 22), NOW)
    assert found.energy_wh == 50 * 400
    assert found.detail == {
        "hours": 50,
        "usual_w": 400,
        "neighbours": 2,
        "neighbours_moving": 2,
    }


def test_what_stands_still_for_a_reason() -> None:
    """Less than two days, an open relay, a vacant shop, a mall that is closed, or nothing known."""
    stopped: Load = lambda hour: 400 if hour < LAST_DAY - 26 else 0  # noqa: E731  -- a table's row
    assert not still(hours_of_shops(lambda hour: 400 if hour < LAST_DAY - 13 else 0))
    assert not still(hours_of_shops(stopped), OpenTime(at(9, 1), None))
    assert not still(hours_of_shops(stopped), OpenTime(at(9, 1), at(9, 3)))
    assert still(hours_of_shops(stopped), OpenTime(at(5, 1), at(5, 3)))
    assert not still(hours_of_shops(lambda _: 0))
    assert not still(hours_of_shops(stopped, stopped, stopped))
    assert not still(hours_of_shops(lambda hour: 400 if hour < LAST_DAY - 26 else None))


def test_base_loads_at_night() -> None:
    """The quietest hour of each night counts, of nights in which the relay was closed."""

    def shop(hour: int) -> int:
        base = 90 if hour >= LAST_DAY else 60
        return 500 if hour % 24 > 5 else base + hour % 24 * 3

    hours = hours_of_shops(shop, lambda hour: 40 if hour % 24 < 12 else 0)
    night = (60, 300)  # from one to five
    ranking = night_ranking(
        hours,
        {SHOP: night, TEA: night, MAIN: night},
        ZONE,
        {TEA: [OpenTime(at(9, 2), at(9, 3))]},
    )
    assert [rank.meter for rank in ranking] == [SHOP, TEA]
    first, second = ranking
    assert (first.base_w, first.usual_w, first.nights) == (93, 63, 10)
    assert first.growth == (93 - 63) * 100_000 // 63
    total = sum(energy.wh for energy in hours[SHOP].values())
    assert first.share_ppm == 63 * 240 * 1_000_000 // total
    assert second == NightRank(TEA, 40, 40, growth=0, nights=9, share_ppm=2_000_000)


def test_a_night_over_midnight() -> None:
    """The evening belongs to the night that ends on the next day."""
    hours = hours_of_shops(lambda hour: {22: 5, 2: 7}.get(hour % 24, 50))
    (rank,) = night_ranking(hours, {SHOP: (22 * 60, 6 * 60)}, ZONE, {})
    # of the first night there is the morning only, of the last one only the evening
    assert (rank.nights, rank.usual_w, rank.base_w) == (11, 5, 5)


def bypasses(shop: Load, loss: Load, *opened: OpenTime) -> tuple[Finding, ...]:
    """Return what looks bridged, of a shop and what is lost."""

    def main(hour: int) -> int:
        return (shop(hour) or 0) + 400 + (loss(hour) or 0)

    loads: dict[MeterSerial, Load] = {
        MAIN: main,
        SHOP: shop,
        TEA: lambda _: 300,
        LIGHTS: lambda _: 100,
    }
    balance, hours = balanced("Site", metered(loads, SITE))
    return likely_bypasses("Site", balance, hours, (SHOP, TEA, LIGHTS), {SHOP: opened})


def test_a_load_that_turned_into_a_loss() -> None:
    """A shop counts little since yesterday, and what is lost grew by as much."""
    (found,) = bypasses(
        lambda hour: 2000 if hour < LAST_DAY else 100,
        lambda hour: 50 if hour < LAST_DAY else 1800,
    )
    assert found.kind is FindingKind.LIKELY_BYPASS
    assert (found.meter, found.feeder) == (SHOP, "Site")
    assert (found.since, found.until) == (at(9, 0), NOW)
    assert found.energy_wh == 24 * (1800 - 2300 * 50 // 2450)
    assert found.detail == {
        "how": "step",
        "hours": 24,
        "usual_wh": 48_000,
        "drop_wh": 45_600,
        "loss_rise_wh": 24 * (1800 - 2300 * 50 // 2450),
    }


def test_a_loss_that_rose_when_a_relay_opened() -> None:
    """What vanished behind the open relay turned up as a loss."""
    opened = OpenTime(at(8, 10), at(8, 16))

    def is_open(hour: int) -> bool:
        return opened.covers(at(0, hour), at(0, hour) + HOUR)

    (found,) = bypasses(
        lambda hour: 0 if is_open(hour) else 2000,
        lambda hour: 1900 if is_open(hour) else 50,
        opened,
    )
    assert (found.meter, found.since, found.until) == (SHOP, at(8, 10), at(8, 16))
    assert found.detail["how"] == "open_relay"
    assert found.energy_wh == 6 * (1900 - 2300 * 50 // 2450)


def test_what_is_no_bypass() -> None:
    """A shop that closed, a loss that grew alone, a relay that did its work, or a small load."""
    closed: Load = lambda hour: 2000 if hour < LAST_DAY else 0  # noqa: E731  -- a table's row
    assert not bypasses(closed, lambda _: 50)
    assert not bypasses(lambda _: 2000, lambda hour: 50 if hour < LAST_DAY else 1800)
    opened = OpenTime(at(9, 0), None)
    assert not bypasses(closed, lambda _: 50, opened)
    assert not bypasses(
        lambda hour: 150 if hour < LAST_DAY else 0, lambda hour: 50 if hour < LAST_DAY else 200
    )
    # what is usual takes days to know
    short = OpenTime(at(1, 0), at(1, 12))
    assert not bypasses(
        lambda hour: 0 if 24 <= hour < 36 else 2000,
        lambda hour: 1900 if 24 <= hour < 36 else 50,
        short,
    )


def test_a_busy_day_is_no_bypass() -> None:
    """A megawatt of which 3 % are lost: a day on which all use a tenth more accuses nobody."""

    def scaled(wh: int) -> Load:
        return lambda hour: wh if hour < LAST_DAY else wh * 11 // 10

    loads: dict[MeterSerial, Load] = {
        MAIN: scaled(1_000_000),
        SHOP: lambda hour: 1000 if hour < LAST_DAY else 0,
        TEA: scaled(969_000),
        LIGHTS: lambda _: 0,
    }
    balance, hours = balanced("Site", metered(loads, SITE))
    assert not likely_bypasses("Site", balance, hours, (SHOP, TEA, LIGHTS), {})


def test_a_rise_is_one_meters() -> None:
    """Of several loads that vanished, those are named that the rise of the losses covers."""

    def found(tea: int, bridged: int) -> list[tuple[MeterSerial | None, int]]:
        before, now = 3000 + tea + 50, bridged + 50
        loads: dict[MeterSerial, Load] = {
            MAIN: lambda hour: before if hour < LAST_DAY else now,
            SHOP: lambda hour: 2000 if hour < LAST_DAY else 0,
            TEA: lambda hour: tea if hour < LAST_DAY else 0,
            LIGHTS: lambda hour: 1000 if hour < LAST_DAY else 0,
        }
        balance, hours = balanced("Site", metered(loads, SITE))
        suspects = likely_bypasses("Site", balance, hours, (SHOP, TEA, LIGHTS), {})
        return [(one.meter, one.energy_wh // 24) for one in suspects]

    assert [meter for meter, _ in found(3000, 2000)] == [SHOP]
    assert [meter for meter, _ in found(3000, 3000)] == [TEA]
    two = found(4000, 6000)
    assert [meter for meter, _ in two] == [TEA, SHOP]
    assert sum(wh for _, wh in two) == pytest.approx(6000, abs=60)


def test_what_was_reckoned_accuses_nobody() -> None:
    """A chiller that was silent is spread evenly over the time: its feeder seems to lose more."""
    opened = OpenTime(at(9, 8), at(9, 18))

    def is_open(hour: int) -> bool:
        return opened.covers(at(0, hour), at(0, hour) + HOUR)

    def chiller(hour: int) -> int:
        return 60_000 if 9 <= hour % 24 < 18 else 1000

    def shop(hour: int) -> int:
        return 0 if is_open(hour) else 8000

    silent = range(LAST_DAY + 4, LAST_DAY + 22)
    even = sum(map(chiller, silent)) // len(silent)
    loads: dict[MeterSerial, Load] = {
        MAIN: lambda hour: (chiller(hour) + shop(hour)) * 102 // 100,
        SHOP: shop,
        TEA: lambda hour: even if hour in silent else chiller(hour),
        LIGHTS: lambda _: 0,
    }
    read = metered(loads, SITE)
    (stretch,) = read.lines[TEA].stretches
    points = tuple(
        point._replace(estimated=at(9, 4) < point.at < at(9, 22)) for point in stretch.points
    )
    lines = {**read.lines, TEA: RegisterLine((Stretch(stretch.generation, points),))}
    balance, hours = balanced("Site", read._replace(lines=lines))
    assert not likely_bypasses("Site", balance, hours, (SHOP, TEA), {SHOP: [opened]})
    (rank,) = night_ranking(hours, {TEA: (20 * 60, 22 * 60)}, ZONE, {})
    assert (rank.base_w, rank.nights) == (1000, 9)


def test_open_times() -> None:
    """A relay that is still open has no end; its first instant belongs to it, its last does not."""
    one = OpenTime(at(1, 0), at(1, 2))
    assert one.covers(at(1, 0), at(1, 2))
    assert not one.covers(at(1, 0), at(1, 3))
    assert not one.touches(at(1, 2), at(1, 3))
    assert not one.touches(at(0, 23), at(1, 0))
    assert one.touches(at(1, 1), at(1, 1) + timedelta(minutes=1))
    assert OpenTime(at(1, 0), None).covers(at(5, 0), at(6, 0))
