"""Money in: top-ups and corrections, durable before anybody is told."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ..errors import InvalidInputError
from ..events import Event, ToppedUp
from ..ids import AccountNumber, TransferId
from ..ledger.accounts import ADJUSTMENT, CASH, Fund, tenant
from ..ledger.ports import LedgerTransaction
from ..ledger.posting import Posting, post
from ..ledger.records import NewTransfer, TransferCode
from ..money.amount import Amount
from .book import AccountBook
from .settlement import AccountDue, Settled, settle

RECEIPT_DIGITS = 12
"""So much of the chain's hash is printed on a receipt: an anchor outside the book."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credited:
    """The durable result of a top-up or correction of one account."""

    transfer: TransferId
    balance: Amount
    """Of the fund that the money went to."""
    receipt: str
    """The transfer's place in the chain and the beginning of its hash, e.g. `1042-9f3c01aa77de`."""
    replayed: bool


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
    ) -> Mapping[AccountNumber, Credited]:
        """Credit accounts, all in one transaction, once per reference; power follows by itself.

        Raises `InvalidInputError`: `account_unknown`, `amount_not_positive`, `target_empty`,
        `reference_reused` (the same reference with another amount or fund).
        """
        if amount <= 0:
            raise InvalidInputError("amount_not_positive", amount=self.book.currency.exact(amount))
        requests = {
            self.book.account(number).number: NewTransfer(
                id=TransferId(f"top:{reference}:{number}"),
                debit=CASH,
                credit=tenant(AccountNumber(number), fund),
                amount=amount,
                code=TransferCode.TOP_UP,
                effective_at=self.book.clock.now(),
                source="cash desk",
                user=user,
                reason=reference,
            )
            for number in numbers
        }
        return await self._credit(requests, fund, self._told_as_top_up)

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
        request = NewTransfer(
            id=TransferId(f"adj:{reference}:{account}"),
            debit=ends[0],
            credit=ends[1],
            amount=Amount(abs(amount)),
            code=TransferCode.ADJUSTMENT,
            effective_at=self.book.clock.now(),
            source="cash desk",
            user=user,
            reason=reason.strip(),
        )
        return (await self._credit({account: request}))[account]

    async def _credit(
        self,
        requests: Mapping[AccountNumber, NewTransfer],
        fund: Fund = Fund.ELECTRICITY,
        told: Callable[[NewTransfer, Settled, AccountDue, Fund], Event] | None = None,
    ) -> Mapping[AccountNumber, Credited]:
        """Book one transfer per account and settle them all, in one transaction."""
        if not requests:
            raise InvalidInputError("target_empty")
        async with self.book.locked(requests):
            at = self.book.clock.now()
            dues = [self.book.due(self.book.account(number)) for number in requests]

            def work(tx: LedgerTransaction) -> list[tuple[Posting, Settled]]:
                return [
                    (
                        post(tx, requests[due.number], at),
                        settle(tx, due, at, requests[due.number].id),
                    )
                    for due in dues
                ]

            results: dict[AccountNumber, Credited] = {}
            for due, (posting, settled) in zip(dues, await self.book.ledger.run(work), strict=True):
                events = (
                    [told(requests[due.number], settled, due, fund)]
                    if told and not posting.replayed
                    else []
                )
                self.book.apply(self.book.account(due.number), settled, at, events)
                results[due.number] = Credited(
                    transfer=posting.transfer.id,
                    balance=settled.balance(fund),
                    receipt=f"{posting.transfer.seq}-{posting.transfer.hash[:RECEIPT_DIGITS]}",
                    replayed=posting.replayed,
                )
            return results

    @staticmethod
    def _told_as_top_up(
        request: NewTransfer, settled: Settled, due: AccountDue, fund: Fund
    ) -> Event:
        return ToppedUp(
            at=request.effective_at,
            account=due.number,
            available=Amount(settled.fund + due.credit_limit),
            amount=request.amount,
            reference=request.reason,
            balance=settled.balance(fund),
            user=request.user,
        )
