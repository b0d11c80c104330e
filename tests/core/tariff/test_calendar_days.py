"""Calendars: read, refused with all reasons, written canonically, and never changed behind."""

from datetime import date
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.tariff.calendar_days import (
    Calendar,
    calendar_content,
    calendar_data,
    calendar_from,
    calendar_of,
    refuse_changed_past,
)

CHINA = {"name": "China", "days": {"2026-10-10": "mon", "2026-10-01": "holiday"}}


def test_a_calendar_is_read() -> None:
    """Days by date, whatever their order was."""
    assert calendar_from(CHINA) == Calendar(
        name="China", days={date(2026, 10, 1): "holiday", date(2026, 10, 10): "mon"}
    )


def test_the_text_is_canonical() -> None:
    """Days in order, no blanks; read and written again it is the same."""
    text = '{"days":{"2026-10-01":"holiday","2026-10-10":"mon"},"name":"China"}'
    assert calendar_content(calendar_from(CHINA)) == text
    assert calendar_content(calendar_of(text)) == text
    chinese = '{"days":{"2026-10-01":"节日"},"name":"中国"}'
    assert calendar_content(calendar_of(chinese)) == chinese


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"name": "China"}, ["'days' is missing"]),
        ({"days": {}}, ["'name' is missing"]),
        (
            {"name": " ", "days": {}},
            ["name: must be a name of 1 to 100 characters, without blanks at its ends, not ' '"],
        ),
        (
            CHINA | {"days": {"2026-02-30": "holiday"}},
            ["days.2026-02-30: as a key: must be a date like 2026-01-31, not '2026-02-30'"],
        ),
        (
            CHINA | {"days": {"2026-02-20": "a holiday"}},
            [
                (
                    "days.2026-02-20: must be a type of day like holiday, or a weekday like mon, "
                    "not 'a holiday'"
                )
            ],
        ),
        (
            CHINA | {"days": {"2026-02-20": "Monday", "2026-02-21": "tue", "2026-02-22": "Tue"}},
            [
                "days.2026-02-20: is a weekday: write 'mon'",
                "days.2026-02-22: is a weekday: write 'tue'",
            ],
        ),
        (CHINA | {"day": 1}, ["day: unknown key 'day', did you mean 'days'?"]),
        ([], ["must be a group of 'key: value' lines, not a list"]),
    ],
)
def test_what_is_wrong_is_told(data: Any, expected: list[str]) -> None:
    """Each mistake has its place and a sentence."""
    with pytest.raises(InvalidInputError) as caught:
        calendar_from(data)
    assert caught.value.key == "calendar_invalid"
    assert caught.value.placeholders["faults"].split("\n") == expected
    name = data.get("name", "?") if isinstance(data, dict) else "?"
    assert caught.value.placeholders["calendar"] == name


def content(**days: str) -> str:
    """Return a calendar's text; days are given like `d0501="holiday"`."""
    written = {f"2026-{day[1:3]}-{day[3:]}": kind for day, kind in days.items()}
    return calendar_content(calendar_from({"name": "China", "days": written}))


def test_what_was_charged_by_stays() -> None:
    """New days are welcome from a date on; before it none may come, go or change."""
    before = content(d0501="holiday", d0509="mon", d1001="holiday")
    refuse_changed_past(before, before, date(2027, 1, 1))
    after = content(d0501="holiday", d0509="mon", d0930="holiday", d1001="bridge")
    refuse_changed_past(before, after, date(2026, 9, 30))
    after = content(d0502="holiday", d0509="sun", d1001="holiday")
    with pytest.raises(InvalidInputError) as caught:
        refuse_changed_past(before, after, date(2026, 9, 30))
    assert caught.value.key == "calendar_past_changed"
    assert caught.value.placeholders == {
        "calendar": "China",
        "days": "2026-05-01, 2026-05-02, 2026-05-09",
        "first_free": "2026-09-30",
    }
    refuse_changed_past(before, after, date(2026, 5, 1))


kinds = st.sampled_from(["holiday", "mon", "sunday_like", "节日"])


@given(st.dictionaries(st.dates(), kinds, max_size=20))
def test_written_and_read_again_it_is_the_same(days: dict[date, str]) -> None:
    """Whatever days it has."""
    calendar = Calendar(name="C", days=days)
    assert calendar_of(calendar_content(calendar)) == calendar
    assert calendar_from(calendar_data(calendar)) == calendar
