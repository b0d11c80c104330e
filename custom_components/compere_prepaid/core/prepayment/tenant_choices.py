"""What tenants chose for themselves: their language, and a warning level of their own."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..errors import InvalidInputError
from ..ids import AccountNumber
from ..ledger.payment_rows import TenantChoice
from ..ledger.ports import LedgerTransaction
from ..money.amount import Amount
from .book import AccountBook


@dataclass(slots=True)
class TenantChoices:
    """Keeps what the tenants of a book chose. Call `load` first."""

    book: AccountBook

    async def load(self) -> None:
        """Read what the ledger has."""
        rows = await self.book.ledger.read(lambda tx: tx.rows(TenantChoice))
        self.book.choices.update({row.account: row for row in rows})

    def choice(self, account: AccountNumber) -> TenantChoice:
        """Return what an account's tenant chose; nothing, for who never chose."""
        return self.book.choices.get(account) or TenantChoice(account=account)

    async def choose_language(self, number: str, language: str) -> TenantChoice:
        """Tell a tenant things in another language from now on.

        Raises `InvalidInputError` (`account_unknown`).
        """
        account = self.book.account(number).number
        return await self._keep(account, lambda row: replace(row, language=language))

    async def choose_alarm(self, number: str, threshold: Amount | None) -> TenantChoice:
        """Warn a tenant at one more level of credit; None for no more than the policy's.

        Raises `InvalidInputError`: `account_unknown`, `alarm_below_cut_off`.
        """
        account = self.book.account(number)
        cut_off = account.policy.cut_off
        if threshold is not None and threshold <= cut_off:
            shown = self.book.currency.rounded(cut_off)
            raise InvalidInputError("alarm_below_cut_off", cut_off=shown)
        kept = await self._keep(account.number, lambda row: replace(row, alarm_threshold=threshold))
        account.own_level = kept.alarm_threshold
        async with self.book.locked([account.number]):
            await self.book.settle(account, "alarm threshold")
        return kept

    async def _keep(
        self, account: AccountNumber, change: Callable[[TenantChoice], TenantChoice]
    ) -> TenantChoice:
        """Change what the ledger has: two choices at once are both kept."""

        def work(tx: LedgerTransaction) -> TenantChoice:
            before = tx.find(TenantChoice, account=account)
            choice = change(before or TenantChoice(account=account))
            tx.put(choice)
            return choice

        choice = self.book.choices[account] = await self.book.ledger.run(work)
        return choice
