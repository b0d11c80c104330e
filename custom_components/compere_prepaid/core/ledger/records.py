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
    holds (ISO date, the site's calendar), a policy's the instant at which it was written.
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


type StateRow = Tenancy | TaxTotal | DemandPeak | Debt
"""Rows that say how things stand: the latest replaces the one before."""

type HistoryRow = Fee | Supply | Rerating | Correction | IssuedStatement
"""Rows that are written once (a `Supply` is also ended, once)."""
