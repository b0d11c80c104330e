"""Tables: CSV files with a row a thing, as spreadsheets write them.

The first row names the columns. Commas, semicolons and tabs are told apart by that row. A cell that
is empty is not there. What the cells mean is for the reader of the table to judge; all that is
wrong is told together, each fault with its line.
"""

from collections.abc import Iterator, Mapping, Sequence
import csv
from dataclasses import dataclass, field
from difflib import get_close_matches
import io

from .document_faults import Fault
from .documents import DocumentError
from .errors import InvalidInputError

MAX_CHARACTERS = 2_000_000
_DELIMITERS = (",", ";", "\t")


def decode_table(raw: bytes, *, file: str) -> str:
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


@dataclass(slots=True, kw_only=True)
class Table:
    """Reads one table, and collects what is wrong with it."""

    file: str
    columns: Sequence[str]
    needed: Sequence[str]
    max_rows: int
    _faults: list[Fault] = field(default_factory=list, init=False)

    def fault(self, line: int, column: str, message: str) -> None:
        """Note what is wrong with a line."""
        self._faults.append(Fault(line=line, path=column, message=message))

    def refuse_faults(self) -> None:
        """Raise `DocumentError` if anything was wrong."""
        if self._faults:
            raise DocumentError(self.file, self._faults)

    def rows(self, text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
        """Yield the line of each row that can be read, and its cells by their columns.

        What cannot be read is noted: call `refuse_faults` afterwards. Blocking for large tables.
        """
        text = text.removeprefix("\ufeff")
        if len(text) > MAX_CHARACTERS:
            message = f"is larger than {MAX_CHARACTERS} characters: split it into several files"
            self.fault(1, "", message)
            return
        rows = self._split(text)
        line, row = next(rows, (1, []))
        header = [cell.strip().casefold() for cell in row]
        if not header:
            message = f"is empty: the first row names the columns, {', '.join(self.needed)}"
            self.fault(1, "", message)
        is_known = self._is_known(header, line)
        for count, (line, row) in enumerate(rows, 1):
            is_long = any(cell.strip() for cell in row[len(header) :])
            if is_long:
                message = f"has {len(row)} cells for {len(header)} columns: is a comma in a name?"
                self.fault(line, "", message)
            if count > self.max_rows:
                message = f"has more than {self.max_rows} rows: split it into several files"
                self.fault(line, "", message)
                return
            if is_known and not is_long:
                cells = zip(header, row, strict=False)
                yield line, {name: cell.strip() for name, cell in cells if name and cell.strip()}

    def _split(self, text: str) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows that have something in them, with their lines."""
        delimiter = self._delimiter(text)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        end = 0
        try:
            for row in reader:
                line, end = end + 1, reader.line_num
                if any(cell.strip() for cell in row):
                    yield line, row
        except csv.Error as error:
            message = f"cannot be read ({error}): is a quote missing?"
            self.fault(max(1, reader.line_num), "", message)

    def _delimiter(self, text: str) -> str:
        """Return what separates the cells of the first row that is not empty."""
        first = next((line for line in text.splitlines() if line.strip()), "")

        def known(delimiter: str) -> int:
            cells = [cell.strip().strip('"').casefold() for cell in first.split(delimiter)]
            return sum(cell in self.columns for cell in cells)

        return max(_DELIMITERS, key=known)

    def _is_known(self, header: Sequence[str], line: int) -> bool:
        """Tell whether the columns are those that are needed and known, each once."""
        before = len(self._faults)
        for place, column in enumerate(header):
            if column in header[:place] and column:
                self.fault(line, column, "stands twice: remove one of the two columns")
            elif column and column not in self.columns:
                close = get_close_matches(column, self.columns, 1)
                known = (
                    f"did you mean '{close[0]}'?"
                    if close
                    else f"known are {', '.join(self.columns)}"
                )
                self.fault(line, column[:40], f"unknown column '{column[:40]}', {known}")
        for column in self.needed if header else ():
            if column not in header:
                self.fault(line, column, f"the column '{column}' is missing")
        return len(self._faults) == before
