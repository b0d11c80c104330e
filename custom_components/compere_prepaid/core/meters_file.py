"""Meters as a table: a CSV file with a row a meter, as spreadsheets write it.

The first row names the columns, which are the keys of a site file's meters. Commas, semicolons and
tabs are told apart by that row, labels in a cell by `|`. A cell that is empty is not there. What
the cells mean is judged as in a site file; here they only become numbers and text, each with its
line.
"""

from collections.abc import Iterator
from contextlib import contextmanager
import csv
from decimal import Decimal
from difflib import get_close_matches
import io
import re
from typing import Any

from .document_faults import Fault
from .documents import Document, DocumentError
from .errors import InvalidInputError

COLUMNS = (
    "serial",
    "name",
    "bus",
    "address",
    "profile",
    "area",
    "floor",
    "labels",
    "floor_area",
    "rated_power",
    "breaker",
    "multiplier",
    "rollover_kwh",
    "power_scale",
)
NEEDED = ("serial", "name", "bus", "address", "profile", "breaker")
_NUMBERS = ("floor_area", "rated_power")
_WHOLE = ("address", "breaker", "multiplier", "rollover_kwh", "power_scale")
_DELIMITERS = (",", ";", "\t")
MAX_CHARACTERS = 2_000_000
MAX_ROWS = 10_000

_INTEGER = re.compile(r"[-+]?\d{1,12}")
_DECIMAL = re.compile(r"[-+]?\d{1,12}([.,]\d{1,6})?")


def decode_meters(raw: bytes, *, file: str) -> str:
    """Return the text of a file. Raises `InvalidInputError` (`file_not_utf8`).

    A spreadsheet's own coding is not guessed at: one that is guessed wrong gives wrong names
    without a word.
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            coding = "UTF-16"
        else:
            coding = "GBK" if _is_chinese(raw) else "?"
        raise InvalidInputError(
            "file_not_utf8", file=file, coding=coding, line=raw.count(b"\n", 0, error.start) + 1
        ) from error


def _is_chinese(raw: bytes) -> bool:
    try:
        return any("\u4e00" <= character <= "\u9fff" for character in raw.decode("gb18030"))
    except UnicodeDecodeError:
        return False


def read_meters(text: str, *, file: str) -> Document:
    """Return the rows as the `meters` of a site file, with the line of each cell.

    Raises `DocumentError` when the table itself cannot be read. Blocking for large tables.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_CHARACTERS:
        message = f"is larger than {MAX_CHARACTERS} characters: split it into several files"
        raise DocumentError(file, [Fault(line=1, path="", message=message)])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    meters: list[dict[str, Any]] = []
    lines = {"": 1}
    faults: list[Fault] = []
    columns: list[str] | None = None
    end = 0
    try:
        for row in reader:
            line, end = end + 1, reader.line_num
            if not any(cell.strip() for cell in row):
                continue
            if columns is None:
                columns = [cell.strip().casefold() for cell in row]
                faults += _column_faults(columns, line)
                continue
            if len(row) > len(columns) and any(cell.strip() for cell in row[len(columns) :]):
                message = f"has {len(row)} cells for {len(columns)} columns: is a comma in a name?"
                faults.append(Fault(line=line, path="", message=message))
            where = f"meters[{len(meters)}]"
            lines[where] = line
            lines |= {f"{where}.{column}": line for column in columns}
            meters.append(_meter(columns, row))
            if len(meters) > MAX_ROWS:
                message = f"has more than {MAX_ROWS} rows: split it into several files"
                faults.append(Fault(line=line, path="", message=message))
                break
    except csv.Error as error:
        message = f"cannot be read ({error}): is a quote missing?"
        faults.append(Fault(line=max(1, reader.line_num), path="", message=message))
    if columns is None:
        message = f"is empty: the first row names the columns, {', '.join(NEEDED)}"
        faults.append(Fault(line=1, path="", message=message))
    if faults:
        raise DocumentError(file, faults)
    return Document(data={"meters": meters}, lines=lines)


@contextmanager
def in_columns(*, file: str) -> Iterator[None]:
    """Let faults of the block name cells by their column: `address`, not `meters[3].address`."""
    try:
        yield
    except DocumentError as error:
        raise DocumentError(file, map(_in_column, error.faults)) from error


def _in_column(fault: Fault) -> Fault:
    where, _, column = fault.path.rpartition(".")
    return Fault(line=fault.line, path=column if where else "", message=fault.message)


def _delimiter(text: str) -> str:
    """Return what separates the cells of the first row that is not empty."""
    first = next((line for line in text.splitlines() if line.strip()), "")

    def known(delimiter: str) -> int:
        cells = [cell.strip().strip('"').casefold() for cell in first.split(delimiter)]
        return sum(cell in COLUMNS for cell in cells)

    return max(_DELIMITERS, key=known)


def _column_faults(columns: list[str], line: int) -> list[Fault]:
    faults = []
    for place, column in enumerate(columns):
        if column in columns[:place] and column:
            message = "stands twice: remove one of the two columns"
            faults.append(Fault(line=line, path=column, message=message))
        elif column and column not in COLUMNS:
            close = get_close_matches(column, COLUMNS, 1)
            known = f"did you mean '{close[0]}'?" if close else f"known are {', '.join(COLUMNS)}"
            message = f"unknown column '{column[:40]}', {known}"
            faults.append(Fault(line=line, path=column[:40], message=message))
    missing = [column for column in NEEDED if column not in columns]
    faults += [
        Fault(line=line, path=column, message=f"the column '{column}' is missing")
        for column in missing
    ]
    return faults


def _meter(columns: list[str], row: list[str]) -> dict[str, Any]:
    """Return the cells that are not empty, as what they look like."""
    meter: dict[str, Any] = {}
    for column, cell in zip(columns, row, strict=False):
        if column and (text := cell.strip()):
            meter[column] = _value(column, text)
    return meter


def _value(column: str, text: str) -> str | int | Decimal | list[str]:
    """Read a number or a list where one belongs; what is none stays text, and is told later."""
    if column == "labels":
        return [label for part in text.split("|") if (label := part.strip())]
    if column in _WHOLE and _INTEGER.fullmatch(text):
        return int(text)
    if column in _NUMBERS and _DECIMAL.fullmatch(text):
        return Decimal(text.replace(",", "."))
    return text
