"""Orders and payments at a desk, by a provider on paper."""

from dataclasses import dataclass, field
import hashlib
from itertools import count

from custom_components.compere_prepaid.core.ledger.payment_rows import (
    Method,
    PaymentNotice,
    PaymentSource,
    PayOrder,
)
from custom_components.compere_prepaid.core.money.amount import Amount
from custom_components.compere_prepaid.core.payment.crediting import Crediting, Recorded
from custom_components.compere_prepaid.core.payment.orders import OrderRequest, Orders
from custom_components.compere_prepaid.core.payment.provider import Paid, Payer
from tests.core.prepayment.desk import SHOP, Desk, money
from tests.payment.paper import PaperBank, PaperProvider

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

    def notice_of(self, paid: Paid) -> PaymentNotice:
        """Return the notice about a payment as it is kept."""
        body = self.bank.notice(paid)[1]
        return PaymentNotice(
            provider="paper",
            id=hashlib.sha256(body).hexdigest(),
            received_at=self.desk.clock.now(),
            verdict="genuine",
            headers="{}",
            body=body.decode(),
        )

    async def pay(self, key: str) -> Recorded:
        """Have a notice tell that the order with this key was paid; there may be none."""
        found = await self.desk.ledger.read(lambda tx: tx.rows(PayOrder, key=key))
        order, amount = (found[0].id, found[0].amount) if found else (key, money(7))
        paid = self.bank.pay(order, amount, txn=f"txn of {key}")
        return await self.crediting.record(
            "paper", paid, PaymentSource.NOTICE, self.notice_of(paid)
        )
