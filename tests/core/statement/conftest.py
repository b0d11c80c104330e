"""A desk per test, on a ledger file of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.prepayment.desk import Desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Open a desk on a fresh ledger file, and close it after the test."""
    desk = await Desk(tmp_path / "ledger.db").open()
    yield desk
    await desk.ledger.close()
