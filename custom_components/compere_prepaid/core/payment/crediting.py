"""A payment becomes credit, exactly once, whoever tells of it and however often.

What identifies a payment is the provider's own transaction number. Everything that follows from it
is one ledger transaction: the notice as evidence, the payment, the transfer with all that it pours
into, the order's end, the release of the supply. A payment that belongs to nobody who can be
credited stands in the suspense account from then on; one that cannot be ours is only remembered.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ..errors import InvalidInputError
from ..events import Event
from ..ids import AccountNumber, TransferId
from ..ledger.accounts import SUSPENSE, Fund, clearing, tenant
from ..ledger.payment_rows import (
    OrderState,
    PaymentNotice,
    PaymentSource,
    PayOrder,
    ProviderTxn,
    TxnVerdict,
)
from ..ledger.ports import LedgerTransaction
from ..ledger.posting import post
from ..ledger.records import NewTransfer, TransferCode
from ..money.amount import MAX_AMOUNT, ZERO, Amount
from ..prepayment.book import AccountBook
from ..prepayment.pouring import Poured, pour_in, told_of
from ..prepayment.settlement import AccountDue, Settled
from ..prepayment.slip import Slip
from .events import PaymentUnmatched
from .provider import Paid


class Unmatched(StrEnum):
    """Why a payment could not be credited."""

    ORDER_UNKNOWN = "order_unknown"
    OTHER_PROVIDER = "other_provider"
    """The order was made for another provider."""
    OTHER_AMOUNT = "other_amount"
    """Not what was ordered."""
    ACCOUNT_CLOSED = "account_closed"
    """Its tenant moved out, or it is not configured any more."""
    OTHER_CURRENCY = "other_currency"
    IMPOSSIBLE_AMOUNT = "impossible_amount"
    ALTERED = "altered"
    """The provider told otherwise of the same transaction before; what was told first stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What became of a payment, durably."""

    txn: ProviderTxn
    order: PayOrder | None
    """As it is now; None if it is not known."""
    replayed: bool = False
    """Whether it had been told before; this is what came of it then."""
    altered: bool = False
    """Whether something else was told of it before; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """Who tells of a payment, and how."""

    provider: str
    paid: Paid
    source: PaymentSource
    notice: PaymentNotice | None
    user: str

    @property
    def transfer_id(self) -> TransferId:
        return TransferId(f"pay:{self.provider}:{self.paid.txn}")

    @property
    def amount(self) -> Amount:
        """The amount in the book's currency; zero where it cannot be told in it."""
        return self.paid.amount or ZERO


@dataclass(slots=True)
class Crediting:
    """Credits what providers say was paid."""

    book: AccountBook

    async def record(
        self,
        provider: str,
        paid: Paid,
        source: PaymentSource,
        notice: PaymentNotice | None = None,
        user: str = "",
    ) -> Recorded:
        """Record a payment, once for a transaction of a provider; it is durable then.

        The limits of a policy do not count: this money has come. Who is told something else of the
        same transaction gets the first result, marked as `altered`. Raises what the ledger raises
        (`OperationFailedError`): nothing was kept then, and the same may be told again.
        """
        told = _Told(provider=provider, paid=paid, source=source, notice=notice, user=user)
        known, order = await self.book.ledger.read(lambda tx: _look(tx, told))
        if known is not None:
            return await self._again(told, known, order)
        foreign = self._foreign(paid)
        reason = foreign or _mismatch(told, order)
        if order is not None and not reason:
            try:
                return await self._credit(told, order)
            except InvalidInputError as error:
                if error.key not in {"account_unknown", "account_closed"}:
                    raise
                reason = Unmatched.ACCOUNT_CLOSED
        return await self._set_aside(told, reason, is_foreign=bool(foreign))

    def _foreign(self, paid: Paid) -> str:
        """Return why money cannot be booked at all; empty if it can."""
        if paid.foreign:
            return paid.foreign
        if paid.amount is None or paid.currency != self.book.currency.code:
            return Unmatched.OTHER_CURRENCY
        if not 0 < paid.amount < MAX_AMOUNT:
            return Unmatched.IMPOSSIBLE_AMOUNT
        return ""

    async def _credit(self, told: _Told, order: PayOrder) -> Recorded:
        """Credit the account of an order, unless somebody was quicker."""
        fund = Fund(order.fund)
        poured: list[Poured] = []

        def work(slip: Slip, due: AccountDue) -> Recorded:
            poured.clear()
            known, now = _look(slip.tx, told)
            if known is not None:
                return _answer(told, known, now)
            request = NewTransfer(
                id=told.transfer_id,
                debit=clearing(told.provider),
                credit=tenant(due.number, fund),
                amount=told.amount,
                code=TransferCode.TOP_UP,
                effective_at=slip.at,
                source=told.provider,
                user=told.user,
                reason=order.id,
            )
            if slip.tx.find_transfer(request.id) is not None:  # booked again after a restoration
                post(slip.tx, request, slip.at)
            else:
                poured.append(pour_in(slip, due, request, fund))
            return _keep(slip.tx, told, now or order, slip.at)

        def news(_: Recorded, settled: Settled, due: AccountDue) -> Iterable[Event]:
            return told_of(poured[0], settled, due, fund, order.id) if poured else ()

        done = await self.book.transact([order.account], told.transfer_id, work, news)
        return self._alarmed(told, done[order.account])

    async def _set_aside(self, told: _Told, reason: str, *, is_foreign: bool) -> Recorded:
        """Keep a payment that nobody can be credited with, unless somebody was quicker."""
        at = self.book.clock.now()

        def work(tx: LedgerTransaction) -> Recorded:
            known, order = _look(tx, told)
            if known is not None:
                return _answer(told, known, order)
            if is_foreign:
                return _keep(tx, told, order, at, TxnVerdict.FOREIGN, reason)
            request = NewTransfer(
                id=told.transfer_id,
                debit=clearing(told.provider),
                credit=SUSPENSE,
                amount=told.amount,
                code=TransferCode.SUSPENSE,
                effective_at=at,
                source=told.provider,
                user=told.user,
                reason=reason,
                detail=told.paid.order_id,
            )
            post(tx, request, at)
            return _keep(tx, told, order, at, TxnVerdict.SUSPENSE, reason)

        done = await self.book.ledger.run(work)
        if not done.replayed:
            self._tell(told, done, reason)
        return self._alarmed(told, done)

    async def _again(self, told: _Told, known: ProviderTxn, order: PayOrder | None) -> Recorded:
        """Answer who tells of a payment that is recorded; what does not fit is kept as evidence."""
        answer = _answer(told, known, order)
        if answer.altered and told.notice is not None:
            await self.book.ledger.run(lambda tx: _keep_notice(tx, told))
        return self._alarmed(told, answer)

    def _alarmed(self, told: _Told, done: Recorded) -> Recorded:
        if done.altered:
            self._tell(told, done, Unmatched.ALTERED)
        return done

    def _tell(self, told: _Told, done: Recorded, reason: str) -> None:
        self.book.emit(
            PaymentUnmatched(
                at=self.book.clock.now(),
                provider=told.provider,
                txn=told.paid.txn,
                order=told.paid.order_id,
                account=done.order.account if done.order else None,
                amount=told.amount,
                reason=reason,
            )
        )


def _look(tx: LedgerTransaction, told: _Told) -> tuple[ProviderTxn | None, PayOrder | None]:
    """Return what is known of a payment and of its order."""
    known = tx.find(ProviderTxn, provider=told.provider, txn=told.paid.txn)
    return known, tx.find(PayOrder, id=told.paid.order_id)


def _mismatch(told: _Told, order: PayOrder | None) -> str:
    """Return why a payment does not fit its order; empty if it does."""
    if order is None:
        return Unmatched.ORDER_UNKNOWN
    if order.provider != told.provider:
        return Unmatched.OTHER_PROVIDER
    if order.amount != told.amount and told.source is not PaymentSource.CASHIER:
        return Unmatched.OTHER_AMOUNT  # a cashier was asked whether that is meant
    return ""


def _answer(told: _Told, known: ProviderTxn, order: PayOrder | None) -> Recorded:
    """Return the first result to who tells of a payment again."""
    same = known.order_id == told.paid.order_id and (
        known.amount == told.amount or known.verdict is TxnVerdict.FOREIGN
    )
    return Recorded(txn=known, order=order, replayed=True, altered=not same)


def _keep(
    tx: LedgerTransaction,
    told: _Told,
    order: PayOrder | None,
    at: datetime,
    verdict: TxnVerdict = TxnVerdict.CREDITED,
    reason: str = "",
) -> Recorded:
    """Store a payment, the notice that told of it, and what becomes of its order."""
    if told.notice is not None:
        _keep_notice(tx, told)
    is_foreign = verdict is TxnVerdict.FOREIGN
    account: AccountNumber | None = order.account if order is not None else None
    txn = ProviderTxn(
        provider=told.provider,
        txn=told.paid.txn,
        order_id=told.paid.order_id,
        account=account,
        amount=ZERO if is_foreign else told.amount,
        verdict=verdict,
        reason=reason,
        source=told.source,
        paid_at=told.paid.paid_at,
        day=told.paid.day,
        recorded_at=at,
        transfer_id=None if is_foreign else told.transfer_id,
    )
    tx.add(txn)
    if order is not None and order.provider == told.provider and not is_foreign:
        order = _ended(order, txn, at)
        tx.put(order)
    return Recorded(txn=txn, order=order)


def _ended(order: PayOrder, txn: ProviderTxn, at: datetime) -> PayOrder:
    """Return an order after a payment; one that is paid stays so."""
    if order.state is OrderState.PAID:
        return order
    if txn.verdict is TxnVerdict.CREDITED:
        return replace(order, state=OrderState.PAID, paid_txn=txn.txn, changed_at=at, note="")
    return replace(order, state=OrderState.CLOSED, changed_at=at, note=txn.reason)


def _keep_notice(tx: LedgerTransaction, told: _Told) -> None:
    notice = told.notice
    if notice is None or tx.find(PaymentNotice, provider=notice.provider, id=notice.id):
        return
    tx.add(notice)
