"""What a page is made of: tables of text, and nothing that knows about pages or files."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a column is set."""

    TEXT = "text"
    WIDE = "wide"
    """Takes the room that others leave, and breaks into lines."""
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Column:
    """A column; all its cells are set alike."""

    title: str
    kind: Kind = Kind.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row: one text a column, which may have several lines. A `sum` stands out."""

    cells: tuple[str, ...]
    is_sum: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with a title, and notes below it."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Tables under a heading: a fund's."""

    title: str
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A whole statement, ready to be set."""

    language: str
    title: str
    subject: str
    """What the file is called to its reader: title, number, account."""
    site: str
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    summary: Table
    parts: tuple[Part, ...]
    comparison: Table | None
    charts: tuple[tuple[str, str], ...]
    """Title and drawing (SVG) of each."""
    check_title: str
    checks: tuple[str, ...]
    made_by: str
    running: str
    """What stands at the foot of every page."""
