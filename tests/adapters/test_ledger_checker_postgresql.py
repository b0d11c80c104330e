"""The auditor reads a book on PostgreSQL as it reads a file: the same SQL, the same findings."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from custom_components.compere_prepaid.adapters.ledger_checker.apart import check_apart
from custom_components.compere_prepaid.adapters.ledger_checker.checker import check
from custom_components.compere_prepaid.adapters.ledger_database.ledger import database_at
from tests.adapters.postgresql_server import PostgresqlServer
from tests.adapters.test_ledger_checker import RICH_TAMPERINGS
from tests.rich_book import SITE, write_rich_book

NO_GUARDS = "SET LOCAL session_replication_role = replica"
"""Neither triggers nor foreign keys are in force then."""


@pytest.fixture
async def rich_url(socket_enabled: None, request: pytest.FixtureRequest) -> str:
    """Write a book in which everything happened."""
    server: PostgresqlServer = request.getfixturevalue("server")
    url = server.emptied()
    await write_rich_book(url)
    return url


@pytest.fixture
def connection(rich_url: str) -> Iterator[Connection]:
    """Connect to write to the book, until the end of the test."""
    engine = database_at(rich_url).open_writer()
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_rich_book_is_good(rich_url: str) -> None:
    """The control."""
    engine = database_at(rich_url).open_reader()
    with engine.begin() as connection:
        found = check(connection, SITE)
    engine.dispose()
    assert found.faults == ()
    assert found.charged_wh == found.register_wh > 0


def test_tampering_is_noticed(connection: Connection, figure: Callable[[str], None]) -> None:
    """What is noticed in a file is noticed here, unless the server refuses it to everybody."""
    noticed, refused, missed = 0, 0, []
    for name, statements in RICH_TAMPERINGS.items():
        with connection.begin() as transaction:
            connection.exec_driver_sql(NO_GUARDS)
            try:
                for statement in statements.replace(" user,", ' "user",').split(";"):
                    connection.exec_driver_sql(statement.replace("%", "%%"), ())
            except IntegrityError:
                refused += 1
            else:
                if check(connection, SITE).ok:
                    missed.append(name)
                else:
                    noticed += 1
            transaction.rollback()
    assert missed == []
    figure(f"PostgreSQL: {noticed} changes noticed, 0 missed, {refused} refused by keys")
    assert noticed > 40


async def test_is_checked_apart(rich_url: str) -> None:
    """The child gets the URL with its password by its standard input."""
    found = await check_apart(rich_url, SITE, "shown")
    assert found.faults == ()
    assert found.transfers > 300
