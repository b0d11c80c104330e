"""Seasons, special days, and ladders of single periods: which price it is, and from when."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.money.amount import Price
from custom_components.compere_prepaid.core.tariff.document import tariff_version_from
from custom_components.compere_prepaid.core.tariff.model import Tariff, Used
from custom_components.compere_prepaid.core.tariff.percent import percent_text
from custom_components.compere_prepaid.core.tariff.rating import quote, rate, used_with
from custom_components.compere_prepaid.core.tariff.schedule import next_border, stretch_at
from custom_components.compere_prepaid.core.tariff.tax import PPM
from custom_components.compere_prepaid.core.tariff.year import MonthDay, Season
from tests.core.tariff.drawing import CALENDAR, tariff_documents
from tests.core.tariff.tariffs import BERLIN, CNY, SHANGHAI, local, shape, used, version

DAYS = {date.fromisoformat(day): kind for day, kind in CALENDAR.items()}
WORKDAY = {"00:00": "night", "08:00": "day"}
NIGHT = {"00:00": "night"}
PRICES = {"day": "0.8", "night": "0.3"}


def period(tariff: Tariff, text: str, zone: ZoneInfo = SHANGHAI) -> str:
    """Return the period in force."""
    return stretch_at(tariff, local(text, zone), zone).period


def price(tariff: Tariff, text: str) -> int:
    """Return the price in force, in millionths."""
    return stretch_at(tariff, local(text), SHANGHAI).prices[0]


def special(*rules: dict[str, Any], **days: str) -> Tariff:
    """Return a tariff with a calendar; days are given like `d0501="holiday"`."""
    known = {date(2026, int(day[1:3]), int(day[3:])): kind for day, kind in days.items()}
    written = version(PRICES, schedule=list(rules), calendar="China")
    return Tariff.of([written], {"China": known})


# Seasons


@pytest.mark.parametrize(
    ("first", "last", "inside", "outside"),
    [
        ("06-15", "09-14", ["06-15", "07-01", "09-14"], ["06-14", "09-15", "01-01"]),
        ("12-15", "01-15", ["12-15", "12-31", "01-01", "01-15"], ["12-14", "01-16", "06-01"]),
        ("02-29", "03-01", ["02-29", "03-01"], ["02-28", "03-02"]),
        ("05-01", "05-01", ["05-01"], ["04-30", "05-02"]),
    ],
)
def test_a_season_from_day_to_day(
    first: str, last: str, inside: list[str], outside: list[str]
) -> None:
    """Both its days are in it; it may go over the turn of the year, and over leap days."""
    ends = [MonthDay(*map(int, day.split("-"))) for day in (first, last)]
    season = Season(name="S", prices={}, span=(ends[0], ends[1]))
    for day in inside:
        assert season.holds_on(date.fromisoformat(f"2024-{day}")), day
    for day in outside:
        assert not season.holds_on(date.fromisoformat(f"2024-{day}")), day


def test_a_season_begins_and_ends_at_midnight() -> None:
    """Each is a border, also where the period goes on."""
    seasons = [{"name": "summer", "from": "06-15", "to": "09-14", "prices": {"flat": "0.9"}}]
    tariff = Tariff.of([version("0.5", seasons=seasons)])
    instant = timedelta(microseconds=1)
    for day, before, after in (("06-15", 500_000, 900_000), ("09-15", 900_000, 500_000)):
        at = local(f"2026-{day}T00:00")
        assert stretch_at(tariff, at - instant, SHANGHAI).prices == (before,)
        assert stretch_at(tariff, at, SHANGHAI).prices == (after,)
        assert next_border(tariff, at - instant, SHANGHAI) == at


def test_tiers_add_to_the_price_of_the_season() -> None:
    """An adder comes on top of it; a price of a tier replaces it."""
    tariff = Tariff.of(
        [
            version(
                "0.5",
                seasons=[{"name": "summer", "months": [7], "percent": 10}],
                tiers=[{"up_to": 10}, {"up_to": 20, "adder": "0.1"}, {"price": "2"}],
            )
        ]
    )
    assert stretch_at(tariff, local("2026-07-10"), SHANGHAI).prices == (550_000, 650_000, 2_000_000)
    assert stretch_at(tariff, local("2026-08-10"), SHANGHAI).prices == (500_000, 600_000, 2_000_000)


def test_rules_may_ask_for_a_season() -> None:
    """The hours of the peak differ, from the very day of the season on."""
    tariff = Tariff.of(
        [
            version(
                PRICES,
                seasons=[{"name": "summer", "from": "05-16", "to": "10-15", "percent": 20}],
                schedule=[
                    {"seasons": ["summer"], "slots": {"00:00": "night", "16:00": "day"}},
                    {"slots": WORKDAY},
                ],
            )
        ]
    )
    found = [price(tariff, f"2026-{day}T12:00") for day in ("05-15", "05-16", "10-15", "10-16")]
    assert found == [800_000, 360_000, 360_000, 800_000]


millionths = st.integers(min_value=-PPM, max_value=PPM)
hundredths = st.integers(min_value=-100, max_value=100).map(lambda n: n * PPM // 100)


@given(
    (millionths | hundredths).map(abs),
    millionths | hundredths,
    millionths | hundredths,
)
def test_percentages_are_exact_or_refused(base: int, season: int, peak: int) -> None:
    """A price is the product of all its factors to the last digit, or the tariff is refused."""
    data = {
        "name": "P",
        "valid_from": "2026-01-01",
        "base_price": CNY.exact_price(Price(base)),
        "prices": {"peak": percent_text(peak)},
        "seasons": [{"name": "S", "months": [1], "percent": percent_text(season)}],
    }
    usual = base * (PPM + peak)
    both = usual * (PPM + season)
    if usual % PPM == 0 and both % PPM**2 == 0:
        found = tariff_version_from(data, CNY)
        assert found.prices == {"peak": usual // PPM}
        assert type(found.prices["peak"]) is int
        assert found.seasons[0].prices == {"peak": both // PPM**2}
    else:
        with pytest.raises(InvalidInputError) as caught:
            tariff_version_from(data, CNY)
        assert "the price 'peak'" in caught.value.placeholders["faults"]


# Special days


def test_a_holiday_follows_the_rule_that_names_it() -> None:
    """Wherever that stands: a Monday that is a holiday is no Monday."""
    tariff = special(
        {"days": ["mon-fri"], "slots": WORKDAY},
        {"days": ["sat-sun", "holiday"], "slots": NIGHT},
        d0504="holiday",  # a Monday
    )
    assert period(tariff, "2026-05-04T12:00") == "night"
    assert period(tariff, "2026-05-05T12:00") == "day"
    assert period(tariff, "2026-05-03T12:00") == "night"


def test_a_day_may_count_as_another_weekday() -> None:
    """A Saturday on which people work in place of a holiday."""
    tariff = special(
        {"days": ["mon-fri"], "slots": WORKDAY},
        {"days": ["sat-sun"], "slots": NIGHT},
        d1010="mon",
    )
    assert period(tariff, "2026-10-10T12:00") == "day"
    assert period(tariff, "2026-10-17T12:00") == "night"


def test_a_type_that_no_rule_names_counts_as_its_weekday() -> None:
    """So one calendar serves tariffs that look at fewer types of day; or in fewer months."""
    tariff = special(
        {"days": ["holiday"], "months": [10], "slots": NIGHT},
        {"days": ["mon-fri"], "slots": WORKDAY},
        {"days": ["sat-sun"], "slots": NIGHT},
        d0504="holiday",
        d0505="bridge",
        d1001="holiday",
    )
    assert [period(tariff, f"2026-{day}T12:00") for day in ("05-04", "05-05", "10-01")] == [
        "day",
        "day",
        "night",
    ]


def test_a_rule_for_holidays_may_ask_for_a_season() -> None:
    """A holiday of another season is then a day like any other."""
    written = version(
        PRICES,
        calendar="China",
        seasons=[{"name": "summer", "from": "05-16", "to": "10-15", "percent": 0}],
        schedule=[{"days": ["holiday"], "seasons": ["summer"], "slots": NIGHT}, {"slots": WORKDAY}],
    )
    tariff = Tariff.of([written], {"China": DAYS})
    assert [period(tariff, f"2026-{day}T12:00") for day in ("05-01", "10-01")] == ["day", "night"]


def test_the_borders_of_a_holiday_are_its_midnights() -> None:
    """Of the site, also on a day of 23 hours."""
    tariff = Tariff.of(
        [
            version(
                PRICES,
                calendar="Europe",
                schedule=[{"days": ["holiday"], "slots": {"00:00": "day"}}, {"slots": NIGHT}],
            )
        ],
        {"Europe": {date(2026, 3, 29): "holiday"}},
    )
    since = next_border(tariff, local("2026-03-28T12:00", BERLIN), BERLIN)
    until = next_border(tariff, since, BERLIN)
    assert (since, until) == (local("2026-03-29", BERLIN), local("2026-03-30", BERLIN))
    assert until - since == timedelta(hours=23)


def test_a_calendar_that_nobody_has_is_refused() -> None:
    """Charging without it would charge wrong prices without a word."""
    with pytest.raises(InvalidInputError) as caught:
        Tariff.of([version("0.5", calendar="China")], {"Europe": DAYS})
    assert caught.value.key == "tariff_calendar_unknown"
    assert caught.value.placeholders == {"tariff": "Retail", "calendar": "China"}


# Revisions


def test_the_latest_revision_of_a_day_holds() -> None:
    """Earlier ones can still be found: they say what was charged before the correction."""
    first, second = version("0.5"), version("0.6", revision=2)
    later = version("0.7", valid_from=date(2026, 6, 1))
    tariff = Tariff.of([later, second, first])
    assert tariff.versions == (second, later)
    assert tariff.superseded == (first,)
    assert tariff.find_version(date(2026, 5, 31)) is second
    assert tariff.find_exact(date(2000, 1, 1), 1) is first
    assert tariff.find_exact(date(2000, 1, 1), 2) is second
    assert tariff.find_exact(date(2026, 6, 1), 1) is later
    assert tariff.find_exact(date(2026, 6, 1), 2) is None
    (line,) = rate(
        tariff,
        used(1000, local("2026-05-01"), local("2026-05-02")),
        zone=SHANGHAI,
        used=Used(),
    )
    assert (line.valid_from, line.revision, line.price) == (date(2000, 1, 1), 2, 600_000)
    with pytest.raises(InvalidInputError) as caught:
        Tariff.of([first, version("0.9")])
    assert caught.value.key == "tariff_versions_clash"


# Ladders of single periods

LADDERS = {
    "day": [{"up_to": 10}, {"up_to": 20, "adder": "0.1"}, {"price": "2"}],
    "night": [{"up_to": 5}, {"price": "0.5"}],
}


def ladders() -> Tariff:
    """Return a tariff whose periods have ladders of their own; the evening has none."""
    prices = PRICES | {"evening": "1"}
    slots = {"00:00": "night", "08:00": "day", "20:00": "evening", "22:00": "night"}
    return Tariff.of([version(prices, schedule=[{"slots": slots}], tiers=LADDERS)])


def test_a_ladder_counts_the_energy_of_its_period() -> None:
    """What was used at other times does not lift the tier."""
    before = Used(1_000_000, {"day": 9_000, "evening": 991_000})
    tariff = ladders()
    for text, shapes in [
        ("10:00", [(1_000, "day", 1, False), (4_000, "day", 2, False)]),
        ("03:00", [(5_000, "night", 1, False)]),
        ("21:00", [(5_000, "evening", 1, False)]),
    ]:
        at = local(f"2026-06-15T{text}")
        interval = used(5_000, at, at + timedelta(minutes=30))
        assert shape(rate(tariff, interval, zone=SHANGHAI, used=before)) == shapes
        found = quote(tariff, at, zone=SHANGHAI, used=before)
        assert (found.period, found.tier) == (shapes[0][1], 1)


def test_a_ladder_begins_with_nothing_used() -> None:
    """A bound of one Wh shows whether the first is counted twice."""
    tariff = Tariff.of([version("1", tiers={"flat": [{"up_to": "0.001"}, {"price": "2"}]})])
    at = local("2026-06-15T12:00")
    assert quote(tariff, at, zone=SHANGHAI, used=Used(5)).tier == 1
    assert quote(tariff, at, zone=SHANGHAI, used=used_with(Used(5), "flat", 1)).tier == 2
    assert used_with(Used(5, {"peak": 5}), "flat", 3) == Used(8, {"peak": 5, "flat": 3})
    assert used_with(Used(5, {"peak": 5}), "peak", 3) == Used(8, {"peak": 8})


def test_ladders_go_on_over_borders_and_begin_anew_with_the_month() -> None:
    """Within one interval too: each period is counted on."""
    interval = used(48_000, local("2026-06-29T20:00"), local("2026-07-01T20:00"))
    lines = rate(ladders(), interval, zone=SHANGHAI, used=Used())
    assert shape(lines) == [
        (2_000, "evening", 1, True),
        (5_000, "night", 1, True),
        (5_000, "night", 2, True),
        (10_000, "day", 1, True),
        (2_000, "day", 2, True),
        (2_000, "evening", 1, True),
        (2_000, "night", 2, True),
        (5_000, "night", 1, True),
        (3_000, "night", 2, True),
        (10_000, "day", 1, True),
        (2_000, "day", 2, True),
    ]


def test_what_another_meter_used_in_a_later_month_counts_there() -> None:
    """An interval over the turn of the month begins each month where the account stands."""
    tariff = Tariff.of([version("0.5", tiers=[{"up_to": 3}, {"adder": "0.1"}])])
    interval = used(4_000, local("2026-06-30T22:00"), local("2026-07-01T02:00"))
    lines = rate(
        tariff,
        interval,
        zone=SHANGHAI,
        used=Used(),
        later={date(2026, 7, 1): Used(2_000)},
    )
    assert shape(lines) == [
        (2_000, "flat", 1, True),
        (1_000, "flat", 1, True),
        (1_000, "flat", 2, True),
    ]


@settings(max_examples=60)
@given(tariff_documents(), st.integers(min_value=0, max_value=365), st.sampled_from([1, 40]))
def test_any_tariff_has_a_price_at_any_time(data: dict[str, Any], start: int, length: int) -> None:
    """Stretches tile the time; in each the price is that of its season, period and day."""
    written = tariff_version_from(data | {"valid_from": "2000-01-01"}, CNY)
    tariff = Tariff.of([written], {"China": DAYS})
    (known,) = tariff.versions
    since = local("2026-01-01", BERLIN) + timedelta(days=start)
    until = since + timedelta(days=length)
    while since < until:
        stretch = stretch_at(tariff, since, BERLIN)
        assert stretch.since <= since < stretch.until
        day = since.astimezone(BERLIN).date()
        minute = since.astimezone(BERLIN).hour * 60 + since.astimezone(BERLIN).minute
        assert stretch.period == known.period_on(day, minute)
        season = next((one for one in known.seasons if one.holds_on(day)), None)
        assert stretch.prices == known.tier_prices(stretch.period, season)
        since = stretch.until
