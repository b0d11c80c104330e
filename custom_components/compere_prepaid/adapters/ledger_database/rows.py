"""Rows of one site's book, as the core's records.

A record's fields are named like its table's columns, so one rule turns any row into a record and
back. The rooms next door (`transfers`, `registers`, `supply`) share this ground and nothing else.
"""

from dataclasses import fields
from typing import Any, ClassVar, NoReturn, Protocol

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    RowMapping,
    Select,
    Table,
    and_,
    select,
)

from ...core.errors import OperationFailedError, PrepaidError


class _Record(Protocol):
    """Any dataclass of the core's records."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


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

    def _at(self, table: Table, **key: Any) -> ColumnElement[bool]:
        """Return the condition that picks this site's rows with these values."""
        conditions = [table.c[name] == value for name, value in key.items()]
        return and_(table.c.site == self._site, *conditions)

    def _execute(self, statement: Executable) -> int:
        """Run a statement that writes; return how many rows it touched."""
        return self._connection.execute(statement).rowcount

    def _first(self, query: Select[Any]) -> RowMapping | None:
        """Return the first row, if any."""
        return self._connection.execute(query).mappings().first()

    def _row(self, table: Table, **key: Any) -> RowMapping:
        """Return the one row with this key, which must be there."""
        row = self._first(select(table).where(self._at(table, **key)))
        if row is None:
            self._broken(f"{table.name} has no row for {key or self._site}")
        return row

    def _records[R: _Record](self, kind: type[R], query: Select[Any]) -> tuple[R, ...]:
        """Return what a query finds, as records."""
        names = [field.name for field in fields(kind)]
        rows = self._connection.execute(query).mappings()
        return tuple(kind(**{name: row[name] for name in names}) for row in rows)

    def _record[R: _Record](self, kind: type[R], query: Select[Any]) -> R | None:
        """Return the first that a query finds, as a record."""
        found = self._records(kind, query.limit(1))
        return found[0] if found else None

    def _insert(self, table: Table, record: _Record, **more: Any) -> None:
        """Store a record as a new row, with values for columns that the record does not have."""
        values = {field.name: getattr(record, field.name) for field in fields(record)}
        self._execute(table.insert().values(site=self._site, **values, **more))
