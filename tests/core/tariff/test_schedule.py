"""When prices change: borders, days of 23 and 25 hours, months, versions."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.tariff import schedule
from custom_components.compere_prepaid.core.tariff.model import Tariff
from custom_components.compere_prepaid.core.tariff.schedule import (
    Stretch,
    month_start,
    next_border,
    period_at,
    stretch_at,
    timeline_of,
)
from tests.core.tariff.tariffs import (
    BERLIN,
    SHANGHAI,
    local,
    retail,
    useful,
    version,
)

HOUR = timedelta(hours=1)
DST_PRICES = {"day": "0.3", "night": "0.2", "owl": "0.1"}
OWL = {"00:00": "night", "02:30": "owl", "06:00": "day", "22:00": "night"}

ZONES = [
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",  # clocks skip and repeat midnight
    "Africa/Cairo",  # clocks skip midnight
    "Australia/Lord_Howe",  # by half an hour
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Africa/Casablanca",
]


def borders(tariff: Tariff, since: datetime, until: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return all borders between two instants."""
    found = []
    while (since := next_border(tariff, since, zone)) < until:
        found.append(since)
    return found


def stretches(tariff: Tariff, since: datetime, until: datetime, zone: ZoneInfo) -> list[Stretch]:
    """Return all stretches between two instants."""
    return list(timeline_of(tariff, zone).between(since, until))


def test_period_follows_the_clock_on_the_wall() -> None:
    """A slot begins with its first minute and ends before the next one's."""
    tariff = retail().versions[0]
    for text, period in [
        ("2026-06-15T00:00", "valley"),
        ("2026-06-15T07:59:59.999999", "valley"),
        ("2026-06-15T08:00", "flat"),
        ("2026-06-15T14:00", "peak"),
        ("2026-06-15T21:59:59", "peak"),
        ("2026-06-15T22:00", "flat"),
        ("2026-06-15T23:59:59", "flat"),
    ]:
        assert period_at(tariff, local(text), SHANGHAI) == period, text


def test_first_matching_rule_gives_the_whole_day() -> None:
    """Weekends and seasons stand before the general rule; spans may turn the year and the week."""
    tariff = version(
        {"winter": "0.9", "free": "0.1", "normal": "0.5"},
        schedule=[
            {"months": ["12-2"], "slots": {"00:00": "winter"}},
            {"days": ["sat-sun"], "months": [7, "9-10"], "slots": {"00:00": "free"}},
            {"slots": {"00:00": "normal"}},
        ],
    )
    for text, period in [
        ("2026-01-10T12:00", "winter"),
        ("2026-12-01T00:00", "winter"),
        ("2026-11-30T23:59", "normal"),
        ("2026-07-04T12:00", "free"),
        ("2026-07-06T12:00", "normal"),
        ("2026-08-01T12:00", "normal"),
        ("2026-10-31T12:00", "free"),
    ]:
        assert period_at(tariff, local(text), SHANGHAI) == period, text


def test_next_border_is_the_next_change_of_period() -> None:
    """A border is an instant at which the price may change, not each slot or midnight."""
    since, until = local("2026-06-15T00:00"), local("2026-06-16T12:00")
    assert borders(retail(), since, until, SHANGHAI) == [
        local("2026-06-15T08:00"),
        local("2026-06-15T14:00"),
        local("2026-06-15T22:00"),
        local("2026-06-16T00:00"),
        local("2026-06-16T08:00"),
    ]


def test_midnight_is_no_border_where_the_period_goes_on() -> None:
    """Night goes from 22:00 to 06:00; from Friday to Saturday too, though by another rule."""
    tariff = Tariff.of(
        [
            version(
                {"day": "0.3", "night": "0.2"},
                schedule=[
                    {"days": ["sat"], "slots": {"00:00": "night", "12:00": "day"}},
                    {"slots": {"00:00": "night", "06:00": "day", "22:00": "night"}},
                ],
            )
        ]
    )
    assert next_border(tariff, local("2026-06-12T22:00"), SHANGHAI) == local("2026-06-13T12:00")


def test_a_month_is_always_a_border() -> None:
    """Even a flat price is cut there, because tiers and statements begin anew."""
    tariff = Tariff.of([version("0.5")])
    assert next_border(tariff, local("2026-02-11T10:00"), SHANGHAI) == local("2026-03-01T00:00")
    assert next_border(tariff, local("2026-12-31T23:59"), SHANGHAI) == local("2027-01-01T00:00")
    assert next_border(tariff, local("2026-12-01T00:00"), SHANGHAI) == local("2027-01-01T00:00")


def test_a_new_version_is_a_border() -> None:
    """It holds from midnight of its first day, also where its prices are the old ones."""
    tariff = Tariff.of([version("0.6", valid_from=date(2026, 6, 16)), version("0.5")])
    assert next_border(tariff, local("2026-06-15T10:00"), SHANGHAI) == local("2026-06-16T00:00")
    assert stretch_at(tariff, local("2026-06-15T23:59"), SHANGHAI).prices == (500_000,)
    assert stretch_at(tariff, local("2026-06-16T00:00"), SHANGHAI).prices == (600_000,)
    assert tariff.version_at(date(2026, 6, 15)) is tariff.versions[0]
    assert tariff.version_at(date(2030, 1, 1)) is tariff.versions[1]


def test_before_its_first_day_a_tariff_has_no_price() -> None:
    """The error names the tariff, the day and the first day; the first day is a border."""
    tariff = Tariff.of([version("0.5", valid_from=date(2026, 6, 16))])
    with pytest.raises(InvalidInputError) as caught:
        stretch_at(tariff, local("2026-06-15T00:30"), SHANGHAI)
    assert caught.value.key == "tariff_not_in_force"
    assert caught.value.placeholders == {
        "tariff": "Retail",
        "day": "2026-06-15",
        "first_day": "2026-06-16",
    }
    assert next_border(tariff, local("2026-06-15T23:59"), SHANGHAI) == local("2026-06-16T00:00")


def test_versions_of_one_tariff_have_one_name_and_different_days() -> None:
    """Two versions from the same day would leave open which one holds."""
    for versions in (
        [],
        [version("0.5"), version("0.6")],
        [version("0.5"), version("1", name="X")],
    ):
        with pytest.raises(InvalidInputError) as caught:
            Tariff.of(versions)
        assert caught.value.key == "tariff_versions_clash"
        names = ", ".join(sorted({version.name for version in versions}))
        assert caught.value.placeholders == {"tariff": names}


def test_a_day_of_23_hours() -> None:
    """02:30 does not exist: its period begins when the clocks jump from 02:00 to 03:00."""
    tariff = Tariff.of([version(DST_PRICES, schedule=[{"slots": OWL}])])
    found = stretches(tariff, local("2026-03-29", BERLIN), local("2026-03-30", BERLIN), BERLIN)
    lengths = [(stretch.period, (stretch.until - stretch.since) / HOUR) for stretch in found]
    # The night begins on the day before, at 22:00.
    assert lengths == [("night", 4), ("owl", 3), ("day", 16), ("night", 4.5)]
    assert found[1].since == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_a_day_of_25_hours() -> None:
    """02:00–03:00 is shown twice, so 02:30 comes twice, with a stretch of night between."""
    tariff = Tariff.of([version(DST_PRICES, schedule=[{"slots": OWL}])])
    found = stretches(tariff, local("2026-10-25", BERLIN), local("2026-10-26", BERLIN), BERLIN)
    lengths = [(stretch.period, (stretch.until - stretch.since) / HOUR) for stretch in found]
    assert lengths == [
        ("night", 4.5),
        ("owl", 0.5),
        ("night", 0.5),
        ("owl", 3.5),
        ("day", 16),
        ("night", 4.5),
    ]
    assert found[2].since == datetime(2026, 10, 25, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "weekday", "hours"),
    [("2026-03-29", "sun", 23), ("2026-10-25", "sun", 25), ("2026-06-15", "mon", 24)],
)
def test_days_have_the_hours_they_have(day: str, weekday: str, hours: int) -> None:
    """The stretches of a day fill it from one midnight to the next."""
    rules = [{"days": [weekday], "slots": {"00:00": "day"}}, {"slots": {"00:00": "night"}}]
    tariff = Tariff.of([version({"day": "1", "night": "2"}, schedule=rules)])
    since = local(day, BERLIN)
    until = local((date.fromisoformat(day) + timedelta(days=1)).isoformat(), BERLIN)
    assert (until - since) / HOUR == hours
    assert borders(tariff, since - timedelta(seconds=1), until, BERLIN) == [since]
    assert next_border(tariff, since, BERLIN) == until


def test_a_month_begins_where_clocks_skip_midnight() -> None:
    """In Cairo a day of April 2026 begins at 01:00; the version of that day holds from then."""
    zone = ZoneInfo("Africa/Cairo")
    tariff = Tariff.of([version("0.5"), version("0.6", valid_from=date(2026, 4, 24))])
    border = next_border(tariff, local("2026-04-23T12:00", zone), zone)
    assert border == datetime(2026, 4, 23, 22, tzinfo=UTC)
    assert border.astimezone(zone).isoformat() == "2026-04-24T01:00:00+03:00"


def test_month_start_is_that_of_the_sites_zone() -> None:
    """In Shanghai a month begins eight hours before it does in UTC."""
    at = datetime(2026, 6, 30, 17, tzinfo=UTC)
    assert month_start(at, SHANGHAI) == datetime(2026, 6, 30, 16, tzinfo=UTC)
    assert month_start(at, BERLIN) == datetime(2026, 5, 31, 22, tzinfo=UTC)
    assert stretch_at(retail(), at, SHANGHAI).month == date(2026, 7, 1)
    assert stretch_at(retail(), at, BERLIN).month == date(2026, 6, 1)


@pytest.mark.parametrize(
    ("name", "first_hour"),
    [("Pacific/Pago_Pago", 11), ("America/New_York", 4), ("Pacific/Kiritimati", -14)],
)
def test_months_far_from_utc(name: str, first_hour: int) -> None:
    """A month of the site may begin half a day before or after that of UTC, at New Year too."""
    zone = ZoneInfo(name)
    first = datetime(2026, 7, 1, tzinfo=UTC) + first_hour * HOUR
    instant = timedelta(microseconds=1)
    assert stretch_at(retail(), first, zone).month == date(2026, 7, 1)
    assert stretch_at(retail(), first - instant, zone).month == date(2026, 6, 1)
    new_year = local("2026-01-01", zone)
    assert stretch_at(retail(), new_year, zone).month == date(2026, 1, 1)
    assert stretch_at(retail(), new_year - instant, zone).month == date(2025, 12, 1)


def test_clocks_may_change_by_half_an_hour() -> None:
    """On Lord Howe Island clocks go back by half an hour: 01:45 comes twice."""
    zone = ZoneInfo("Australia/Lord_Howe")
    tariff = Tariff.of(
        [version(DST_PRICES, schedule=[{"slots": {"00:00": "night", "01:45": "owl"}}])]
    )
    found = stretches(tariff, local("2026-04-05", zone), local("2026-04-05T03:00", zone), zone)
    assert [(stretch.period, (stretch.until - stretch.since) / HOUR) for stretch in found] == [
        ("night", 1.75),
        ("owl", 0.25),
        ("night", 0.25),
        ("owl", 22.25),
    ]


def test_clocks_may_go_back_over_midnight() -> None:
    """In St. John's, until 2011, clocks went from 00:01 back to 23:01 of the day before."""
    zone = ZoneInfo("America/St_Johns")
    rules = [{"days": ["sun"], "slots": {"00:00": "owl"}}, {"slots": {"00:00": "day"}}]
    tariff = Tariff.of([version(DST_PRICES, schedule=rules)])
    since = local("2010-11-06T12:00", zone)
    found = stretches(tariff, since, since + 24 * HOUR, zone)
    assert [stretch.period for stretch in found] == ["day", "owl", "day", "owl"]
    assert found[1].until - found[1].since == timedelta(minutes=1)
    assert found[2].until - found[2].since == timedelta(minutes=59)


def test_what_is_remembered_does_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A timeline that was asked about very many months begins anew."""
    monkeypatch.setattr(schedule, "_MAX_MONTHS", 3)
    tariff = retail()
    for month in range(1, 13):
        at = datetime(2026, month, 10, tzinfo=UTC)
        assert stretch_at(tariff, at, SHANGHAI).month == date(2026, month, 1)
    assert len(timeline_of(tariff, SHANGHAI)._months) <= 3


def test_a_timeline_is_worked_out_once() -> None:
    """Rating looks stretches up; it does not compute them each time."""
    tariff = retail()
    first = stretch_at(tariff, local("2026-06-15T09:00"), SHANGHAI)
    assert stretch_at(tariff, local("2026-06-15T10:00"), SHANGHAI) is first
    assert timeline_of(tariff, SHANGHAI) is timeline_of(tariff, SHANGHAI)
    assert timeline_of(tariff, BERLIN) is not timeline_of(tariff, SHANGHAI)
    assert retail() == tariff  # what was worked out is no part of what the tariff says


slots = st.dictionaries(
    st.integers(min_value=1, max_value=24 * 60 - 1),
    st.sampled_from(sorted(DST_PRICES)),
    max_size=6,
).map(lambda found: {"00:00": "night"} | {f"{m // 60:02}:{m % 60:02}": p for m, p in found.items()})
rules = st.lists(
    st.fixed_dictionaries(
        {
            "days": st.lists(
                st.sampled_from(["mon", "tue-thu", "fri-mon", "sun"]), min_size=1, max_size=2
            ),
            "months": st.lists(st.sampled_from([3, "4-9", "10-2"]), min_size=1, max_size=2),
            "slots": slots,
        }
    ),
    max_size=2,
)


@settings(max_examples=60, deadline=None)
@given(
    rules,
    slots,
    st.sampled_from(ZONES),
    st.integers(min_value=2010, max_value=2035),
    st.integers(min_value=1, max_value=12),
)
def test_stretches_tile_time_and_agree_with_the_clock(
    first: list[dict[str, object]], last: dict[str, str], name: str, year: int, month: int
) -> None:
    """Whatever the schedule and the zone: no gap, no overlap, the wall clock's period inside."""
    zone = ZoneInfo(name)
    tariff = Tariff.of([version(DST_PRICES, schedule=useful([*first, {"slots": last}]))])
    since = datetime(year, month, 10, tzinfo=UTC)
    until = since + timedelta(days=40)
    found = stretches(tariff, since, until, zone)
    assert found[0].since <= since < found[0].until
    assert found[-1].since < until <= found[-1].until
    for before, after in pairwise(found):
        assert before.until == after.since
        assert (before.period, before.month) != (after.period, after.month)
    for stretch in found:
        length = stretch.until - stretch.since
        for at in (
            stretch.since,
            stretch.since + length / 3,
            stretch.since + length / 2,
            stretch.until - timedelta(microseconds=1),
        ):
            assert period_at(tariff.versions[0], at, zone) == stretch.period
            assert at.astimezone(zone).date().replace(day=1) == stretch.month


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=7300)))
def test_a_border_lies_ahead_and_within_a_month(elapsed: timedelta) -> None:
    """A meter is never told to be read at a border in the past, or never."""
    at = datetime(2019, 12, 31, tzinfo=UTC) + elapsed
    assert at < next_border(retail(), at, SHANGHAI) <= at + timedelta(days=31)
