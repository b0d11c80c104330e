"""Working out a run: who bears how much of each pool, and why.

Everything is whole numbers: costs are gathered, grossed up, cut to whole units, divided among the
parts of a mix, and each part among those who bear it (`splitting`). What is done to the shares
after that (100 % of the cost, caps, floors) is a line of its own, so that each line with a basis is
plain arithmetic that anybody can do again. The same inputs always come to the same result, in
whatever order they are given.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..errors import InvalidInputError
from ..ids import AccountNumber
from ..money.amount import ZERO, Amount, Currency
from . import notes
from .columns import Column, PoolShares, Shares
from .gross_up import grossed_up
from .inputs import Allocation, CostLine, Inputs, PoolResult, ShareLine, Why
from .limits import Bounds, capped, monthly, raised
from .moving import with_moved_costs
from .pool import WHOLE_PPM, Basis, Limit, Pool, Split
from .splitting import shares
from .weights import OWNERS, Group, Weigher


def allocate(inputs: Inputs) -> Allocation:
    """Work out a run. Pure; some µs for an account and pool.

    Raises `InvalidInputError`: `allocation_no_days`, `allocation_no_basis`,
    `allocation_pool_twice`, `allocation_pool_unknown`, `allocation_pool_cycle`, `currency_unknown`.
    """
    if inputs.since >= inputs.until:
        raise InvalidInputError("allocation_no_days", since=inputs.since, until=inputs.until)
    for pool in inputs.pools:
        if sum(split.ppm for split in pool.splits) <= 0:
            raise InvalidInputError("allocation_no_basis", pool=pool.name)
    costs = with_moved_costs(inputs.pools, inputs.costs)
    minor = Currency.of(inputs.currency).minor
    weigher = Weigher(inputs)
    results, shared = [], []
    for pool in sorted(inputs.pools, key=lambda pool: pool.name):
        work = _PoolWork(weigher, pool, tuple(costs[pool.name]), pool.unit or minor)
        results.append(work.result())
        shared.append(work.shares())
    owner_lines = tuple(line for result in results for line in result.owner_lines)
    return Allocation(pools=tuple(results), shares=Shares(shared, inputs.owner, owner_lines))


@dataclass(slots=True)
class _PoolWork:
    """A pool that is being worked out; amounts are in whole units until they become lines."""

    weigher: Weigher
    pool: Pool
    costs: tuple[CostLine, ...]
    unit: Amount
    cost: int = 0
    group: Group = field(init=False)
    borne: list[int] = field(init=False)
    """What each account of the group bears so far."""
    columns: list[Column] = field(default_factory=list)
    changes: dict[AccountNumber, list[ShareLine]] = field(default_factory=dict)
    owner_lines: list[ShareLine] = field(default_factory=list)
    contributions: dict[AccountNumber, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def shares(self) -> PoolShares:
        """Return what tenants bear, when it is worked out."""
        return PoolShares(
            pool=self.pool.name,
            unit=self.unit,
            group=self.group,
            columns=self.columns,
            changes=self.changes,
        )

    def result(self) -> PoolResult:
        """Work it out."""
        variable = sum(line.amount for line in self.costs if not line.fixed)
        fixed = sum(line.amount for line in self.costs if line.fixed)
        self.cost = (variable + fixed) // self.unit
        self.group = self.weigher.group(self.pool)
        self.borne = [0] * len(self.group.accounts)
        let, everything = self.weigher.occupied(self.group)
        reckoned = self._grossed_up(variable, let, everything)
        to_split = 0
        if self.cost:
            to_split = self._split_all((reckoned + fixed) // self.unit)
        else:
            self.notes.append(notes.NO_COST)
        tenants = sum(self.borne) + sum(self.contributions.values())
        if self.cost != tenants and self.weigher.inputs.owner is None:
            self.notes.append(notes.NOBODY)
        for account, amount in self.contributions.items():
            line = self._line(None, amount, cost=self._asked(account), why=Why.CONTRIBUTION)
            self.changes.setdefault(account, []).append(line)
        return PoolResult(
            pool=self.pool.name,
            cost=self._amount(self.cost),
            variable=Amount(variable),
            fixed=Amount(fixed),
            split=self._amount(to_split),
            factor_ppm=WHOLE_PPM if reckoned == variable else reckoned * WHOLE_PPM // variable,
            occupied_ppm=WHOLE_PPM * let // everything if everything else 0,
            tenants=self._amount(tenants),
            owner=self._amount(self.cost - tenants),
            lines=self.costs,
            owner_lines=tuple(self.owner_lines),
            notes=tuple(dict.fromkeys(self.notes)),
        )

    def _grossed_up(self, variable: int, let: int, everything: int) -> int:
        """Return the variable costs to reckon with; a credit is never made one that is paid."""
        if self.pool.gross_up_ppm is None or not self.cost:
            return variable
        if self.cost < 0 or variable <= 0 or not let:
            self.notes.append(notes.GROSS_UP_IDLE)
            return variable
        return grossed_up(Amount(variable), self.pool.gross_up_ppm, let, everything)

    def _split_all(self, reckoned: int) -> int:
        """Split what was reckoned with, less contributions; return how much that was."""
        agreed = self._agreed()
        off = {rule.account for rule in self.pool.exclusions if rule.pool}
        to_split = reckoned - sum(part for account, part in agreed.items() if account in off)
        parts = shares(to_split, [split.ppm for split in self.pool.splits])
        for split, part in zip(self.pool.splits, parts, strict=True):
            self._split(split, part)
        self._limit(self.cost - sum(agreed.values()))
        for account, part in agreed.items():
            if not self.weigher.moved_out(account):
                self.contributions[account] = part
            elif account in off:
                self._owner_line(Why.MOVED_OUT, part, cost=self._asked(account))
        kept = sum(part for account, part in self.contributions.items() if account not in off)
        self._owner_line(Why.CONTRIBUTION, -kept)
        self._owner_line(Why.GROSSED_UP, self.cost - reckoned)
        return to_split

    def _agreed(self) -> dict[AccountNumber, int]:
        """Return what excluded accounts contribute, or would if they had not moved out."""
        found: dict[AccountNumber, int] = {}
        for rule in sorted(self.pool.exclusions, key=lambda rule: rule.account):
            if not rule.contribution or rule.account == self.weigher.inputs.owner:
                continue
            if self.weigher.presence(rule.account):
                found[rule.account] = self._asked(rule.account) // self.unit
            else:
                self.notes.append(f"{notes.NO_CONTRIBUTION}:{rule.account}")
        if sum(found.values()) > max(0, self.cost):
            scaled = shares(max(0, self.cost), list(found.values()))
            found = dict(zip(found, scaled, strict=True))
            self.notes.append(notes.CAPPED_AT_COST)
        return found

    def _asked(self, account: AccountNumber) -> Amount:
        """Return what an account has to contribute in its days of the run."""
        asked = next(x.contribution for x in self.pool.exclusions if x.account == account)
        exact = monthly(asked, self.weigher.presence(account))
        return Amount(exact.numerator // exact.denominator)

    def _split(self, split: Split, part: int) -> None:
        """Split one part of the pool by its basis."""
        weights = self.weigher.weights(self.group, split)
        if unknown := self.weigher.unweighted(self.group, split.basis):
            self.notes.append(f"{notes.UNWEIGHTED}:{split.basis.value}:{unknown}")
        total = sum(weights)
        if not total:
            self.notes.append(f"{notes.NO_DENOMINATOR}:{split.basis.value}")
            self._owner_line(Why.NO_DENOMINATOR, part, basis=split.basis)
            return
        cost, group = self._amount(part), self.group
        found = shares(part, weights)
        column = Column(basis=split.basis, total=total, cost=cost, weights=weights, units=found)
        self.columns.append(column)
        tenants = len(group.accounts)
        self.borne = [old + new for old, new in zip(self.borne, found[:tenants], strict=True)]
        for why, slot in zip(OWNERS, range(tenants, tenants + len(OWNERS)), strict=True):
            if weights[slot]:
                self._owner_line(
                    why,
                    found[slot],
                    basis=split.basis,
                    weight=weights[slot],
                    total=total,
                    cost=cost,
                    days=group.days[slot],
                )

    def _limit(self, bearable: int) -> None:
        """Bring what tenants bear down to the cost, then within caps and floors."""
        together = sum(self.borne)
        if self.cost <= 0:
            return
        if together > bearable:
            self.notes.append(notes.CAPPED_AT_COST)
            self._change(shares(bearable, self.borne), Why.LIMITED, Why.LIMITED)
        if self.pool.caps:
            self._cap()
        if self.pool.floors:
            self._raise(bearable)

    def _cap(self) -> None:
        most = self._bounds(self.pool.caps)
        if self.pool.redistribute:
            target = capped(self.borne, most, sum(self.borne))
        else:
            target = [
                part if limit is None else min(part, limit)
                for part, limit in zip(self.borne, most, strict=True)
            ]
        self._change(target, Why.REDISTRIBUTED, Why.CAPPED, limits=most)

    def _raise(self, bearable: int) -> None:
        floors = self._bounds(self.pool.floors, upwards=True)
        caps = self._bounds(self.pool.caps)
        least = [
            0 if floor is None else floor if cap is None else min(floor, cap)
            for floor, cap in zip(floors, caps, strict=True)
        ]
        together = sum(self.borne)
        if sum(least) <= together:
            target = raised(self.borne, least, together)
        elif sum(least) <= bearable:
            target = least
        else:
            target = shares(bearable, least)
            self.notes.append(notes.FLOORS_SCALED)
        self._change(target, Why.FLOORED, Why.REDISTRIBUTED, limits=least)

    def _bounds(self, limits: tuple[Limit, ...], *, upwards: bool = False) -> list[int | None]:
        bounds = Bounds(limits, self.unit, upwards=upwards)
        return [
            bounds.of(account, spans)
            for account, spans in zip(self.group.accounts, self.group.spans, strict=True)
        ]

    def _change(
        self,
        target: list[int],
        up: Why,
        down: Why,
        limits: Sequence[int | None] | None = None,
    ) -> None:
        """Make the accounts bear the target, each with a line that says why it is changed."""
        together = sum(self.borne)
        for slot, (old, new) in enumerate(zip(self.borne, target, strict=True)):
            if old == new:
                continue
            why = up if new > old else down
            limit = None if limits is None or why is Why.REDISTRIBUTED else limits[slot]
            cost = self._amount(limit or 0)
            line = self._line(None, new - old, cost=cost, why=why, days=self.group.days[slot])
            self.changes.setdefault(self.group.accounts[slot], []).append(line)
        self.borne = target
        moved = Why.FLOORED if up is Why.FLOORED else down
        self._owner_line(moved, together - sum(target))

    def _owner_line(
        self,
        why: Why,
        units: int,
        *,
        basis: Basis | None = None,
        weight: int = 0,
        total: int = 0,
        cost: Amount = ZERO,
        days: int = 0,
    ) -> None:
        if units or basis is not None:
            line = self._line(
                basis, units, weight=weight, total=total, cost=cost, days=days, why=why
            )
            self.owner_lines.append(line)

    def _line(
        self,
        basis: Basis | None,
        units: int,
        *,
        why: Why,
        weight: int = 0,
        total: int = 0,
        cost: Amount = ZERO,
        days: int = 0,
    ) -> ShareLine:
        return ShareLine(
            pool=self.pool.name,
            basis=basis,
            weight=weight,
            total=total,
            cost=cost,
            amount=self._amount(units),
            days=days,
            why=why,
        )

    def _amount(self, units: int) -> Amount:
        return Amount(units * self.unit)
