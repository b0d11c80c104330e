"""A real trial site: its sandbox, its portal, and notices over HTTP between the two.

async with trial_site(hass, mall, tmp_path) as trial:
    order = await trial.ordered("A-101", "50")
    assert await trial.gateway.pay(order.id)
    await trial.paid(order.id)
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import itertools
from pathlib import Path
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant

from custom_components.compere_prepaid.adapters.payment.sandbox_gateway.faults import Faults
from custom_components.compere_prepaid.adapters.payment.sandbox_gateway.gateway import (
    SandboxGateway,
)
from custom_components.compere_prepaid.adapters.payment.wechat.provider import WeChatProvider
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.payment_rows import (
    Method,
    PayOrder,
    ProviderTxn,
)
from custom_components.compere_prepaid.core.payment.orders import OrderRequest
from custom_components.compere_prepaid.core.payment.provider import Payer
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.adapters.payment.shop import give_keys
from tests.payment.paying import paid_order
from tests.site_fixtures import running_site

PORTAL = {"enabled": True, "host": "127.0.0.1", "port": 0}
KEY = "sandbox"


@dataclass(slots=True, kw_only=True)
class Trial:
    """A trial site, and what a payer and the gateway do."""

    site: CompereSite
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def gateway(self) -> SandboxGateway:
        """The bundled gateway."""
        assert self.site.sandbox is not None
        return self.site.sandbox.gateway

    @property
    def faults(self) -> Faults:
        """What the gateway does wrong."""
        return self.gateway.faults

    @property
    def provider(self) -> WeChatProvider:
        """The site's provider."""
        provider = self.site.payments.providers[KEY]
        assert isinstance(provider, WeChatProvider)
        return provider

    async def ordered(
        self, account: str, amount: str, method: Method = Method.REDIRECT, key: str = ""
    ) -> PayOrder:
        """Order a payment, as the page does."""
        request = OrderRequest(
            account=AccountNumber(account),
            amount=self.site.currency.parse(amount),
            provider=KEY,
            key=key or f"page-{next(self.numbers)}",
        )
        payer = Payer(method=method, client_ip="192.0.2.7", openid="oPayer")
        return (await self.site.payments.async_order(request, payer)).order

    async def paid(self, order_id: str) -> PayOrder:
        """Return an order once it is paid."""
        return await paid_order(self.site, order_id)

    async def known(self, order_id: str) -> PayOrder:
        """Return an order as the ledger has it."""
        order = await self.site.payments.async_find(order_id)
        assert order is not None
        return order

    async def payments(self) -> tuple[ProviderTxn, ...]:
        """Return all payments that the ledger has."""
        return await self.site.ledger.read(lambda tx: tx.rows(ProviderTxn))

    def balance(self, account: str) -> str:
        """Return what an account has."""
        state = self.site.book.accounts[AccountNumber(account)]
        return f"{self.site.currency.rounded_down(state.balance)}"


@asynccontextmanager
async def trial_site(
    hass: HomeAssistant, mall: Mall, folder: Path, **how: Any
) -> AsyncIterator[Trial]:
    """Run a trial site with a sandbox; `how` is as for `site_entry`."""
    give_keys(folder / "ledger-sandbox")
    options = {"portal": PORTAL, **how.pop("options", {})}
    async with running_site(
        hass, mall, folder, book_kind="sandbox", options=options, **how
    ) as site:
        hass.config_entries.async_add_subentry(
            site.entry,
            ConfigSubentry(
                data=MappingProxyType({"kind": "sandbox", "key": KEY, "title": "Sandbox"}),
                subentry_id=f"provider-{KEY}",
                subentry_type="provider",
                title="Sandbox",
                unique_id=f"provider:{KEY}",
            ),
        )
        await hass.async_block_till_done()
        yield Trial(site=site)
