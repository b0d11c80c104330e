"""What is asked of the ledger for some accounts at once, because for each alone it costs too much.

Groups are of some hundred accounts at most: engines limit how many a query may name. Who has
nothing is left out of what is returned.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from ..ids import AccountNumber
from ..money.amount import Amount
from .account_rows import Fee, IssuedStatement, Supply
from .allocation_rows import AllocationShare
from .records import Charge, Spending, Transfer, TransferCode


class GroupReads(Protocol):
    """The part of a `LedgerTransaction` that asks for groups. Times are from `since` to `until`."""

    def last_statements(
        self, accounts: Collection[AccountNumber]
    ) -> Mapping[AccountNumber, IssuedStatement]:
        """Return the statement of each account that was issued last."""
        ...

    def charges_of(
        self,
        accounts: Collection[AccountNumber],
        since: datetime,
        until: datetime,
        *,
        free: bool = False,
    ) -> Mapping[AccountNumber, Sequence[Charge]]:
        """Return charges (all, or the free ones) that begin within a time, by `from_at`, meter."""
        ...

    def spending_of(
        self, accounts: Collection[AccountNumber], borders: Sequence[datetime]
    ) -> Mapping[AccountNumber, Sequence[Spending]]:
        """Return what was charged between each of at most 14 borders (in order) and the next."""
        ...

    def fees_of(
        self, accounts: Collection[AccountNumber], since: date, until: date
    ) -> Mapping[AccountNumber, Sequence[Fee]]:
        """Return the fees of the days from `since` to before `until`, by day."""
        ...

    def transfers_of(
        self,
        names: Collection[str],
        since: datetime | None,
        until: datetime,
        *,
        after: int = 0,
        but: TransferCode | None = None,
    ) -> Mapping[str, Sequence[Transfer]]:
        """Return all transfers that touch ledger accounts, the oldest first; see `transfers`."""
        ...

    def totals_of(
        self, names: Collection[str], since: datetime | None, until: datetime | None
    ) -> Mapping[str, Mapping[TransferCode, Amount]]:
        """Return credits − debits of ledger accounts by code, of posted transfers."""
        ...

    def supplies_of(
        self, accounts: Collection[AccountNumber]
    ) -> Mapping[AccountNumber, Sequence[Supply]]:
        """Return the supplies of accounts by registers that have counted, in their order."""
        ...

    def shares_of(
        self, accounts: Collection[AccountNumber], run: str
    ) -> Mapping[AccountNumber, AllocationShare]:
        """Return what accounts bear in an allocation run."""
        ...
