"""What the gateway's parts share."""

from collections.abc import Callable
from dataclasses import dataclass
import secrets

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from ....core.money.amount import Currency
from .faults import Faults
from .keys import GatewayKeys
from .notices import Notices
from .orders import Order, OrderBook, Refund
from .voice import Voice

PREFIX = "/sandbox"
"""Below it are the payers' pages."""


@dataclass(slots=True, kw_only=True)
class GatewayState:
    """One merchant's gateway: who, what was ordered, and how it speaks."""

    keys: GatewayKeys
    merchant: RSAPublicNumbers
    """What the merchant's signatures are checked with."""
    currency: Currency
    faults: Faults
    book: OrderBook
    voice: Voice
    notices: Notices
    pages_url: Callable[[], str]
    """Where payers' browsers reach its pages, if that is not by itself."""
    base_url: str = ""
    """Where the merchant's machine reaches the gateway."""

    @property
    def payer_url(self) -> str:
        """Where payers' browsers reach its pages now."""
        return self.pages_url() or f"{self.base_url}{PREFIX}"

    async def pay(self, order: Order, *, late: bool = False) -> bool:
        """Take a payment and tell of it; False if the order cannot be paid any more."""
        if not order.pay(self.voice.now(), late=late):
            return False
        await self.book.keep(order)
        self.notices.announce(order)
        return True

    async def open_refund(self, order: Order, number: str, amount: int, notify_url: str) -> Refund:
        """Begin a refund, which is not at its end yet."""
        refund = Refund(
            id=number,
            refund_id=f"5030{secrets.randbelow(10**24):024}",
            order_id=order.id,
            amount=amount,
            notify_url=notify_url,
            created_at=self.voice.now().isoformat(timespec="seconds"),
        )
        await self.book.keep(refund)
        return refund

    async def end_refund(self, refund: Refund) -> None:
        """Bring a refund to the end that refunds have now, and tell of it."""
        refund.state = self.faults.refund_state
        if not refund.is_over:
            return
        if refund.state == "SUCCESS":
            refund.success_time = refund.created_at
        await self.book.keep(refund)
        self.notices.announce(refund)
