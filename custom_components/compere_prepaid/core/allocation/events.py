"""What happened with allocation runs."""

from dataclasses import dataclass
from datetime import date

from ..events import Event
from ..money.amount import Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationPosted(Event):
    """A run was approved: its shares are on the accounts.

    `until` is the first day behind it, `amount` what was posted before tax, to so many `accounts`.
    """

    TYPE = "allocation_posted"

    run: str
    since: date
    until: date
    amount: Amount
    accounts: int
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationReversed(Event):
    """A posted run was taken back, by counter-transfers."""

    TYPE = "allocation_reversed"

    run: str
    since: date
    until: date
    user: str
    reason: str


OF_ALLOCATION: tuple[type[Event], ...] = (AllocationPosted, AllocationReversed)
"""What automations may rely on."""
