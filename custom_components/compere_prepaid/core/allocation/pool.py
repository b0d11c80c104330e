"""A pool: a shared cost, what it is made of, and by what it is split.

A pool is a dated, immutable document like a tariff: the version in force on the first day of the
time that is allocated holds for all of it. Percentages are whole millionths (`ppm`), so that
nothing is rounded before the split.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from ..ids import AccountNumber, MeterSerial
from ..money.amount import ZERO, Amount, Price

WHOLE_PPM = 1_000_000
"""All of it, in millionths."""


class PoolKind(StrEnum):
    """What a pool's lines are on a statement; the two are never added up together."""

    ENERGY = "energy"
    SERVICE = "service"


class CostKind(StrEnum):
    """Where a part of a pool's cost comes from."""

    METERS = "meters"
    """What meters counted, at a price or by a tariff."""
    BILL = "bill"
    """Bills of suppliers that have this name, for as many days as they share with the run."""
    LOSSES = "losses"
    """What a feeder's main meters counted and the meters behind them did not."""
    AMOUNT = "amount"
    """A fixed amount a month."""
    POOL = "pool"
    """A part of another pool's cost, which then is this one's and no longer that one's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """A part of a pool's cost. Energy has a `price` or a `tariff`, whichever is there."""

    kind: CostKind
    name: str = ""
    """Of the bill, the feeder, or the other pool; of an amount what people call it."""
    meters: tuple[MeterSerial, ...] = ()
    ppm: int = WHOLE_PPM
    """How much of it; below zero takes it off."""
    price: Price | None = None
    tariff: str = ""
    amount: Amount = ZERO
    fixed: bool = False
    """Whether it is the same however much of the building is let: it is not grossed up."""


class Basis(StrEnum):
    """By what a cost is split."""

    FLOOR_AREA = "floor_area"
    RATED_POWER = "rated_power"
    ENERGY = "energy"
    DEMAND = "demand"
    """Power in the hour in which all units together used most."""
    EQUAL = "equal"
    PERSONS = "persons"
    OCCUPIED_DAYS = "occupied_days"
    OPENING_HOURS = "opening_hours"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A part of a pool, and its basis; the parts of a pool add up to the whole."""

    basis: Basis
    ppm: int = WHOLE_PPM
    percentages: Mapping[AccountNumber, int] = field(default_factory=dict)
    """Of `PERCENT` only: millionths by account. What they leave is the owner's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Whom a pool is about, by places, labels and names; empty means everybody."""

    areas: frozenset[str] = frozenset()
    floors: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    accounts: frozenset[AccountNumber] = frozenset()

    @property
    def named(self) -> bool:
        """Whether anything is named at all."""
        return bool(self.areas or self.floors or self.labels or self.accounts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """An account (an anchor store) that does not bear its share.

    It pays `contribution` instead. Out of the `pool`, the contribution is taken off the cost before
    it is split. Out of the `denominator`, its weight does not count, so the others bear its part;
    else its part is the owner's.
    """

    account: AccountNumber
    pool: bool = True
    denominator: bool = False
    contribution: Amount = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most (cap) or at least (floor) this much a month, for one account or for each."""

    amount: Amount
    account: AccountNumber | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A version of a pool.

    Vacant units count in every denominator, and their part is the owner's. `gross_up_ppm` is the
    occupancy for which variable costs are reckoned when less is let. `unit` is what shares are
    whole multiples of. What a cap takes off goes to the owner, or to the others if `redistribute`;
    what a floor adds makes the others' shares smaller. `tax_ppm` comes on top unless it is
    included.
    """

    name: str
    valid_from: date
    revision: int = 1
    kind: PoolKind = PoolKind.SERVICE
    costs: tuple[Cost, ...]
    splits: tuple[Split, ...]
    members: Members = Members()
    left_out: Members = Members()
    exclusions: tuple[Exclusion, ...] = ()
    gross_up_ppm: int | None = None
    caps: tuple[Limit, ...] = ()
    floors: tuple[Limit, ...] = ()
    redistribute: bool = False
    tax_ppm: int = 0
    tax_included: bool = False
    unit: Amount | None = None
    """None is the currency's minor unit."""
    ended: bool = False
    """From this version on there is no such pool any more."""

    @property
    def accounts(self) -> set[AccountNumber]:
        """All accounts that it names."""
        return {
            *self.members.accounts,
            *self.left_out.accounts,
            *(account for split in self.splits for account in split.percentages),
            *(exclusion.account for exclusion in self.exclusions),
            *(one.account for one in (*self.caps, *self.floors) if one.account is not None),
        }
