"""A desk, and a provider on paper that takes money for its accounts."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from custom_components.compere_prepaid.core.ledger.payment_rows import Method, PayOrder
from custom_components.compere_prepaid.core.money.amount import Amount
from custom_components.compere_prepaid.core.payment.crediting import Crediting
from custom_components.compere_prepaid.core.payment.orders import OrderRequest, Orders
from custom_components.compere_prepaid.core.payment.provider import Payer
from simulator.mall import Mall
from tests.core.prepayment.desk import SHOP, Desk, money
from tests.payment.paper import PaperBank, PaperProvider
from tests.site_fixtures import one_line_mall

PAYER = Payer(method=Method.REDIRECT)


@dataclass(slots=True)
class Till:
    """Orders and payments at a desk."""

    desk: Desk
    bank: PaperBank
    numbers: count[int] = field(default_factory=lambda: count(1))
    orders: Orders = field(init=False)
    crediting: Crediting = field(init=False)

    def __post_init__(self) -> None:
        """Serve the desk's book, as it is now."""
        self.serve()

    def serve(self) -> None:
        """Serve the desk's book after it was opened."""
        self.orders = Orders(self.desk.book, lambda: f"ORDER{next(self.numbers):06}")
        self.crediting = Crediting(self.desk.book)

    @property
    def provider(self) -> PaperProvider:
        """The provider's end."""
        return PaperProvider("paper", self.bank)

    async def order(self, amount: str | int, key: str = "", **more: object) -> PayOrder:
        """Order for the shop, and have the provider hear of it."""
        request = OrderRequest(
            account=SHOP,
            amount=money(amount),
            provider="paper",
            key=key or f"key-{next(self.numbers)}",
            **more,  # type: ignore[arg-type]  # the request's own
        )
        order = await self.orders.place(request, self.provider, PAYER)
        self.bank.ordered[order.id] = Amount(order.amount)
        return order


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
