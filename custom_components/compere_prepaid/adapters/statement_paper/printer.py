"""Printing: from a statement to its files. Blocking; see `child` for how that is kept aside.

A file appears under its name when it is whole, and replaces one of that name.
"""

from collections.abc import Mapping
from contextlib import ExitStack, suppress
import os
from pathlib import Path

from .order import Order
from .page import page_of
from .sheets import SHEETS, Spreadsheet
from .view import Statement

PART = ".part"
"""Ends the name of a file that is not whole yet."""


def _part_of(path: Path) -> Path:
    """Return where a file is made. Two processes may print the same one at once."""
    return path.with_name(f"{path.name}.{os.getpid()}{PART}")


def print_order(order: Order) -> None:
    """Print a statement to all its files, or to none."""
    statement = order.statement
    with ExitStack() as undo:
        parts: list[tuple[Path, Path]] = []
        page = ""
        if order.files.keys() & {"html", "pdf"}:
            page = page_of(statement, order.language)
        for form, path in order.files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = _part_of(path)
            undo.callback(part.unlink, missing_ok=True)
            _write(part, form, page, statement)
            parts.append((part, path))
        for part, path in parts:
            part.replace(path)


def _write(part: Path, form: str, page: str, statement: Statement) -> None:
    match form:
        case "html":
            part.write_text(page, "utf-8")
        case "pdf":
            from .pdf import pdf_of  # noqa: PLC0415  -- a large library, for who needs it

            part.write_bytes(pdf_of(page, statement))
        case _:
            sheet = SHEETS[form](part)
            sheet.add(statement)
            sheet.close()


class Tables:
    """Tables of many statements' lines, each a file."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        """Begin them."""
        self._files = files
        for path in files.values():
            path.parent.mkdir(parents=True, exist_ok=True)
        self._sheets: dict[str, Spreadsheet] = {
            form: SHEETS[form](_part_of(path)) for form, path in files.items()
        }

    def add(self, statement: Statement) -> None:
        """Add a statement's lines to each."""
        for sheet in self._sheets.values():
            sheet.add(statement)

    def close(self) -> None:
        """Finish them, and give them their names."""
        for sheet in self._sheets.values():
            sheet.close()
        for path in self._files.values():
            _part_of(path).replace(path)

    def drop(self) -> None:
        """Leave nothing of them."""
        for form, sheet in self._sheets.items():
            with suppress(OSError):
                sheet.drop()
            _part_of(self._files[form]).unlink(missing_ok=True)
