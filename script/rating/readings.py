"""Readings of a meter out of a CSV file: `time,register_wh`, the earliest first.

A time is ISO 8601, with an offset or as the site's clocks show it. In an hour that the clocks show
twice, the order of the rows says which of the two is meant.
"""

from collections.abc import Iterator
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
    table = Table(path.name, zone)
    readings = list(table.read(_text(path)))
    if not table.faults and len(readings) < 2:
        table.fault(1, "has fewer than two readings: nothing was used between them")
    if table.faults:
        more = len(table.faults) - SHOWN_FAULTS
        shown = table.faults[:SHOWN_FAULTS]
        raise FaultsError(*shown, *([f"{path.name}: and {more} more faults"] if more > 0 else []))
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


class Table:
    """Reads one file and collects what is wrong with it."""

    def __init__(self, name: str, zone: ZoneInfo) -> None:
        """Read a file of this name, with times of this zone."""
        self.faults: list[str] = []
        self._name = name
        self._zone = zone

    def fault(self, line: int, message: str) -> None:
        """Note what is wrong with a line."""
        self.faults.append(f"{self._name} line {line}: {message}")

    def read(self, text: str) -> Iterator[Reading]:
        """Yield the rows that are right."""
        rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        before: Reading | None = None
        try:
            columns = self._columns([name.strip() for name in next(rows, [])])
            for row in rows if columns else ():
                if not any(cell.strip() for cell in row):
                    continue
                try:
                    before = self._reading([row[column].strip() for column in columns], before)
                    yield before
                except IndexError:
                    self.fault(rows.line_num, "has fewer columns than the first line")
                except ValueError as error:
                    self.fault(rows.line_num, str(error))
        except csv.Error as error:
            self.fault(rows.line_num, f"cannot be read: {error}")

    def _columns(self, header: list[str]) -> list[int]:
        """Return where the columns are; none if one is missing."""
        missing = [name for name in COLUMNS if name not in header]
        for name in missing:
            self.fault(1, f"there is no column '{name}'; columns: {', '.join(header) or '-'}")
        return [] if missing else [header.index(name) for name in COLUMNS]

    def _reading(self, cells: list[str], before: Reading | None) -> Reading:
        at = read_time(cells[0], self._zone, before.at if before else None)
        if not (cells[1].isascii() and cells[1].isdigit() and len(cells[1]) <= MAX_DIGITS):
            raise ValueError(
                f"'{cells[1][:40]}' is no whole number of Wh with at most {MAX_DIGITS} digits"
            )
        reading = Reading(at, int(cells[1]))
        if before is not None and reading.at <= before.at:
            raise ValueError(f"{cells[0]} is not after the reading before: sort the rows by time")
        if before is not None and reading.register_wh < before.register_wh:
            raise ValueError(
                f"the register goes backwards, from {before.register_wh} to {reading.register_wh}"
            )
        return reading


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise FaultsError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FaultsError(f"{path.name} line {line}: is not UTF-8 text") from error
