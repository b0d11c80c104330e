"""Money goes back to a payer the way it came: through the provider that took it.

It is set aside here first, so that it cannot be used twice; then the provider is asked, under a
number that was stored before; then it is posted or, where the provider gave it up, put back. A
crash at any moment leaves something that can be asked again: whatever is not at its end is asked
for at every start, and by the clock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
import logging
from typing import NamedTuple
from uuid import uuid4

from ..errors import InvalidInputError, PrepaidError
from ..events import Event, Refunded
from ..ids import AccountNumber, TransferId
from ..ledger.accounts import Fund, clearing, tenant
from ..ledger.payment_rows import (
    PayOrder,
    ProviderRefund,
    ProviderRefundState,
    ProviderTxn,
    SuspenseAssignment,
    TxnVerdict,
)
from ..ledger.ports import LedgerTransaction
from ..ledger.posting import post
from ..ledger.records import NewTransfer, TransferCode, TransferKind
from ..money.amount import Amount
from ..prepayment.book import AccountBook
from ..prepayment.pouring import available_of
from ..prepayment.settlement import AccountDue, Settled, fund_of
from ..prepayment.slip import Slip
from .events import RefundFailed
from .provider import (
    Capability,
    PaymentProvider,
    RefundOutcome,
    RefundState,
    RejectedError,
    RetryableError,
)

_LOGGER = logging.getLogger(__name__)

_STATES = {
    RefundOutcome.PROCESSING: ProviderRefundState.PROCESSING,
    RefundOutcome.SUCCEEDED: ProviderRefundState.SUCCEEDED,
    RefundOutcome.CLOSED: ProviderRefundState.CLOSED,
    RefundOutcome.ABNORMAL: ProviderRefundState.ABNORMAL,
}
_ENDED = {
    ProviderRefundState.SUCCEEDED: TransferKind.POST,
    ProviderRefundState.CLOSED: TransferKind.VOID,
}
"""The end states, and what becomes of the money that was set aside."""
_FAILED = frozenset({ProviderRefundState.CLOSED, ProviderRefundState.ABNORMAL})
UNFINISHED = (ProviderRefundState.RESERVED, ProviderRefundState.PROCESSING)
"""The states in which a provider is asked what became of a refund."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """What is to go back. `reference` makes it once, as with every other refund."""

    account: str
    amount: Amount
    provider: str
    txn: str
    reference: str
    reason: str
    user: str = ""
    outside: bool = False
    """Whether it went back already, in the provider's console; `reference` is its number there."""


class _Moved(NamedTuple):
    """A refund as it is now, and whether this call moved it."""

    row: ProviderRefund
    is_new: bool


@dataclass(slots=True)
class PayerRefunds:
    """The refunds of a site to its payers."""

    book: AccountBook
    providers: Mapping[str, PaymentProvider]

    async def refund(self, request: RefundRequest) -> ProviderRefund:
        """Set money aside and ask the provider to give it back; return how far that came.

        The same reference goes on where it was. A provider that does not answer is asked again by
        the clock. Raises `InvalidInputError`: `amount_not_positive`, `reason_missing`,
        `account_unknown`, `account_closed`, `payment_unknown`, `payment_of_other`,
        `refund_more_than_paid`, `refund_too_large`, `reference_reused`, `refund_unsupported`.
        """
        provider = self.providers.get(request.provider)
        able = provider is not None and Capability.REFUND in provider.capabilities
        if not (able or request.outside):
            raise InvalidInputError("refund_unsupported", provider=request.provider)
        return await self.push(await self._reserve(request))

    async def push(self, row: ProviderRefund) -> ProviderRefund:
        """Ask a provider for a refund, or what became of it; return how it is then.

        What keeps it from being asked (a setting that is missing) leaves the money set aside.
        """
        provider = self.providers.get(row.provider)
        if provider is None or row.state not in UNFINISHED:
            return row
        try:
            state = await self._ask(provider, row)
        except (RetryableError, InvalidInputError) as error:
            state = RefundState(refund_id=row.id, outcome=RefundOutcome.UNKNOWN, reason=error.key)
        return await self._take(row, state)

    async def resume(self) -> None:
        """Go on with everything that is not at its end; the trouble of one refund is its own."""
        for row in await self.unfinished():
            try:
                await self.push(row)
            except PrepaidError as error:
                _LOGGER.warning("Refund %s could not be followed: %s", row.reference, error)
            except Exception:
                _LOGGER.exception("Refund %s could not be followed", row.reference)

    async def unfinished(self) -> list[ProviderRefund]:
        """Return the refunds that are not at their end."""
        return await self.book.ledger.read(
            lambda tx: [row for state in UNFINISHED for row in tx.rows(ProviderRefund, state=state)]
        )

    async def on_news(self, provider: str, state: RefundState) -> None:
        """Take what a provider tells of a refund; one that is not ours changes nothing."""
        row = await self.find(state.refund_id)
        if row is not None and row.provider == provider:
            await self._take(row, state)

    async def find(self, refund_id: str) -> ProviderRefund | None:
        """Return a refund, if there is one."""
        return await self.book.ledger.read(lambda tx: tx.find(ProviderRefund, id=refund_id))

    async def of_reference(self, account: str, reference: str) -> ProviderRefund | None:
        """Return the refund that was asked for under a reference, if it goes to a payer."""
        return await self.book.ledger.read(
            lambda tx: _known(tx, refund_transfer(reference, AccountNumber(account)))
        )

    async def resolve(self, row: ProviderRefund, *, paid: bool, note: str) -> ProviderRefund:
        """Say what became of a refund with which the provider had trouble.

        Raises `InvalidInputError` (`refund_in_progress`) unless it needs a person.
        """
        outcome = RefundOutcome.SUCCEEDED if paid else RefundOutcome.CLOSED
        if row.state not in {ProviderRefundState.ABNORMAL, _STATES[outcome]}:
            raise InvalidInputError("refund_in_progress", reference=row.reference)
        return await self._take(row, RefundState(refund_id=row.id, outcome=outcome, reason=note))

    async def payment(self, name: str, provider: str = "") -> ProviderTxn:
        """Return the payment that an order's number or a transaction's means.

        Raises `InvalidInputError` (`payment_unknown`).
        """

        def look(tx: LedgerTransaction) -> ProviderTxn | None:
            order = tx.find(PayOrder, id=name)
            if order is not None and order.paid_txn:
                return tx.find(ProviderTxn, provider=order.provider, txn=order.paid_txn)
            keys = [provider] if provider else list(self.providers)
            found = (tx.find(ProviderTxn, provider=key, txn=name) for key in keys)
            return next((txn for txn in found if txn is not None), None)

        txn = await self.book.ledger.read(look)
        if txn is None:
            raise InvalidInputError("payment_unknown", payment=name)
        return txn

    async def _ask(self, provider: PaymentProvider, row: ProviderRefund) -> RefundState:
        """Ask for a refund that the provider has not confirmed, else what became of it."""
        if row.state is ProviderRefundState.PROCESSING:
            return await provider.query_refund(row)
        paid = await self.payment(row.txn, row.provider)
        try:
            return await provider.refund(row, paid.amount)
        except RejectedError as error:
            known = await provider.query_refund(row)  # an earlier answer may have been lost
            if known.outcome is not RefundOutcome.MISSING:
                return known
            return RefundState(refund_id=row.id, outcome=RefundOutcome.CLOSED, reason=error.key)

    async def _reserve(self, request: RefundRequest) -> ProviderRefund:
        """Set the money aside, once for the reference; what went back outside is booked at once."""
        if request.amount <= 0:
            exact = self.book.currency.exact(request.amount)
            raise InvalidInputError("amount_not_positive", amount=exact)
        if not request.reason.strip():
            raise InvalidInputError("reason_missing")
        account = self.book.account(request.account).number
        number = request.reference if request.outside else uuid4().hex

        def work(slip: Slip, _due: AccountDue) -> _Moved:
            name = refund_transfer(request.reference, account)
            if slip.tx.find_transfer(name) is not None:
                row = _same(slip.tx, name, request)
            else:
                row = self._set_aside(slip, request, account, number)
            if not request.outside:
                return _Moved(row, is_new=False)
            # in the same transaction: what is only set aside would be asked for, and leave twice
            state = RefundState(refund_id=row.id, outcome=RefundOutcome.SUCCEEDED)
            return _move(slip.tx, row.id, state, slip.at)

        done = await self.book.transact([account], f"refund:{request.reference}", work, _told)
        return done[account].row

    def _set_aside(
        self, slip: Slip, request: RefundRequest, account: AccountNumber, number: str
    ) -> ProviderRefund:
        """Set the money of a new refund aside."""
        tx, currency = slip.tx, self.book.currency
        txn = _refundable(tx, request, account)
        self._refuse_too_much(tx, request, txn)
        order = tx.find(PayOrder, id=txn.order_id)
        fund = Fund(order.fund) if order is not None else Fund.ELECTRICITY
        if request.amount > (held := fund_of(tx, account, fund)):
            raise InvalidInputError(
                "refund_too_large",
                account=account,
                amount=currency.rounded(request.amount),
                balance=currency.rounded_down(held),
            )
        if tx.find(ProviderRefund, id=number) is not None:
            raise InvalidInputError("reference_reused", reference=request.reference)
        row = ProviderRefund(
            id=number,
            reference=request.reference,
            provider=request.provider,
            txn=request.txn,
            order_id=txn.order_id,
            account=account,
            fund=fund,
            amount=request.amount,
            reason=request.reason.strip(),
            user=request.user,
            state=ProviderRefundState.RESERVED,
            created_at=slip.at,
            changed_at=slip.at,
        )
        name = refund_transfer(request.reference, account)
        post(tx, _transfer(row, name, slip.at, TransferKind.PENDING), slip.at)
        tx.put(row)
        return row

    def _refuse_too_much(
        self, tx: LedgerTransaction, request: RefundRequest, txn: ProviderTxn
    ) -> None:
        """Let no more go back than was paid."""
        others = tx.rows(ProviderRefund, provider=txn.provider, txn=txn.txn)
        gone = sum(row.amount for row in others if row.state is not ProviderRefundState.CLOSED)
        if request.amount > txn.amount - gone:
            rounded = self.book.currency.rounded
            raise InvalidInputError(
                "refund_more_than_paid",
                amount=rounded(request.amount),
                left=rounded(Amount(txn.amount - gone)),
            )

    async def _take(self, row: ProviderRefund, state: RefundState) -> ProviderRefund:
        """Take what a provider says of a refund, durably, and tell it."""
        account = self.book.accounts.get(row.account)
        if account is None or not account.is_open:  # gone from the site, not from the ledger
            at = self.book.clock.now()
            return (await self.book.ledger.run(lambda tx: _move(tx, row.id, state, at))).row

        def work(slip: Slip, _due: AccountDue) -> _Moved:
            return _move(slip.tx, row.id, state, slip.at)

        done = await self.book.transact([row.account], f"refund:{row.id}", work, _told)
        return done[row.account].row


def _refundable(
    tx: LedgerTransaction, request: RefundRequest, account: AccountNumber
) -> ProviderTxn:
    """Return the payment of which something is to go back."""
    txn = tx.find(ProviderTxn, provider=request.provider, txn=request.txn)
    if txn is None or txn.verdict is TxnVerdict.FOREIGN:
        raise InvalidInputError("payment_unknown", payment=request.txn)
    owner = txn.account
    if txn.verdict is TxnVerdict.SUSPENSE:
        assigned = tx.find(SuspenseAssignment, provider=txn.provider, txn=txn.txn)
        owner = assigned.account if assigned is not None else None
    if owner != account:
        raise InvalidInputError("payment_of_other", payment=request.txn, account=account)
    return txn


def _move(tx: LedgerTransaction, refund_id: str, state: RefundState, at: datetime) -> _Moved:
    """Bring a refund, and the money that is set aside for it, to where the provider says it is.

    What is at its end stays there.
    """
    row = tx.find(ProviderRefund, id=refund_id)
    if row is None:
        raise InvalidInputError("refund_unknown", account="", reference=refund_id)
    now = _STATES.get(state.outcome, row.state)
    moved = replace(
        row,
        state=now,
        provider_ref=state.provider_ref or row.provider_ref,
        note=state.reason,
        changed_at=at,
    )
    if row.state in _ENDED or replace(moved, changed_at=row.changed_at) == row:
        return _Moved(row, is_new=False)
    if (kind := _ENDED.get(now)) is not None:
        pending = refund_transfer(row.reference, row.account)
        name = TransferId(f"{pending}:{kind}")
        post(tx, replace(_transfer(row, name, at, kind), pending_id=pending), at)
    tx.put(moved)
    return _Moved(moved, is_new=now is not row.state)


def _transfer(
    row: ProviderRefund, name: TransferId, at: datetime, kind: TransferKind
) -> NewTransfer:
    return NewTransfer(
        id=name,
        debit=tenant(row.account, Fund(row.fund)),
        credit=clearing(row.provider),
        amount=row.amount,
        code=TransferCode.REFUND,
        effective_at=at,
        source=row.provider,
        user=row.user,
        reason=row.reason,
        detail=row.id,
        kind=kind,
    )


def _told(moved: _Moved, settled: Settled, due: AccountDue) -> Iterable[Event]:
    """Tell where a refund came to, if it moved."""
    if moved.is_new:
        yield from _news(moved.row, available_of(settled, due))


def _news(row: ProviderRefund, available: Amount) -> Iterable[Event]:
    if row.state is ProviderRefundState.SUCCEEDED:
        yield Refunded(
            at=row.changed_at,
            account=row.account,
            available=available,
            amount=row.amount,
            reference=row.reference,
            user=row.user,
        )
    elif row.state in _FAILED:
        yield RefundFailed(
            at=row.changed_at,
            account=row.account,
            provider=row.provider,
            reference=row.reference,
            amount=row.amount,
            state=row.state,
            reason=row.note,
        )


def _known(tx: LedgerTransaction, name: TransferId) -> ProviderRefund | None:
    pending = tx.find_transfer(name)
    return None if pending is None else tx.find(ProviderRefund, id=pending.detail)


def _same(tx: LedgerTransaction, name: TransferId, request: RefundRequest) -> ProviderRefund:
    """Return the refund of a reference, if that is what is asked for again."""
    row = _known(tx, name)
    if row is None or (row.provider, row.txn, row.amount, row.reason) != (
        request.provider,
        request.txn,
        request.amount,
        request.reason.strip(),
    ):
        raise InvalidInputError("reference_reused", reference=request.reference)
    return row


def refund_transfer(reference: str, account: AccountNumber) -> TransferId:
    """Name the transfer that sets a refund aside, like one at the cash desk."""
    return TransferId(f"rfd:{reference}:{account}")
