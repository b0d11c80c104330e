"""Asks providers what became of orders, so that no payment depends on a notice.

What is unfinished when the program starts is asked for first. Nothing here credits: whatever a
provider says goes to `take`, and an answer that says nothing changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
import logging
from typing import Any
from weakref import WeakValueDictionary

from ..core.clock import Clock
from ..core.errors import PrepaidError
from ..core.ledger.payment_rows import OrderState, PayOrder
from ..core.payment.orders import UNFINISHED, Orders
from ..core.payment.provider import (
    Capability,
    Paid,
    PaymentProvider,
    PaymentState,
    Unknown,
    Unpaid,
)
from ..core.payment.watching import PRESSING, Step, Watch

_LOGGER = logging.getLogger(__name__)

AT_ONCE = 8
"""So many orders are asked for at the same time."""

type Take = Callable[[str, Paid], Awaitable[PayOrder | None]]
"""Records what a provider (by its key) says was paid; returns how the order is then."""


class Watcher:
    """Follows the orders of a site until they are at their end."""

    def __init__(
        self,
        orders: Orders,
        clock: Clock,
        providers: Mapping[str, PaymentProvider],
        take: Take,
        spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]],
    ) -> None:
        """Follow orders."""
        self._orders = orders
        self._clock = clock
        self._providers = providers
        self._take = take
        self._spawn = spawn
        self._watches: dict[str, Watch] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._pressed: dict[str, asyncio.Task[None]] = {}
        self._round: asyncio.Task[None] | None = None
        self.loaded = False
        """Whether what was unfinished when the program started is known."""

    async def load(self) -> None:
        """Remember what is unfinished in the ledger."""
        for order in await self._orders.unfinished():
            self.follow(order)
            self._watches[order.id].asked_at = None
        self.loaded = True

    def follow(self, order: PayOrder) -> None:
        """Watch an order, or watch it no more once it is at its end."""
        if order.state not in UNFINISHED:
            self._watches.pop(order.id, None)
        elif order.id not in self._watches:
            self._watches[order.id] = Watch(
                order_id=order.id,
                account=order.account,
                created_at=order.created_at,
                expires_at=order.expires_at,
                asked_at=order.created_at,
                is_closing=order.state is OrderState.CLOSING,
            )

    def on_clock(self) -> None:
        """Ask for the orders whose time has come, in the background."""
        if self._round is None or self._round.done():
            self._round = self._spawn(self.work_off(), "orders")

    async def work_off(self) -> None:
        """Ask for the orders whose time has come; the trouble of one is its own."""
        if not self.loaded:
            await self.load()
        now = self._clock.now()
        due = [watch.order_id for watch in self._watches.values() if watch.step(now)]
        limit = asyncio.Semaphore(AT_ONCE)

        async def one(order_id: str) -> None:
            async with limit:
                await _guarded(self._look(order_id))

        await asyncio.gather(*map(one, due))

    async def seen(self, account: str) -> None:
        """Ask for what was left unfinished of an account when the program started."""
        for watch in [one for one in self._watches.values() if one.account == account]:
            if watch.asked_at is None:
                await self._look(watch.order_id)

    async def ask(self, order: PayOrder) -> PayOrder:
        """Ask a provider now what became of an order, at its end or not; return how it is then."""
        async with self._locks.setdefault(order.id, asyncio.Lock()):
            return await self._query(order)

    async def close(self, order_id: str) -> None:
        """Close an order before its time, as far as its provider can."""
        if (watch := self._watches.get(order_id)) is not None:
            watch.is_closing = True
            watch.asked_at = watch.asked_at or self._clock.now()
            await self._look(order_id)

    def press(self, order: PayOrder) -> None:
        """Ask for an order again and again for a while: somebody waits for it."""
        if order.state in UNFINISHED and order.id not in self._pressed:
            task = self._spawn(self._press(order), f"order {order.id}")
            self._pressed[order.id] = task
            task.add_done_callback(lambda _: self._pressed.pop(order.id, None))

    async def _press(self, order: PayOrder) -> None:
        for pause in PRESSING:
            await asyncio.sleep(pause.total_seconds())
            if order.id not in self._watches:
                return
            await _guarded(self.ask(order))

    async def _look(self, order_id: str) -> None:
        """Do what is due about an order."""
        async with self._locks.setdefault(order_id, asyncio.Lock()):
            watch = self._watches.get(order_id)
            step = watch.step(self._clock.now()) if watch is not None else None
            if watch is None or step is None:
                return
            order = await self._orders.find(order_id)
            if order is None or order.state not in UNFINISHED:
                self._watches.pop(order_id, None)
                return
            if step is Step.CLOSE:
                await self._close(order, watch)
            else:
                await self._query(order)

    async def _query(self, order: PayOrder) -> PayOrder:
        """Ask a provider about an order, and take what it says; hold the order's lock."""
        if (watch := self._watches.get(order.id)) is not None:
            watch.asked_at = self._clock.now()
        state = await self._state(order)
        if isinstance(state, Paid):
            return await self._paid(order, state)
        if isinstance(state, Unpaid) and state.is_final and order.state in UNFINISHED:
            return await self._moved(order, OrderState.CLOSED, state.reason)
        return order

    async def _close(self, order: PayOrder, watch: Watch) -> None:
        """Close an order at its provider, then ask once more; hold the order's lock."""
        provider = self._providers.get(order.provider)
        watch.asked_at = self._clock.now()
        watch.closings += 1
        order = await self._moved(order, OrderState.CLOSING)
        state: PaymentState = Unpaid(order_id=order.id, is_final=True)
        if provider is None:
            state = Unknown(order_id=order.id, reason="provider")
        elif Capability.CLOSE in provider.capabilities:
            state = await provider.close(order)
        if isinstance(state, Unpaid) and state.is_final:
            reason = state.reason
            state = await self._state(order)  # it may have been paid while it was closed
            if isinstance(state, Unpaid):
                await self._moved(order, OrderState.CLOSED, state.reason or reason)
                return
        if isinstance(state, Paid):
            await self._paid(order, state)

    async def _state(self, order: PayOrder) -> PaymentState:
        """Return what the provider says of an order."""
        provider = self._providers.get(order.provider)
        if provider is None:
            return Unknown(order_id=order.id, reason="provider")
        if Capability.QUERY not in provider.capabilities:
            return Unpaid(order_id=order.id, is_final=False)
        return await provider.query(order)

    async def _paid(self, order: PayOrder, paid: Paid) -> PayOrder:
        now = await self._take(order.provider, paid)
        return now if now is not None and now.id == order.id else order

    async def _moved(self, order: PayOrder, state: OrderState, note: str = "") -> PayOrder:
        order = await self._orders.move(order.id, state, note=note)
        self.follow(order)
        return order


async def _guarded(work: Coroutine[Any, Any, object]) -> None:
    """Let one order's trouble be its own: it is tried again."""
    try:
        await work
    except PrepaidError as error:
        _LOGGER.warning("An order could not be followed, it is tried again: %s", error)
    except Exception:
        _LOGGER.exception("An order could not be followed, it is tried again")
