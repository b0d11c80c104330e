"""A desk, and a provider on paper that takes money for its accounts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulator.mall import Mall
from tests.core.prepayment.desk import Desk
from tests.payment.paper import PaperBank
from tests.payment.stripe_desk import StripeDesk, stripe_desk
from tests.payment.till import Till
from tests.site_fixtures import one_line_mall


@pytest.fixture
async def till(tmp_path: Path) -> AsyncIterator[Till]:
    """Open a shop with 20 yuan, whose tenant may pay at the bank on paper."""
    desk = await Desk(tmp_path / "ledger.db").open()
    await desk.shop("20")
    yield Till(desk, PaperBank(desk.clock.now()))
    await desk.ledger.close()


@pytest.fixture
async def mall(socket_enabled: None) -> AsyncIterator[Mall]:
    """Open a mall of two shops on one line, whose time a test moves by hand."""
    async with one_line_mall(2) as mall:
        yield mall


@pytest.fixture
async def desk(socket_enabled: None) -> AsyncIterator[StripeDesk]:
    """Open a simulated Stripe account in Singapore dollars, and a provider for it."""
    async with stripe_desk() as desk:
        yield desk
