"""What statements are made of, read for all who need it as soon as one asks for it.

The accounts of a mall mostly ask about the same times, so their statements cost a handful of
queries for each group, and not for each account.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from ..ids import AccountNumber
from ..ledger.account_rows import Fee, Supply
from ..ledger.accounts import Fund, tenant
from ..ledger.allocation_rows import AllocationShare
from ..ledger.ports import LedgerTransaction
from ..ledger.records import Charge, Spending, Transfer, TransferCode
from ..money.amount import Amount

type Window = tuple[datetime | None, datetime | None]
"""A time from its beginning (None: ever) to before its end (None: always)."""

_NOTHING = Spending()


class Sources:
    """Reads for a group; what it has read is not written to while it is used."""

    def __init__(
        self, tx: LedgerTransaction, asks: Mapping[AccountNumber, Iterable[Window]], after: int = 0
    ) -> None:
        """Know who of the group will ask about which times.

        Nobody asks for late transfers that were booked up to `after`, a place in the chain.
        """
        self.tx = tx
        self._all = list(asks)
        self._after = after
        self._asking: dict[Window, list[AccountNumber]] = {}
        for account, windows in asks.items():
            for window in dict.fromkeys(windows):
                self._asking.setdefault(window, []).append(account)
        self._found: dict[tuple[object, ...], Mapping[Any, Any]] = {}
        tx.prefetch(asks, ())

    def charges(
        self, account: AccountNumber, since: datetime, until: datetime, *, free: bool = False
    ) -> Sequence[Charge]:
        """Return charges (all, or the free ones) that begin within a time, by `from_at`, meter."""

        def read(accounts: Sequence[AccountNumber]) -> Mapping[AccountNumber, Sequence[Charge]]:
            return self.tx.charges_of(accounts, since, until, free=free)

        return self._of(account, (since, until), ("charges", free), read).get(account, ())

    def fees(
        self, account: AccountNumber, window: Window, since: date, until: date
    ) -> Sequence[Fee]:
        """Return fees of the days from `since` to before `until`, by day; `window` asks for it."""

        def read(accounts: Sequence[AccountNumber]) -> Mapping[AccountNumber, Sequence[Fee]]:
            return self.tx.fees_of(accounts, since, until)

        return self._of(account, window, ("fees", since, until), read).get(account, ())

    def share(self, account: AccountNumber, run: str) -> AllocationShare | None:
        """Return what an account bears in a run, if anything."""
        key = ("share", run)
        if key not in self._found:
            self._found[key] = self.tx.shares_of(self._all, run)
        return self._found[key].get(account)

    def supplies(self, account: AccountNumber) -> Sequence[Supply]:
        """Return which registers that have counted supplied an account, and when."""
        key = ("supplies",)
        if key not in self._found:
            self._found[key] = self.tx.supplies_of(self._all)
        found: Mapping[AccountNumber, Sequence[Supply]] = self._found[key]
        return found.get(account, ())

    def energy_wh(self, account: AccountNumber, since: datetime, until: datetime) -> int:
        """Return what was charged within a time."""

        def read(accounts: Sequence[AccountNumber]) -> Mapping[AccountNumber, Sequence[Spending]]:
            return self.tx.spending_of(accounts, (since, until))

        found = self._of(account, (since, until), ("energy",), read).get(account)
        return found[0].energy_wh if found else 0

    def spending(self, account: AccountNumber, borders: Sequence[datetime]) -> Sequence[Spending]:
        """Return what was charged between each border and the next."""

        def read(accounts: Sequence[AccountNumber]) -> Mapping[AccountNumber, Sequence[Spending]]:
            return self.tx.spending_of(accounts, borders)

        found = self._of(account, (borders[-1], None), ("spending",), read).get(account)
        return found or [_NOTHING] * (len(borders) - 1)

    def transfers(
        self, account: AccountNumber, fund: Fund, since: datetime, until: datetime
    ) -> Sequence[Transfer]:
        """Return a fund's transfers within a time but for charges, the oldest first."""

        def read(accounts: Sequence[AccountNumber]) -> Mapping[str, Sequence[Transfer]]:
            names = _funds_of(accounts)
            return self.tx.transfers_of(names, since, until, but=TransferCode.CHARGE)

        found = self._of(account, (since, until), ("transfers",), read)
        return found.get(tenant(account, fund), ())

    def booked_late(
        self, account: AccountNumber, fund: Fund, until: datetime, after: int
    ) -> list[Transfer]:
        """Return a fund's transfers before a time that were booked behind a place in the chain."""

        def read(accounts: Sequence[AccountNumber]) -> Mapping[str, Sequence[Transfer]]:
            return self.tx.transfers_of(_funds_of(accounts), None, until, after=self._after)

        found = self._of(account, (None, until), ("late",), read)
        return [one for one in found.get(tenant(account, fund), ()) if one.seq > after]

    def totals(
        self, account: AccountNumber, fund: Fund, since: datetime, until: datetime | None
    ) -> Mapping[TransferCode, Amount]:
        """Return credits − debits of a fund by code, of posted transfers."""

        def read(accounts: Sequence[AccountNumber]) -> Mapping[str, Mapping[TransferCode, Amount]]:
            return self.tx.totals_of(_funds_of(accounts), since, until)

        found = self._of(account, (since, until), ("totals",), read)
        return found.get(tenant(account, fund), {})

    def _of[K, R](
        self,
        account: AccountNumber,
        window: Window,
        what: tuple[object, ...],
        read: Callable[[Sequence[AccountNumber]], Mapping[K, R]],
    ) -> Mapping[K, R]:
        """Read for all who ask about a time, unless that was done; for one of whom nobody knew."""
        asking = self._asking.get(window, ())
        if account not in asking:
            return read([account])
        key = (*what, window)
        if key not in self._found:
            self._found[key] = read(asking)
        found: Mapping[K, R] = self._found[key]
        return found


def _funds_of(accounts: Sequence[AccountNumber]) -> list[str]:
    return [tenant(account, fund) for account in accounts for fund in Fund]
