"""The rows of the ledger, as the core sees them.

Every row belongs to the site whose book is open, so none repeats the site. Times are aware UTC
instants with microseconds. A row is never changed after it was written, except those that say how
things stand (`BillMark`, `RelayDemand`, `Announcement`, and the `StateRow`s), and those that end
once (`Hold`, `RegisterGeneration`, `Supply`).
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from ..ids import AccountNumber, MeterSerial, TransferId
from ..money.amount import ZERO, Amount, Price


class BookKind(StrEnum):
    """Whether a book's money is real. It never changes."""

    REAL = "real"
    SANDBOX = "sandbox"
    """For trying: only providers that move no money may pay into it."""


class TransferCode(StrEnum):
    """Why money moved."""

    OPENING = "opening"
    TOP_UP = "top_up"
    ADJUSTMENT = "adjustment"
    CHARGE = "charge"
    STANDING = "standing"
    SERVICE = "service"
    MINIMUM = "minimum"
    DEMAND = "demand"
    ALLOCATION = "allocation"
    """A share of common costs, or its reversal."""
    TAX = "tax"
    CORRECTION = "correction"
    """The difference that rating again made."""
    DEBT = "debt"
    """A debt was taken on, or forgiven."""
    DEBT_RECOVERY = "debt_recovery"
    REFUND = "refund"
    REVERSAL = "reversal"
    DEPOSIT = "deposit"
    CARRY_OVER = "carry_over"
    """Between accounts and funds of tenants."""
    ROUNDING = "rounding"
    SUSPENSE = "suspense"
    """A payment that nobody could be credited with."""
    GATEWAY_FEE = "gateway_fee"
    PAYOUT = "payout"
    """A provider, or the cash desk, to the bank."""
    CASH_DIFFERENCE = "cash_difference"
    """Counted less than there should be, or more."""


class TransferKind(StrEnum):
    """Whether a transfer stands for itself or resolves another one (two-phase)."""

    POSTED = "posted"
    PENDING = "pending"
    POST = "post"
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTransfer:
    """What somebody wants booked: `amount` (more than 0) from `debit` to `credit`.

    `detail` is canonical text that belongs to what was asked; `outcome` is canonical text that says
    what followed from it (where a top-up went to). Both are covered by the chain, but the same
    request may have another outcome when it is asked again.
    """

    id: TransferId
    debit: str
    credit: str
    amount: Amount
    code: TransferCode
    effective_at: datetime
    source: str
    user: str = ""
    reason: str = ""
    detail: str = ""
    kind: TransferKind = TransferKind.POSTED
    pending_id: TransferId | None = None
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer(NewTransfer):
    """A booked transfer, one immutable row of the hash chain."""

    seq: int
    recorded_at: datetime
    payload_hash: str
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainHead:
    """Where the book's hash chain ends."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterGeneration:
    """A meter's energy register from installation to replacement, rollover or reset.

    Its Wh are what the register shows × `multiplier` (the current transformers' ratio where the
    meter counts their secondary side). `reason` says why it began, `user` who said so.
    """

    meter: MeterSerial
    generation: int
    start_wh: int
    start_at: datetime
    closed_wh: int | None = None
    closed_at: datetime | None = None
    multiplier: int = 1
    reason: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillMark:
    """Up to where a register generation is charged: the next charge begins exactly here.

    `registers` is what the meter's own tariff registers showed then: canonical JSON of Wh by name
    (`{"T1":1200}`), or empty.
    """

    meter: MeterSerial
    generation: int
    wh: int
    at: datetime
    registers: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Money for one interval of a register generation, at one price."""

    meter: MeterSerial
    generation: int
    from_wh: int
    to_wh: int
    from_at: datetime
    to_at: datetime
    account: AccountNumber
    tariff: str
    tariff_valid_from: date
    revision: int = 1
    period: str
    tier: int
    price: Price
    amount: Amount
    estimated: bool
    transfer_id: TransferId | None
    """None only where the price, and so the amount, is zero."""


class HoldKind(StrEnum):
    """Why a meter's relay must be open."""

    NO_CREDIT = "no_credit"
    OVERLOAD = "overload"
    PROTECTION = "protection"
    MANUAL = "manual"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A reason, placed on a meter by somebody, why its relay must be open.

    At most one of a kind stands on a meter; released ones stay as history.
    """

    meter: MeterSerial
    kind: HoldKind
    placed_at: datetime
    placed_by: str
    reason: str = ""
    released_at: datetime | None = None
    released_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayDemand:
    """What a meter's relay must be, and whether it was read back so (the outbox).

    `version` grows with every change of `closed`; `confirmed_at` is None until the relay was read
    back in that state. `cause` names what changed it: a transfer id or `hold:<kind>`.
    """

    meter: MeterSerial
    closed: bool
    version: int
    cause: str
    decided_at: datetime
    confirmed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """The lowest warning level that was told to an account, so that each crossing is told once."""

    account: AccountNumber
    level: Amount | None


class TermKind(StrEnum):
    """A dated agreement of an account."""

    TARIFF = "tariff"
    POLICY = "policy"
    CREDIT_LIMIT = "credit_limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """From an instant on, this account has this tariff, policy or credit limit (until the next)."""

    account: AccountNumber
    kind: TermKind
    value: str
    valid_from: datetime
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An immutable version of a piece of data: of a tariff or a policy.

    `content` is canonical JSON. `version` sorts as text: a tariff's is the first day on which it
    holds (ISO date, the site's calendar), a policy's the instant at which it was written, or the
    first day of one that was planned; a number behind `#` is a later revision of that day.
    """

    kind: str
    name: str
    version: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What an account was charged between two instants."""

    energy_wh: int = 0
    amount: Amount = ZERO
