"""Shares in columns: what all accounts bear of a pool by one basis, as plain lists of numbers.

A large mall has hundreds of thousands of lines in a month. They are made for the account that is
asked for, so that working out a run, and keeping it, costs the same for each account however many
there are.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..ids import AccountNumber
from ..money.amount import Amount
from .inputs import ShareLine
from .pool import Basis
from .weights import Group


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A part of a pool by one basis; weights and whole units stand as a group's accounts do."""

    basis: Basis
    total: int
    cost: Amount
    weights: Sequence[int]
    units: Sequence[int]

    def bears(self, slot: int) -> bool:
        """Tell whether an account has a line: who has no percentage has none."""
        return self.basis is not Basis.PERCENT or self.weights[slot] > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolShares:
    """What tenants bear of a pool: columns, and what was done to some accounts besides."""

    pool: str
    unit: Amount
    group: Group
    columns: Sequence[Column]
    changes: Mapping[AccountNumber, Sequence[ShareLine]]

    def accounts(self) -> Iterator[AccountNumber]:
        """Yield who has any line, in no order."""
        yield from self.changes
        for column in self.columns:
            if column.basis is not Basis.PERCENT:
                yield from self.group.accounts
                return
        for slot, account in enumerate(self.group.accounts):
            if any(column.bears(slot) for column in self.columns):
                yield account

    def lines(self, account: AccountNumber) -> Iterator[ShareLine]:
        """Yield an account's lines."""
        if (slot := self.group.slot_of.get(account)) is not None:
            for column in self.columns:
                if column.bears(slot):
                    yield ShareLine(
                        pool=self.pool,
                        basis=column.basis,
                        weight=column.weights[slot],
                        total=column.total,
                        cost=column.cost,
                        amount=Amount(column.units[slot] * self.unit),
                        days=self.group.days[slot],
                    )
        yield from self.changes.get(account, ())


@dataclass(slots=True, eq=False)
class Shares(Mapping[AccountNumber, tuple[ShareLine, ...]]):
    """The lines of all accounts, in the order of the accounts; made when they are asked for."""

    pools: Sequence[PoolShares]
    owner: AccountNumber | None
    owner_lines: tuple[ShareLine, ...]
    _accounts: dict[AccountNumber, None] = field(init=False)

    def __post_init__(self) -> None:
        """Find all who have a line."""
        found = {account for pool in self.pools for account in pool.accounts()}
        if self.owner is not None and self.owner_lines:
            found.add(self.owner)
        self._accounts = dict.fromkeys(sorted(found))

    def __getitem__(self, account: AccountNumber) -> tuple[ShareLine, ...]:
        """Return an account's lines, pool by pool."""
        if account not in self._accounts:
            raise KeyError(account)
        if account == self.owner:
            return self.owner_lines
        return tuple(line for pool in self.pools for line in pool.lines(account))

    def __iter__(self) -> Iterator[AccountNumber]:
        """Iterate over the accounts in order."""
        return iter(self._accounts)

    def __len__(self) -> int:
        """Return how many accounts have a share."""
        return len(self._accounts)
