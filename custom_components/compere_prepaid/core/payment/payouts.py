"""Money that arrives at the bank: from a provider's clearing account, or from the cash desk."""

from dataclasses import dataclass

from ..clock import Clock
from ..errors import InvalidInputError
from ..ids import TransferId
from ..ledger.accounts import BANK, CASH, clearing
from ..ledger.ports import Ledger, LedgerTransaction
from ..ledger.posting import Posting, post
from ..ledger.records import NewTransfer, TransferCode
from ..money.amount import Amount, Currency

_DESK = "cash"
"""What stands for the cash desk where a provider's key stands for others."""


@dataclass(slots=True)
class Payouts:
    """Records what a person saw on the bank's statement."""

    ledger: Ledger
    clock: Clock
    currency: Currency

    async def record(
        self, provider: str, amount: Amount, *, reference: str, user: str
    ) -> tuple[Posting, Amount]:
        """Record that money came to the bank, once for a reference; return what is left to come.

        Without a provider it came from the cash desk. Raises `InvalidInputError`:
        `amount_not_positive`, `reference_reused`.
        """
        if amount <= 0:
            raise InvalidInputError("amount_not_positive", amount=self.currency.exact(amount))
        source = clearing(provider) if provider else CASH
        at = self.clock.now()
        request = NewTransfer(
            id=TransferId(f"payout:{provider or _DESK}:{reference}"),
            debit=BANK,
            credit=source,
            amount=amount,
            code=TransferCode.PAYOUT,
            effective_at=at,
            source="bank",
            user=user,
            reason=reference,
        )

        def work(tx: LedgerTransaction) -> tuple[Posting, Amount]:
            return post(tx, request, at), Amount(-tx.balance(source))

        return await self.ledger.run(work)
