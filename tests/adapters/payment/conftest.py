"""A shop for each test of payments."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.adapters.payment.shop import Shop, open_shop
from tests.core.prepayment.desk import HandClock


@pytest.fixture
def clock() -> HandClock:
    """Return the clock of the shop and of the gateway, which stands still."""
    return HandClock()


@pytest.fixture
async def shop(socket_enabled: None, tmp_path: Path, clock: HandClock) -> AsyncIterator[Shop]:
    """Run a shop with keys of its own."""
    async with open_shop(tmp_path, clock) as shop:
        yield shop
