"""One transaction on one site's book: the core's `LedgerTransaction` on a database connection.

The laws of the ledger live in the core. Repeated here are those that keep a mistake of ours out of
the book: nothing is committed after a refusal, and what belongs together must be there together.
"""

from collections.abc import Iterable

from ...core.ids import AccountNumber, MeterSerial
from ...core.ledger.account_rows import (
    CreditWatch,
    Debt,
    Supply,
    TaxTotal,
    Tenancy,
)
from ...core.ledger.accounts import Fund, tenant
from .groups import GroupRows
from .plain import PlainRows
from .registers import RegisterRows
from .shares import ShareRows
from .sums import SumRows
from .supply import SupplyRows
from .transfers import TransferRows


class DatabaseTransaction(
    TransferRows, RegisterRows, SupplyRows, PlainRows, SumRows, ShareRows, GroupRows
):
    """Implements `LedgerTransaction`; made for one open transaction and thrown away with it."""

    def prefetch(self, accounts: Iterable[AccountNumber], meters: Iterable[MeterSerial]) -> None:
        """Read at once what settling these accounts and meters will ask for; changes no answer."""
        accounts, meters = tuple(accounts), tuple(meters)
        self._totals.load(tenant(account, fund) for account in accounts for fund in Fund)
        kinds = (Tenancy, TaxTotal, Debt, CreditWatch)
        for sheet in (self._announcements, *(self._plain[kind] for kind in kinds)):
            sheet.load(accounts)
        of_meters = (self._generations, self._marks, self._holds, self._demands)
        for sheet in (*of_meters, self._plain[Supply]):
            sheet.load(meters)

    def seal(self, token: str) -> None:
        """Write everything and check, right before the commit, that the book is whole.

        `token` names this transaction in the book. Raises what was refused earlier, and
        `OperationFailedError` (`ledger_rule_broken`) if charges and mark, or holds and relay
        demand, do not fit each other.
        """
        if self._failed is None:
            self._seal_registers()
            self._seal_demands()
            self.flush()
        if self._failed is not None:
            raise self._failed
        self._seal_head(token)
