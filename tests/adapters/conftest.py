"""A new book per test, for the tests of the ledger's database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from tests.adapters.ledger_books import open_book


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the book lies: in a folder that is not there yet."""
    return tmp_path / "compere_prepaid" / "mall.db"


@pytest.fixture
async def ledger(path: Path) -> AsyncIterator[DatabaseLedger]:
    """Open a new book."""
    ledger = await open_book(path)
    yield ledger
    await ledger.close()
