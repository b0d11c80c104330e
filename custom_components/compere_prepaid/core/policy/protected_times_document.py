"""How protected times are written: in a site file, and in the ledger's copy of a policy.

A list of times, each of some weekdays or types of special days; all of them hold. A whole day is
`all_day: true`, and `all_day: false` says that a type of special day has no protected times.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ..document_section import Section
from ..tariff.notation import is_day_type, read_clock, read_days, write_clock, write_days
from ..tariff.year import MINUTES_PER_DAY
from .protected_times import NEVER_PROTECTED, ProtectedTimes, Windows

_ALL_DAY = (0, MINUTES_PER_DAY)


def read_protected(section: Section | None) -> ProtectedTimes:
    """Read the protected times of a policy in a site file; whatever is wrong is reported."""
    if section is None:
        return NEVER_PROTECTED
    before = len(section.findings.meaning)
    for entry in section.entries("times"):
        if entry.sound:
            _check_time(entry, section)
    _check_closed(section)
    if not section.sound or len(section.findings.meaning) > before:
        return NEVER_PROTECTED
    return protected_from(section.value)


def _check_time(entry: Section, section: Section) -> None:
    """Report what the schema cannot see."""
    data = entry.value
    given = [key for key in ("from", "to") if key in data]
    if "all_day" in data and given:
        entry.fault(f"has 'all_day' and '{given[0]}': one of them is enough")
    elif "all_day" not in data and len(given) < 2:
        entry.fault("needs 'from' and 'to', or 'all_day'")
    elif given and data["from"] == data["to"]:
        entry.fault("begins when it ends: write 'all_day: true' for the whole day")
    types = [day for day in entry.items("days") if is_day_type(day.value)]
    for day in types:
        if "calendar" not in section.value:
            day.fault(
                f"'{day.value}' is no weekday, and a type of day needs a 'calendar' that has it"
            )
    if data.get("all_day") is False and len(types) < len(data["days"]):
        entry.fault("says of weekdays that they have no protected times: leave them out")


def _check_closed(section: Section) -> None:
    """Report types of days that are said to have no protected times, and have some."""
    entries = [entry for entry in section.entries("times") if entry.sound]
    protected = {
        day
        for entry in entries
        if entry.value.get("all_day") is not False
        for day in entry.value["days"]
    }
    for entry in entries:
        for day in entry.items("days"):
            if entry.value.get("all_day") is False and day.value in protected:
                day.fault(f"'{day.value}' has protected times in another entry")


def protected_from(data: Mapping[str, Any]) -> ProtectedTimes:
    """Read what `protected_data` wrote, or a site file's protected times that were checked."""
    week: dict[int, set[tuple[int, int]]] = {}
    special: dict[str, set[tuple[int, int]]] = {}
    for entry in data.get("times", ()):
        windows = set(_windows(entry))
        for day in read_days(entry["days"]) if windows else ():
            week.setdefault(day, set()).update(windows)
        for kind in filter(is_day_type, entry["days"]):
            special.setdefault(kind, set()).update(windows)
    return ProtectedTimes(
        week={day: _ordered(week[day]) for day in sorted(week)},
        special={kind: _ordered(special[kind]) for kind in sorted(special)},
        calendar=data.get("calendar", ""),
        reminder_minutes=data.get("reminder", NEVER_PROTECTED.reminder_minutes),
    )


def _windows(entry: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    if "all_day" in entry:
        if entry["all_day"]:
            yield _ALL_DAY
        return
    start, end = read_clock(entry["from"]), read_clock(entry["to"])
    yield start, end or MINUTES_PER_DAY


def _ordered(windows: set[tuple[int, int]]) -> Windows:
    return tuple(sorted(windows))


def protected_data(protected: ProtectedTimes) -> dict[str, Any]:
    """Return protected times in the site file's form; empty if there are none.

    Days that have the same times stand together.
    """
    days: dict[tuple[int, int] | None, list[int]] = {}
    for day, windows in protected.week.items():
        for window in windows:
            days.setdefault(window, []).append(day)
    types: dict[tuple[int, int] | None, list[str]] = {}
    for kind, windows in protected.special.items():
        for shown in windows or (None,):
            types.setdefault(shown, []).append(kind)
    times = [
        {"days": [*write_days(days.get(window, ())), *sorted(types.get(window, ()))]}
        | _window_data(window)
        for window in sorted({*days, *types}, key=lambda window: window or (-1, -1))
    ]
    if not times:
        return {}
    data: dict[str, Any] = {"calendar": protected.calendar} if protected.calendar else {}
    data["times"] = times
    if protected.reminder_minutes != NEVER_PROTECTED.reminder_minutes:
        data["reminder"] = protected.reminder_minutes
    return data


def _window_data(window: tuple[int, int] | None) -> dict[str, Any]:
    if window is None or window == _ALL_DAY:
        return {"all_day": window is not None}
    return {"from": write_clock(window[0]), "to": write_clock(window[1])}
