"""A Stripe provider in front of the simulated account, in a time that a test moves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import aiohttp

from custom_components.compere_prepaid.adapters.payment.stripe.provider import StripeProvider
from custom_components.compere_prepaid.adapters.payment.stripe.settings import StripeSettings
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.payment_rows import (
    Method,
    PayOrder,
    ProviderRefund,
    ProviderRefundState,
)
from custom_components.compere_prepaid.core.money.amount import Currency
from custom_components.compere_prepaid.core.payment.provider import Notice, Payer
from tests.payment.fake_stripe import FakeStripe, Thing

MORNING = datetime(2026, 9, 21, 8, tzinfo=UTC)
BACK = "https://pay.example.org/pay/1"
SITE = "riverside_mall"

_NUMBERS = count(1)


@dataclass
class HandClock:
    """A clock that a test moves."""

    at: datetime = MORNING

    def now(self) -> datetime:
        """Return the test's time."""
        return self.at

    def monotonic(self) -> float:
        """Return it in seconds."""
        return self.at.timestamp()

    def move(self, **by: int) -> None:
        """Go on."""
        self.at += timedelta(**by)


@dataclass
class StripeDesk:
    """The provider, and what a test asks of it."""

    stripe: FakeStripe
    provider: StripeProvider
    clock: HandClock
    currency: Currency
    orders: list[PayOrder] = field(default_factory=list)

    def order(
        self, amount: str = "50", *, method: Method = Method.REDIRECT, **payer: object
    ) -> PayOrder:
        """Draw up an order as it is stored before the provider is asked."""
        now = self.clock.now()
        bare = PayOrder(
            id=f"01J{next(_NUMBERS):023d}",
            provider=self.provider.key,
            account=AccountNumber("A-101"),
            fund="electricity",
            amount=self.currency.parse(amount),
            currency=self.currency.code,
            method=method,
            key=f"page-{len(self.orders)}",
            created_at=now,
            expires_at=now + timedelta(minutes=15),
            changed_at=now,
        )
        asks = Payer(method=method, return_url=BACK, **payer)  # type: ignore[arg-type]
        order = replace(bare, params=self.provider.parameters(bare, asks))
        self.orders.append(order)
        return order

    def session_of(self, order: PayOrder) -> str:
        """Return the id of an order's page."""
        (found,) = [
            name
            for name, session in self.stripe.sessions.items()
            if session["client_reference_id"] == order.id
        ]
        return found

    def refund(self, order: PayOrder, txn: str, amount: str) -> ProviderRefund:
        """Draw up a refund as it is stored before the provider is asked."""
        now = self.clock.now()
        return ProviderRefund(
            id=f"RF-{next(_NUMBERS)}",
            provider=self.provider.key,
            txn=txn,
            order_id=order.id,
            account=order.account,
            fund=order.fund,
            amount=self.currency.parse(amount),
            reason="paid twice",
            user="anna",
            state=ProviderRefundState.RESERVED,
            created_at=now,
            changed_at=now,
        )

    def told(self, event: Thing) -> Notice:
        """Let an event arrive."""
        headers, body = self.stripe.signed(event)
        return self.provider.parse_notice(headers, body, self.clock.now())

    def last_event(self, kind: str) -> Thing:
        """Return the last event of a type."""
        return [event for event in self.stripe.events if event["type"] == kind][-1]


@asynccontextmanager
async def stripe_desk(
    currency: str = "SGD", site: str = SITE, **account: object
) -> AsyncIterator[StripeDesk]:
    """Open a simulated account and a provider for it."""
    clock, money = HandClock(), Currency.of(currency)
    stripe = FakeStripe(now=lambda: int(clock.at.timestamp()), **account)  # type: ignore[arg-type]
    async with stripe, aiohttp.ClientSession() as session:
        settings = StripeSettings.of(stripe.secret_key, (stripe.webhook_secret,), stripe.url)
        provider = StripeProvider(
            "stripe", settings, session=session, currency=money, site=site, clock=clock
        )
        yield StripeDesk(stripe, provider, clock, money)
