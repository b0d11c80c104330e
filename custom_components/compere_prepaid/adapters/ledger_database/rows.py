"""Rows of one site's book, as the core's records.

A record's fields are named like its table's columns, so one rule turns any row into a record and
back. Statements are built once, with named parameters, and then only filled in: building one costs
several times what SQLite needs to run it. The rooms next door (`transfers`, `registers`, `supply`)
share this ground and nothing else.
"""

from dataclasses import fields
from functools import cache
from typing import Any, ClassVar, NoReturn, Protocol

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    Insert,
    RowMapping,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    insert,
    select,
    update,
)

from ...core.errors import OperationFailedError, PrepaidError


class _Record(Protocol):
    """Any dataclass of the core's records."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


def with_key(table: Table, *names: str) -> ColumnElement[bool]:
    """Return the condition that picks a site's rows by these columns.

    Its parameters are the columns' names with `key_` before them; `Rows._key` fills them in.
    """
    return and_(*(table.c[name] == bindparam(f"key_{name}") for name in ("site", *names)))


@cache
def _select(table: Table, names: tuple[str, ...]) -> Select[Any]:
    return select(table).where(with_key(table, *names))


@cache
def _select_ordered(table: Table, names: tuple[str, ...]) -> Select[Any]:
    return _select(table, names).order_by(*table.primary_key)


@cache
def _insert(table: Table) -> Insert:
    return insert(table)


@cache
def _update(table: Table, names: tuple[str, ...], values: tuple[str, ...]) -> Update:
    new: dict[str, object] = {name: bindparam(f"new_{name}") for name in values}
    return update(table).where(with_key(table, *names)).values(new)


class Rows:
    """The rows of one site within an open database transaction."""

    def __init__(self, connection: Connection, site: str, epoch: int) -> None:
        """Work on a site's rows; `epoch` is the lease under which this instance may write."""
        self._connection = connection
        self._site = site
        self._epoch = epoch
        self._failed: PrepaidError | None = None

    def _fail(self, error: PrepaidError) -> NoReturn:
        """Refuse, and never commit what was written before, even if the caller goes on."""
        self._failed = error
        raise error

    def _broken(self, rule: str) -> NoReturn:
        """Refuse to break a rule of the ledger: our own mistake, caught before it is written."""
        self._fail(OperationFailedError("ledger_rule_broken", rule=rule))

    def _key(self, **key: object) -> dict[str, object]:
        """Return the parameters of a statement that was built with `with_key`."""
        return {"key_site": self._site, **{f"key_{name}": value for name, value in key.items()}}

    def _first(self, query: Executable, parameters: dict[str, object]) -> RowMapping | None:
        """Return the first row that a query finds."""
        return self._connection.execute(query, parameters).mappings().first()

    def _get(self, table: Table, /, **key: object) -> RowMapping | None:
        """Return the row with this key, if there is one."""
        return self._first(_select(table, tuple(key)), self._key(**key))

    def _row(self, table: Table, /, **key: object) -> RowMapping:
        """Return the row with this key, which must be there."""
        row = self._get(table, **key)
        if row is None:
            self._broken(f"{table.name} has no row for {key or self._site}")
        return row

    def _records[R: _Record](
        self, kind: type[R], query: Executable, parameters: dict[str, object]
    ) -> tuple[R, ...]:
        """Return what a query finds, as records."""
        rows = self._connection.execute(query, parameters).mappings()
        return tuple(_record(kind, row) for row in rows)

    def _find[R: _Record](self, kind: type[R], table: Table, /, **key: object) -> R | None:
        """Return the row with this key as a record, if there is one."""
        row = self._get(table, **key)
        return None if row is None else _record(kind, row)

    def _all[R: _Record](self, kind: type[R], table: Table, /, **columns: object) -> tuple[R, ...]:
        """Return the rows with these columns as records, in the order of their key."""
        query = _select_ordered(table, tuple(columns))
        return self._records(kind, query, self._key(**columns))

    def _insert(self, table: Table, record: _Record, /, **more: object) -> None:
        """Store a record as a new row, with values for columns that the record does not have."""
        values = {field.name: getattr(record, field.name) for field in fields(record)}
        self._connection.execute(_insert(table), {"site": self._site, **values, **more})

    def _change(self, table: Table, key: dict[str, object], /, **values: object) -> int:
        """Set values in the rows with this key; return how many there were."""
        statement = _update(table, tuple(key), tuple(values))
        new = {f"new_{name}": value for name, value in values.items()}
        return self._execute(statement, self._key(**key) | new)

    def _execute(self, statement: Executable, parameters: dict[str, object]) -> int:
        """Run a statement that writes; return how many rows it touched."""
        return self._connection.execute(statement, parameters).rowcount


def _record[R: _Record](kind: type[R], row: RowMapping) -> R:
    return kind(**{field.name: row[field.name] for field in fields(kind)})
