"""Costs that go from one pool to another: moved, not copied, so that no cent is there twice."""

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from ..errors import InvalidInputError
from ..money.amount import Amount
from .inputs import CostLine
from .pool import WHOLE_PPM, CostKind, Pool


def with_moved_costs(
    pools: Iterable[Pool], costs: Mapping[str, tuple[CostLine, ...]]
) -> dict[str, list[CostLine]]:
    """Return the cost lines of each pool, with what it has from others and what went to others.

    A part is taken of what the other pool cost together with what that one has from others, before
    anything leaves it. What is fixed there is fixed here, unless the cost says that all of it is.
    Raises `InvalidInputError`: `allocation_pool_twice`, `allocation_pool_unknown`,
    `allocation_pool_cycle`.
    """
    by_name: dict[str, Pool] = {}
    for pool in sorted(pools, key=lambda pool: pool.name):
        if pool.name in by_name:
            raise InvalidInputError("allocation_pool_twice", pool=pool.name)
        by_name[pool.name] = pool
    lines = {name: list(costs.get(name, ())) for name in by_name}
    leaving: dict[str, list[CostLine]] = {name: [] for name in by_name}
    for name in _in_order(by_name):
        for cost in by_name[name].costs:
            if cost.kind is not CostKind.POOL:
                continue
            # All of the other's lines are known by now; what leaves it is added at the end.
            for fixed in (False, True):
                part = _part(sum(x.amount for x in lines[cost.name] if x.fixed is fixed), cost.ppm)
                if not part:
                    continue
                lines[name].append(_line(cost.name, part, cost.ppm, fixed=fixed or cost.fixed))
                leaving[cost.name].append(_line(name, -part, -cost.ppm, fixed=fixed))
    return {name: [*lines[name], *leaving[name]] for name in by_name}


def _in_order(pools: Mapping[str, Pool]) -> list[str]:
    """Return the pools so that each comes behind those of which it takes a part."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name, pool in pools.items():
        sources = [cost.name for cost in pool.costs if cost.kind is CostKind.POOL]
        for source in sources:
            if source not in pools:
                raise InvalidInputError("allocation_pool_unknown", pool=name, source=source)
        sorter.add(name, *sources)
    try:
        return list(sorter.static_order())
    except CycleError as error:
        raise InvalidInputError("allocation_pool_cycle", pools=" → ".join(error.args[1])) from error


def _part(amount: int, ppm: int) -> int:
    """Return so many millionths, rounded towards nothing."""
    sign = -1 if (amount < 0) is not (ppm < 0) else 1
    return sign * (abs(amount) * abs(ppm) // WHOLE_PPM)


def _line(pool: str, amount: int, ppm: int, *, fixed: bool) -> CostLine:
    return CostLine(
        name=pool, amount=Amount(amount), fixed=fixed, detail={"pool": pool, "ppm": ppm}
    )
