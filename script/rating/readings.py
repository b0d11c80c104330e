"""Readings of a meter out of a CSV file: `time,register_wh`, the earliest first.

A time is ISO 8601, with an offset or as the site's clocks show it. In an hour that the clocks show
twice, the order of the rows says which of the two is meant.
"""

from collections.abc import Iterator, Sequence
import csv
from datetime import UTC, datetime
import io
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from custom_components.compere_prepaid.core.tariff.rating import Interval

COLUMNS = ("time", "register_wh")
MAX_DIGITS = 15
YEARS = (2000, 2100)
SHOWN_FAULTS = 20


class FaultsError(Exception):
    """What is wrong with the input, a line of text for each thing."""

    def __init__(self, *faults: str) -> None:
        """Take everything that is wrong."""
        super().__init__("\n".join(faults))


class Reading(NamedTuple):
    """What a register showed."""

    at: datetime
    register_wh: int


def read_readings(path: Path, zone: ZoneInfo) -> list[Reading]:
    """Read a file of readings. Raises `FaultsError` with all faults and their lines."""
    table = Table(path.name)
    readings: list[Reading] = []
    for line, cells in table.rows(read_text(path), COLUMNS):
        try:
            readings.append(reading_of(cells, zone, readings[-1] if readings else None))
        except ValueError as error:
            table.fault(line, str(error))
    if not table.faults and len(readings) < 2:
        table.fault(1, "has fewer than two readings: nothing was used between them")
    table.refuse_faults()
    return readings


def intervals(readings: list[Reading]) -> Iterator[Interval]:
    """Yield what was used from each reading to the next."""
    for before, after in pairwise(readings):
        yield Interval(before.register_wh, after.register_wh, before.at, after.at)


def read_time(text: str, zone: ZoneInfo, after: datetime | None = None) -> datetime:
    """Return the instant (UTC) that a time means. Raises `ValueError` with what is wrong."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"'{text[:40]}' is no time like 2026-06-15T21:30") from None
    if not YEARS[0] <= moment.year < YEARS[1]:
        raise ValueError(f"the year {moment.year} is not from {YEARS[0]} to {YEARS[1] - 1}")
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    wall = moment.replace(tzinfo=zone)
    instant = wall.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != moment:
        raise ValueError(f"{text} does not exist in {zone.key}: the clocks skip it")
    if after is not None and instant <= after:
        instant = max(instant, wall.replace(fold=1).astimezone(UTC))
    return instant


def reading_of(cells: Sequence[str], zone: ZoneInfo, before: Reading | None) -> Reading:
    """Return what a time and a register say. Raises `ValueError` with what is wrong."""
    at = read_time(cells[0], zone, before.at if before else None)
    reading = Reading(at, watt_hours(cells[1]))
    if before is not None and reading.at <= before.at:
        raise ValueError(f"{cells[0]} is not after the reading before: sort the rows by time")
    if before is not None and reading.register_wh < before.register_wh:
        raise ValueError(
            f"the register goes backwards, from {before.register_wh} to {reading.register_wh}"
        )
    return reading


def watt_hours(text: str) -> int:
    """Return a whole number of Wh. Raises `ValueError` with what is wrong."""
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise ValueError(f"'{text[:40]}' is no whole number of Wh with at most {MAX_DIGITS} digits")
    return int(text)


class Table:
    """Reads one CSV file and collects what is wrong with it."""

    def __init__(self, name: str) -> None:
        """Read a file of this name."""
        self.faults: list[str] = []
        self._name = name

    def fault(self, line: int, message: str) -> None:
        """Note what is wrong with a line."""
        self.faults.append(f"{self._name} line {line}: {message}")

    def refuse_faults(self) -> None:
        """Raise `FaultsError` if anything was wrong."""
        if self.faults:
            more = len(self.faults) - SHOWN_FAULTS
            last = [f"{self._name}: and {more} more faults"] if more > 0 else []
            raise FaultsError(*self.faults[:SHOWN_FAULTS], *last)

    def rows(self, text: str, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
        """Yield the line of each row, and its cells in these columns."""
        rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            places = self._places([name.strip() for name in next(rows, [])], columns)
            for row in rows if places else ():
                if not any(cell.strip() for cell in row):
                    continue
                if len(row) <= max(places):
                    self.fault(rows.line_num, "has fewer columns than the first line")
                else:
                    yield rows.line_num, [row[place].strip() for place in places]
        except csv.Error as error:
            self.fault(rows.line_num, f"cannot be read: {error}")

    def _places(self, header: list[str], columns: Sequence[str]) -> list[int]:
        """Return where the columns are; none if one is missing."""
        missing = [name for name in columns if name not in header]
        for name in missing:
            self.fault(1, f"there is no column '{name}'; columns: {', '.join(header) or '-'}")
        return [] if missing else [header.index(name) for name in columns]


def read_text(path: Path) -> str:
    """Return the text of a file. Raises `FaultsError`."""
    try:
        content = path.read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise FaultsError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FaultsError(f"{path.name} line {line}: is not UTF-8 text") from error
