"""Money that came and belongs to nobody yet: somebody says whose it is, once.

It becomes credit the way every payment does, or it is noted that it was given back in the
provider's console. What was said stands; a mistake is corrected by an adjustment.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ..errors import InvalidInputError
from ..events import Event
from ..ids import AccountNumber, TransferId
from ..ledger.accounts import SUSPENSE, Fund, clearing, tenant
from ..ledger.payment_rows import ProviderTxn, SuspenseAssignment, TxnVerdict
from ..ledger.ports import LedgerTransaction
from ..ledger.posting import post
from ..ledger.records import NewTransfer, TransferCode
from ..prepayment.book import AccountBook
from ..prepayment.pouring import Poured, pour_in, told_of
from ..prepayment.settlement import AccountDue, Settled
from ..prepayment.slip import Slip

SOURCE = "suspense"
"""Of the transfers that take money out of suspense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """What somebody said of a payment, and whether that was said before."""

    row: SuspenseAssignment
    replayed: bool


@dataclass(slots=True)
class Suspense:
    """The suspense account of a site."""

    book: AccountBook

    async def waiting(self) -> list[ProviderTxn]:
        """Return the payments that belong to nobody yet, the oldest first."""
        return sorted(await self.book.ledger.read(waiting), key=lambda txn: txn.recorded_at)

    async def assign(
        self, provider: str, txn: str, account: str, *, reason: str, user: str
    ) -> Assigned:
        """Credit an account with a payment in suspense: debts, balance and supply follow.

        Raises `InvalidInputError`: `reason_missing`, `account_unknown`, `account_closed`,
        `suspense_unknown`, `suspense_assigned` (somebody said otherwise before).
        """
        reason = _needed(reason)
        number = self.book.account(account).number
        poured: list[Poured] = []

        def work(slip: Slip, due: AccountDue) -> Assigned:
            poured.clear()
            known, before = _look(slip.tx, provider, txn)
            if before is not None:
                return _again(before, number)
            request = _transfer(known, tenant(number), TransferCode.TOP_UP, slip.at, reason, user)
            poured.append(pour_in(slip, due, request, Fund.ELECTRICITY))
            return _keep(slip.tx, known, number, request)

        def told(_: Assigned, settled: Settled, due: AccountDue) -> Iterable[Event]:
            return told_of(poured[0], settled, due, Fund.ELECTRICITY, txn) if poured else ()

        done = await self.book.transact([number], f"asg:{provider}:{txn}", work, told)
        return done[number]

    async def give_back(self, provider: str, txn: str, *, reason: str, user: str) -> Assigned:
        """Note that a payment in suspense was given back in the provider's console.

        Raises `InvalidInputError`: `reason_missing`, `suspense_unknown`, `suspense_assigned`.
        """
        reason = _needed(reason)
        at = self.book.clock.now()

        def work(tx: LedgerTransaction) -> Assigned:
            known, before = _look(tx, provider, txn)
            if before is not None:
                return _again(before, None)
            side = clearing(provider)
            request = _transfer(known, side, TransferCode.REFUND, at, reason, user)
            post(tx, request, at)
            return _keep(tx, known, None, request)

        return await self.book.ledger.run(work)


def waiting(tx: LedgerTransaction) -> list[ProviderTxn]:
    """Return the payments that belong to nobody yet."""
    return [
        txn
        for txn in tx.rows(ProviderTxn, verdict=TxnVerdict.SUSPENSE)
        if tx.find(SuspenseAssignment, provider=txn.provider, txn=txn.txn) is None
    ]


def _look(
    tx: LedgerTransaction, provider: str, txn: str
) -> tuple[ProviderTxn, SuspenseAssignment | None]:
    """Return a payment in suspense, and what was said of it."""
    known = tx.find(ProviderTxn, provider=provider, txn=txn)
    if known is None or known.verdict is not TxnVerdict.SUSPENSE:
        raise InvalidInputError("suspense_unknown", payment=txn)
    return known, tx.find(SuspenseAssignment, provider=provider, txn=txn)


def _transfer(
    known: ProviderTxn, credit: str, code: TransferCode, at: datetime, reason: str, user: str
) -> NewTransfer:
    return NewTransfer(
        id=TransferId(f"asg:{known.provider}:{known.txn}"),
        debit=SUSPENSE,
        credit=credit,
        amount=known.amount,
        code=code,
        effective_at=at,
        source=SOURCE,
        user=user,
        reason=reason,
        detail=known.txn,
    )


def _keep(
    tx: LedgerTransaction,
    known: ProviderTxn,
    account: AccountNumber | None,
    request: NewTransfer,
) -> Assigned:
    row = SuspenseAssignment(
        provider=known.provider,
        txn=known.txn,
        account=account,
        at=request.effective_at,
        user=request.user,
        reason=request.reason,
        transfer_id=request.id,
    )
    tx.add(row)
    return Assigned(row=row, replayed=False)


def _again(before: SuspenseAssignment, account: AccountNumber | None) -> Assigned:
    """Return what was said before, if it is the same."""
    if before.account != account:
        raise InvalidInputError("suspense_assigned", payment=before.txn)
    return Assigned(row=before, replayed=True)


def _needed(reason: str) -> str:
    if not reason.strip():
        raise InvalidInputError("reason_missing")
    return reason.strip()
