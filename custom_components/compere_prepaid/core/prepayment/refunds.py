"""Money out: refunds in two steps, reversals, and deposits.

A refund is reserved first, so that the money cannot be used meanwhile, and then posted or voided. A
reversal takes back a top-up that never was (a wrong amount, a payment that bounced), with all that
followed from it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ..errors import InvalidInputError
from ..events import Event, Refunded, TopUpReversed
from ..ids import AccountNumber, TransferId
from ..ledger.account_rows import Debt
from ..ledger.accounts import CASH, Fund, debt_of, deposit_of, tenant
from ..ledger.posting import Posting, post
from ..ledger.records import (
    NewTransfer,
    Transfer,
    TransferCode,
    TransferKind,
)
from ..money.amount import Amount
from ..payment.cash_receipts import paper_number
from .batches import BatchCall
from .book import AccountBook
from .cashier import Credited, book_transfers, credited
from .pouring import available_of
from .settlement import AccountDue, Settled, fund_of
from .slip import Slip
from .waterfall import Waterfall


@dataclass(slots=True)
class Refunds:
    """Takes money out of accounts, and deposits in, in the name of somebody."""

    book: AccountBook

    async def reserve(
        self,
        number: str,
        amount: Amount,
        *,
        reference: str,
        reason: str,
        fund: Fund = Fund.ELECTRICITY,
        user: str = "",
    ) -> Credited:
        """Reserve a refund: the money can no longer be used, and leaves when it is posted.

        Raises `InvalidInputError`: `amount_not_positive`, `reason_missing`, `account_unknown`,
        `refund_too_large`, `reference_reused`.
        """
        if amount <= 0:
            raise InvalidInputError("amount_not_positive", amount=self.book.currency.exact(amount))
        account = self._account(number, reason)

        def work(slip: Slip, due: AccountDue) -> Posting:
            request = self._refund(account, fund, amount, reference, reason, user, slip.at)
            if slip.tx.find_transfer(request.id) is None:
                self._refuse_too_large(slip, due, amount, fund)
            return post(slip.tx, request, slip.at)

        return await self._book(account, work)

    async def resolve(
        self, number: str, reference: str, *, paid: bool, user: str = "", approver: str = ""
    ) -> Credited:
        """Post a reserved refund because it was paid out, or void it because it was not.

        Doing the same again returns the first result. Raises `InvalidInputError`:
        `refund_unknown`, `refund_in_progress` (a provider pays it out), `pending_not_open` (it was
        resolved the other way).
        """
        account = self.book.account(number).number
        kind = TransferKind.POST if paid else TransferKind.VOID

        def work(slip: Slip, _due: AccountDue) -> Posting:
            pending = slip.tx.find_transfer(_refund_id(reference, account))
            if pending is None or pending.kind is not TransferKind.PENDING:
                raise InvalidInputError("refund_unknown", account=account, reference=reference)
            if pending.credit != CASH:
                raise InvalidInputError("refund_in_progress", reference=reference)
            request = NewTransfer(
                id=TransferId(f"{pending.id}:{kind}"),
                debit=pending.debit,
                credit=pending.credit,
                amount=pending.amount,
                code=TransferCode.REFUND,
                effective_at=slip.at,
                source=pending.source,
                user=user,
                reason=pending.reason,
                kind=kind,
                pending_id=pending.id,
            )
            return post(slip.tx, request, slip.at)

        def told(posting: Posting, settled: Settled, due: AccountDue) -> Iterable[Event]:
            if paid and not posting.replayed:
                yield Refunded(
                    at=posting.transfer.effective_at,
                    account=account,
                    available=available_of(settled, due),
                    amount=posting.transfer.amount,
                    reference=reference,
                    user=user,
                )

        return await self._book(account, work, told, approver)

    async def reverse_top_up(
        self, number: str, reference: str, *, reason: str, user: str = "", approver: str = ""
    ) -> Credited:
        """Take back a top-up by counter-transfers, also what of it went to debts.

        The balance may fall below zero by it. Raises `InvalidInputError`: `reason_missing`,
        `top_up_unknown`, `reference_reused` (it was taken back for another reason).
        """
        account = self._account(number, reason)
        top_up = TransferId(f"top:{reference}:{account}")

        def work(slip: Slip, _due: AccountDue) -> Posting:
            original = slip.tx.find_transfer(top_up)
            if original is None:
                raise InvalidInputError("top_up_unknown", account=account, reference=reference)
            return self._reverse(slip, original, reason.strip(), user)

        return await self._book(account, work, _told_reversed(user), approver)

    async def reverse_top_ups(
        self,
        top_ups: Mapping[str, TransferId],
        *,
        reason: str,
        user: str,
        call: BatchCall,
        approver: str = "",
    ) -> Mapping[AccountNumber, Credited]:
        """Take back top-ups of many accounts, those that nobody has taken back before.

        Raises `InvalidInputError`: `reason_missing`, and what `call` does not gather.
        """
        if not reason.strip():
            raise InvalidInputError("reason_missing")

        def work(slip: Slip, due: AccountDue) -> Posting:
            before = slip.tx.find_transfer(_reversal_id(top_ups[due.number]))
            if before is not None:
                return Posting(before, replayed=True)
            original = slip.tx.find_transfer(top_ups[due.number])
            if original is None:
                raise InvalidInputError("top_up_unknown", account=due.number, reference="")
            return self._reverse(slip, original, reason.strip(), user)

        return await book_transfers(self.book, top_ups, work, _told_reversed(user), call, approver)

    def _reverse(self, slip: Slip, original: Transfer, reason: str, user: str) -> Posting:
        """Book the counter-transfers of a top-up."""
        request = NewTransfer(
            id=_reversal_id(original.id),
            debit=original.credit,
            credit=original.debit,
            amount=original.amount,
            code=TransferCode.REVERSAL,
            effective_at=slip.at,
            source="cash desk",
            user=user,
            reason=reason,
            detail=original.id,
        )
        posting = post(slip.tx, request, slip.at)
        if original.outcome and not posting.replayed:
            self._give_back_to_debts(slip, Waterfall.of(original.outcome), request)
        return posting

    async def take_deposit(
        self, number: str, amount: Amount, *, reference: str, user: str = "", approver: str = ""
    ) -> Credited:
        """Take a deposit, which is kept apart and returned when the tenant moves out.

        Raises `InvalidInputError`: `amount_not_positive`, `account_unknown`, `reference_reused`.
        The balance in the answer is the deposit.
        """
        if amount <= 0:
            raise InvalidInputError("amount_not_positive", amount=self.book.currency.exact(amount))
        account = self.book.account(number).number

        def work(slip: Slip, _due: AccountDue) -> tuple[Posting, Amount, int | None]:
            request = NewTransfer(
                id=TransferId(f"dep:{reference}:{account}"),
                debit=CASH,
                credit=deposit_of(account),
                amount=amount,
                code=TransferCode.DEPOSIT,
                effective_at=slip.at,
                source="cash desk",
                user=user,
                reason=reference,
            )
            posting = post(slip.tx, request, slip.at)
            paper = paper_number(slip.tx, posting, account, approver)
            return posting, slip.tx.balance(deposit_of(account)), paper

        result = await self.book.transact([account], f"dep:{reference}", work)
        return credited(*result[account])

    async def _book(
        self,
        account: AccountNumber,
        work: Callable[[Slip, AccountDue], Posting],
        told: Callable[[Posting, Settled, AccountDue], Iterable[Event]] = lambda *_: (),
        approver: str = "",
    ) -> Credited:
        booked = await book_transfers(self.book, [account], work, told, approver=approver)
        return booked[account]

    def _account(self, number: str, reason: str) -> AccountNumber:
        if not reason.strip():
            raise InvalidInputError("reason_missing")
        return self.book.account(number).number

    def _refund(
        self,
        account: AccountNumber,
        fund: Fund,
        amount: Amount,
        reference: str,
        reason: str,
        user: str,
        at: datetime,
    ) -> NewTransfer:
        return NewTransfer(
            id=_refund_id(reference, account),
            debit=tenant(account, fund),
            credit=CASH,
            amount=amount,
            code=TransferCode.REFUND,
            effective_at=at,
            source="cash desk",
            user=user,
            reason=reason.strip(),
            kind=TransferKind.PENDING,
        )

    def _refuse_too_large(self, slip: Slip, due: AccountDue, amount: Amount, fund: Fund) -> None:
        held = fund_of(slip.tx, due.number, fund)
        if amount > held:
            raise InvalidInputError(
                "refund_too_large",
                account=due.number,
                amount=self.book.currency.rounded(amount),
                balance=self.book.currency.rounded_down(held),
            )

    def _give_back_to_debts(self, slip: Slip, steps: Waterfall, cause: NewTransfer) -> None:
        for name, amount in steps.debts.items():
            request = NewTransfer(
                id=TransferId(f"debt:{name}:{cause.id}"),
                debit=debt_of(slip.account, name),
                credit=tenant(slip.account),
                amount=amount,
                code=TransferCode.REVERSAL,
                effective_at=slip.at,
                source="debt",
                user=cause.user,
                reason=name,
            )
            post(slip.tx, request, slip.at)
        for name, amount in steps.time_debts.items():
            debt = slip.tx.find(Debt, account=slip.account, name=name)
            if debt is not None:
                slip.tx.put(replace(debt, due=Amount(debt.due + amount)))


def _told_reversed(
    user: str,
) -> Callable[[Posting, Settled, AccountDue], Iterable[Event]]:
    """Return what tells of a reversal; the reference is that of the top-up."""

    def told(posting: Posting, settled: Settled, due: AccountDue) -> Iterable[Event]:
        if not posting.replayed:
            top_up = posting.transfer.detail.removeprefix("top:")
            yield TopUpReversed(
                at=posting.transfer.effective_at,
                account=due.number,
                available=available_of(settled, due),
                amount=posting.transfer.amount,
                reference=top_up.removesuffix(f":{due.number}"),
                user=user,
            )

    return told


def _reversal_id(top_up: TransferId) -> TransferId:
    return TransferId(f"rev:{top_up}")


def _refund_id(reference: str, account: AccountNumber) -> TransferId:
    return TransferId(f"rfd:{reference}:{account}")
