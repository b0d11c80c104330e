"""A shop for each test of payments."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.adapters.payment.shop import Shop, open_shop


@pytest.fixture
async def shop(socket_enabled: None, tmp_path: Path) -> AsyncIterator[Shop]:
    """Run a shop with keys of its own."""
    async with open_shop(tmp_path) as shop:
        yield shop
