"""What a statement is: plain records, before they are written down (`data`).

Nothing in here is a word for people: what an allocation line was worked out of, or what a
correction corrects, are facts that can be printed in any language, also years later.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from ..allocation.pool import Basis, PoolKind
from ..ids import AccountNumber, MeterSerial, TransferId
from ..ledger.accounts import Fund
from ..ledger.records import TransferCode
from ..money.amount import ZERO, Amount, Price


class Group(StrEnum):
    """What a line is about. Lines of a group stand together, groups in this order."""

    ENERGY = "energy"
    FEES = "fees"
    """Standing and service charges, the minimum, demand."""
    SHARED_ENERGY = "shared_energy"
    """Shares of pools that are for energy; never added up with the others."""
    SHARED_SERVICE = "shared_service"
    CORRECTIONS = "corrections"
    TAXES = "taxes"
    DEBTS = "debts"
    PAYMENTS = "payments"
    """What was paid in and paid back, and the balance that the account began with."""
    OTHER = "other"
    """Adjustments, rounding, what was moved between funds and accounts, deposits."""


_GROUPS: Mapping[str, Group] = {
    TransferCode.CHARGE: Group.ENERGY,
    TransferCode.STANDING: Group.FEES,
    TransferCode.SERVICE: Group.FEES,
    TransferCode.MINIMUM: Group.FEES,
    TransferCode.DEMAND: Group.FEES,
    TransferCode.ALLOCATION: Group.SHARED_SERVICE,
    TransferCode.CORRECTION: Group.CORRECTIONS,
    TransferCode.TAX: Group.TAXES,
    TransferCode.DEBT: Group.DEBTS,
    TransferCode.DEBT_RECOVERY: Group.DEBTS,
    TransferCode.OPENING: Group.PAYMENTS,
    TransferCode.TOP_UP: Group.PAYMENTS,
    TransferCode.REFUND: Group.PAYMENTS,
    TransferCode.REVERSAL: Group.PAYMENTS,
}


def group_of(code: str) -> Group:
    """Return what lines of a code are about; shares of energy pools are so of their own."""
    return _GROUPS.get(code, Group.OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyDetail:
    """What an energy line is for: all charges of a register at one price."""

    meter: MeterSerial
    generation: int
    from_wh: int
    """The register at the first of these charges; `to_wh` at the end of the last."""
    to_wh: int
    energy_wh: int
    from_at: datetime
    to_at: datetime
    tariff: str
    valid_from: str
    revision: int
    period: str
    tier: int
    price: Price
    estimated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationDetail:
    """What a share of a pool is: `weight` of `total`, of `cost`, in the days of a run.

    The words are those of `allocation.inputs.ShareLine`; `amount` is its amount, above zero where
    the account pays.
    """

    run: str
    since: date
    until: date
    """The first day behind the run."""
    pool: str
    kind: PoolKind
    basis: Basis | None
    weight: int
    total: int
    cost: Amount
    amount: Amount
    days: int
    why: str
    reversed: bool = False
    """The share is given back, because the run was reversed."""
    statement: int | None = None
    """Of a share that is given back: the number of the statement that charged it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedEnergy:
    """Energy of a meter at one price, as it was charged or as it is charged now."""

    meter: MeterSerial
    tariff: str
    valid_from: date
    revision: int
    period: str
    tier: int
    price: Price
    energy_wh: int
    amount: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionDetail:
    """What rating again corrects: the energy of a time, and the statements that it was on."""

    run: str
    since: datetime
    until: datetime
    statements: tuple[int, ...]
    before: tuple[PricedEnergy, ...]
    after: tuple[PricedEnergy, ...]


@dataclass(slots=True, kw_only=True)
class StatementLine:
    """One line: money that came (above 0) or went, and why. It grows while lines are joined."""

    code: TransferCode
    group: Group
    amount: Amount
    shown: Decimal
    at: datetime
    energy: EnergyDetail | None = None
    allocation: AllocationDetail | None = None
    correction: CorrectionDetail | None = None
    late: bool = False
    """Of before the statement's time, but booked after the statement before it."""
    count: int = 1
    """How many days, charges or transfers the line joins."""
    item: str = ""
    """What is measured (demand), the debt's name, the tax rate in millionths, the pool."""
    quantity: int = 0
    """The demand that is charged, in W or VA."""
    base: Amount | None = None
    """Of a tax: the net amount that it is on."""
    transfer: TransferId | None = None
    reason: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSum:
    """What the lines of a group make together."""

    group: Group
    amount: Amount
    shown: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class FundStatement:
    """One fund of a statement."""

    fund: Fund
    opening: Amount
    closing: Amount
    opening_shown: Decimal
    closing_shown: Decimal
    lines: tuple[StatementLine, ...]
    groups: tuple[GroupSum, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxLine:
    """A tax of a fund at one rate: on top of `base`, or contained in prices and only told."""

    fund: Fund
    ppm: int
    included: bool
    base: Amount
    tax: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Energy and cost of a time: all that the electricity fund was charged, with tax."""

    since: datetime
    until: datetime
    days: int
    energy_wh: int
    cost: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The statement's time beside the one before and the same one a year before.

    None is a time of which nothing is known, which is not the same as nothing used.
    """

    this: Usage
    last: Usage | None = None
    year: Usage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayUse:
    """Energy charged on a day, and what it cost before tax on top; None before the account was."""

    day: date
    energy_wh: int | None
    cost: Amount | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthUse:
    """Energy charged in a month, by its first day; None before the account was there."""

    month: date
    energy_wh: int | None
    cost: Amount | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What a statement draws: the days of its time, and the 13 months that end with it."""

    days: tuple[DayUse, ...] = ()
    months: tuple[MonthUse, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterReadings:
    """What a register showed at the beginning and at the end of all that is charged of it."""

    meter: MeterSerial
    generation: int
    from_wh: int
    to_wh: int
    from_at: datetime
    to_at: datetime
    energy_wh: int
    """All of it on this statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtLeft:
    """What is owed of a debt when the statement ends."""

    name: str
    owed: Amount = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """All funds of an account in a time; `anchor` says where the chain stood when it was made."""

    account: AccountNumber
    name: str
    since: datetime
    until: datetime
    anchor: str
    period: date | None = None
    """The first day of the month that it is of; None for any other time."""
    corrects: int | None = None
    """The number of the statement in whose place this one stands."""
    funds: tuple[FundStatement, ...]
    readings: tuple[MeterReadings, ...] = ()
    taxes: tuple[TaxLine, ...] = ()
    debts: tuple[DebtLeft, ...] = ()
    comparison: Comparison
    chart: Chart = field(default_factory=Chart)
