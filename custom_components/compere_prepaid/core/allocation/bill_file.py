"""Bills as a table: a CSV file with a row a bill, as spreadsheets write it.

The first row names the columns; a cell that is empty is not there. Every fault is told with its
line, and nothing is entered while there is one.
"""

from collections.abc import Iterator, Mapping, Sequence
import csv
from datetime import date, datetime
from decimal import Decimal
import io
import re

from ..document_faults import Fault
from ..documents import DocumentError
from ..errors import InvalidInputError
from ..ledger.allocation_rows import SupplierBill
from ..money.amount import ZERO, Amount, Currency
from .bills import MANY

NEEDED = ("supplier", "number", "name", "since", "until", "amount")
COLUMNS = (*NEEDED, "tax", "energy_kwh", "fixed")
_DELIMITERS = (",", ";", "\t")
_KWH = re.compile(r"[0-9]{1,9}(\.[0-9]{1,3})?")
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}


class _CellError(Exception):
    """A cell cannot be read."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column
        self.message = message


def read_bills(
    text: str, *, file: str, currency: Currency, at: datetime, user: str
) -> tuple[SupplierBill, ...]:
    """Return the bills of a table. Raises `DocumentError` with all that is wrong with it."""
    text = text.removeprefix("\ufeff")
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=first.count)
    faults: list[Fault] = []
    bills: list[SupplierBill] = []
    columns: Sequence[str] = ()
    for line, row in _rows(text, delimiter, file):
        if not columns:
            columns = [cell.strip().casefold() for cell in row]
            faults += _column_faults(columns, line)
            if faults:
                break
            continue
        try:
            bills.append(_bill(_cells(columns, row), currency, at, user))
        except _CellError as error:
            faults.append(Fault(line=line, path=error.column, message=error.message))
    if not columns:
        message = f"is empty: the first row names the columns, {', '.join(NEEDED)}"
        faults.append(Fault(line=1, path="", message=message))
    if len(bills) > MANY:
        message = f"has more than {MANY} bills: split it into several files"
        faults.append(Fault(line=1, path="", message=message))
    if faults:
        raise DocumentError(file, faults)
    return tuple(bills)


def _rows(text: str, delimiter: str, file: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the rows that have something in them, with their lines."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    end = 0
    try:
        for row in reader:
            line, end = end + 1, reader.line_num
            if any(cell.strip() for cell in row):
                yield line, row
    except csv.Error as error:
        message = f"cannot be read ({error}): is a quote missing?"
        fault = Fault(line=max(1, reader.line_num), path="", message=message)
        raise DocumentError(file, [fault]) from error


def _column_faults(columns: Sequence[str], line: int) -> Iterator[Fault]:
    for column in columns:
        if column and columns.count(column) > 1:
            yield Fault(line=line, path=column, message="stands twice: remove one of the columns")
        if column and column not in COLUMNS:
            message = f"unknown column, known are {', '.join(COLUMNS)}"
            yield Fault(line=line, path=column[:40], message=message)
    for column in NEEDED:
        if column not in columns:
            yield Fault(line=line, path=column, message=f"the column '{column}' is missing")


def _cells(columns: Sequence[str], row: Sequence[str]) -> Mapping[str, str]:
    if any(cell.strip() for cell in row[len(columns) :]):
        message = f"has {len(row)} cells for {len(columns)} columns: is a comma in a name?"
        raise _CellError("", message)
    return {name: cell.strip() for name, cell in zip(columns, row, strict=False)}


def _bill(cells: Mapping[str, str], currency: Currency, at: datetime, user: str) -> SupplierBill:
    for column in NEEDED:
        if not cells.get(column):
            raise _CellError(column, "is empty")
    since, until = _day(cells, "since"), _day(cells, "until")
    if until <= since:
        raise _CellError("until", "must be after 'since': it is the first day behind the bill")
    energy, fixed = cells.get("energy_kwh", ""), cells.get("fixed", "").casefold()
    if energy and not _KWH.fullmatch(energy):
        raise _CellError("energy_kwh", f"'{energy[:40]}' is no energy in kWh like 1250.5")
    if fixed not in _YES_NO:
        raise _CellError("fixed", f"'{fixed[:40]}' is neither yes nor no")

    def money(column: str) -> Amount:
        try:
            return currency.parse(text) if (text := cells.get(column, "")) else ZERO
        except InvalidInputError as error:
            message = f"'{text[:40]}' is no amount in {currency.code} like 1250.50"
            raise _CellError(column, message) from error

    return SupplierBill(
        supplier=cells["supplier"],
        number=cells["number"],
        name=cells["name"],
        since=since,
        until=until,
        amount=money("amount"),
        tax=money("tax"),
        energy_wh=int(Decimal(energy or 0) * 1000),
        fixed=_YES_NO[fixed],
        entered_at=at,
        user=user,
    )


def _day(cells: Mapping[str, str], column: str) -> date:
    try:
        return date.fromisoformat(cells[column])
    except ValueError as error:
        raise _CellError(column, f"'{cells[column][:40]}' is no day like 2026-10-01") from error
