"""Bringing older books to the present tables.

All books of a database are raised together, one version after the other, in the transaction that
takes the lease: it leaves the database as it was, or as it is to be. Each book notes where its
chain ended then, for what stands before was written by older rules. And each book's lease is taken
away from whoever held it: an older program must not go on writing by rules that it alone knows.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Connection, insert, inspect, select, update

from .append_only import guards
from .columns import metadata
from .tables import book, chain_head, migration

VERSION = 5
"""A book that was written by a newer version of the tables is refused, never guessed at."""


def version_of(connection: Connection) -> int | None:
    """Return the version of a database's books, or None if it holds none."""
    if not inspect(connection).has_table(book.name):
        return None
    versions = connection.execute(select(book.c.schema_version)).scalars().all()
    return max(versions, default=None)


def make_tables(connection: Connection) -> None:
    """Make what is missing of the present tables, and all of their triggers."""
    metadata.create_all(connection)
    for statement in guards(connection.dialect.name):
        connection.exec_driver_sql(statement)


def raise_books(connection: Connection, version: int, holder: str, at: datetime) -> None:
    """Bring all books of a database from a version to the present one, in the open transaction."""
    for step in range(version + 1, VERSION + 1):
        _STEPS[step](connection)
    make_tables(connection)
    for site, seq in connection.execute(select(chain_head.c.site, chain_head.c.seq)).all():
        for step in range(version + 1, VERSION + 1):
            note_version(connection, site, seq, at, step)
    connection.execute(update(book).values(schema_version=VERSION))
    lease = {"epoch": chain_head.c.epoch + 1, "holder": holder, "taken_at": at}
    connection.execute(update(chain_head).values(lease))


def note_version(
    connection: Connection, site: str, seq: int, at: datetime, version: int = VERSION
) -> None:
    """Note that a book follows the rules of a version behind this transfer."""
    row = {"site": site, "version": version, "seq": seq, "at": at}
    connection.execute(insert(migration).values(row))


def _to_2(connection: Connection) -> None:
    """Add what CT ratios, tariff revisions, receipts and unanswered commits ask of old tables.

    And find an account's transfers by the time they speak of.
    """
    for table, column in (
        ("chain_head", "token TEXT NOT NULL DEFAULT ''"),
        ("transfer", "outcome TEXT NOT NULL DEFAULT ''"),
        ("register_generation", "multiplier INTEGER NOT NULL DEFAULT 1 CHECK (multiplier > 0)"),
        ("register_generation", "reason TEXT NOT NULL DEFAULT ''"),
        ("register_generation", "user TEXT NOT NULL DEFAULT ''"),
        ("bill_mark", "registers TEXT NOT NULL DEFAULT ''"),
        ("charge", "revision INTEGER NOT NULL DEFAULT 1"),
    ):
        connection.exec_driver_sql(f'ALTER TABLE "{table}" ADD COLUMN {column}')
    for side in ("debit", "credit"):
        connection.exec_driver_sql(f"DROP INDEX transfer_{side}")
        connection.exec_driver_sql(
            f"CREATE INDEX transfer_{side}_at ON transfer (site, {side}, effective_at, seq)"
        )


def _to_3(connection: Connection) -> None:
    """Let the index by which an account's spending is found hold all that its sums ask for.

    Else version 3 brings tables only: what policies remember, decisions, batches, receipts.
    """
    connection.exec_driver_sql("DROP INDEX transfer_debit_at")
    connection.exec_driver_sql(
        "CREATE INDEX transfer_debit_at ON transfer "
        "(site, debit, effective_at, seq, code, kind, amount)"
    )


def _to_4(_connection: Connection) -> None:
    """Change nothing: version 4 brings tables only, about payments and the portal."""


def _to_5(_connection: Connection) -> None:
    """Change nothing: version 5 brings tables only, about shared costs."""


_STEPS: Mapping[int, Callable[[Connection], None]] = {
    2: _to_2,
    3: _to_3,
    4: _to_4,
    5: _to_5,
}
"""What leads to each version. Steps are never changed again; a step leaves alone the tables that
its version brings, for they are made at the end as they are now."""
