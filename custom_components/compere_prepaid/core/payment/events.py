"""What happened with payments."""

from dataclasses import dataclass

from ..events import AccountEvent, Event
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFailed(Event):
    """A provider did not give money back to a payer.

    `state` is `closed` (it gave up, and the money is the account's again) or `abnormal` (somebody
    has to finish it in the provider's console; the money stays set aside until that is said).
    """

    TYPE = "refund_failed"

    account: AccountNumber
    provider: str
    reference: str
    amount: Amount
    state: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDisputed(Event):
    """A payer wants money back through their bank; nothing was booked for that."""

    TYPE = "payment_disputed"

    account: AccountNumber | None
    provider: str
    txn: str
    amount: Amount
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationFault(Event):
    """A provider's bill and the book do not agree.

    `day` is the bill's, `faults` how many things do not agree, `unexplained` how much money of it
    nobody can explain.
    """

    TYPE = "reconciliation_fault"

    provider: str
    day: str
    faults: int
    unexplained: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoTopUpStopped(AccountEvent):
    """An account's automatic top-up was switched off, for it failed too often or cannot be.

    `reason` is `failed`, or the key of the refusal.
    """

    reason: str


OF_PAYMENT: tuple[type[Event], ...] = (
    PaymentUnmatched,
    RefundFailed,
    PaymentDisputed,
    ReconciliationFault,
)
"""What automations may rely on besides the events of accounts and meters."""
