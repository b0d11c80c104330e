"""How the core's records lie in the tables.

A record's fields are named like its table's columns, so one rule turns any row into a record and
back. Statements are built once per engine and then only filled in: building one costs several times
what an engine needs to run it. And records become rows by a few calls for each, not for each
column, for a sweep writes thousands at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, ClassVar, Protocol

from sqlalchemy import Column, ColumnElement, Dialect, Select, Table, and_, bindparam, select

from .columns import Stored

type Key = tuple[object, ...]
"""The columns of a row's key, without the site."""


class Record(Protocol):
    """Any dataclass of the core's records."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


def with_key(table: Table, *names: str) -> ColumnElement[bool]:
    """Return the condition that picks a site's rows by these columns.

    Its parameters are the columns' names with `key_` before them.
    """
    return and_(*(table.c[name] == bindparam(f"key_{name}") for name in ("site", *names)))


@dataclass(frozen=True, slots=True)
class Statement:
    """The statement that stores a record, and how its parameters are made of one."""

    sql: str
    values: Callable[[Any], Sequence[Any]]
    processors: tuple[tuple[int, Callable[[Any], Any]], ...]
    """What turns a value into what the engine takes, by position; the others are taken as is."""

    def row(self, site: str, record: Record) -> tuple[Any, ...]:
        """Return a record as parameters."""
        row = [site, *self.values(record)]
        for position, process in self.processors:
            row[position] = process(row[position])
        return tuple(row)


class Form[R: Record]:
    """The records of one kind, and the table in which they lie."""

    def __init__(
        self,
        kind: type[R],
        table: Table,
        *,
        owner: int = 0,
        only: ColumnElement[bool] | None = None,
        keeps: Callable[[R], bool] | None = None,
        guard: str = "",
        more: Mapping[str, Callable[[Any], Any]] | None = None,
    ) -> None:
        """Describe a table.

        The first `owner` columns of its key name what the rows belong to: the rows of an owner (of
        those that `only` picks and `keeps` knows) are few, are known together, and may change if
        `guard` holds, in which `excluded` is the new row. With 0, rows are only ever added.

        `more` are columns that the record does not have; those of rows that change count the
        changes.
        """
        self.kind = kind
        self.table = table
        self.owner = owner
        self.keeps = keeps
        self.names = tuple(field.name for field in fields(kind))
        self.key_names = tuple(column.name for column in table.primary_key if column.name != "site")
        self.key_parameters = ("key_site", *(f"key_{name}" for name in self.key_names))
        self.key: Callable[[R], Key] = _tuple_getter(self.key_names)
        self.by_key = self.query(*self.key_names)
        owned = () if only is None else (only,)
        self.of_owner = self.query(*self.key_names[:owner]).where(*owned)
        first = table.c[self.key_names[0]]
        self.of_owners = self.query().where(first.in_(bindparam("owners", expanding=True)), *owned)
        self._guard = guard
        self._more = more or {}
        self._statements: dict[str, Statement] = {}

    def query(self, *names: str) -> Select[Any]:
        """Return the query for the site's rows that have certain values in these columns."""
        columns = (self.table.c[name] for name in self.names)
        return select(*columns).where(with_key(self.table, *names))

    def record(self, row: Sequence[Any]) -> R:
        """Return a row that one of the queries found as a record."""
        return self.kind(**dict(zip(self.names, row, strict=True)))

    def statement(self, dialect: Dialect) -> Statement:
        """Return how an engine stores a record."""
        if dialect.name not in self._statements:
            self._statements[dialect.name] = self._build(dialect)
        return self._statements[dialect.name]

    def _build(self, dialect: Dialect) -> Statement:
        names = ("site", *self.names, *self._more)
        mark = "%s" if dialect.paramstyle == "format" else "?"
        columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join(mark for _ in names)
        sql = f'INSERT INTO "{self.table.name}" ({columns}) VALUES ({marks})'  # noqa: S608  -- our own names
        if self.owner:
            key = ", ".join(f'"{column.name}"' for column in self.table.primary_key)
            new = ", ".join(
                f'"{name}" = {self.table.name}."{name}" + 1'
                if name in self._more
                else f'"{name}" = excluded."{name}"'
                for name in names
                if name not in {"site", *self.key_names}
            )
            sql += f" ON CONFLICT ({key}) DO UPDATE SET {new}"
            sql += f" WHERE {self._guard}" if self._guard else ""
        return Statement(sql, self._values(), _processors(self.table, names, dialect))

    def _values(self) -> Callable[[R], Sequence[Any]]:
        get = _tuple_getter(self.names)
        if not self._more:
            return get
        more = tuple(self._more.values())
        return lambda record: (*get(record), *(make(record) for make in more))


def _tuple_getter(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what reads these fields of a record."""
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda record: (get(record),)


def _processors(
    table: Table, names: Sequence[str], dialect: Dialect
) -> tuple[tuple[int, Callable[[Any], Any]], ...]:
    """Return what the columns' types do to values on their way into the engine."""
    found = (_processor(table.c[name], dialect) for name in names)
    return tuple((place, process) for place, process in enumerate(found) if process is not None)


def _processor(column: Column[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """Return what a column's type does, on the shortest way there is."""
    if isinstance(column.type, Stored) and not column.nullable:
        return column.type.store
    return column.type.dialect_impl(dialect).bind_processor(dialect)
