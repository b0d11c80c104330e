"""What holds for any run: no cent is lost or made, limits are kept, order changes nothing."""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from random import Random

from hypothesis import given, settings, strategies as st

from custom_components.compere_prepaid.core.allocation.inputs import (
    Allocation,
    Inputs,
    PoolResult,
    ShareLine,
    Stay,
    Why,
)
from custom_components.compere_prepaid.core.allocation.limits import months_of
from custom_components.compere_prepaid.core.allocation.moving import with_moved_costs
from custom_components.compere_prepaid.core.allocation.pool import Basis, Members, Pool
from custom_components.compere_prepaid.core.allocation.sharing import allocate
from custom_components.compere_prepaid.core.allocation.weights import joined
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.money.amount import Amount, Currency
from tests.core.allocation.strategies import CENT, runs


def tenants_lines(allocation: Allocation, inputs: Inputs, pool: str) -> list[ShareLine]:
    """Return all lines of tenants of a pool."""
    return [
        line
        for account, lines in allocation.shares.items()
        if account != inputs.owner
        for line in lines
        if line.pool == pool
    ]


def total(lines: Iterable[ShareLine]) -> int:
    """Add up lines."""
    return sum(line.amount for line in lines)


def unit_of(pool: Pool) -> Amount:
    """Return what shares of a pool are whole multiples of."""
    return pool.unit or Currency.of("CNY").minor


@settings(max_examples=250)
@given(runs(), st.randoms(use_true_random=False))
def test_any_run(inputs: Inputs, random: Random) -> None:
    """No cent is lost, nobody bears too much or too little, each line is plain arithmetic."""
    allocation = allocate(inputs)
    no_cent_is_lost_or_made(inputs, allocation)
    tenants_never_bear_more_than_the_cost(inputs, allocation)
    each_line_with_a_basis_is_plain_arithmetic(inputs, allocation)
    caps_and_floors_are_kept(inputs, allocation)
    order_changes_nothing(inputs, allocation, random)


def no_cent_is_lost_or_made(inputs: Inputs, allocation: Allocation) -> None:
    """Tenants and owner bear the cost exactly, in whole units, and the cost was paid.

    Whatever was split, capped or grossed up: the lines of all together are the pool's cost, and
    what all pools cost together is what there was, less than a unit for each.
    """
    pools = {pool.name: pool for pool in inputs.pools}
    assert [result.pool for result in allocation.pools] == sorted(pools)
    for result in allocation.pools:
        unit = unit_of(pools[result.pool])
        lines = tenants_lines(allocation, inputs, result.pool)
        assert result.tenants == total(lines)
        assert result.owner == total(result.owner_lines)
        assert result.tenants + result.owner == result.cost
        assert 0 <= result.variable + result.fixed - result.cost < unit
        assert sum(line.amount for line in result.lines) == result.variable + result.fixed
        assert all(line.amount % unit == 0 for line in (*lines, *result.owner_lines))
    paid = sum(line.amount for lines in inputs.costs.values() for line in lines)
    assert sum(result.variable + result.fixed for result in allocation.pools) == paid
    if inputs.owner is not None:
        owners = [line for result in allocation.pools for line in result.owner_lines]
        assert allocation.shares.get(inputs.owner, ()) == tuple(owners)


def tenants_never_bear_more_than_the_cost(inputs: Inputs, allocation: Allocation) -> None:
    """Grossed up or with floors: together no more than was paid, and none below zero."""
    for result in allocation.pools:
        low, high = sorted((0, result.cost))
        assert low <= result.tenants <= high
        of_account: dict[AccountNumber, int] = {}
        for account, lines in allocation.shares.items():
            if account != inputs.owner:
                of_account[account] = total(line for line in lines if line.pool == result.pool)
        assert all(low <= amount <= high for amount in of_account.values())


def each_line_with_a_basis_is_plain_arithmetic(inputs: Inputs, allocation: Allocation) -> None:
    """Compare with cost × weight ÷ total; the parts of a mix add up to what was split."""
    pools = {pool.name: pool for pool in inputs.pools}
    for result in allocation.pools:
        unit = unit_of(pools[result.pool])
        lines = [*tenants_lines(allocation, inputs, result.pool), *result.owner_lines]
        of_basis: dict[Basis, list[ShareLine]] = {}
        for line in lines:
            if line.basis is not None:
                of_basis.setdefault(line.basis, []).append(line)
        split = 0
        for same in of_basis.values():
            costs = {line.cost for line in same if line.why is not Why.NO_DENOMINATOR}
            assert len(costs) <= 1
            split += total(same)
            for line in same:
                if line.why is Why.NO_DENOMINATOR:
                    continue
                assert abs(line.amount - Fraction(line.cost * line.weight, line.total)) < unit
                assert sum(other.weight for other in same) == line.total
                assert total(same) == line.cost
        assert split == result.split if result.cost else not lines


def order_changes_nothing(inputs: Inputs, allocation: Allocation, random: Random) -> None:
    """Stays and pools as they come: every share is the same, not only within a unit."""
    stays, pools = list(inputs.stays), list(inputs.pools)
    random.shuffle(stays)
    random.shuffle(pools)
    shuffled = replace(inputs, stays=tuple(stays), pools=tuple(pools))
    assert allocate(shuffled) == allocation


def caps_and_floors_are_kept(inputs: Inputs, allocation: Allocation) -> None:
    """Nobody bears more than the cap, nor less than the floor while the cost allows it."""
    for result in allocation.pools:
        (pool,) = (pool for pool in inputs.pools if pool.name == result.pool)
        if result.cost <= 0:
            continue
        caps = {limit.account: limit.amount for limit in pool.caps}
        floors = {limit.account: limit.amount for limit in pool.floors}
        excluded = {rule.account for rule in pool.exclusions}
        for account, amount in borne_of(allocation, inputs, result).items():
            if account in excluded:
                continue
            months = months_of(
                joined([(stay.since, stay.until) for stay in members(inputs, pool, account)])
            )
            cap, floor = caps.get(account, caps.get(None)), floors.get(account, floors.get(None))
            if cap is not None:
                assert amount <= cap * months
            if floor is not None and "floors_scaled" not in result.notes:
                least = floor if cap is None else min(cap, floor)
                assert amount > least * months - unit_of(pool)


def borne_of(
    allocation: Allocation, inputs: Inputs, result: PoolResult
) -> dict[AccountNumber, int]:
    """Return what each tenant with a line of a pool bears of it."""
    return {
        account: total(line for line in lines if line.pool == result.pool)
        for account, lines in allocation.shares.items()
        if account != inputs.owner and any(line.pool == result.pool for line in lines)
    }


def members(inputs: Inputs, pool: Pool, account: AccountNumber) -> list[Stay]:
    """Return the stays of an account that a pool is about, found in a way of the test's own."""

    def named(stay: Stay, rule: Members) -> bool:
        return bool(
            {stay.area} & rule.areas
            or {stay.floor} & rule.floors
            or stay.labels & rule.labels
            or {account} & rule.accounts
        )

    return [
        stay
        for stay in inputs.stays
        if stay.account == account
        and not stay.vacant
        and not stay.moved_out
        and (not pool.members.named or named(stay, pool.members))
        and not named(stay, pool.left_out)
    ]


@settings(max_examples=50)
@given(runs())
def test_costs_that_move_are_conserved(inputs: Inputs) -> None:
    """Between pools nothing is copied: variable and fixed together stay what they were."""
    moved = with_moved_costs(inputs.pools, inputs.costs)
    before = sum(line.amount for lines in inputs.costs.values() for line in lines)
    assert sum(line.amount for lines in moved.values() for line in lines) == before
    for pool in inputs.pools:
        assert moved[pool.name][: len(inputs.costs[pool.name])] == list(inputs.costs[pool.name])


def test_what_is_shown_of_a_cent() -> None:
    """The strategies' unit is the currency's: otherwise the tests above would be blind."""
    assert Currency.of("CNY").minor == CENT
