"""Rating: worked examples with their numbers, borders in time and energy, and what always holds."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.money.amount import Amount, energy_cost
from custom_components.compere_prepaid.core.tariff.model import Tariff, Used, flat_tariff
from custom_components.compere_prepaid.core.tariff.rating import (
    Interval,
    RatedLine,
    price_at,
    quote,
    rate,
)
from tests.core.tariff.tariffs import (
    BERLIN,
    CNY,
    SHANGHAI,
    cost,
    local,
    retail,
    shape,
    total,
    used,
    version,
)

NOON = local("2026-06-15T12:00")
HOUR = timedelta(hours=1)


# Worked examples


@pytest.mark.parametrize(("used_kwh", "expected"), [(550, "1417.19"), (670, "1802.69")])
def test_blocks(used_kwh: int, expected: str) -> None:
    """350 kWh at 2.3634, 250 at 2.95, the rest at 3.40 (energy part of a published bill)."""
    tariff = Tariff.of(
        [
            version(
                "2.3634",
                tiers=[{"up_to": 350}, {"up_to": 600, "price": "2.95"}, {"price": "3.40"}],
            )
        ]
    )
    assert cost(tariff, used(used_kwh * 1000, NOON, NOON + HOUR)) == Decimal(expected)


@pytest.mark.parametrize(
    ("month", "peak", "flat", "valley"),
    [("07", "0.81", "0.54", "0.27"), ("01", "1.08", "0.72", "0.36"), ("05", "0.9", "0.6", "0.3")],
)
def test_seasons_times_periods(month: str, peak: str, flat: str, valley: str) -> None:
    """Three seasons with three periods each are nine prices and three rules."""
    slots = {
        "00:00": "valley",
        "07:00": "peak",
        "11:00": "flat",
        "19:00": "peak",
        "23:00": "valley",
    }
    seasons = {
        "wet": (["6-10"], ("0.81", "0.54", "0.27")),
        "dry": (["12-4"], ("1.08", "0.72", "0.36")),
        "normal": ([5, 11], ("0.90", "0.60", "0.30")),
    }
    tariff = Tariff.of(
        [
            version(
                {
                    f"{season} {period}": price
                    for season, (_, prices) in seasons.items()
                    for period, price in zip(("peak", "flat", "valley"), prices, strict=True)
                },
                schedule=[
                    {
                        "months": months,
                        "slots": {at: f"{season} {period}" for at, period in slots.items()},
                    }
                    for season, (months, _) in seasons.items()
                ],
            )
        ]
    )
    for hour, price in [("08", peak), ("12", flat), ("20", peak), ("23", valley), ("03", valley)]:
        at = local(f"2026-{month}-10T{hour}:30")
        assert CNY.exact_price(price_at(tariff, at, zone=SHANGHAI, used=Used())) == Decimal(price)


@pytest.mark.parametrize(
    ("energy_wh", "price", "exact", "shown"),
    [(5197, "0.23856", "1.23979632", "1.24"), (3932, "0.264159", "1.038673188", "1.04")],
)
def test_rounded_once_at_the_end(energy_wh: int, price: str, exact: str, shown: str) -> None:
    """48 half-hours cost what their sum costs; rounding each of them would not."""
    tariff = Tariff.of([flat_tariff("Flat", CNY.parse_price(price))])
    cuts = sorted(Random(3).sample(range(1, energy_wh), 47))
    lines = [
        line
        for number, (from_wh, to_wh) in enumerate(pairwise([0, *cuts, energy_wh]))
        for line in rate(
            tariff,
            Interval(
                from_wh=from_wh,
                to_wh=to_wh,
                from_at=NOON + number * HOUR / 2,
                to_at=NOON + (number + 1) * HOUR / 2,
            ),
            zone=SHANGHAI,
            used=Used(from_wh),
        )
    ]
    assert len(lines) == 48
    assert total(tuple(lines)) == Decimal(exact)
    assert CNY.rounded(Amount(sum(line.amount for line in lines))) == Decimal(shown)
    assert sum(CNY.rounded(line.amount) for line in lines) != Decimal(shown)


def test_two_tiers() -> None:
    """500 kWh at 0.10, the other 300 at 0.15: 95."""
    tariff = Tariff.of([version("0.10", tiers=[{"up_to": 500}, {"adder": "0.05"}])])
    lines = rate(tariff, used(800_000, NOON, NOON + HOUR), zone=SHANGHAI, used=Used())
    assert shape(lines) == [(500_000, "flat", 1, False), (300_000, "flat", 2, False)]
    assert total(lines) == 95


def test_energy_of_a_flat_price() -> None:
    """900 kWh at 0.21884, without the fixed fee of the published bill."""
    tariff = Tariff.of([version("0.21884")])
    assert cost(tariff, used(900_000, NOON, NOON + HOUR)) + Decimal("11.30") == Decimal("208.256")


def test_evening_peak_on_weekdays() -> None:
    """48 hours of 1 kWh from Monday 2 June 2025; 0.30 on weekdays 16–21, else 0.10: 6.80."""
    tariff = Tariff.of(
        [
            version(
                {"base": "0.10", "evening": "0.30"},
                schedule=[
                    {
                        "days": ["mon-fri"],
                        "slots": {"00:00": "base", "16:00": "evening", "21:00": "base"},
                    },
                    {"slots": {"00:00": "base"}},
                ],
            )
        ]
    )
    since = local("2025-06-02T00:00")
    hours = [since + number * HOUR for number in range(49)]
    hourly = [
        cost(tariff, used(1000, a, b, from_wh=1000 * number))
        for number, (a, b) in enumerate(pairwise(hours))
    ]
    assert sum(hourly) == Decimal("6.80")
    # Load was even, so one reading at the end of the two days gives the same, as an estimate.
    lines = rate(tariff, used(48_000, since, hours[-1]), zone=SHANGHAI, used=Used())
    assert total(lines) == Decimal("6.80")
    assert all(line.estimated for line in lines)
    weekend = local("2025-06-07T00:00")
    assert cost(tariff, used(48_000, weekend, weekend + 48 * HOUR)) == Decimal("4.80")


def test_a_reading_that_comes_late() -> None:
    """7.5 kWh from 21:30 to 22:45 over the border at 22:00: 3 kWh before it, 4.5 after it."""
    tariff = retail()
    interval = used(7500, local("2026-06-15T21:30"), local("2026-06-15T22:45"), from_wh=20_000)
    lines = rate(tariff, interval, zone=SHANGHAI, used=Used())
    assert shape(lines) == [(3000, "peak", 1, True), (4500, "flat", 1, True)]
    assert lines[0].to_at == lines[1].from_at == local("2026-06-15T22:00")
    assert (lines[0].from_wh, lines[0].to_wh, lines[1].to_wh) == (20_000, 23_000, 27_500)
    assert total(lines) == Decimal("5.74065")


def test_across_a_tier_border() -> None:
    """The month stands at 198.4 kWh; of 5 kWh 1.6 cost 0.435 and 3.4 cost 0.509: no estimate."""
    tariff = Tariff.of([version("0.435", tiers=[{"up_to": 200}, {"price": "0.509"}])])
    lines = rate(tariff, used(5000, NOON, NOON + HOUR), zone=SHANGHAI, used=Used(198_400))
    assert shape(lines) == [(1600, "flat", 1, False), (3400, "flat", 2, False)]
    assert total(lines) == Decimal("2.4266")
    assert lines[0].to_at == lines[1].from_at == NOON + HOUR * 32 / 100


def test_when_a_tier_was_reached() -> None:
    """Two of three Wh were full after two thirds of a second, wherever the register stood."""
    tariff = Tariff.of([version("1", tiers=[{"up_to": 1}, {"adder": "1"}])])
    interval = used(3, NOON, NOON + timedelta(seconds=1), from_wh=70_000)
    first, second = rate(tariff, interval, zone=SHANGHAI, used=Used(998))
    assert (first.to_wh, second.to_wh) == (70_002, 70_003)
    assert first.to_at == second.from_at == NOON + timedelta(microseconds=666_666)


# Borders in time


def test_a_line_tells_all_about_itself() -> None:
    """Register, times, tariff version, period, tier, price and amount."""
    tariff = Tariff.of([version("0.5"), version("0.6", valid_from=date(2026, 1, 1))])
    (line,) = rate(tariff, used(250, NOON, NOON + HOUR, from_wh=1000), zone=SHANGHAI, used=Used(7))
    assert line == RatedLine(
        from_wh=1000,
        to_wh=1250,
        from_at=NOON,
        to_at=NOON + HOUR,
        tariff="Retail",
        valid_from=date(2026, 1, 1),
        revision=1,
        period="flat",
        tier=1,
        price=CNY.parse_price("0.6"),
        amount=CNY.parse("0.15"),
        tax_ppm=0,
        estimated=False,
    )


def test_readings_at_the_borders_need_no_estimate() -> None:
    """An interval may touch a border with either end."""
    tariff = retail()
    for since, until, period in [
        ("2026-06-15T08:00", "2026-06-15T14:00", "flat"),
        ("2026-06-15T14:00", "2026-06-15T22:00", "peak"),
        ("2026-06-15T22:00", "2026-06-16T00:00", "flat"),
    ]:
        lines = rate(tariff, used(9, local(since), local(until)), zone=SHANGHAI, used=Used())
        assert shape(lines) == [(9, period, 1, False)]


def test_a_part_without_a_full_wh_has_no_line() -> None:
    """1 Wh over a border falls to the side on which it became full, and is still an estimate."""
    interval = used(1, local("2026-06-15T13:59:59"), local("2026-06-15T14:00:05"))
    (line,) = rate(retail(), interval, zone=SHANGHAI, used=Used())
    assert shape((line,)) == [(1, "peak", 1, True)]
    assert line.from_at == local("2026-06-15T14:00")


def test_a_register_that_stood_still_costs_nothing() -> None:
    """No Wh, no lines, however long it took."""
    interval = used(0, NOON, NOON + timedelta(days=400))
    assert rate(retail(), interval, zone=SHANGHAI, used=Used()) == ()


def test_energy_at_one_instant_belongs_to_the_period_that_begins() -> None:
    """Two readings with one time stamp: there is no time to split by."""
    at = local("2026-06-15T14:00")
    lines = rate(retail(), used(3, at, at), zone=SHANGHAI, used=Used())
    assert shape(lines) == [(3, "peak", 1, False)]


def test_a_tariff_changes_within_an_interval() -> None:
    """Each part is charged by the version of its day, and says so."""
    tariff = Tariff.of([version("0.5"), version("0.7", valid_from=date(2026, 6, 16))])
    interval = used(4000, local("2026-06-15T23:00"), local("2026-06-16T03:00"))
    lines = rate(tariff, interval, zone=SHANGHAI, used=Used())
    assert [(line.valid_from, line.amount) for line in lines] == [
        (date(2000, 1, 1), CNY.parse("0.50")),
        (date(2026, 6, 16), CNY.parse("2.10")),
    ]


def test_the_ladder_goes_on_when_the_version_changes() -> None:
    """Energy of the month counts, whichever version it was charged by; bounds are the new ones."""
    tariff = Tariff.of(
        [
            version("0.5", tiers=[{"up_to": 10}, {"adder": "0.1"}]),
            version("0.7", tiers=[{"up_to": 3}, {"adder": "0.1"}], valid_from=date(2026, 6, 16)),
        ]
    )
    interval = used(4000, local("2026-06-15T22:00"), local("2026-06-16T02:00"))
    lines = rate(tariff, interval, zone=SHANGHAI, used=Used())
    assert shape(lines) == [
        (2000, "flat", 1, True),
        (1000, "flat", 1, True),
        (1000, "flat", 2, True),
    ]


def test_a_month_begins_with_an_empty_ladder() -> None:
    """The last tier before midnight of the site's month, the first after it."""
    tariff = Tariff.of([version("0.5", tiers=[{"up_to": 10}, {"adder": "0.1"}])])
    interval = used(24_000, local("2026-06-30T12:00"), local("2026-07-01T12:00"))
    lines = rate(tariff, interval, zone=SHANGHAI, used=Used(9_000))
    assert shape(lines) == [
        (1_000, "flat", 1, True),
        (11_000, "flat", 2, True),
        (10_000, "flat", 1, True),
        (2_000, "flat", 2, True),
    ]
    assert lines[2].from_at == local("2026-07-01T00:00") == datetime(2026, 6, 30, 16, tzinfo=UTC)


def test_a_flat_price_is_cut_at_the_month_too() -> None:
    """What belongs to which month is known of every line."""
    tariff = Tariff.of([version("0.5")])
    interval = used(3000, local("2026-06-30T23:00"), local("2026-07-01T02:00"))
    lines = rate(tariff, interval, zone=SHANGHAI, used=Used())
    assert shape(lines) == [(1000, "flat", 1, True), (2000, "flat", 1, True)]


def test_nobody_pays_for_the_hour_that_the_clocks_skip() -> None:
    """From 00:00 to 06:00 five hours pass in spring and seven in autumn."""
    tariff = Tariff.of(
        [
            version(
                {"early": "0.1", "late": "0.2"},
                schedule=[{"slots": {"00:00": "early", "02:30": "late"}}],
            )
        ]
    )
    for day, hours, expected in [
        ("2026-03-29", 5, [(2000, "early"), (3000, "late")]),
        ("2026-03-30", 6, [(2500, "early"), (3500, "late")]),
        ("2026-10-25", 7, [(2500, "early"), (500, "late"), (500, "early"), (3500, "late")]),
    ]:
        since, until = local(f"{day}T00:00", BERLIN), local(f"{day}T06:00", BERLIN)
        assert (until - since) / HOUR == hours
        lines = rate(tariff, used(hours * 1000, since, until), zone=BERLIN, used=Used())
        assert [(energy, period) for energy, period, _, _ in shape(lines)] == expected


# Tiers


def test_tiers_by_period() -> None:
    """A tier may add to each price, set one price for all, or one for each period."""
    tariff = Tariff.of(
        [
            version(
                {"day": "0.8", "night": "0.3"},
                schedule=[{"slots": {"00:00": "night", "08:00": "day"}}],
                tiers=[
                    {"up_to": 1},
                    {"up_to": 2, "adder": "-0.1"},
                    {"up_to": 3, "prices": {"day": "1.1", "night": "0.9"}},
                    {"price": "2"},
                ],
            )
        ]
    )
    for since, expected in [
        (local("2026-06-15T10:00"), ["0.8", "0.7", "1.1", "2"]),
        (local("2026-06-15T01:00"), ["0.3", "0.2", "0.9", "2"]),
    ]:
        lines = rate(tariff, used(4000, since, since + HOUR), zone=SHANGHAI, used=Used())
        assert [CNY.exact_price(line.price) for line in lines] == [Decimal(p) for p in expected]


@pytest.mark.parametrize(("month", "bound_wh"), [("02", 93_333), ("04", 100_000), ("05", 103_333)])
def test_bounds_prorated_by_days(month: str, bound_wh: int) -> None:
    """100 kWh per 30 days are 93.333 kWh in a February; a part of a Wh is not granted."""
    tariff = Tariff.of(
        [version("1", tiers=[{"up_to": 100}, {"adder": "1"}], tier_proration={"per_days": 30})]
    )
    since = local(f"2026-{month}-10T00:00")
    lines = rate(tariff, used(200_000, since, since + HOUR), zone=SHANGHAI, used=Used())
    assert shape(lines) == [(bound_wh, "flat", 1, False), (200_000 - bound_wh, "flat", 2, False)]


def test_the_bound_itself_belongs_to_the_lower_tier() -> None:
    """Up to 200 kWh means: the Wh that makes 200 kWh full is still in the tier, the next is not."""
    tariff = Tariff.of([version("1", tiers=[{"up_to": 200}, {"adder": "1"}])])
    assert quote(tariff, NOON, zone=SHANGHAI, used=Used(199_999)).tier == 1
    assert quote(tariff, NOON, zone=SHANGHAI, used=Used(200_000)).tier == 2
    lines = rate(tariff, used(1, NOON, NOON + HOUR), zone=SHANGHAI, used=Used(199_999))
    assert shape(lines) == [(1, "flat", 1, False)]


def test_bounds_that_proration_makes_equal_leave_a_tier_empty() -> None:
    """Tiny bounds may fall together; the ladder steps over the tier between."""
    tariff = Tariff.of(
        [
            version(
                "1",
                tiers=[{"up_to": "0.100"}, {"up_to": "0.101", "adder": "1"}, {"adder": "2"}],
                tier_proration={"per_days": 366},
            )
        ]
    )
    lines = rate(tariff, used(10, NOON, NOON + HOUR), zone=SHANGHAI, used=Used())
    assert shape(lines) == [(8, "flat", 1, False), (2, "flat", 3, False)]


def test_quote_names_period_tier_and_price() -> None:
    """What the next kWh costs."""
    tariff = Tariff.of(
        [
            version(
                {"day": "0.8", "night": "0.3"},
                schedule=[{"slots": {"00:00": "night", "08:00": "day"}}],
                tiers=[{"up_to": 10}, {"adder": "0.05"}],
            )
        ]
    )
    found = quote(tariff, NOON, zone=SHANGHAI, used=Used(12_000))
    assert (found.period, found.tier, found.price) == ("day", 2, CNY.parse_price("0.85"))
    assert found.tax_ppm == 0
    taxed = Tariff.of([version("0.5", tax={"percent": 15, "included": False})])
    assert quote(taxed, NOON, zone=SHANGHAI, used=Used()).tax_ppm == 150_000
    assert price_at(tariff, NOON, zone=SHANGHAI, used=Used()) == CNY.parse_price("0.8")


# Refusals


@pytest.mark.parametrize(
    "interval",
    [
        used(-1, NOON, NOON + HOUR),
        used(1, NOON + HOUR, NOON),
        used(1, NOON.replace(tzinfo=None), NOON),
        used(1, NOON, NOON.replace(tzinfo=None)),
    ],
    ids=["energy backwards", "time backwards", "naive start", "naive end"],
)
def test_an_impossible_interval_is_refused(interval: Interval) -> None:
    """Readings that cannot be true never come here; if one did, nothing would be charged."""
    with pytest.raises(InvalidInputError) as caught:
        rate(retail(), interval, zone=SHANGHAI, used=Used())
    assert caught.value.key == "interval_invalid"
    assert caught.value.placeholders == {
        "from_wh": str(interval.from_wh),
        "to_wh": str(interval.to_wh),
    }


def test_energy_before_the_first_version_is_not_rated() -> None:
    """There is no price to charge by."""
    tariff = Tariff.of([version("0.5", valid_from=date(2026, 6, 16))])
    for interval in (
        used(1, local("2026-06-15T00:30"), NOON),
        used(1000, local("2026-06-15T23:00"), local("2026-06-16T01:00")),
    ):
        with pytest.raises(InvalidInputError) as caught:
            rate(tariff, interval, zone=SHANGHAI, used=Used())
        assert caught.value.key == "tariff_not_in_force"
        assert caught.value.placeholders["day"] == "2026-06-15"


def test_times_in_other_zones_mean_the_same_instants() -> None:
    """An interval with local times is rated like the one in UTC, over a change of clocks too."""
    since, until = datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 3, 29, 9, tzinfo=UTC)
    lines = rate(retail(), used(9000, since, until), zone=BERLIN, used=Used())
    there = used(9000, since.astimezone(BERLIN), until.astimezone(BERLIN))
    found = rate(retail(), there, zone=BERLIN, used=Used())
    assert found == lines
    assert all(line.from_at.tzinfo is line.to_at.tzinfo is UTC for line in found)
    near = used(9, local("2026-06-15T09:00", BERLIN), local("2026-06-15T10:00", BERLIN))
    (line,) = rate(
        retail(),
        near._replace(from_at=near.from_at.astimezone(BERLIN), to_at=near.to_at.astimezone(BERLIN)),
        zone=BERLIN,
        used=Used(),
    )
    assert line.from_at.tzinfo is line.to_at.tzinfo is UTC


# What always holds

TARIFFS = [
    Tariff.of([version("0.5")]),
    retail(),
    retail(tiers=[{"up_to": 2}, {"up_to": 5, "adder": "0.05"}, {"adder": "0.1"}]),
    Tariff.of(
        [
            retail().versions[0],
            version(
                {"day": "0.8", "night": "0.3"},
                schedule=[
                    {"days": ["sat-sun"], "slots": {"00:00": "night"}},
                    {"months": ["4-9"], "slots": {"00:00": "night", "02:30": "day"}},
                    {"slots": {"00:00": "day", "23:30": "night"}},
                ],
                tiers=[{"up_to": "0.5"}, {"up_to": 4, "price": "1"}, {"adder": "-0.3"}],
                tier_proration={"per_days": 30},
                valid_from=date(2026, 3, 15),
            ),
        ]
    ),
]
tariffs = st.sampled_from(TARIFFS)
zones = st.sampled_from([SHANGHAI, BERLIN])
times = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=365)).map(
    lambda elapsed: datetime(2026, 1, 1, tzinfo=UTC) + elapsed
)
durations = st.one_of(
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=3)),
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=45)),
)
energies = st.one_of(
    st.integers(min_value=0, max_value=20), st.integers(min_value=0, max_value=20_000)
)


@given(tariffs, zones, times, durations, energies, st.integers(min_value=0, max_value=10_000))
def test_lines_tile_the_interval(
    tariff: Tariff, zone: ZoneInfo, since: datetime, duration: timedelta, energy: int, used_wh: int
) -> None:
    """Contiguous in Wh, none empty, in time order, each amount Wh × price, in the right period."""
    interval = used(energy, since, since + duration, from_wh=1_000_000)
    lines = rate(tariff, interval, zone=zone, used=Used(used_wh))
    marks = [interval.from_wh, *(line.to_wh for line in lines)]
    assert [line.from_wh for line in lines] == marks[:-1]
    assert marks[-1] == interval.to_wh
    moments = [interval.from_at]
    for line in lines:
        assert line.from_wh < line.to_wh
        assert line.amount == energy_cost(line.to_wh - line.from_wh, line.price)
        moments += [line.from_at, line.to_at]
        found = quote(tariff, line.from_at, zone=zone, used=Used())
        assert line.period == found.period
        version_then = tariff.version_at(line.from_at.astimezone(zone).date())
        assert line.valid_from == version_then.valid_from
    assert moments == sorted(moments)
    assert moments[-1] <= interval.to_at


@given(tariffs, times, durations, energies, st.integers(min_value=0, max_value=10_000))
def test_the_ladder_is_climbed_in_time_order(
    tariff: Tariff, since: datetime, duration: timedelta, energy: int, used_wh: int
) -> None:
    """Each line lies in its tier from end to end, counted from the month's begin."""
    lines = rate(tariff, used(energy, since, since + duration), zone=BERLIN, used=Used(used_wh))
    month = since.astimezone(BERLIN).date().replace(day=1)
    for line in lines:
        first = line.from_at.astimezone(BERLIN).date().replace(day=1)
        if first != month:
            month, used_wh = first, 0
        bounds = tariff.version_at(line.from_at.astimezone(BERLIN).date()).tier_bounds(
            "flat", month
        )
        lower = bounds[line.tier - 2] if line.tier > 1 else 0
        upper = bounds[line.tier - 1] if line.tier <= len(bounds) else used_wh + energy
        assert lower <= used_wh
        used_wh += line.to_wh - line.from_wh
        assert used_wh <= upper


@settings(max_examples=200)
@given(
    tariffs,
    times,
    st.integers(min_value=1, max_value=400_000),
    st.integers(min_value=1, max_value=40),
    st.data(),
)
def test_readings_on_the_straight_line_change_nothing(
    tariff: Tariff, since: datetime, step_ms: int, wh_per_step: int, data: st.DataObject
) -> None:
    """An interval read in between at an even load gives the same Wh by period, tier and month."""
    steps = 60
    cut = data.draw(st.integers(min_value=0, max_value=steps))
    step = timedelta(milliseconds=step_ms * 1000)
    whole = used(steps * wh_per_step, since, since + steps * step)
    first = used(cut * wh_per_step, since, since + cut * step)
    second = used((steps - cut) * wh_per_step, since + cut * step, whole.to_at, from_wh=first.to_wh)
    month = since.astimezone(BERLIN).date().replace(day=1)
    lines = rate(tariff, first, zone=BERLIN, used=Used())
    cut_month = second.from_at.astimezone(BERLIN).date().replace(day=1)
    used_wh = sum(
        line.to_wh - line.from_wh
        for line in lines
        if line.from_at.astimezone(BERLIN).date().replace(day=1) == cut_month
    )
    lines += rate(tariff, second, zone=BERLIN, used=Used(used_wh))
    expected = rate(tariff, whole, zone=BERLIN, used=Used())
    assert month <= cut_month
    assert _sums(lines) == _sums(expected)
    assert total(lines) == total(expected)


def _sums(lines: tuple[RatedLine, ...]) -> dict[tuple[object, ...], int]:
    """Return the Wh by month, version, period and tier."""
    sums: dict[tuple[object, ...], int] = {}
    for line in lines:
        month = line.from_at.astimezone(BERLIN).date().replace(day=1)
        key = (month, line.valid_from, line.period, line.tier)
        sums[key] = sums.get(key, 0) + line.to_wh - line.from_wh
    return sums
