"""Money in: top-ups and corrections, durable before anybody is told."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from ..errors import InvalidInputError
from ..events import EmergencyStarted, Event
from ..ids import AccountNumber, TransferId
from ..ledger.account_rows import DecisionKind
from ..ledger.accounts import ADJUSTMENT, CASH, Fund, tenant
from ..ledger.posting import Posting, post
from ..ledger.records import NewTransfer, Transfer, TransferCode
from ..money.amount import ZERO, Amount
from ..payment.cash_receipts import paper_number
from .batches import BatchCall, Kept
from .book import AccountBook
from .pouring import (
    Poured,
    available_of,
    pour_in,
    refuse_outside_limits,
    repay_emergency,
    told_of,
    told_repaid,
)
from .settlement import AccountDue, Settled, fund_of
from .slip import Slip
from .waterfall import Waterfall

RECEIPT_DIGITS = 12
"""So much of the chain's hash is printed on a receipt: an anchor outside the book."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credited:
    """The durable result of moving money of one account."""

    transfer: TransferId
    balance: Amount
    """Of the fund that the money went to, or came from."""
    receipt: str
    """The transfer's place in the chain and the beginning of its hash, e.g. `1042-9f3c01aa77de`."""
    replayed: bool
    steps: Waterfall | None = None
    """Where a top-up went to."""
    number: int | None = None
    """Of the cash desk's paper, where cash was moved."""


def receipt_of(transfer: Transfer) -> str:
    """Return the anchor that is printed on a receipt."""
    return f"{transfer.seq}-{transfer.hash[:RECEIPT_DIGITS]}"


def credited(posting: Posting, balance: Amount, number: int | None = None) -> Credited:
    """Return what there is to tell of a booked transfer."""
    outcome = posting.transfer.outcome
    return Credited(
        transfer=posting.transfer.id,
        balance=balance,
        receipt=receipt_of(posting.transfer),
        replayed=posting.replayed,
        steps=Waterfall.of(outcome) if outcome else None,
        number=number,
    )


@dataclass(slots=True)
class Cashier:
    """Credits the accounts of a site."""

    book: AccountBook

    async def top_up(
        self,
        numbers: Iterable[str],
        amount: Amount,
        *,
        reference: str,
        fund: Fund = Fund.ELECTRICITY,
        user: str = "",
        approver: str = "",
        call: BatchCall | None = None,
    ) -> Mapping[AccountNumber, Credited]:
        """Credit accounts, all in one transaction, once per reference; power follows by itself.

        Raises `InvalidInputError`: `account_unknown`, `amount_not_positive`, `target_empty`,
        `reference_reused` (the same reference with another amount or fund), `top_up_too_small` and
        `top_up_too_large` (the account's policy).
        """
        if amount <= 0:
            raise InvalidInputError("amount_not_positive", amount=self.book.currency.exact(amount))
        poured: dict[AccountNumber, Poured] = {}

        def work(slip: Slip, due: AccountDue) -> Posting:
            request = NewTransfer(
                id=TransferId(f"top:{reference}:{due.number}"),
                debit=CASH,
                credit=tenant(due.number, fund),
                amount=amount,
                code=TransferCode.TOP_UP,
                effective_at=slip.at,
                source="cash desk",
                user=user,
                reason=reference,
            )
            if slip.tx.find_transfer(request.id) is not None:
                return post(slip.tx, request, slip.at)
            refuse_outside_limits(self.book.currency, due.policy, due.number, amount)
            done = poured[due.number] = pour_in(slip, due, request, fund)
            return done.posting

        def told(posting: Posting, settled: Settled, due: AccountDue) -> Iterable[Event]:
            if posting.replayed:
                return ()
            return told_of(poured[due.number], settled, due, fund, reference)

        return await book_transfers(self.book, numbers, work, told, call=call, approver=approver)

    async def adjust(
        self, number: str, amount: Amount, *, reason: str, reference: str, user: str = ""
    ) -> Credited:
        """Book an audited correction, up or down, of an account's electricity fund.

        Raises `InvalidInputError`: `amount_is_zero`, `reason_missing`, `account_unknown`,
        `reference_reused`.
        """
        if amount == 0:
            raise InvalidInputError("amount_is_zero")
        if not reason.strip():
            raise InvalidInputError("reason_missing")
        account = self.book.account(number).number
        ends = (ADJUSTMENT, tenant(account)) if amount > 0 else (tenant(account), ADJUSTMENT)
        poured: list[Poured] = []

        def work(slip: Slip, due: AccountDue) -> Posting:
            request = NewTransfer(
                id=TransferId(f"adj:{reference}:{account}"),
                debit=ends[0],
                credit=ends[1],
                amount=Amount(abs(amount)),
                code=TransferCode.ADJUSTMENT,
                effective_at=slip.at,
                source="cash desk",
                user=user,
                reason=reason.strip(),
            )
            posting = post(slip.tx, request, slip.at)
            repaid = repay_emergency(slip, due) if amount > 0 else ZERO
            poured[:] = [Poured(posting=posting, repaid=repaid)]
            return posting

        def told(_: Posting, settled: Settled, due: AccountDue) -> Iterable[Event]:
            return told_repaid(poured[0], settled, due)

        return (await book_transfers(self.book, [account], work, told))[account]

    async def use_emergency_credit(self, number: str, user: str = "") -> Amount:
        """Let a tenant whose credit is low use the policy's emergency credit; repaid first.

        Also one who is off: supply comes back as the policy says, until that is used up too.

        Returns what is available then. Raises `InvalidInputError`: `account_unknown`,
        `emergency_not_offered`, `emergency_in_use`, `emergency_not_needed`.
        """

        def work(slip: Slip, due: AccountDue) -> None:
            policy = due.policy
            if not policy.emergency_credit:
                raise InvalidInputError("emergency_not_offered", account=number)
            if slip.tenancy.emergency:
                raise InvalidInputError("emergency_in_use", account=number)
            available = fund_of(slip.tx, due.number) + due.credit_limit
            lowest = policy.warning_levels[-1] if policy.warning_levels else policy.cut_off
            if available > lowest:
                level = self.book.currency.rounded(lowest)
                raise InvalidInputError("emergency_not_needed", account=number, level=level)
            slip.tenancy = replace(slip.tenancy, emergency=policy.emergency_credit)
            slip.tx.put(slip.tenancy)
            now_available = Amount(available + policy.emergency_credit)
            slip.decide(DecisionKind.EMERGENCY, now_available, user=user)

        def told(_: None, settled: Settled, due: AccountDue) -> Iterable[Event]:
            yield EmergencyStarted(
                at=self.book.clock.now(),
                account=due.number,
                available=available_of(settled, due),
                amount=settled.tenancy.emergency,
            )

        await self.book.transact([number], "emergency", work, told)
        return self.book.account(number).available


async def book_transfers(
    book: AccountBook,
    numbers: Iterable[str],
    work: Callable[[Slip, AccountDue], Posting],
    told: Callable[[Posting, Settled, AccountDue], Iterable[Event]] = lambda *_: (),
    call: BatchCall | None = None,
    approver: str = "",
) -> Mapping[AccountNumber, Credited]:
    """Book one transfer per account and settle them all, in one transaction.

    Those that move cash get their numbers, of which `approver` is told. A batch keeps the
    transfer's id of each. Raises `InvalidInputError` (`target_empty`) for no
    accounts, and what `work` raises.
    """
    balances: dict[AccountNumber, Amount] = {}
    papers: dict[AccountNumber, int | None] = {}

    def numbered(slip: Slip, due: AccountDue) -> Posting:
        posting = work(slip, due)
        papers[due.number] = paper_number(slip.tx, posting, due.number, approver)
        return posting

    def remember(posting: Posting, settled: Settled, due: AccountDue) -> Iterable[Event]:
        service = tenant(due.number, Fund.SERVICE)
        sides = (posting.transfer.debit, posting.transfer.credit)
        fund = Fund.SERVICE if service in sides else Fund.ELECTRICITY
        balances[due.number] = settled.balance(fund)
        return told(posting, settled, due)

    numbers = list(numbers)
    if not numbers:
        raise InvalidInputError("target_empty")
    postings = await book.transact(numbers, _id_of, numbered, remember, call=call, kept=_kept)
    return {
        number: credited(posting, balances[number], papers[number])
        for number, posting in postings.items()
    }


def _id_of(posting: Posting) -> str:
    return posting.transfer.id


def _kept(posting: Posting) -> Kept | None:
    return None if posting.replayed else {"transfer": posting.transfer.id}
