"""A real site whose tenants pay at a bank on paper."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant

from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.payment_rows import Method, OrderState, PayOrder
from custom_components.compere_prepaid.core.payment.crediting import Recorded
from custom_components.compere_prepaid.core.payment.orders import OrderRequest
from custom_components.compere_prepaid.core.payment.provider import HttpReply, Paid, Payer
from custom_components.compere_prepaid.payments.building import BUILDERS
from custom_components.compere_prepaid.payments.service import Ordered
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.payment.paper import PaperBank, PaperProvider
from tests.site_fixtures import GUARD_S, MONDAY_NOON, running_site

PAYER = Payer(method=Method.REDIRECT)


async def paid_order(site: CompereSite, order_id: str) -> PayOrder:
    """Return an order once it is paid."""
    arrived = asyncio.Event()

    async def look(done: Recorded, _: Paid) -> None:
        if done.order is not None and done.order.id == order_id:
            arrived.set()

    site.payments.on_paid.append(look)
    order = await site.payments.async_known(order_id)
    if order.state is not OrderState.PAID:
        async with asyncio.timeout(GUARD_S):
            await arrived.wait()
        order = await site.payments.async_known(order_id)
    assert order.state is OrderState.PAID, order
    return order


@contextmanager
def paper_accepted(bank: PaperBank) -> Iterator[None]:
    """Let sites have providers of the kind `paper`, all at one bank."""

    def make(_: CompereSite, key: str, data: Mapping[str, Any]) -> PaperProvider:
        return PaperProvider(key, bank, for_trying=data.get("for_trying", False))

    with patch.dict(BUILDERS, {"paper": make}):
        yield


def paper_subentry(key: str = "paper", **more: object) -> ConfigSubentry:
    """Return the subentry of a provider on paper."""
    return ConfigSubentry(
        data=MappingProxyType({"kind": "paper", "key": key, **more}),
        subentry_id=f"provider-{key}",
        subentry_type="provider",
        title=f"Bank {key}",
        unique_id=f"provider:{key}",
    )


@asynccontextmanager
async def paying_site(
    hass: HomeAssistant, mall: Mall, folder: Path, bank: PaperBank, **how: Any
) -> AsyncIterator[CompereSite]:
    """Run a site that takes payments at a bank; `how` is as for `site_entry`."""
    with paper_accepted(bank):
        async with running_site(hass, mall, folder, **how) as site:
            hass.config_entries.async_add_subentry(site.entry, paper_subentry())
            await hass.async_block_till_done()
            yield site


def paper_bank() -> PaperBank:
    """Return a bank that opens at noon, like the mall."""
    return PaperBank(MONDAY_NOON)


async def order(
    site: CompereSite, account: str, amount: str, key: str, *, provider: str = "paper"
) -> Ordered:
    """Order a payment for an account."""
    request = OrderRequest(
        account=AccountNumber(account),
        amount=site.currency.parse(amount),
        provider=provider,
        key=key,
    )
    return await site.payments.async_order(request, PAYER)


async def notify(site: CompereSite, bank: PaperBank, paid: Paid) -> HttpReply:
    """Send the notice about a payment."""
    headers, body = bank.notice(paid)
    return await site.payments.async_notice("paper", headers, body)


async def known(site: CompereSite, order_id: str) -> PayOrder:
    """Return an order as the ledger has it."""
    found = await site.payments.async_find(order_id)
    assert found is not None
    return found
