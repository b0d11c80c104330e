"""What the ledger's tables are made of.

Money is whole 10⁻⁹ (or 10⁻⁶) of the currency, energy whole Wh, instants whole microseconds of UTC,
days ISO text. The core's records hold richer things; the types here turn one into the other.
"""

from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from typing import Any, override

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    text,
)
from sqlalchemy.schema import SchemaItem

from ...core.ledger.chain import instant, microseconds

metadata = MetaData()
"""All tables of the ledger."""

WHOLE = BigInteger().with_variant(Integer(), "sqlite")

TEXT = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that sorts by its characters' numbers everywhere, as SQLite does by itself."""


class Stored[T](TypeDecorator[T]):
    """A value of the core that an engine keeps as something plainer."""

    store: Callable[[Any], Any]
    """Turns a value into what is kept."""
    load: Callable[[Any], Any]
    """Turns it back."""

    @override
    def process_bind_param(self, value: T | None, dialect: Dialect) -> Any:
        return None if value is None else self.store(value)

    @override
    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], T | None]:
        """Read by one call for each value: a statement has hundreds of rows."""
        load = self.load
        return lambda value: None if value is None else load(value)


class Instant(Stored[datetime]):
    """An aware instant, stored as microseconds since 1970."""

    impl = WHOLE
    cache_ok = True
    store = staticmethod(microseconds)
    load = staticmethod(instant)


class Day(Stored[date]):
    """A calendar day, stored as ISO text, which sorts."""

    impl = TEXT
    cache_ok = True
    store = staticmethod(date.isoformat)
    load = staticmethod(date.fromisoformat)


class Flag(Stored[bool]):
    """Yes or no, stored as 1 or 0."""

    impl = Integer
    cache_ok = True
    store = int
    load = bool


class Word[E: StrEnum](Stored[E]):
    """A word of a closed vocabulary, stored as it is spelled."""

    impl = TEXT
    cache_ok = True
    store = str

    def __init__(self, vocabulary: type[E]) -> None:
        """Remember which words there are."""
        super().__init__()
        self.vocabulary = vocabulary
        self.load = vocabulary


def column(
    name: str, kind: Any = TEXT, *, null: bool = False, default: str | None = None
) -> Column[Any]:
    """Define a column; `default` is what rows of an older version say."""
    literal = text(default) if default and kind is WHOLE else default
    return Column(name, kind, nullable=null, server_default=literal)


def table(name: str, *items: SchemaItem, by_key: bool = False) -> Table:
    """Define a table whose first column is the site; `by_key` keeps its rows in the key's order."""
    return Table(
        name,
        metadata,
        column("site"),
        *items,
        sqlite_strict=True,
        sqlite_with_rowid=not by_key,
    )
