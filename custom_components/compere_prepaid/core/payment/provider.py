"""A payment provider as the core sees it: a codec with a transport, which knows no ledger.

Providers speak of money in the book's currency as `Amount`, and of what they were asked by our own
ids, which are stored before the first call: asking again with the same id is always harmless. What
a provider tells, by a notice, an answer or a bill, is only ever handed to one function that
credits (`crediting`).
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from ..errors import OperationFailedError
from ..ledger.payment_rows import BillKind, Method, PayOrder, ProviderRefund
from ..money.amount import ZERO, Amount


class Capability(StrEnum):
    """What a provider can do besides taking money."""

    NOTIFY = "notify"
    QUERY = "query"
    CLOSE = "close"
    REFUND = "refund"
    BILL = "bill"
    AUTOMATIC = "automatic"
    """Charge a means of payment that was kept, while nobody is there."""


class RetryableError(OperationFailedError):
    """The provider did not answer, or not sensibly: the same may be asked again later."""


class RejectedError(OperationFailedError):
    """The provider refused for good; asking the same again changes nothing."""


class BillMissingError(RejectedError):
    """There is no bill of a day, and there will be none: nothing happened on it."""


class NoticeFault(StrEnum):
    """What a notice that is not believed says about our settings."""

    NOISE = "noise"
    """Nothing: anybody may have sent it, the provider only looks whether we check, or it is genuine
    and cannot be read."""
    SIGNATURE = "signature"
    """It claims to be signed, and no key of ours fits: if this goes on, a key is wrong."""
    TIME = "time"
    """It is signed, and too old or from the future: our clock is off, or somebody repeats it."""


class BadNoticeError(Exception):
    """A notice that is not to be believed; its text is for the log, never for the sender.

    Raised for a bad signature, an unknown key, a time too far off, and for what cannot be read.
    """

    def __init__(self, text: str, fault: NoticeFault = NoticeFault.SIGNATURE) -> None:
        """Say what is wrong, and what it means."""
        super().__init__(text)
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """Who pays, as far as providers ask."""

    method: Method
    client_ip: str = ""
    openid: str = ""
    """WeChat's number of the payer for our application (JSAPI)."""
    device: str = ""
    """`iOS`, `Android` or `Wap`: what a payment page in a browser asks for."""
    return_url: str = ""
    """Where the payer's browser comes back to; nothing is believed that comes with it."""
    keep_means: bool = False
    """Whether the means of payment is kept for automatic top-ups."""
    means: str = ""
    """What was kept (`Paid.means`), where it is to be charged (AUTOMATIC)."""
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Jsapi:
    """What the page hands to WeChat's bridge."""

    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """The provider's page, to which the payer's browser goes."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Qr:
    """The text of a code to scan with the provider's app."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitCashier:
    """A code to pay with and the reference to tell a cashier, who confirms by hand."""

    text: str
    """Of the code; empty where there is none."""
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """The payment is made already: by a means of payment that was kept."""

    payment: Paid


type Checkout = Jsapi | Redirect | Qr | AwaitCashier | Charged


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """Money that the provider took.

    `amount` is None where the provider speaks of another currency than the book's. `foreign` says
    why it cannot be ours at all (another merchant, another application); else it is empty. `day` is
    the day on whose bill it stands, in the provider's own zone.
    """

    txn: str
    order_id: str
    amount: Amount | None
    currency: str
    paid_at: datetime
    day: date
    foreign: str = ""
    means: str = ""
    """Canonical JSON of a kept means of payment, where one was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpaid:
    """Nothing was paid so far. `is_final` where nothing can come any more."""

    order_id: str
    is_final: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The provider does not know, or its answer cannot be read: this never changes anything."""

    order_id: str
    reason: str = ""


type PaymentState = Paid | Unpaid | Unknown


class RefundOutcome(StrEnum):
    """How far the provider says a refund is."""

    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    CLOSED = "closed"
    ABNORMAL = "abnormal"
    MISSING = "missing"
    """The provider answered that there is no such refund: none is on its way."""
    UNKNOWN = "unknown"
    """No answer, a refused one, or one that cannot be read: this never changes anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundState:
    """What the provider says of a refund. `refund_id` is ours."""

    refund_id: str
    outcome: RefundOutcome
    provider_ref: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """The payer wants money back through their bank. `reason` is the provider's word."""

    txn: str
    amount: Amount | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice that is genuine, read. `news` is None for what does not concern us."""

    id: str
    news: PaymentState | RefundState | Dispute | None


class Outcome(StrEnum):
    """How a notice's treatment ended, which is what the sender is told."""

    ACCEPTED = "accepted"
    """Kept durably, or of no concern: it need not come again."""
    REFUSED = "refused"
    """Not believed."""
    FAILED = "failed"
    """Could not be kept: it must come again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpReply:
    """An answer to a notice."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class BillEntry:
    """A line of a provider's daily bill, as `BillLine` keeps it."""

    kind: BillKind
    ref: str
    order_id: str
    amount: Amount
    currency: str
    at: datetime
    fee: Amount = ZERO
    payment: Paid | None = None
    """The payment that it speaks of, to be credited if nobody told of it."""


class PaymentProvider(Protocol):
    """A provider. It is built from its settings, and holds no state that matters."""

    @property
    def key(self) -> str:
        """Name the provider within the site, e.g. `wechat`: part of ids, so it never changes."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Tell what it can do."""
        ...

    @property
    def methods(self) -> frozenset[Method]:
        """Tell how payers may reach it."""
        ...

    @property
    def is_sandbox(self) -> bool:
        """Tell whether it moves no real money: it belongs to books for trying, and only there."""
        ...

    def today(self, now: datetime) -> date:
        """Return the day that runs on its bills."""
        ...

    def parameters(self, order: PayOrder, payer: Payer) -> str:
        """Return canonical JSON of what `create` will ask; it is stored before it is asked."""
        ...

    async def create(self, order: PayOrder) -> Checkout:
        """Ask for the payment that `order.params` describes; idempotent in `order.id`.

        Raises `RetryableError` and `RejectedError`.
        """
        ...

    async def query(self, order: PayOrder) -> PaymentState:
        """Ask what became of an order; never raises for what the network does (`Unknown`)."""
        ...

    async def close(self, order: PayOrder) -> PaymentState:
        """Ask that nothing can be paid any more; what was paid before is told, if it is known.

        Whoever closes an order asks for it once more: it may have been paid at the same moment.
        """
        ...

    def parse_notice(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Verify and read a notice; pure, without I/O. `headers` may be spelled in any case.

        Raises `BadNoticeError` and nothing else, whatever it is given.
        """
        ...

    def ack(self, outcome: Outcome) -> HttpReply:
        """Return what its notices are answered with."""
        ...

    async def refund(self, refund: ProviderRefund, paid: Amount) -> RefundState:
        """Ask for money to go back; `paid` is the whole payment. Idempotent in `refund.id`.

        Raises `RetryableError` and `RejectedError`.
        """
        ...

    async def query_refund(self, refund: ProviderRefund) -> RefundState:
        """Ask what became of a refund; never raises for what the network does (`UNKNOWN`).

        `MISSING` only if the provider itself says that there is no such refund.
        """
        ...

    def bill(self, day: date) -> AsyncIterator[BillEntry]:
        """Yield the lines of a day's bill, once it is there.

        Raises `RetryableError` while it is not, `BillMissingError` if there is none, and
        `RejectedError` if the provider does not want to tell.
        """
        ...

    async def try_out(self) -> None:
        """Find out whether the settings work, moving no money.

        Raises `RetryableError` and `RejectedError`, whose key says which setting is wrong.
        """
        ...
