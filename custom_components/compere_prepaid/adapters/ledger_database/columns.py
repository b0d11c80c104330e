"""What the ledger's tables are made of.

Money is whole 10⁻⁹ (or 10⁻⁶) of the currency, energy whole Wh, instants whole microseconds of UTC,
days ISO text. The core's records hold richer things; the types here turn one into the other.
"""

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


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored as microseconds since 1970."""

    impl = WHOLE
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else microseconds(value)

    @override
    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else instant(value)


class Day(TypeDecorator[date]):
    """A calendar day, stored as ISO text, which sorts."""

    impl = TEXT
    cache_ok = True

    @override
    def process_bind_param(self, value: date | None, dialect: Dialect) -> str | None:
        return None if value is None else value.isoformat()

    @override
    def process_result_value(self, value: str | None, dialect: Dialect) -> date | None:
        return None if value is None else date.fromisoformat(value)


class Flag(TypeDecorator[bool]):
    """Yes or no, stored as 1 or 0."""

    impl = Integer
    cache_ok = True

    @override
    def process_bind_param(self, value: bool | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value)

    @override
    def process_result_value(self, value: int | None, dialect: Dialect) -> bool | None:
        return None if value is None else bool(value)


class Word[E: StrEnum](TypeDecorator[E]):
    """A word of a closed vocabulary, stored as it is spelled."""

    impl = TEXT
    cache_ok = True

    def __init__(self, vocabulary: type[E]) -> None:
        """Remember which words there are."""
        super().__init__()
        self.vocabulary = vocabulary

    @override
    def process_bind_param(self, value: E | None, dialect: Dialect) -> str | None:
        return None if value is None else value.value

    @override
    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:
        return None if value is None else self.vocabulary(value)


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
