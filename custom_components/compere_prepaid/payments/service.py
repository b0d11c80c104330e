"""Payments of a site: what is offered, what was ordered, what came.

The portal, actions and entities ask here. Providers come and go with their subentries while the
site runs; what they tell, by a notice, an answer or a bill, goes to the one function that credits.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
import logging
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from homeassistant.util.ulid import ulid_now

from .. import issues
from ..const import SUBENTRY_PROVIDER
from ..core.errors import InvalidInputError, OperationFailedError, PrepaidError
from ..core.ledger.payment_rows import (
    Method,
    OrderState,
    PaymentNotice,
    PaymentSource,
    PayOrder,
    ProviderTxn,
)
from ..core.payment.checkouts import checkout_of, checkout_text
from ..core.payment.crediting import Crediting, Recorded
from ..core.payment.orders import OrderRequest, Orders
from ..core.payment.provider import (
    Capability,
    Charged,
    Checkout,
    Dispute,
    HttpReply,
    Notice,
    NoticeFault,
    Paid,
    Payer,
    PaymentProvider,
    RefundState,
    RejectedError,
    Unpaid,
)
from .automatic import AutomaticTopUps
from .building import Built, build, key_of
from .notice_desk import NoticeDesk, Told
from .offers import Offer
from .watcher import Watcher

if TYPE_CHECKING:
    from ..site import CompereSite

_LOGGER = logging.getLogger(__name__)

type Listener[T] = Callable[[str, T], Awaitable[None]]
"""Takes what a provider (by its key) tells; returns once that is durable, or raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """An order, and where its payer is sent to."""

    order: PayOrder
    checkout: Checkout


class Payments:
    """The payments of one site."""

    def __init__(self, site: CompereSite) -> None:
        """Serve a site; its providers come with `apply`."""
        self._site = site
        self._built: dict[str, Built] = {}
        self._refused: set[str] = set()
        self._providers: dict[str, PaymentProvider] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.crediting = Crediting(site.book)
        self.orders = Orders(site.book, ulid_now)
        self.watcher = Watcher(self.orders, site.clock, self._providers, self._take, site.spawn)
        self._desk = NoticeDesk(site.ledger, site.clock, self._on_notice, self._told)
        self.on_refund: Listener[RefundState] | None = None
        """Who is told what notices say of refunds."""
        self.on_dispute: Listener[Dispute] | None = None
        """Who is told that payers want money back through their bank."""
        self.automatic = AutomaticTopUps(site)
        self.on_paid: list[Callable[[Recorded, Paid], Awaitable[None]]] = [self.automatic.on_paid]
        """Who is told of payments, once they are durable."""
        self.on_notice: list[Told] = []
        """Who is told of notices, whether they are genuine."""

    # Providers

    @property
    def providers(self) -> Mapping[str, PaymentProvider]:
        """The providers that run, by key."""
        return self._providers

    def offers(self) -> tuple[Offer, ...]:
        """Return what payers are offered, in the order in which it was set up."""
        return tuple(
            Offer(
                key=key,
                title=built.title,
                kind=built.kind,
                methods=built.provider.methods - {Method.AUTOMATIC},
                is_sandbox=built.provider.is_sandbox,
                automatic=Capability.AUTOMATIC in built.provider.capabilities,
            )
            for key, built in self._built.items()
        )

    def apply(self) -> None:
        """Make the providers agree with the site's subentries; one that cannot run is told."""
        site, built, refused = self._site, {}, set()
        before = {one.subentry_id: one for one in self._built.values()}
        for subentry in site.entry.subentries.values():
            if subentry.subentry_type != SUBENTRY_PROVIDER:
                continue
            running = before.get(subentry.subentry_id)
            try:
                key = key_of(subentry.data)
                if key in built:
                    raise InvalidInputError("provider_key_taken", key=key)
                same = running and (running.title, dict(running.data)) == (
                    subentry.title,
                    dict(subentry.data),
                )
                built[key] = running if running and same else build(site, subentry)
            except PrepaidError as error:
                refused.add(subentry.subentry_id)
                issues.raise_refused(site, subentry, error)
        for mended in self._refused - refused:
            issues.clear(site, issues.REFUSED, mended)
        self._built, self._refused = built, refused
        self._providers.clear()
        self._providers.update({key: one.provider for key, one in built.items()})

    def provider(self, key: str) -> PaymentProvider:
        """Return a provider that runs; raises `InvalidInputError` (`provider_unknown`)."""
        provider = self._providers.get(key)
        if provider is None:
            raise InvalidInputError("provider_unknown", provider=key)
        return provider

    def title_of(self, key: str) -> str:
        """Return what people call a provider; empty if there is none with this key."""
        built = self._built.get(key)
        return built.title if built is not None else ""

    # What runs

    async def async_run(self) -> None:
        """Ask what became of everything that was unfinished when the site stopped."""
        await self.watcher.load()
        await self.automatic.load()
        self.watcher.on_clock()

    def on_clock(self) -> None:
        """Look after orders and automatic top-ups whose time has come, in the background."""
        self.watcher.on_clock()
        self.automatic.on_clock()

    # Orders

    async def async_order(self, request: OrderRequest, payer: Payer) -> Ordered:
        """Order a payment, once for the request's key, and return where the payer goes.

        Raises `InvalidInputError`: what `Orders.place` raises, `provider_unknown`, `order_closed`
        (nothing can be paid for this key any more); `OperationFailedError`: `payments_not_ready`,
        what the ledger raises, and the provider's `RetryableError` (the same may be asked again)
        and `RejectedError`.
        """
        if not (self._site.running and self.watcher.loaded):
            raise OperationFailedError("payments_not_ready")
        provider = self.provider(request.provider)
        await self.watcher.seen(request.account)
        if (oldest := await self.orders.in_the_way(request)) is not None:
            await self.watcher.close(oldest.id)
        order = await self.orders.place(request, provider, payer)
        self.watcher.follow(order)
        async with self._locks.setdefault(order.id, asyncio.Lock()):
            return await self._checked_out(order.id, provider)

    async def _checked_out(self, order_id: str, provider: PaymentProvider) -> Ordered:
        """Ask the provider for an order, unless it was asked and has answered."""
        order = await self.async_known(order_id)
        if order.state in {OrderState.CLOSING, OrderState.CLOSED}:
            raise InvalidInputError("order_closed")
        if order.state is OrderState.PAID:
            return Ordered(order=order, checkout=Charged(payment=await self._payment_of(order)))
        if (checkout := checkout_of(order.checkout)) is not None:
            return Ordered(order=order, checkout=checkout)
        try:
            checkout = await provider.create(order)
        except RejectedError as error:
            self.watcher.follow(await self.orders.move(order.id, OrderState.CLOSED, note=error.key))
            raise
        order = await self.orders.move(order.id, OrderState.OPEN, checkout=checkout_text(checkout))
        self.watcher.follow(order)
        if isinstance(checkout, Charged):
            await self._take(provider.key, checkout.payment)
            order = await self.async_known(order.id)
        return Ordered(order=order, checkout=checkout)

    async def _payment_of(self, order: PayOrder) -> Paid:
        """Return the payment that paid an order."""
        txn = await self._site.ledger.read(
            lambda tx: tx.find(ProviderTxn, provider=order.provider, txn=order.paid_txn)
        )
        if txn is None:
            raise OperationFailedError("ledger_rule_broken", rule=f"order {order.id}: no payment")
        return Paid(
            txn=txn.txn,
            order_id=order.id,
            amount=txn.amount,
            currency=order.currency,
            paid_at=txn.paid_at,
            day=txn.day,
        )

    async def async_find(self, order_id: str) -> PayOrder | None:
        """Return an order, if there is one."""
        return await self.orders.find(order_id)

    async def async_known(self, order_id: str) -> PayOrder:
        """Return an order; raises `InvalidInputError` (`order_unknown`)."""
        order = await self.orders.find(order_id)
        if order is None:
            raise InvalidInputError("order_unknown")
        return order

    async def async_check(self, order_id: str) -> PayOrder:
        """Ask an order's provider what became of it, now and for a while in the background.

        This is for who says that something was paid. Raises `InvalidInputError` (`order_unknown`),
        and what the ledger raises.
        """
        order = await self.async_known(order_id)
        if order.state is not OrderState.PAID:
            order = await self.watcher.ask(order)
            self.watcher.press(order)
        return order

    # What providers tell

    async def async_record(
        self,
        provider_key: str,
        paid: Paid,
        source: PaymentSource,
        notice: PaymentNotice | None = None,
        user: str = "",
    ) -> Recorded:
        """Record a payment, as `Crediting.record` does, and tell who waits for it."""
        # whoever waits may go away, but not between the ledger and what is remembered of it
        recording = self._site.hass.async_create_task(
            self.crediting.record(provider_key, paid, source, notice, user), "payment"
        )
        done = await asyncio.shield(recording)
        if done.order is not None:
            self.watcher.follow(done.order)
        if not done.altered:
            for tell in self.on_paid:
                await tell(done, paid)
        return done

    async def async_notice(
        self, provider_key: str, headers: Mapping[str, str], body: bytes
    ) -> HttpReply:
        """Take a notice and return what it is answered with; never raises.

        404 for a provider that is not there or tells nothing; 503 while the site does not run: it
        comes again.
        """
        if not self._site.running:
            return HttpReply(status=503)
        provider = self._providers.get(provider_key)
        if provider is None or Capability.NOTIFY not in provider.capabilities:
            return HttpReply(status=404)
        return await self._desk.take(provider, headers, body)

    def _told(self, provider_key: str, fault: NoticeFault | None) -> None:
        for tell in self.on_notice:
            tell(provider_key, fault)

    async def _on_notice(
        self, provider: PaymentProvider, notice: Notice, row: PaymentNotice
    ) -> None:
        match notice.news:
            case Paid() as paid:
                await self.async_record(provider.key, paid, PaymentSource.NOTICE, row)
            case Unpaid(is_final=True) as unpaid:
                await self._on_unpaid(unpaid)
            case RefundState() as refund if self.on_refund is not None:
                await self.on_refund(provider.key, refund)
            case Dispute() as dispute if self.on_dispute is not None:
                await self.on_dispute(provider.key, dispute)
            case _:
                _LOGGER.debug("A notice of %s concerns nobody: %s", provider.key, notice.id)

    async def _on_unpaid(self, unpaid: Unpaid) -> None:
        """Close an order for which nothing can come any more."""
        if await self.orders.find(unpaid.order_id) is not None:
            self.watcher.follow(
                await self.orders.move(unpaid.order_id, OrderState.CLOSED, note=unpaid.reason)
            )

    async def _take(self, provider_key: str, paid: Paid) -> PayOrder | None:
        return (await self.async_record(provider_key, paid, PaymentSource.QUERY)).order
