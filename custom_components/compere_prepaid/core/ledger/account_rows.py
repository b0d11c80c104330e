"""The rows of the ledger that say how accounts stand besides their money, and what they were told.

Like the other rows (`records`) they belong to the site whose book is open. A `StateRow` says how
something stands: the latest replaces the one before. A `HistoryRow` is written once; a `Supply` is
also ended, once.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from ..ids import AccountNumber, MeterSerial, TransferId
from ..money.amount import ZERO, Amount, Price
from .allocation_rows import AllocationHistoryRow, AllocationStateRow
from .payment_rows import PaymentHistoryRow, PaymentStateRow


class FeeKind(StrEnum):
    """A charge that is not for energy. The words are those of the tariff's lines."""

    STANDING = "standing"
    SERVICE = "service"
    MINIMUM = "minimum"
    DEMAND = "demand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    """What an account owes once for a day or a month: key (account, kind, day, item).

    `day` is the site's calendar day, or the first of the month; `quantity` a demand in W or VA.
    """

    account: AccountNumber
    kind: FeeKind
    day: date
    item: str = ""
    tariff: str
    tariff_valid_from: date
    revision: int = 1
    quantity: int = 0
    amount: Amount
    tax_ppm: int = 0
    transfer_id: TransferId


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """A meter supplied an account from one reading of a generation to another; open until ended.

    Key (meter, generation, number): several accounts may have one meter one after the other.
    """

    meter: MeterSerial
    generation: int
    number: int
    account: AccountNumber
    from_wh: int
    from_at: datetime
    to_wh: int | None = None
    to_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerating:
    """A run of rating again: what an account used in a time, by another version of its tariff.

    `difference` is new minus old before tax, and is carried by the transfer `transfer_id` (None if
    it is zero).
    """

    run: str
    account: AccountNumber
    since: datetime
    until: datetime
    at: datetime
    user: str
    reason: str
    difference: Amount
    transfer_id: TransferId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A line of a rerating: a part of the charge that begins at `charge_from_wh`, priced again.

    The lines of one charge and run tile it. Key (run, meter, generation, from_wh).
    """

    run: str
    meter: MeterSerial
    generation: int
    charge_from_wh: int
    from_wh: int
    to_wh: int
    from_at: datetime
    to_at: datetime
    tariff: str
    tariff_valid_from: date
    revision: int
    period: str
    tier: int
    price: Price
    amount: Amount
    tax_ppm: int
    estimated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedStatement:
    """A statement as it was given to a tenant: canonical JSON, and where the chain stood then."""

    account: AccountNumber
    number: int
    since: datetime
    until: datetime
    issued_at: datetime
    user: str
    anchor: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenancy:
    """How an account stands apart from its money. Key (account).

    `charged_through` is the last calendar day whose standing charges are posted, `closed_through`
    the first day of the last month that was closed (minimum, demand); None before the first.
    `emergency` is the emergency credit in use, zero while none is. An account that moved out has
    `closed_at` and takes no more money.
    """

    account: AccountNumber
    name: str
    opened_at: datetime
    closed_at: datetime | None = None
    charged_through: date | None = None
    closed_through: date | None = None
    emergency: Amount = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxTotal:
    """All that was charged to a fund at one excluded tax rate, and the tax posted on it.

    Key (account, fund, ppm). `tax` = floor(`net` × `ppm` ÷ 10⁶), so that taxes always add up.
    """

    account: AccountNumber
    fund: str
    ppm: int
    net: Amount
    tax: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandPeak:
    """The highest demand of an account in a month, in W or VA. Key (account, month, item)."""

    account: AccountNumber
    month: date
    item: str
    quantity: int
    at: datetime


class DebtKind(StrEnum):
    """How a debt is recovered."""

    PERCENT = "percent"
    """A share of each top-up, up to a cap per week."""
    TIME = "time"
    """An amount per day, week or month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """How a debt of an account is recovered. Key (account, name).

    What is still owed is on the ledger account `asset:debt:<account>:<name>`. Of a percent debt
    `ppm` of each top-up is taken, at most `amount` a week (zero: no cap). Of a time debt `amount`
    per `per` (`day`, `week`, `month`) falls due by the day up to `due_through`, and `due` is what
    fell due and could not be taken yet.
    """

    account: AccountNumber
    name: str
    kind: DebtKind
    ppm: int = 0
    amount: Amount = ZERO
    per: str = ""
    due: Amount = ZERO
    due_through: date | None = None
    opened_at: datetime
    user: str = ""
    reason: str = ""


class DecisionKind(StrEnum):
    """What was decided about an account's credit, by a person or by its policy."""

    GRACE = "grace"
    """Nobody cuts it before `until`."""
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_CLOSED = "dispute_closed"
    ADAPTATION = "adaptation"
    """It is only shadow-cut before `until`."""
    PUT_OFF = "put_off"
    """A cut that was due waits until `until`, for the reason in `detail`."""
    SHADOW_CUT = "shadow_cut"
    """It would have been cut; no relay moved."""
    SHADOW_RESTORED = "shadow_restored"
    """Its supply would have come back."""
    EMERGENCY = "emergency"
    """It began to use its emergency credit."""
    EMERGENCY_REPAID = "emergency_repaid"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditWatch:
    """What a policy remembers of an account besides the money levels told. Key (account).

    `days_told` is the lowest warning level in days that was told, None while none is.
    `noticed_at` is since when the tenant knows that credit is low (the first warning since it was
    last good), None while it is good. `put_off_until` and `put_off_why` are what was told last of a
    cut that is due and waits; an empty reason while none does, no time while nobody knows it.
    `reminded_for` is the end of a protected time whose coming cut was told. Nobody cuts the account
    before `grace_until`, nor while it is disputed. It is only shadow-cut before `adapts_until`;
    None leaves that to its policy. `shadow_cut_at` is since when it would be off.
    """

    account: AccountNumber
    days_told: int | None = None
    noticed_at: datetime | None = None
    put_off_until: datetime | None = None
    put_off_why: str = ""
    reminded_for: datetime | None = None
    grace_until: datetime | None = None
    disputed_at: datetime | None = None
    dispute_reason: str = ""
    adapts_until: datetime | None = None
    shadow_cut_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided about an account's credit, for ever. Key (account, number)."""

    account: AccountNumber
    number: int
    kind: DecisionKind
    at: datetime
    until: datetime | None = None
    user: str = ""
    detail: str = ""
    available: Amount = ZERO
    """Available credit then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One call that changed many accounts, so that it can be undone as a whole. Key (id).

    `content` is canonical JSON: what was asked, and of each account what was before and what is
    needed to take it back. The batch `undo:<id>` says that this one was taken back.
    """

    id: str
    action: str
    at: datetime
    user: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReceipt:
    """An account's tenant has seen an announcement. Key (account, announcement)."""

    account: AccountNumber
    announcement: str
    at: datetime
    by: str = ""
    """How: `portal`, or a user's id."""


type StateRow = (
    Tenancy | TaxTotal | DemandPeak | Debt | CreditWatch | PaymentStateRow | AllocationStateRow
)
"""Rows that say how things stand: the latest replaces the one before."""

type HistoryRow = (
    Fee
    | Supply
    | Rerating
    | Correction
    | IssuedStatement
    | Decision
    | Batch
    | ReadReceipt
    | PaymentHistoryRow
    | AllocationHistoryRow
)
"""Rows that are written once (a `Supply` is also ended, once)."""
