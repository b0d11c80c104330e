"""What happened with payments that concerns the site, not one account or meter."""

from dataclasses import dataclass

from ..events import Event
from ..ids import AccountNumber
from ..money.amount import Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentUnmatched(Event):
    """Money came, or is said to have come, that could not be credited; somebody has to look.

    `reason` is why (`Unmatched` of the core's payment room). Nothing was booked to an account;
    what the provider took stands in the suspense account, unless it cannot be ours at all.
    """

    TYPE = "payment_unmatched"

    provider: str
    txn: str
    order: str
    account: AccountNumber | None
    amount: Amount
    reason: str


OF_SITE: tuple[type[Event], ...] = (PaymentUnmatched,)
"""What automations may rely on besides the events of accounts and meters."""
