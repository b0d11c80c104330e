"""What happened with allocation runs."""

from dataclasses import dataclass

from ..events import AccountEvent, Event
from ..money.amount import Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationPosted(Event):
    """A run was approved: its shares are on the accounts.

    `since` and `until` are days, `until` the first one behind it; `amount` is what was posted
    before tax, to so many `accounts`.
    """

    TYPE = "allocation_posted"

    run: str
    since: str
    until: str
    amount: Amount
    accounts: int
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationReversed(Event):
    """A posted run was taken back, by counter-transfers."""

    TYPE = "allocation_reversed"

    run: str
    since: str
    until: str
    user: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedCosts(AccountEvent):
    """An account bears its share of common costs, or had it given back (`amount` below zero).

    `amount` is with tax, rounded to coins. `since` and `until` are the days of the run, `until` the
    first one behind it.
    """

    TYPE = "shared_costs"

    run: str
    since: str
    until: str
    amount: Amount


OF_ALLOCATION: tuple[type[Event], ...] = (AllocationPosted, AllocationReversed)
"""What automations may rely on."""
