"""Changing a book behind the program's back, as somebody does who has the file."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import product
from pathlib import Path
import shutil
import sqlite3

from sqlalchemy import Engine, StaticPool, create_engine, event

from custom_components.compere_prepaid.adapters.ledger_checker.checker import Verification, check

RICHER = "UPDATE transfer SET amount = amount * 2 WHERE code = 'opening'"
"""Doubles what tenants have paid in advance."""

_KINDS = {
    "transfer": "code, kind, source",
    "charge": "account, period, tier, estimated, amount = 0",
    "fee": "kind",
    "correction": "run",
}
"""Of tables with many rows, what makes rows of different kinds; two of each are looked at."""


def tamper(path: Path, statement: str) -> None:
    """Run a statement that the book's own rules would not allow."""
    with closing(sqlite3.connect(path, autocommit=True)) as raw:
        _disarm(raw)
        before = raw.total_changes
        raw.execute(statement)
        assert raw.total_changes > before, "nothing was tampered with"


class TamperedBook:
    """A copy of a book that is changed, audited, and put back, again and again."""

    def __init__(self, engine: Engine, raw: sqlite3.Connection, site: str) -> None:
        """Use `tampered` to make one."""
        self._engine = engine
        self._raw = raw
        self._site = site

    def audit(self, statements: str = "") -> Verification:
        """Audit the book as it is after these statements."""
        with self._engine.connect() as connection, connection.begin() as transaction:
            before = self._raw.total_changes
            for statement in filter(str.strip, statements.split(";")):
                connection.exec_driver_sql(statement)
            assert not statements or self._raw.total_changes > before, "nothing was tampered with"
            found = check(connection, self._site)
            transaction.rollback()
        return found

    def edits(self) -> Iterator[tuple[str, str, str]]:
        """Name values of rows of every kind, and a statement that changes each a little."""
        raw = self._raw
        tables = raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            columns = raw.execute(f'PRAGMA table_info("{table}")').fetchall()
            for _, column, kind, *_ in columns[1:]:  # all but the site
                name = f'"{column}"'
                number = (f"ifnull({name}, 0) + 1", f"ifnull({name}, 0) - 1")
                values = (f"ifnull({name}, '') || 'x'",) if kind == "TEXT" else number
                for value, row in product(values, list(self._rows(table, columns))):
                    edit = f'UPDATE "{table}" SET {name} = {value} WHERE {row}'  # noqa: S608  -- to tamper with
                    yield table, column, edit

    def _rows(self, table: str, columns: list[tuple[object, ...]]) -> Iterator[str]:
        """Return conditions, each of which picks one row."""
        same = " || ' AND ' || ".join(
            f'\'"{column}" IS \' || quote("{column}")' for _, column, *_ in columns
        )
        first = ", ".join(f'"{column}"' for _, column, *_ in columns)
        kinds = _KINDS.get(table, first)
        query = (
            f"SELECT same FROM (SELECT {same} AS same, "  # noqa: S608  -- its own tables
            f'row_number() OVER (PARTITION BY {kinds}) AS number FROM "{table}") WHERE number <= 2'
        )
        for (row,) in self._raw.execute(query):
            yield row


@contextmanager
def tampered(book: Path, folder: Path, site: str) -> Iterator[TamperedBook]:
    """Copy a book into a folder, and take its own guards away."""
    path = folder / "tampered.db"
    shutil.copy(book, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA ignore_check_constraints = ON")
        raw.execute("PRAGMA synchronous = OFF")
        _disarm(raw)
        engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        yield TamperedBook(engine, raw, site)
        engine.dispose()


def _disarm(raw: sqlite3.Connection) -> None:
    triggers = raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for (name,) in triggers.fetchall():
        raw.execute(f"DROP TRIGGER {name}")
