"""What somebody wants to pay: ordered once for a key, followed to its end.

An order is kept with everything the provider will be asked before it is asked anything, so that a
crash at any moment leaves something that can be asked again. `PAID` is final, and only
`crediting` sets it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..errors import InvalidInputError
from ..ids import AccountNumber, MeterSerial
from ..ledger.accounts import Fund
from ..ledger.payment_rows import Method, OrderState, PayOrder
from ..ledger.ports import LedgerTransaction
from ..money.amount import Amount
from ..prepayment.book import AccountBook
from ..prepayment.pouring import refuse_outside_limits
from .provider import Payer, PaymentProvider

VALID = timedelta(minutes=15)
"""So long an order can be paid."""

VALID_FOR_CASHIER = timedelta(days=3)
"""So long where a person has to look what came to the bank."""

MOST_OPEN = 3
"""So many orders of an account wait for their payment."""

REPLACEABLE = timedelta(minutes=1)
"""An order that waits this long gives way to one more, so that nobody can keep a tenant from paying
by ordering for them. What is paid for it after all is credited like any other payment."""

_WAITING = (OrderState.NEW, OrderState.OPEN)
UNFINISHED = (*_WAITING, OrderState.CLOSING)
"""The states in which a provider is asked what became of an order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """What somebody wants to pay. `key` is made up by who asks, once for what is wanted."""

    account: AccountNumber
    amount: Amount
    provider: str
    key: str
    meter: MeterSerial | None = None
    fund: Fund = Fund.ELECTRICITY


@dataclass(slots=True)
class Orders:
    """The orders of a site."""

    book: AccountBook
    new_id: Callable[[], str]
    """Makes a ULID."""

    async def place(
        self, request: OrderRequest, provider: PaymentProvider, payer: Payer
    ) -> PayOrder:
        """Keep an order before its provider is asked; the same key gives the same order.

        Raises `InvalidInputError`: `account_unknown`, `account_closed`, `amount_not_positive`,
        `amount_too_precise`, `top_up_too_small`, `top_up_too_large` (the account's policy),
        `method_unsupported`, `order_key_reused` (something else was ordered with it),
        `too_many_orders`.
        """
        order = self._drawn_up(request, provider, payer)

        def work(tx: LedgerTransaction) -> PayOrder:
            for known in tx.rows(PayOrder, key=request.key):
                if _what(known) != _what(order):
                    raise InvalidInputError("order_key_reused")
                return known
            if len(_waiting(tx, request.account, order.created_at)) >= MOST_OPEN:
                raise InvalidInputError("too_many_orders", account=request.account, most=MOST_OPEN)
            tx.put(order)
            return order

        return await self.book.ledger.run(work)

    async def in_the_way(self, request: OrderRequest) -> PayOrder | None:
        """Return the order that has to be closed so that one more can be placed, if any."""
        now = self.book.clock.now()

        def look(tx: LedgerTransaction) -> PayOrder | None:
            waiting = _waiting(tx, request.account, now)
            if len(waiting) < MOST_OPEN or tx.rows(PayOrder, key=request.key):
                return None
            return waiting[0] if now - waiting[0].created_at >= REPLACEABLE else None

        return await self.book.ledger.read(look)

    async def find(self, order_id: str) -> PayOrder | None:
        """Return an order, if there is one."""
        return await self.book.ledger.read(lambda tx: tx.find(PayOrder, id=order_id))

    async def unfinished(self) -> tuple[PayOrder, ...]:
        """Return all orders that are in no end state, the oldest first."""

        def look(tx: LedgerTransaction) -> list[PayOrder]:
            return [order for state in UNFINISHED for order in tx.rows(PayOrder, state=state)]

        return tuple(sorted(await self.book.ledger.read(look), key=lambda order: order.created_at))

    async def move(
        self, order_id: str, state: OrderState, *, note: str = "", checkout: str = ""
    ) -> PayOrder:
        """Move an order on, unless it is at its end or further already; return how it is now."""
        at = self.book.clock.now()

        def work(tx: LedgerTransaction) -> PayOrder:
            order = tx.find(PayOrder, id=order_id)
            if order is None:
                raise InvalidInputError("order_unknown")
            moved = replace(
                order, state=_later(order.state, state), checkout=checkout or order.checkout
            )
            if order.state in UNFINISHED:
                moved = replace(moved, note=note)
            if moved != order:
                moved = replace(moved, changed_at=at)
                tx.put(moved)
            return moved

        return await self.book.ledger.run(work)

    def _drawn_up(self, request: OrderRequest, provider: PaymentProvider, payer: Payer) -> PayOrder:
        account, currency = self.book.account(request.account), self.book.currency
        if not account.is_open:
            raise InvalidInputError(
                "account_closed", account=account.number, next=f"{account.number}-2"
            )
        if payer.method not in provider.methods:
            raise InvalidInputError("method_unsupported", method=payer.method)
        currency.parse_positive(currency.exact(request.amount))
        refuse_outside_limits(currency, account.policy, account.number, request.amount)
        now = self.book.clock.now()
        by_cashier = payer.method is Method.CASHIER
        order = PayOrder(
            id=self.new_id(),
            provider=provider.key,
            account=account.number,
            meter=request.meter,
            fund=request.fund,
            amount=request.amount,
            currency=currency.code,
            method=payer.method,
            key=request.key,
            created_at=now,
            expires_at=now + (VALID_FOR_CASHIER if by_cashier else VALID),
            changed_at=now,
        )
        return replace(order, params=provider.parameters(order, payer))


_ORDER = tuple(OrderState)


def _later(before: OrderState, after: OrderState) -> OrderState:
    """Return the state that is further on; nothing leads back, and only a payment out of CLOSED."""
    return max(before, after, key=_ORDER.index)


def _waiting(tx: LedgerTransaction, account: AccountNumber, now: datetime) -> list[PayOrder]:
    """Return the orders of an account that can be paid now, the oldest first."""
    found = (
        order for state in _WAITING for order in tx.rows(PayOrder, account=account, state=state)
    )
    return sorted(
        (order for order in found if order.expires_at > now), key=lambda order: order.created_at
    )


def _what(order: PayOrder) -> tuple[object, ...]:
    """Return what was ordered, apart from when."""
    return order.provider, order.account, order.amount, order.fund, order.method
