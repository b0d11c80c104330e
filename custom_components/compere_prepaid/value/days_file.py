"""What a user knows of days, as a table: `day,kwh,temperature,occupied`, any of them but the day.

What an earlier meter counted, a weather station's means, or floor that was let before the site
knew, count in place of what the site knows itself.
"""

import csv
from datetime import date
from decimal import Decimal, InvalidOperation
import io

from ..core.errors import InvalidInputError
from ..core.value.days import Given

COLUMNS = {"kwh": 1000, "temperature": 1, "occupied": 1}
"""The columns beside `day`, and what their numbers are multiplied by."""

MANY = 4000
"""So many days at most: ten years."""

_HIGHEST = 10**9


def read_days(text: str) -> Given:
    """Return what a table says.

    Raises `InvalidInputError`: `days_columns_wrong`, `days_line_wrong`, `days_too_many`.
    """
    table = io.StringIO(text.lstrip("\ufeff").strip(), newline="")
    rows = csv.DictReader(table, skipinitialspace=True)
    try:
        return _read(rows)
    except csv.Error:
        raise InvalidInputError("days_line_wrong", line=rows.line_num) from None


def _read(rows: csv.DictReader[str]) -> Given:
    names = [name.strip().casefold() for name in rows.fieldnames or ()]
    rows.fieldnames = names
    if "day" not in names or not set(names) <= {"day", *COLUMNS} or len(set(names)) < len(names):
        raise InvalidInputError("days_columns_wrong", columns=", ".join(("day", *COLUMNS)))
    found: dict[str, dict[date, Decimal]] = {name: {} for name in COLUMNS}
    for place, row in enumerate(rows):
        if place == MANY:
            raise InvalidInputError("days_too_many", limit=MANY)
        try:
            day = date.fromisoformat((row["day"] or "").strip())
            for name, factor in COLUMNS.items():
                if value := (row.get(name) or "").strip():
                    found[name][day] = _number(value, below_zero=name == "temperature") * factor
        except ValueError, InvalidOperation, TypeError:
            raise InvalidInputError("days_line_wrong", line=rows.line_num) from None
    return Given(
        energy_wh={day: int(value) for day, value in found["kwh"].items()},
        temperature=found["temperature"],
        occupied=found["occupied"],
    )


def _number(text: str, *, below_zero: bool) -> Decimal:
    """Return a number. Raises `ValueError` or `InvalidOperation` for what is none."""
    number = Decimal(text)
    if not number.is_finite() or abs(number) > _HIGHEST or (number < 0 and not below_zero):
        raise ValueError(text)
    return number
