"""The rows of the ledger about payments: what was ordered, what providers say, what the desk took.

Like the other rows (`records`) they belong to the site whose book is open; `account_rows` says what
a state and a history are. A payment is booked once for a provider's transaction (`ProviderTxn`),
whoever tells of it first: a notice, a query or the daily bill.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from ..ids import AccountNumber, MeterSerial, TransferId
from ..money.amount import ZERO, Amount


class OrderState(StrEnum):
    """How far an order came. `PAID` is final; late money may still pay a `CLOSED` one."""

    NEW = "new"
    """Kept here; the provider may not have heard of it."""
    OPEN = "open"
    """The provider waits for its payment."""
    CLOSING = "closing"
    CLOSED = "closed"
    PAID = "paid"


class Method(StrEnum):
    """How a payer reaches the provider."""

    JSAPI = "jsapi"
    """Inside WeChat, by the page's own bridge."""
    REDIRECT = "redirect"
    """By the provider's page."""
    QR = "qr"
    """By a code that is scanned with the provider's app."""
    CASHIER = "cashier"
    """By a code whose payment a cashier confirms."""
    AUTOMATIC = "automatic"
    """By a means of payment that was kept for it; nobody is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayOrder:
    """What somebody wants to pay for an account. Key (id).

    It is kept before the provider is asked. `id` is a ULID and the provider's `out_trade_no`; `key`
    is what the page made up, so that asking twice orders once. `params` is canonical JSON of what
    the provider was asked first, for a repetition must say the same; `checkout` is canonical JSON
    of where the payer is sent to. `paid_txn` is the first transaction that paid it.
    """

    id: str
    provider: str
    account: AccountNumber
    meter: MeterSerial | None = None
    """The meter whose number or code led to the payment, where one did."""
    fund: str
    amount: Amount
    currency: str
    method: Method
    key: str
    params: str = ""
    checkout: str = ""
    state: OrderState = OrderState.NEW
    created_at: datetime
    expires_at: datetime
    changed_at: datetime
    paid_txn: str = ""
    note: str = ""
    """What the provider said last of an order that failed."""


class TxnVerdict(StrEnum):
    """What was done with a payment."""

    CREDITED = "credited"
    SUSPENSE = "suspense"
    """Booked, but to nobody yet: order unknown, other amount, account closed."""
    FOREIGN = "foreign"
    """Not booked: another merchant's or currency's. Somebody has to look."""


class PaymentSource(StrEnum):
    """Who told of a payment first."""

    NOTICE = "notice"
    QUERY = "query"
    BILL = "bill"
    CASHIER = "cashier"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderTxn:
    """A payment that a provider took. Key (provider, txn): what makes money come once.

    `amount` is in the book's currency (zero of a `FOREIGN` one); `day` is the day in the provider's
    zone on whose bill it stands.
    """

    provider: str
    txn: str
    order_id: str = ""
    account: AccountNumber | None = None
    amount: Amount
    verdict: TxnVerdict
    reason: str = ""
    """Why it could not be credited."""
    source: PaymentSource
    paid_at: datetime
    day: date
    recorded_at: datetime
    transfer_id: TransferId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspenseAssignment:
    """Somebody said whose a payment in suspense is. Key (provider, txn)."""

    provider: str
    txn: str
    account: AccountNumber | None
    """None if it was given back outside of this program."""
    at: datetime
    user: str
    reason: str
    transfer_id: TransferId


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentNotice:
    """A notice as it arrived, the evidence. Key (provider, id): `id` is the SHA-256 of its body.

    Of those that were refused only so many are kept as a day may have.
    """

    provider: str
    id: str
    received_at: datetime
    verdict: str
    headers: str
    """Canonical JSON of those that the signature needs."""
    body: str


class ProviderRefundState(StrEnum):
    """How far a refund to the payer came."""

    RESERVED = "reserved"
    """The money is set aside here; the provider may not have heard of it."""
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    CLOSED = "closed"
    """The provider gave it up; the money is back on the account."""
    ABNORMAL = "abnormal"
    """It needs a person in the provider's console; the money stays set aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRefund:
    """Money that goes back to a payer through the provider. Key (id), its `out_refund_no`.

    `reference` is what whoever asked for it calls it; its transfer is named by that.
    """

    id: str
    reference: str = ""
    provider: str
    txn: str
    order_id: str
    account: AccountNumber
    fund: str
    amount: Amount
    reason: str
    user: str
    state: ProviderRefundState
    provider_ref: str = ""
    created_at: datetime
    changed_at: datetime
    note: str = ""


class BillKind(StrEnum):
    """What a line of a provider's bill speaks of."""

    PAYMENT = "payment"
    REFUND = "refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """A line of a provider's daily bill. Key (provider, day, kind, ref).

    `ref` is the transaction's number of a payment, the refund's own of a refund; `fee` is what the
    provider kept (of a refund: gave back).
    """

    provider: str
    day: date
    kind: BillKind
    ref: str
    order_id: str = ""
    amount: Amount
    fee: Amount = ZERO
    currency: str
    at: datetime
    read_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """A provider's day laid beside the book. Key (provider, day, number): it may be done again.

    `content` is canonical JSON: what matched, was credited by it, is missing on either side.
    `unexplained` is what nobody can explain of it; zero is what it is for.
    """

    provider: str
    day: date
    number: int
    at: datetime
    user: str = ""
    unexplained: Amount
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CashReceipt:
    """A numbered paper of the cash desk. Key (number), from 1 without a gap."""

    number: int
    account: AccountNumber
    amount: Amount
    """Below zero where money was given back."""
    transfer_id: TransferId
    at: datetime
    user: str
    approver: str = ""


class ApprovalState(StrEnum):
    """What became of something that needs a second person."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Something at the cash desk that a second person must agree to. Key (id).

    `content` is canonical JSON of what is to be done.
    """

    id: str
    content: str
    asked_by: str
    asked_at: datetime
    state: ApprovalState = ApprovalState.WAITING
    decided_by: str = ""
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CashClose:
    """The cash desk was counted. Key (number).

    `through` is the chain's last transfer that it covers; `difference` is counted less expected.
    """

    number: int
    at: datetime
    user: str
    through: int
    expected: Amount
    counted: Amount
    difference: Amount
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantChoice:
    """What a tenant chose on the portal. Key (account)."""

    account: AccountNumber
    language: str = ""
    alarm_threshold: Amount | None = None
    """A warning level of their own, besides their policy's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalPin:
    """The PIN of an account's tenant, and who guessed at it. Key (account).

    `salt` and `digest` are hexadecimal (scrypt); both are empty of an account that has none.
    """

    account: AccountNumber
    salt: str = ""
    digest: str = ""
    set_at: datetime
    failures: int = 0
    failed_at: datetime | None = None
    locked_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterToken:
    """How often a meter's code was renewed, by whom last. Key (meter)."""

    meter: MeterSerial
    rotation: int
    at: datetime
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalDevice:
    """A phone that is trusted with an account's papers (level 2). Key (account, id).

    `id` is the SHA-256 of what proves it: of a WeChat user's number, or of a device's own secret.
    """

    account: AccountNumber
    id: str
    name: str = ""
    bound_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoTopUp:
    """A means of payment that a tenant let be kept, and when it is charged. Key (account).

    `means` is canonical JSON of what the provider needs to charge. It is charged with `amount` when
    available credit falls to `threshold`, if `enabled`. `changed_at` is when the tenant, or a new
    means, last changed that; `last_order` is the last automatic order that is done with: credit was
    above the threshold after it.
    """

    account: AccountNumber
    provider: str
    means: str
    enabled: bool
    threshold: Amount
    amount: Amount
    changed_at: datetime
    last_order: str = ""


type PaymentStateRow = (
    PayOrder
    | ProviderRefund
    | Approval
    | TenantChoice
    | PortalPin
    | MeterToken
    | PortalDevice
    | AutoTopUp
)
"""Rows about payments of which the latest replaces the one before."""

type PaymentHistoryRow = (
    ProviderTxn
    | SuspenseAssignment
    | PaymentNotice
    | BillLine
    | Reconciliation
    | CashReceipt
    | CashClose
)
"""Rows about payments that are written once."""
