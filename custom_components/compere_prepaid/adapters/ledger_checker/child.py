"""What the processes do that check a large book: see `apart`."""

from collections.abc import Iterator
from dataclasses import asdict
import json
import subprocess
import sys
from typing import Any, TextIO, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ..alone import command
from ..ledger_database.database import Database
from ..ledger_database.ledger import database_at
from .apart import CHILD
from .book import Book
from .chain import Walk, walk
from .checker import Walking, check, unreadable


def main() -> None:
    """Do what standard input asks for, and write what was found to standard output."""
    print(json.dumps(_run(json.load(sys.stdin))))  # noqa: T201  -- that is the answer


def _run(request: dict[str, Any]) -> dict[str, Any]:
    """Check a book, or walk its chain."""
    database = database_at(request["address"])
    engine = database.open_reader()
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":  # one child may wait for the other
                connection.exec_driver_sql("SET idle_in_transaction_session_timeout = 0")
                connection.exec_driver_sql("SET statement_timeout = 0")
            if "until" in request:
                return _walk(connection, request)
            return _check(database, connection, request)
    except DBAPIError as error:
        if database.is_damage(error):
            return asdict(unreadable(f"database: {error.orig}"))
        failure = database.failure(error)
        return {"failure": failure.key, "placeholders": failure.placeholders}
    except _WalkFailedError as error:
        return error.answer
    finally:
        engine.dispose()


def _walk(connection: Connection, request: dict[str, Any]) -> dict[str, Any]:
    """Walk the chain up to a transfer."""
    book = Book(connection, request["site"], old_until=request["old_until"])
    walked = walk(book, request["until"])
    return {"walk": walked.data(), "faults": book.faults, "more": book.more}


def _check(database: Database, connection: Connection, request: dict[str, Any]) -> dict[str, Any]:
    """Check a book while another child walks its chain."""

    def begin_walk(book: Book, until: int) -> Walking:
        child = subprocess.Popen(  # noqa: S603  -- this very program
            command(CHILD),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        asked = json.dumps({**request, "until": until, "old_until": book.old_until})
        # It reads all of it at once; `communicate` later only closes the pipe.
        cast("TextIO", child.stdin).write(asked)
        cast("TextIO", child.stdin).close()
        child.stdin = None
        return lambda: _walked(book, child)

    known = _known(database, connection)
    return asdict(check(connection, request["site"], known, begin_walk))


def _known(database: Database, connection: Connection) -> Iterator[str]:
    """Yield what the engine finds wrong itself, when it is asked for.

    SQLite's whole check of millions of rows against all indexes takes as long as all the rest; its
    quick one leaves the indexes' content out, of which the auditor looks at what matters.
    """
    if connection.dialect.name != "sqlite":
        yield from database.damage(connection)
        return
    for line in connection.exec_driver_sql("PRAGMA quick_check(10)").scalars():
        if line != "ok":
            yield f"database file: {line}"


class _WalkFailedError(Exception):
    """The other child could not walk the chain; this is its answer."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__()
        self.answer = answer


def _walked(book: Book, child: subprocess.Popen[str]) -> Walk:
    """Wait for the walk, and take its faults over."""
    answer, _ = child.communicate()
    data = json.loads(answer)
    if "walk" not in data:
        raise _WalkFailedError(data)
    for fault in data["faults"]:
        book.fault(fault)
    book.more += data["more"]
    return Walk.of(data["walk"])
