"""A trial site whose tenants pay at the simulated Stripe account, in the mall's time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant

from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.payment_rows import Method, PayOrder
from custom_components.compere_prepaid.core.payment.orders import OrderRequest
from custom_components.compere_prepaid.core.payment.provider import Payer
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock, moment_of
from simulator.mall import Mall
from tests.payment.fake_stripe import FakeStripe, Thing
from tests.site_fixtures import running_site
from tests.stories.telling import PRICE

SHOP = "A-101"
BACK = "https://pay.example.org/pay/1"


@dataclass
class StripeSite:
    """The site, its account, and what its tenant does."""

    site: CompereSite
    stripe: FakeStripe
    mall: Mall
    keys: count[int]

    async def order(self, amount: str, *, keep_means: bool = False) -> PayOrder:
        """Order a payment for the shop."""
        request = OrderRequest(
            account=AccountNumber(SHOP),
            amount=self.site.currency.parse(amount),
            provider="stripe",
            key=f"tap-{next(self.keys)}",
        )
        payer = Payer(method=Method.REDIRECT, return_url=BACK, keep_means=keep_means)
        return (await self.site.payments.async_order(request, payer)).order

    def page_of(self, order: PayOrder) -> str:
        """Return the id of an order's page."""
        (found,) = (
            name
            for name, session in self.stripe.sessions.items()
            if session["client_reference_id"] == order.id
        )
        return found

    async def tell(self, event: Thing) -> HTTPStatus:
        """Let an event arrive at the site."""
        headers, body = self.stripe.signed(event)
        reply = await self.site.payments.async_notice("stripe", headers, body)
        return HTTPStatus(reply.status)

    async def pay(self, order: PayOrder) -> None:
        """Pay on the page, and let all that Stripe has to tell arrive."""
        before = len(self.stripe.events)
        self.stripe.pay(self.page_of(order))
        for event in self.stripe.events[before:]:
            assert await self.tell(event) is HTTPStatus.OK

    async def look(self) -> None:
        """Let the site look at its automatic top-ups now, and wait until it has."""
        automatic = self.site.payments.automatic
        automatic.on_clock()
        if automatic._round is not None:
            await automatic._round

    def wait(self, seconds: int) -> None:
        """Let time pass."""
        assert isinstance(self.mall.clock, ManualClock)
        self.mall.clock.advance(seconds=seconds)

    @property
    def automatic_orders(self) -> list[Thing]:
        """The charges that Stripe knows of besides those on pages."""
        pages = {session["payment_intent"] for session in self.stripe.sessions.values()}
        return [intent for name, intent in self.stripe.intents.items() if name not in pages]


@asynccontextmanager
async def stripe_site(
    hass: HomeAssistant, mall: Mall, folder: Path, **how: Any
) -> AsyncIterator[StripeSite]:
    """Run a trial site with a shop; `how` is as for `site_entry`."""
    options = {"price": PRICE, "accounts": {SHOP: (SHOP,)}, "book_kind": "sandbox"} | how
    for meter in mall.meters:
        meter.set_load(0)  # until a test lets it use something
    stripe = FakeStripe(now=lambda: int(moment_of(mall.clock.now_us()).timestamp()))
    async with stripe, running_site(hass, mall, folder, **options) as site:
        data = {
            "kind": "stripe",
            "key": "stripe",
            "secret_key": stripe.secret_key,
            "webhook_secret": stripe.webhook_secret,
            "base_url": stripe.url,
        }
        hass.config_entries.async_add_subentry(
            site.entry,
            ConfigSubentry(
                data=MappingProxyType(data),
                subentry_id="provider-stripe",
                subentry_type="provider",
                title="Cards",
                unique_id="provider:stripe",
            ),
        )
        await hass.async_block_till_done()
        yield StripeSite(site, stripe, mall, count(1))
