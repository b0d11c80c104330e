"""A desk per test, on a ledger file of its own, and one on which much happened."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.prepayment.desk import Desk
from tests.core.statement.rich_month import a_rich_month


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Open a desk on a fresh ledger file, and close it after the test."""
    desk = await Desk(tmp_path / "ledger.db").open()
    yield desk
    await desk.ledger.close()


@pytest.fixture
async def rich(desk: Desk) -> Desk:
    """Return a desk behind a month in which much happened."""
    await a_rich_month(desk)
    return desk
