"""Small runs to work out: whole currency units in, whole currency units out."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from custom_components.compere_prepaid.core.allocation.inputs import (
    Allocation,
    CostLine,
    Inputs,
    PoolResult,
    Stay,
    total_of,
)
from custom_components.compere_prepaid.core.allocation.pool import Basis, Pool, Split
from custom_components.compere_prepaid.core.allocation.sharing import allocate
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.money.amount import Amount, Currency

USD = Currency.of("USD")
OWNER = AccountNumber("OWNER")
FIRST, LAST = date(2026, 10, 1), date(2026, 11, 1)


def money(text: str | int) -> Amount:
    """Return an amount of dollars."""
    return USD.parse(str(text))


def stay(account: str | None, **parts: Any) -> Stay:
    """Return a stay of all October; of nobody it is a vacant unit's. `area` is in whole m²."""
    square = parts.pop("square", 0)
    given: dict[str, Any] = {
        "account": None if account is None else AccountNumber(account),
        "unit": f"unit of {account}",
        "since": FIRST,
        "until": LAST,
        "floor_area": square * 1000,
        "vacant": account is None,
    }
    return Stay(**given | parts)


def pool(name: str = "Pool", **parts: Any) -> Pool:
    """Return a pool; `by` names its one basis."""
    by = parts.pop("by", Basis.FLOOR_AREA)
    given: dict[str, Any] = {
        "valid_from": date(2026, 1, 1),
        "costs": (),
        "splits": (Split(basis=by),),
    }
    return Pool(name=name, **given | parts)


def cost(amount: str | int, name: str = "Bill", *, fixed: bool = False) -> CostLine:
    """Return a part of what a pool cost."""
    return CostLine(name=name, amount=money(amount), fixed=fixed)


def inputs(
    pools: Pool | tuple[Pool, ...],
    costs: int | str | Mapping[str, tuple[CostLine, ...]],
    *stays: Stay,
    owner: AccountNumber | None = OWNER,
    since: date = FIRST,
    until: date = LAST,
) -> Inputs:
    """Return what a run of October is worked out of; a lone amount is the lone pool's cost."""
    given = pools if isinstance(pools, tuple) else (pools,)
    return Inputs(
        since=since,
        until=until,
        currency=USD.code,
        owner=owner,
        pools=given,
        costs=costs if isinstance(costs, Mapping) else {given[0].name: (cost(costs),)},
        stays=stays,
    )


def borne(allocation: Allocation, *, owner: bool = False) -> dict[str, Decimal]:
    """Return what each account bears, in dollars; the owner only if it is asked for."""
    return {
        account: USD.rounded(total_of(allocation.shares[account]))
        for account in allocation.shares
        if owner or account != OWNER
    }


def only(allocation: Allocation) -> PoolResult:
    """Return the result of the only pool."""
    (result,) = allocation.pools
    return result


def run(*parts: Any, **more: Any) -> Allocation:
    """Work out a small run: see `inputs`."""
    return allocate(inputs(*parts, **more))
