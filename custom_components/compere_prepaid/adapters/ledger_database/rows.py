"""Rows of one site's book within a transaction: the ground that its parts share.

Each table's rows are on a `Sheet`, which answers what it can and writes late. Queries that look at
history have the sheets written first (`_query`), so that they see what the transaction did.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from sqlalchemy import Connection, Executable, Row
from sqlalchemy.exc import IntegrityError

from ...core.errors import OperationFailedError, PrepaidError
from .columns import metadata
from .forms import Form, Record
from .sheet import Memory, Sheet

_ORDER = tuple(table.name for table in metadata.sorted_tables)
"""The tables, each behind those that its foreign keys name."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a transaction works on."""

    connection: Connection
    site: str
    epoch: int = 0
    """The lease under which it may write; nobody ever holds the one with 0."""
    memory: Memory = field(default_factory=Memory)


class Rows:
    """The rows of one site within an open database transaction."""

    def __init__(self, scope: Scope) -> None:
        """Work on a site's rows."""
        self._connection = scope.connection
        self._site = scope.site
        self._epoch = scope.epoch
        self._memory = scope.memory
        self._failed: PrepaidError | None = None
        self._wrote = False
        self._sheets: dict[str, Sheet[Any]] = {}

    def _sheet[R: Record](self, form: Form[R]) -> Sheet[R]:
        """Return the sheet of a table."""
        sheet = self._sheets.get(form.table.name)
        if sheet is None:
            sheet = self._sheets[form.table.name] = Sheet(
                form, self._connection, self._site, self._memory
            )
        return sheet

    def _fail(self, error: PrepaidError) -> NoReturn:
        """Refuse, and never commit what was written before, even if the caller goes on."""
        self._failed = error
        raise error

    def _broken(self, rule: str) -> NoReturn:
        """Refuse to break a rule of the ledger: our own mistake, caught before it is written."""
        self._fail(OperationFailedError("ledger_rule_broken", rule=rule))

    def _add(self, sheet: Sheet[Any], record: Record) -> None:
        """Store a row of history; its key can exist only once."""
        if not sheet.add(record):
            self._broken(f"{sheet.form.table.name} {sheet.form.key(record)} is there already")

    def flush(self) -> None:
        """Write what the sheets hold, what others refer to first."""
        if not any(sheet.unwritten for sheet in self._sheets.values()):
            return
        self._wrote = True
        try:
            for name in _ORDER:
                sheet = self._sheets.get(name)
                if sheet is not None and not sheet.write():
                    self._broken(f"a row of {name} may not be changed so")
        except IntegrityError as error:
            self._broken(f"{name}: {error.orig}")
        except Exception:
            self._failed = self._failed or OperationFailedError(
                "ledger_rule_broken", rule="a transaction that was written in part only"
            )
            raise

    def _all(self, query: Executable, **parameters: object) -> Sequence[Row[Any]]:
        """Run a query as `_query` does, and fetch what it finds in one go, which is quicker."""
        self.flush()
        return self._connection.execute(query, {"key_site": self._site, **parameters}).all()

    def _query(self, query: Executable, **parameters: object) -> Iterator[Row[Any]]:
        """Run a query on all that is there, what this transaction did included."""
        self.flush()
        return iter(self._connection.execute(query, {"key_site": self._site, **parameters}))
