"""What a run is worked out of, and what comes out: plain records, kept with the run.

All that counts of the site lies in here, so that anybody can work a run out again years later:
who had which unit on which days, what it measured, and what each pool cost and why.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ..ids import AccountNumber
from ..money.amount import ZERO, Amount
from .pool import Basis, Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """Who had a unit from a day to before another, within the days of a run, and what it is.

    A unit is a shop as a meter sees it; what belongs to an account without a meter has the empty
    unit. A vacant unit is the owner's. `floor_area` is in 10⁻³ m², `rated_power` in W,
    `opening_minutes` a week.
    """

    account: AccountNumber | None
    """None is the owner, of a site that has no owner's account."""
    unit: str = ""
    since: date
    until: date
    vacant: bool = False
    moved_out: bool = False
    """Its tenant moved out before the run: the owner bears what would be theirs."""
    area: str = ""
    floor: str = ""
    labels: frozenset[str] = frozenset()
    floor_area: int = 0
    rated_power: int = 0
    persons: int = 0
    opening_minutes: int = 0
    energy_wh: int = 0
    demand_w: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """A part of what a pool cost. `detail` says in plain data where it comes from.

    Keys of `detail` by kind: `meter`, `generation`, `from_wh`, `to_wh`, `energy_wh`, `price`,
    `estimated` (energy); `supplier`, `number`, `revision`, `days`, `of_days` (bills); `feeder`,
    `main_wh`, `sub_wh` (losses); `pool` (other pools); `ppm` where it is not all of it.
    """

    name: str
    amount: Amount
    fixed: bool = False
    detail: Mapping[str, str | int | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """All that a run is worked out of. `until` is the first day behind it."""

    since: date
    until: date
    currency: str
    owner: AccountNumber | None = None
    """The owner's account; where the site has none, nobody is charged the owner's part."""
    pools: tuple[Pool, ...]
    costs: Mapping[str, tuple[CostLine, ...]]
    """By pool, without what comes from other pools."""
    stays: tuple[Stay, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareLine:
    """What an account bears of a pool by one basis: `weight` of `total`, of `cost`.

    `weight` counts days where the basis does (m² × days). `why` says what else was done: `capped`,
    `floored`, `contribution`, `vacant`, `moved_out`, `excluded`, `remainder` (what nobody else
    bears), or nothing.
    """

    pool: str
    basis: Basis | None
    weight: int = 0
    total: int = 0
    cost: Amount = ZERO
    amount: Amount
    days: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolResult:
    """What came out for a pool.

    `cost` is what it cost, rounded down to whole units; `split` what was split of it after
    contributions and grossing up; `tenants` and `owner` what they bear, together `cost`.
    """

    pool: str
    cost: Amount
    variable: Amount
    fixed: Amount
    split: Amount
    factor_ppm: int = 1_000_000
    occupied_ppm: int = 1_000_000
    tenants: Amount
    owner: Amount
    lines: tuple[CostLine, ...]
    notes: tuple[str, ...] = ()
    """What people should know: `no_cost`, `no_denominator:<basis>`, …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """What a run came to."""

    pools: tuple[PoolResult, ...]
    shares: Mapping[AccountNumber, tuple[ShareLine, ...]]
    """Also the owner's, if the site has an owner's account."""

    def total(self, account: AccountNumber) -> Amount:
        """Return what an account bears of all pools, before tax that comes on top."""
        return Amount(sum(line.amount for line in self.shares.get(account, ())))
