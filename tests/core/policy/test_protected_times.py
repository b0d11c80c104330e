"""Protected times: intervals, against tables written by hand and a model that counts minutes."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.compere_prepaid.core.policy.protected_times import (
    HORIZON_DAYS,
    NEVER_PROTECTED,
    REMEMBERED_DAYS,
    ProtectedTimes,
    Window,
    Windows,
)
from custom_components.compere_prepaid.core.tariff.year import WEEKDAYS

BERLIN = ZoneInfo("Europe/Berlin")
SHANGHAI = ZoneInfo("Asia/Shanghai")

MINUTE = timedelta(minutes=1)
ALL_DAY = ((0, 1440),)
NIGHT = ((18 * 60, 8 * 60),)

OFFICE = ProtectedTimes(
    week={**dict.fromkeys(range(5), NIGHT), 5: ALL_DAY, 6: ALL_DAY},
    special={"holiday": ALL_DAY, "inventory": ()},
    calendar="Germany",
)
"""Cut only on working days from 8 to 18 o'clock, and on days of inventory at any hour."""


def following(protected: ProtectedTimes, since: datetime, zone: ZoneInfo) -> Window | None:
    """Return the first joined protected time that begins later, if one is in sight."""
    windows = protected._joined(since, zone)
    return next((window for window in windows if window.start > since), None)


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    """Return the instant of a wall-clock time; `+` before it means the second of two."""
    wall = datetime.fromisoformat(text.removeprefix("+")).replace(tzinfo=zone)
    return wall.replace(fold=int(text.startswith("+"))).astimezone(UTC)


def intervals(
    protected: ProtectedTimes, since: datetime, until: datetime, zone: ZoneInfo = BERLIN
) -> list[tuple[datetime, datetime | None]]:
    """Return the protected times between two instants, found by asking from one to the next."""
    found: list[tuple[datetime, datetime | None]] = []
    here: Window | None = protected.window(since, zone) or following(protected, since, zone)
    while here is not None and here.start < until:
        found.append(here)
        if here.end is None:
            break
        here = protected.window(here.end, zone) or following(protected, here.end, zone)
    return found


TABLE: Mapping[str, tuple[Mapping[date, str], str, str, list[tuple[str, str]]]] = {
    "a week with its weekend": (
        {},
        "2026-06-08 12:00",  # a Monday
        "2026-06-16 12:00",
        [
            ("2026-06-08 18:00", "2026-06-09 08:00"),
            ("2026-06-09 18:00", "2026-06-10 08:00"),
            ("2026-06-10 18:00", "2026-06-11 08:00"),
            ("2026-06-11 18:00", "2026-06-12 08:00"),
            ("2026-06-12 18:00", "2026-06-15 00:00"),
            ("2026-06-15 18:00", "2026-06-16 08:00"),
        ],
    ),
    "Christmas, joined with two weekends and a bridge day": (
        {
            date(2026, 12, 24): "holiday",  # Thursday
            date(2026, 12, 25): "holiday",
            date(2026, 12, 28): "sun",
            date(2026, 12, 31): "holiday",  # Thursday
            date(2027, 1, 1): "holiday",
        },
        "2026-12-23 12:00",
        "2027-01-04 12:00",
        [
            ("2026-12-23 18:00", "2026-12-29 00:00"),
            ("2026-12-29 18:00", "2026-12-30 08:00"),
            ("2026-12-30 18:00", "2027-01-04 00:00"),
        ],
    ),
    "a working Saturday, and an inventory": (
        {
            date(2026, 6, 9): "inventory",  # Tuesday
            date(2026, 6, 13): "fri",  # Saturday
            date(2026, 6, 14): "market",  # nothing is said of it: a Sunday like others
        },
        "2026-06-08 12:00",
        "2026-06-15 12:00",
        [
            ("2026-06-08 18:00", "2026-06-09 08:00"),  # Monday's night, whatever Tuesday is
            ("2026-06-10 18:00", "2026-06-11 08:00"),
            ("2026-06-11 18:00", "2026-06-12 08:00"),
            ("2026-06-12 18:00", "2026-06-13 08:00"),
            ("2026-06-13 18:00", "2026-06-15 00:00"),
        ],
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_intervals_are_those_of_the_table(case: str) -> None:
    """Over midnight, weekends, holidays and the turn of the year."""
    days, since, until, table = TABLE[case]
    expected = [(at(start), at(end)) for start, end in table]
    assert intervals(OFFICE.on(days), at(since), at(until)) == expected


@pytest.mark.parametrize(
    ("windows", "since", "expected"),
    [
        # 29 March: 02:00 becomes 03:00
        (((120, 180),), "2026-03-29 00:00", ("2026-03-30 02:00", "2026-03-30 03:00")),  # none
        (((150, 360),), "2026-03-29 00:00", ("2026-03-29 03:00", "2026-03-29 06:00")),
        (((22 * 60, 150),), "2026-03-28 12:00", ("2026-03-28 22:00", "2026-03-29 03:00")),
        (((22 * 60, 120),), "2026-03-28 12:00", ("2026-03-28 22:00", "2026-03-29 03:00")),
        (((22 * 60, 360),), "2026-03-28 12:00", ("2026-03-28 22:00", "2026-03-29 06:00")),
        # 25 October: 03:00 becomes 02:00
        (((120, 180),), "2026-10-25 00:00", ("2026-10-25 02:00", "+2026-10-25 03:00")),
        (((150, 360),), "2026-10-25 00:00", ("2026-10-25 02:30", "2026-10-25 06:00")),
        (((22 * 60, 150),), "2026-10-24 12:00", ("2026-10-24 22:00", "+2026-10-25 02:30")),
        (((22 * 60, 120),), "2026-10-24 12:00", ("2026-10-24 22:00", "2026-10-25 02:00")),
        (((0, 1440),), "2026-10-24 12:00", ("2026-10-24 00:00", None)),
    ],
)
def test_clocks_are_put_forward_and_back(
    windows: Windows, since: str, expected: tuple[str, str | None]
) -> None:
    """A window begins when its hour is first shown and ends when it is last shown."""
    protected = ProtectedTimes(week=dict.fromkeys(range(7), windows))
    found = intervals(protected, at(since), at(since) + timedelta(days=2))[0]
    start, end = expected
    assert found[1] == (end and at(end))
    if end is not None:
        assert found[0] == at(start)


def test_length_of_nights_when_clocks_change() -> None:
    """An hour more or less than the ten hours that the wall clock shows."""
    protected = ProtectedTimes(week=dict.fromkeys(range(7), ((20 * 60, 6 * 60),)))
    hours = []
    for day in ("2026-03-27", "2026-03-28", "2026-10-24", "2026-10-25"):
        window = protected.window(at(f"{day} 21:00"), BERLIN)
        assert window is not None
        assert window.end is not None
        hours.append((window.end - window.start) / timedelta(hours=1))
    assert hours == [10, 9, 11, 10]


def test_ends_do_not_belong_to_it() -> None:
    """From its first instant on; its end is outside."""
    assert OFFICE.window(at("2026-06-08 18:00") - MINUTE, BERLIN) is None
    window = OFFICE.window(at("2026-06-08 18:00"), BERLIN)
    assert window == (at("2026-06-08 18:00"), at("2026-06-09 08:00"))
    assert OFFICE.window(at("2026-06-09 08:00") - MINUTE, BERLIN) == window
    assert OFFICE.window(at("2026-06-09 08:00"), BERLIN) is None
    assert following(OFFICE, at("2026-06-09 08:00"), BERLIN) == (
        at("2026-06-09 18:00"),
        at("2026-06-10 08:00"),
    )


def test_without_protected_times_there_is_nothing() -> None:
    """Neither now nor later."""
    assert NEVER_PROTECTED.window(at("2026-06-08 18:00"), BERLIN) is None
    assert following(NEVER_PROTECTED, at("2026-06-08 18:00"), BERLIN) is None
    assert not NEVER_PROTECTED.never_allows_cut(date(2026, 6, 8))


def test_many_days_may_be_asked_about() -> None:
    """More than are remembered, and again: the answers stay the same."""
    begin = at("2026-06-08 20:00")
    days = [begin + timedelta(days=number) for number in range(2 * REMEMBERED_DAYS)]
    found = [OFFICE.window(one, BERLIN) for one in days]
    assert [OFFICE.window(one, BERLIN) for one in reversed(days)] == found[::-1]
    assert len(OFFICE._memory) <= REMEMBERED_DAYS
    assert all(
        window is not None and window.start <= one for window, one in zip(found, days, strict=True)
    )


def test_a_long_time_has_no_end_in_sight() -> None:
    """A month of holidays has an end, half a year has none that is told, though it has one."""
    first = date(2026, 6, 8)

    def holidays(days: int) -> ProtectedTimes:
        days_off = {first + timedelta(days=number): "holiday" for number in range(days)}
        return ProtectedTimes(special={"holiday": ALL_DAY}, calendar="C").on(days_off)

    begin = at("2026-06-08 00:00")
    end = at("2026-07-09 00:00")
    assert holidays(31).window(begin, BERLIN) == (begin, end)
    assert holidays(180).window(begin, BERLIN) == (begin, None)
    later = holidays(180).window(at("2026-11-25 00:00"), BERLIN)
    assert later == (at("2026-10-24 00:00"), at("2026-12-05 00:00"))
    assert date(2026, 11, 25) - date(2026, 10, 24) == timedelta(days=HORIZON_DAYS)
    assert not holidays(180).never_allows_cut(first)


@pytest.mark.parametrize(
    ("protected", "never"),
    [
        (OFFICE, False),
        (ProtectedTimes(week=dict.fromkeys(range(7), ALL_DAY)), True),
        (ProtectedTimes(week=dict.fromkeys(range(7), ((480, 479),))), False),
        (ProtectedTimes(week=dict.fromkeys(range(7), ((480, 1200), (1200, 480)))), True),
        (
            ProtectedTimes(week={**dict.fromkeys(range(6), ALL_DAY), 5: ((0, 1440), (720, 719))}),
            False,
        ),
        (
            ProtectedTimes(
                week={
                    **dict.fromkeys(range(6), ALL_DAY),
                    5: ((0, 720), (600, 599)),
                    6: ((599, 1440),),
                }
            ),
            True,
        ),
    ],
)
def test_a_calendar_that_never_allows_a_cut(protected: ProtectedTimes, *, never: bool) -> None:
    """To the minute, also where windows of two days together leave nothing."""
    assert protected.never_allows_cut(date(2026, 6, 8)) is never


def test_a_special_day_may_allow_the_only_cut() -> None:
    """While it is still to come; also the morning that the day before it leaves open."""
    always = ProtectedTimes(
        week=dict.fromkeys(range(7), ALL_DAY), special={"inventory": ()}, calendar="C"
    )
    opened = always.on({date(2026, 6, 10): "inventory"})
    assert always.never_allows_cut(date(2026, 6, 8))
    assert not opened.never_allows_cut(date(2026, 6, 10))
    assert opened.never_allows_cut(date(2026, 6, 11))
    nights = ProtectedTimes(
        week=dict.fromkeys(range(7), ((480, 480 - 1), (479, 480))),
        special={"inventory": ((0, 1440),)},
        calendar="C",
    )
    assert nights.never_allows_cut(date(2026, 6, 8))
    assert not nights.on({date(2026, 6, 10): "inventory"}).never_allows_cut(date(2026, 6, 10))


def test_days_that_say_nothing_are_no_part_of_it() -> None:
    """So that a calendar which grows changes only the policies that it means."""
    kinds = {date(2026, 6, 8): "market", date(2026, 6, 9): "holiday", date(2026, 6, 10): "sun"}
    assert dict(OFFICE.on(kinds).days) == {
        date(2026, 6, 9): "holiday",
        date(2026, 6, 10): "sun",
    }
    assert OFFICE.on({date(2026, 6, 8): "market"}) == OFFICE
    assert OFFICE.on(kinds) != OFFICE


# A model that knows nothing of intervals: it looks at every minute.

ZONES = (
    "Europe/Berlin",
    "Asia/Shanghai",
    "America/Havana",
    "Australia/Lord_Howe",
    "America/Santiago",
)
"""Clocks change at 2 o'clock, never, at midnight, by half an hour, and south of the equator."""

CHANGES = (
    date(2026, 3, 8),
    date(2026, 3, 29),
    date(2026, 4, 5),
    date(2026, 9, 6),
    date(2026, 10, 4),
    date(2026, 10, 25),
    date(2026, 11, 1),
)

clock_minutes: st.SearchStrategy[int] = st.sampled_from(
    [0, 1, 59, 60, 90, 119, 120, 121, 150, 179, 180, 720, 1380, 1439]
)
ends: st.SearchStrategy[int] = clock_minutes | st.just(1440)
drawn_windows = st.lists(st.just((0, 1440)) | st.tuples(clock_minutes, ends), max_size=3).map(
    lambda drawn: tuple(one for one in drawn if one[0] % 1440 != one[1] % 1440 or one == (0, 1440))
)


def counted(protected: ProtectedTimes, first: date, days: int, zone: ZoneInfo) -> set[datetime]:
    """Return every protected minute: of each window, all between the first and last it shows."""
    start = datetime.combine(first - timedelta(days=2), datetime.min.time(), UTC)
    minutes = [start + number * MINUTE for number in range((days + 4) * 1440)]
    walls = [one.astimezone(zone).replace(tzinfo=None) for one in minutes]
    found: set[datetime] = set()
    for offset in range(-2, days + 2):
        day = first + timedelta(days=offset)
        kind = protected.days.get(day, "")
        if kind in protected.special:
            windows = protected.special[kind]
        else:
            number = WEEKDAYS.index(kind) if kind in WEEKDAYS else day.weekday()
            windows = protected.week.get(number, ())
        midnight = datetime.combine(day, datetime.min.time())
        for since, until in windows:
            begin = midnight + since * MINUTE
            end = midnight + until * MINUTE + timedelta(days=until <= since)
            shown = [index for index, wall in enumerate(walls) if begin <= wall < end]
            if shown:
                found.update(minutes[shown[0] : shown[-1] + 1])
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.integers(0, 6), drawn_windows),
    st.dictionaries(st.sampled_from(["holiday", "inventory"]), drawn_windows),
    st.lists(st.sampled_from(["holiday", "inventory", "market", "sun", "wed", ""]), max_size=4),
    st.sampled_from(CHANGES),
    st.sampled_from(ZONES),
)
def test_the_same_as_counting_minutes(
    week: Mapping[int, Windows],
    special: Mapping[str, Windows],
    kinds: list[str],
    first: date,
    zone_name: str,
) -> None:
    """Each minute of three days is protected exactly if the model has it; so are the borders."""
    zone = ZoneInfo(zone_name)
    days = {first + timedelta(days=number): kind for number, kind in enumerate(kinds) if kind}
    protected = ProtectedTimes(week=week, special=special, calendar="C").on(days)
    model = counted(protected, first, 3, zone)
    start = datetime.combine(first, datetime.min.time(), UTC)
    minutes = [start + number * MINUTE for number in range(3 * 1440)]
    asked = {one for one in minutes if protected.window(one, zone) is not None}
    assert asked == model & set(minutes)
    for one in minutes[::97]:
        window = protected.window(one, zone) or following(protected, one, zone)
        if window is None or window.end is None or window.end > minutes[-1]:
            continue
        assert window.end - MINUTE in model
        assert window.end not in model
        if window.start > minutes[0]:
            assert window.start in model
            assert window.start - MINUTE not in model
