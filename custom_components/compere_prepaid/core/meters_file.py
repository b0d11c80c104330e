"""Meters as a table: a CSV file with a row a meter, as spreadsheets write it.

The columns are the keys of a site file's meters; labels in a cell are told apart by `|`. What the
cells mean is judged as in a site file; here they only become numbers and text, each with its line.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
import re
from typing import Any

from .document_faults import Fault
from .documents import Document, DocumentError
from .table_file import Table

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
MAX_ROWS = 10_000

_INTEGER = re.compile(r"[-+]?\d{1,12}")
_DECIMAL = re.compile(r"[-+]?\d{1,12}([.,]\d{1,6})?")


def read_meters(text: str, *, file: str) -> Document:
    """Return the rows as the `meters` of a site file, with the line of each cell.

    Raises `DocumentError` when the table itself cannot be read. Blocking for large tables.
    """
    table = Table(file=file, columns=COLUMNS, needed=NEEDED, max_rows=MAX_ROWS)
    meters: list[dict[str, Any]] = []
    lines = {"": 1}
    for line, cells in table.rows(text):
        where = f"meters[{len(meters)}]"
        lines[where] = line
        lines |= {f"{where}.{column}": line for column in cells}
        meters.append(_meter(cells))
    table.refuse_faults()
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


def _meter(cells: Mapping[str, str]) -> dict[str, Any]:
    """Return the cells as what they look like."""
    return {column: _value(column, cell) for column, cell in cells.items()}


def _value(column: str, text: str) -> str | int | Decimal | list[str]:
    """Read a number or a list where one belongs; what is none stays text, and is told later."""
    if column == "labels":
        return [label for part in text.split("|") if (label := part.strip())]
    if column in _WHOLE and _INTEGER.fullmatch(text):
        return int(text)
    if column in _NUMBERS and _DECIMAL.fullmatch(text):
        return Decimal(text.replace(",", "."))
    return text
