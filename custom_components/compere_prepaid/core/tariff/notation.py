"""How people write days, months and times of day in a tariff: `mon-fri`, `6-9`, `06-15`, `08:00`.

What is read here was checked by the schema before.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from .year import A_LEAP_YEAR, WEEKDAYS, MonthDay

MONTHS = tuple(str(month) for month in range(1, 13))


def read_days(entries: Iterable[str]) -> frozenset[int]:
    """Read weekdays and spans of them, also over the turn of the week; 0 is Monday.

    Types of day are left out.
    """
    return _read([entry for entry in entries if not is_day_type(entry)], WEEKDAYS)


def is_day_type(entry: str) -> bool:
    """Tell whether an entry of `days` is a type of day, and not a weekday or a span of them."""
    return entry.partition("-")[0] not in WEEKDAYS


def read_months(entries: Iterable[str | int]) -> frozenset[int]:
    """Read months and spans of them, also over the turn of the year."""
    return frozenset(month + 1 for month in _read(entries, MONTHS))


def write_days(days: Iterable[int]) -> list[str]:
    """Write weekdays with the fewest words."""
    return _write(sorted(days), WEEKDAYS)


def write_months(months: Iterable[int]) -> list[str]:
    """Write months with the fewest words."""
    return _write([month - 1 for month in sorted(months)], MONTHS)


def read_month_day(text: str) -> MonthDay | None:
    """Read a day of the year (`06-15`); None if no year has it."""
    month, day = map(int, text.split("-"))
    try:
        date(A_LEAP_YEAR, month, day)
    except ValueError:
        return None
    return MonthDay(month, day)


def write_month_day(day: MonthDay) -> str:
    """Write a day of the year."""
    return f"{day.month:02}-{day.day:02}"


def read_clock(text: str) -> int:
    """Read a time of day (`08:00`, checked before) as minutes since midnight."""
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def write_clock(minute: int) -> str:
    """Write minutes since midnight as a time of day."""
    return f"{minute // 60:02}:{minute % 60:02}"


def _read(entries: Iterable[str | int], names: Sequence[str]) -> frozenset[int]:
    found: set[int] = set()
    for entry in entries:
        first, _, last = str(entry).partition("-")
        start = names.index(first)
        length = (names.index(last or first) - start) % len(names) + 1
        found.update((start + step) % len(names) for step in range(length))
    return frozenset(found)


def _write(indices: Sequence[int], names: Sequence[str]) -> list[str]:
    runs: list[list[int]] = []
    for index in indices:
        if runs and runs[-1][-1] + 1 == index:
            runs[-1].append(index)
        else:
            runs.append([index])
    return [f"{names[run[0]]}-{names[run[-1]]}" if len(run) > 1 else names[run[0]] for run in runs]
