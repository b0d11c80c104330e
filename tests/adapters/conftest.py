"""A new book per test, for the tests of the ledger's database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from tests.adapters.ledger_books import open_book
from tests.adapters.postgresql_server import PostgresqlServer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the book lies: in a folder that is not there yet."""
    return tmp_path / "compere_prepaid" / "mall.db"


@pytest.fixture
def engine() -> str:
    """Return the name of the engine; tests for several engines are parametrised over it."""
    return "sqlite"


@pytest.fixture
def place(engine: str, path: Path, request: pytest.FixtureRequest) -> Path | str:
    """Return where the engine keeps the book: a file's path, or a database's URL."""
    if engine == "sqlite":
        return path
    server: PostgresqlServer = request.getfixturevalue("server")
    return server.emptied()


@pytest.fixture
async def ledger(place: Path | str) -> AsyncIterator[DatabaseLedger]:
    """Open a new book."""
    ledger = await open_book(place)
    yield ledger
    await ledger.close()
