"""The rows of the ledger about shared costs: what was paid, who bears it, what meters showed.

Like the other rows (`records`) they belong to the site whose book is open; `account_rows` says what
a state and a history are.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from ..ids import AccountNumber, MeterSerial
from ..money.amount import ZERO, Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierBill:
    """What a supplier charged the site for some days. Key (supplier, number, revision).

    A bill that was entered wrongly is cancelled (`BillCancellation`); entered again it is the next
    revision. `until` is the first day behind it. `amount` is what was paid, `tax` is contained in
    it. A bill for electricity says how much was bought for it. `document` names the file that was
    handed in with it and its SHA-256, or is empty.
    """

    supplier: str
    number: str
    revision: int = 1
    name: str
    """What pools call it, like `Grid electricity`."""
    since: date
    until: date
    amount: Amount
    tax: Amount = ZERO
    energy_wh: int = 0
    fixed: bool = False
    """Whether it does not grow with how much of the building is let."""
    document: str = ""
    entered_at: datetime
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillCancellation:
    """A bill counts no more. Key (supplier, number, revision)."""

    supplier: str
    number: str
    revision: int
    at: datetime
    user: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationRun:
    """What pools cost in some days, worked out once for all who bear it. Key (id).

    `inputs` is canonical JSON of all that it was worked out of, `result` of what came out for each
    pool; what came out for each account is in its `AllocationShare`. `digest` is the SHA-256 over
    both and all shares, in the order of the accounts. `until` is the first day behind it.
    """

    id: str
    since: date
    until: date
    at: datetime
    user: str = ""
    inputs: str
    result: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationShare:
    """What an account bears in a run. Key (run, account).

    `amount` is before tax that comes on top; `content` is canonical JSON of its lines. Posting it
    is the transfer `alloc:<run>:<account>`.
    """

    run: str
    account: AccountNumber
    amount: Amount
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHead:
    """An `AllocationRun` without what it was worked out of, and what became of it.

    `steps` are in the order in which they were taken.
    """

    id: str
    since: date
    until: date
    at: datetime
    user: str
    digest: str
    steps: tuple[AllocationStep, ...] = ()

    @property
    def state(self) -> RunState:
        """Where it stands."""
        return RunState(self.steps[-1].step) if self.steps else RunState.PROPOSED


class RunState(StrEnum):
    """Where a run stands."""

    PROPOSED = "proposed"
    POSTED = "posted"
    REJECTED = "rejected"
    REVERSED = "reversed"


class RunStep(StrEnum):
    """What happened to a run after it was worked out."""

    POSTED = "posted"
    REJECTED = "rejected"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationStep:
    """Somebody approved and so posted a run, rejected or reversed it. Key (run, step)."""

    run: str
    step: RunStep
    at: datetime
    user: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRegisters:
    """What a meter's register showed at the hours of a day. Key (meter, generation, day).

    `registers` is canonical JSON of Wh by hour: place 0 is the day's first instant in the site's
    zone, the last place is the next day's; so a day has 24 to 26 of them. An hour that is not known
    is null; one that lies in a time without readings is a text (`"1234"`), for it was reckoned.
    """

    meter: MeterSerial
    generation: int
    day: date
    registers: str


type AllocationStateRow = DayRegisters
"""Rows about shared costs of which the latest replaces the one before."""

type AllocationHistoryRow = (
    SupplierBill | BillCancellation | AllocationRun | AllocationShare | AllocationStep
)
"""Rows about shared costs that are written once."""
