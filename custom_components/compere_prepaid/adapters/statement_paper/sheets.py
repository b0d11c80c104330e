"""All lines of statements as a table for spreadsheets: CSV, or XLSX that is never whole in memory.

Numbers are numbers, in the form of no particular country; times are ISO 8601 in the site's zone.
`shown` is what the page shows and adds up as shown; `amount` is exact, in XLSX to its 15 digits.
"""

from collections.abc import Iterator, Mapping
import csv
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, override

import xlsxwriter

from .lines import group_of
from .view import Statement, told_funds

type Cell = str | int | Decimal | None

COLUMNS = (
    *("account", "name", "statement", "since", "until", "currency", "fund", "group", "kind"),
    *("at", "item", "count", "amount", "shown", "meter", "generation", "from", "to", "from_wh"),
    *("to_wh", "energy_wh", "tariff", "valid_from", "revision", "period", "tier", "price_per_kwh"),
    *("estimated", "base", "run", "pool", "basis", "weight", "total", "cost", "days", "why"),
    *("transfer", "reason"),
)
_NUMBERS = frozenset({"amount", "shown", "base", "price", "cost"})
_OF_LINE = ("at", "item", "count", "amount", "shown", "meter", "generation", "from", "to")
_OF_ENERGY = ("from_wh", "to_wh", "energy_wh", "tariff", "valid_from", "revision", "period")
_OF_SHARE = ("run", "pool", "basis", "weight", "total", "cost", "days", "why")


def rows_of(statement: Statement) -> Iterator[tuple[Cell, ...]]:
    """Yield a statement's rows: each fund's opening balance, its lines, its closing balance."""
    content = statement.content
    head: tuple[Cell, ...] = (
        *(content["account"], content["name"], statement.number),
        *(content["since"], content["until"], content["currency"]),
    )
    for name, fund in told_funds(content).items():
        yield _balance(head, name, "opening_balance", content["since"], fund, "opening")
        for line in fund["lines"]:
            yield (*head, name, group_of(line), line["kind"], *_line_cells(line))
        yield _balance(head, name, "closing_balance", content["until"], fund, "closing")


def _balance(
    head: tuple[Cell, ...], fund: str, kind: str, at: str, values: Mapping[str, Any], key: str
) -> tuple[Cell, ...]:
    cells: tuple[Cell, ...] = (
        *(*head, fund, "balance", kind, at, None, None),
        *(Decimal(values[key]), Decimal(values[f"{key}_shown"])),
    )
    return cells + (None,) * (len(COLUMNS) - len(cells))


def _line_cells(line: Mapping[str, Any]) -> tuple[Cell, ...]:
    share: Mapping[str, Any] = line.get("allocation") or {}
    estimated = line.get("estimated")
    return (
        *(_cell(line, key) for key in (*_OF_LINE, *_OF_ENERGY, "tier", "price")),
        None if estimated is None else "yes" if estimated else "no",
        _cell(line, "base"),
        *(_cell(share, key) for key in _OF_SHARE),
        *(_cell(line, key) for key in ("transfer", "reason")),
    )


def _cell(data: Mapping[str, Any], key: str) -> Cell:
    value: Cell = data.get(key)
    return Decimal(value) if key in _NUMBERS and isinstance(value, str) else value


class Spreadsheet(Protocol):
    """Takes statements one after the other."""

    def add(self, statement: Statement) -> None:
        """Write a statement's rows."""

    def close(self) -> None:
        """Finish the file."""

    def drop(self) -> None:
        """Leave the file as it is, and what was beside it away."""


class CsvSheet(Spreadsheet):
    """A CSV file, UTF-8 with the mark that Excel looks for. Blocks."""

    def __init__(self, path: Path) -> None:
        """Begin a file."""
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(COLUMNS)

    @override
    def add(self, statement: Statement) -> None:
        self._writer.writerows([_text(cell) for cell in row] for row in rows_of(statement))

    @override
    def close(self) -> None:
        self._file.close()

    @override
    def drop(self) -> None:
        self._file.close()


class XlsxSheet(Spreadsheet):
    """An XLSX workbook, written row by row. Blocks."""

    LAST_ROW = 1_048_575
    """Excel has no more; what does not fit goes to another sheet."""

    def __init__(self, path: Path) -> None:
        """Begin a workbook."""
        self._rows = TemporaryDirectory(prefix=f"{path.name}.", dir=path.parent)
        """Where they are until the workbook is put together out of them."""
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "tmpdir": self._rows.name,
        }
        self._book = xlsxwriter.Workbook(path, options)
        self._bold = self._book.add_format({"bold": True})
        self._begin()

    def _begin(self) -> None:
        self._sheet = self._book.add_worksheet()
        self._row = 0
        self._sheet.freeze_panes(1, 0)
        for column, title in enumerate(COLUMNS):
            self._sheet.write_string(0, column, title, self._bold)

    @override
    def add(self, statement: Statement) -> None:
        for cells in rows_of(statement):
            if self._row == self.LAST_ROW:
                self._begin()
            self._row += 1
            for column, cell in enumerate(cells):
                if isinstance(cell, str):
                    self._sheet.write_string(self._row, column, cell)
                elif cell is not None:
                    self._sheet.write_number(self._row, column, cell)

    @override
    def close(self) -> None:
        self._book.close()
        self._rows.cleanup()

    @override
    def drop(self) -> None:
        for sheet in self._book.worksheets():
            sheet.row_data_fh.close()
        self._rows.cleanup()


SHEETS = {"csv": CsvSheet, "xlsx": XlsxSheet}


def _text(cell: Cell) -> str | int:
    """Return a cell of a CSV file; a spreadsheet must not take a text for a formula."""
    match cell:
        case None:
            return ""
        case Decimal():
            return f"{cell:f}"
        case str() if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}:
            return f"'{cell}"
        case _:
            return cell
