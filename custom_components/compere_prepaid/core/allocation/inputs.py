"""What a run is worked out of, and what comes out: plain records, kept with the run.

All that counts of the site lies in here, so that anybody can work a run out again years later:
who had which unit on which days, what it measured, and what each pool cost and why.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from ..ids import AccountNumber
from ..money.amount import ZERO, Amount
from .pool import WHOLE_PPM, Basis, Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """Who had a unit from a day to before another, within the days of a run, and what it is.

    A unit is a shop as a meter sees it; what belongs to an account without a meter has the empty
    unit. A vacant unit is the owner's. A stay without days is of who used energy in a unit and left
    it on the first day. `floor_area` is in 10⁻³ m², `rated_power` in W,
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


class Why(StrEnum):
    """What a line of a share is: plain arithmetic, whose part it was, or what was changed."""

    SHARE = ""
    """The weight of the account itself."""
    VACANT = "vacant"
    """The owner's: what falls on vacant units."""
    MOVED_OUT = "moved_out"
    """The owner's: what falls on tenants who moved out before the run, also as contributions."""
    EXCLUDED = "excluded"
    """The owner's: what falls on accounts that are left out of the pool, not of the denominator."""
    REMAINDER = "remainder"
    """The owner's: what fixed percentages leave."""
    NO_DENOMINATOR = "no_denominator"
    """The owner's: a part of the pool of which nobody has any weight."""
    CONTRIBUTION = "contribution"
    """What an excluded account pays instead of its share; taken off the owner's (`cost`: all)."""
    CAPPED = "capped"
    """Taken off an account because it bears no more than `cost`; added to the owner's."""
    FLOORED = "floored"
    """Added to an account because it bears at least `cost`; taken off the owner's."""
    REDISTRIBUTED = "redistributed"
    """What caps of others added, and floors of others took off."""
    LIMITED = "limited"
    """Taken off everybody so that all together bear no more than `cost`; added to the owner's."""
    GROSSED_UP = "grossed_up"
    """Taken off the owner's: what was reckoned with but did not cost anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareLine:
    """What an account bears of a pool by one basis: `weight` of `total`, of `cost`.

    With a `basis` the amount is `cost` × `weight` ÷ `total` in whole units, by largest remainder.
    The weight counts days where the basis does: 10⁻³ m² × days, W × days, units × days, persons ×
    days, days, minutes a week × days; Wh (energy) and W (demand) as they are; millionths × days of
    `PERCENT`. Without a basis the line says what else was done (`why`), and `cost` why so much.
    """

    pool: str
    basis: Basis | None
    weight: int = 0
    total: int = 0
    cost: Amount = ZERO
    amount: Amount
    days: int = 0
    """On how many days of the run the account had a unit that the pool is about."""
    why: Why = Why.SHARE


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolResult:
    """What came out for a pool.

    `variable` and `fixed` are what it cost, with what it has from other pools and without what
    went to them; `cost` is their sum, rounded down to whole units. `split` is what was split of it,
    after grossing up and contributions. `tenants` (with contributions) and `owner` are what they
    bear, together `cost`.
    """

    pool: str
    cost: Amount
    variable: Amount
    fixed: Amount
    split: Amount
    factor_ppm: int = WHOLE_PPM
    """What variable costs were multiplied by; shown rounded down, reckoned exactly."""
    occupied_ppm: int = WHOLE_PPM
    tenants: Amount
    owner: Amount
    lines: tuple[CostLine, ...]
    owner_lines: tuple[ShareLine, ...] = ()
    """What the owner's part is made of, whether or not the site has an owner's account."""
    notes: tuple[str, ...] = ()
    """What people should know, see `notes`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """What a run came to."""

    pools: tuple[PoolResult, ...]
    """In the order of their names."""
    shares: Mapping[AccountNumber, tuple[ShareLine, ...]]
    """In the order of the accounts; also the owner's, if the site has an owner's account."""


def total_of(lines: Iterable[ShareLine]) -> Amount:
    """Add up lines."""
    return Amount(sum(line.amount for line in lines))
