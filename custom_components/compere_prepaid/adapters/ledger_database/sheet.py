"""What a transaction knows of a table's rows, and what it has yet to write.

Rows that say how things stand are read once, changed here and written once. Rows of history are
collected and written many at a time. So a sweep over thousands of meters costs a handful of
statements, and not a handful for each meter.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from .forms import Form, Key, Record

_MAX_OWNERS = 500
"""So many are named in one query: engines limit how many parameters a statement may have."""

_MAX_KNOWN = 200_000
"""So many owners' rows are remembered at most: those of a mall, and by far not its history."""

type Known = dict[Key, dict[Key, Any]]
"""Rows by their keys, by what they belong to."""


@dataclass(slots=True)
class Memory:
    """What a writer knows from its transactions before, as long as nobody else has written since.

    Each transaction that writes leaves a token of its own in the book; the last one's there says
    that all of this is still so.
    """

    token: str | None = None
    known: dict[str, Known] = field(default_factory=dict)

    def check(self, token: str) -> None:
        """Forget everything unless the book's last transaction is the one that is remembered."""
        if token != self.token or sum(map(len, self.known.values())) > _MAX_KNOWN:
            self.forget()

    def forget(self) -> None:
        """Know nothing, as after a transaction that was not kept."""
        self.token = None
        for rows in self.known.values():
            rows.clear()


class Sheet[R: Record]:
    """One site's rows of one table within an open transaction."""

    def __init__(self, form: Form[R], connection: Connection, site: str, memory: Memory) -> None:
        """Know what is remembered."""
        self.form = form
        self.unwritten: dict[Key, R] = {}
        """What is to be written, in the order of asking."""
        self._known: Known = memory.known.setdefault(form.table.name, {})
        """All rows of the owners that were asked about."""
        self._connection = connection
        self._site = site

    def of(self, *owner: object) -> Mapping[Key, R]:
        """Return all rows of an owner by their keys, in no certain order."""
        return self._of(owner)

    def find(self, *key: object) -> R | None:
        """Return the row with this key, if there is one."""
        form = self.form
        if form.owner:
            return self._of(key[: form.owner]).get(key)
        if (unwritten := self.unwritten.get(key)) is not None:
            return unwritten
        parameters = dict(zip(form.key_parameters, (self._site, *key), strict=True))
        row = self._connection.execute(form.by_key, parameters).first()
        return None if row is None else form.record(row)

    def put(self, record: R) -> None:
        """Take a row in place of the one with its key, or as a new one."""
        key = self.form.key(record)
        self._of(key[: self.form.owner])[key] = record
        self.unwritten[key] = record

    def add(self, record: R) -> bool:
        """Take a row of history; False if one with its key was taken before it was written."""
        key = self.form.key(record)
        if key in self.unwritten:
            return False
        self.unwritten[key] = record
        return True

    def load(self, owners: Iterable[str]) -> None:
        """Read the rows of many owners at once."""
        missing = [owner for owner in dict.fromkeys(owners) if (owner,) not in self._known]
        for first in range(0, len(missing), _MAX_OWNERS):
            self._load(missing[first : first + _MAX_OWNERS])

    def write(self) -> bool:
        """Write what is unwritten; False if a row may not be changed so."""
        if not self.unwritten:
            return True
        statement = self.form.statement(self._connection.dialect)
        rows = [statement.row(self._site, record) for record in self.unwritten.values()]
        if (keeps := self.form.keeps) is not None:
            for key, record in self.unwritten.items():
                if not keeps(record):
                    del self._known[key[: self.form.owner]][key]
        self.unwritten.clear()
        done = self._connection.exec_driver_sql(statement.sql, rows if len(rows) > 1 else rows[0])
        return done.rowcount == len(rows)

    def _of(self, owner: Key) -> dict[Key, R]:
        found = self._known.get(owner)
        if found is None:
            form = self.form
            parameters = dict(zip(form.key_parameters, (self._site, *owner), strict=False))
            records = map(form.record, self._connection.execute(form.of_owner, parameters).all())
            found = self._known[owner] = {form.key(record): record for record in records}
        return found

    def _load(self, owners: Collection[str]) -> None:
        form = self.form
        parameters: dict[str, Any] = {form.key_parameters[0]: self._site, "owners": list(owners)}
        found: Known = {(owner,): {} for owner in owners}
        for row in self._connection.execute(form.of_owners, parameters).all():
            record = form.record(row)
            key = form.key(record)
            found[key[:1]][key] = record
        self._known.update(found)
