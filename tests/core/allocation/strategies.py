"""Runs of all kinds, for tests that must hold for any."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from custom_components.compere_prepaid.core.allocation.inputs import CostLine, Inputs, Stay
from custom_components.compere_prepaid.core.allocation.pool import (
    WHOLE_PPM,
    Basis,
    Cost,
    CostKind,
    Exclusion,
    Limit,
    Members,
    Pool,
    PoolKind,
    Split,
)
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.money.amount import Amount

OWNER = AccountNumber("OWNER")
ACCOUNTS = [AccountNumber(name) for name in ("A-1", "A-2", "A-10", "B-1", "店 1", "ANCHOR")]
CENT = 10_000_000
FIRST = date(2026, 1, 20)

accounts = st.sampled_from(ACCOUNTS)
names = st.frozensets(st.sampled_from(["Food court", "East", "L1", "b"]), max_size=2)
amounts = st.integers(0, 5_000_000 * CENT).map(Amount)


@st.composite
def stays(draw: st.DrawFn, days: int) -> Stay:
    """Return a stay within so many days from `FIRST`."""
    since = draw(st.integers(0, days - 1))
    until = draw(st.integers(since, days))
    vacant = draw(st.integers(0, 5)) == 0
    return Stay(
        account=None if vacant else draw(st.one_of(accounts, st.just(OWNER))),
        unit=draw(st.sampled_from(["", "M1", "M2", "M3", "M4"])),
        since=FIRST + timedelta(days=since),
        until=FIRST + timedelta(days=until),
        vacant=vacant,
        moved_out=not vacant and draw(st.integers(0, 5)) == 0,
        area=draw(st.sampled_from(["", "Food court", "East"])),
        floor=draw(st.sampled_from(["", "L1"])),
        labels=draw(names),
        floor_area=draw(st.integers(0, 900_000)),
        rated_power=draw(st.integers(0, 40_000)),
        persons=draw(st.integers(0, 9)),
        opening_minutes=draw(st.integers(0, 7 * 24 * 60)),
        energy_wh=draw(st.integers(0, 10_000_000)),
        demand_w=draw(st.integers(0, 60_000)),
    )


@st.composite
def splits(
    draw: st.DrawFn, bearers: Sequence[AccountNumber] = ACCOUNTS, least: int = 0
) -> tuple[Split, ...]:
    """Return a mix of bases that adds up to the whole; `least` accounts have a percentage."""
    bases = draw(st.lists(st.sampled_from(Basis), min_size=1, max_size=4, unique=True))
    between, size = st.integers(1, WHOLE_PPM - 1), len(bases) - 1
    borders = sorted(draw(st.lists(between, min_size=size, max_size=size, unique=True)))
    percentages = st.dictionaries(
        st.sampled_from(bearers), st.integers(0, WHOLE_PPM // len(bearers)), min_size=least
    )
    return tuple(
        Split(
            basis=basis,
            ppm=until - since,
            percentages=draw(percentages) if basis is Basis.PERCENT else {},
        )
        for basis, (since, until) in zip(bases, pairwise([0, *borders, WHOLE_PPM]), strict=True)
    )


def members() -> st.SearchStrategy[Members]:
    """Return rules that name nobody more often than not."""
    some = st.builds(
        Members, areas=names, floors=names, labels=names, accounts=st.frozensets(accounts)
    )
    return st.one_of(st.just(Members()), st.just(Members()), some)


def limits() -> st.SearchStrategy[tuple[Limit, ...]]:
    """Return limits for each and for some."""
    limit = st.builds(Limit, amount=amounts, account=st.one_of(st.none(), accounts))
    some = st.lists(limit, max_size=3, unique_by=lambda x: x.account).map(tuple)
    return st.one_of(st.just(()), some)


@st.composite
def pools(draw: st.DrawFn, name: str, others: list[str]) -> Pool:
    """Return a pool that may take parts of others."""
    sources = draw(st.lists(st.sampled_from(others), max_size=2)) if others else []
    costs = [
        Cost(
            kind=CostKind.POOL,
            name=source,
            ppm=draw(st.integers(-200_000, 450_000)),
            fixed=draw(st.booleans()),
        )
        for source in sources
    ]
    exclusion = st.builds(
        Exclusion,
        account=st.one_of(accounts, st.just(OWNER)),
        pool=st.booleans(),
        denominator=st.booleans(),
        contribution=amounts,
    )
    given: dict[str, Any] = {
        "kind": draw(st.sampled_from(PoolKind)),
        "costs": (Cost(kind=CostKind.BILL, name="Bill"), *costs),
        "splits": draw(splits()),
        "members": draw(members()),
        "left_out": draw(members()),
        "exclusions": tuple(
            draw(st.lists(exclusion, max_size=2, unique_by=lambda rule: rule.account))
        ),
        "gross_up_ppm": draw(st.one_of(st.none(), st.integers(1, WHOLE_PPM))),
        "caps": draw(limits()),
        "floors": draw(limits()),
        "redistribute": draw(st.booleans()),
        "unit": draw(st.sampled_from([None, Amount(1), Amount(5 * CENT), Amount(100 * CENT)])),
    }
    return Pool(name=name, valid_from=date(2026, 1, 1), **given)


@st.composite
def costs(draw: st.DrawFn) -> tuple[CostLine, ...]:
    """Return what a pool cost; now and then it is a credit."""
    low = draw(st.sampled_from([0, 0, 0, -3_000_000 * CENT]))
    amount = st.integers(low, 5_000_000 * CENT).map(Amount)
    detail = st.just({"supplier": "Grid", "days": 31, "estimated": True})
    line = st.builds(
        CostLine, name=st.just("Bill"), amount=amount, fixed=st.booleans(), detail=detail
    )
    return tuple(draw(st.lists(line, max_size=3)))


@st.composite
def runs(draw: st.DrawFn) -> Inputs:
    """Return all that a run is worked out of: up to four pools, ten stays, seventy days."""
    days = draw(st.sampled_from([1, 12, 28, 31, 70]))
    found: list[Pool] = []
    for name in ["Cooling", "Escalators", "Lifts", "公共照明"][: draw(st.integers(1, 4))]:
        found.append(draw(pools(name, [pool.name for pool in found])))
    return Inputs(
        since=FIRST,
        until=FIRST + timedelta(days=days),
        currency="CNY",
        owner=draw(st.sampled_from([OWNER, OWNER, None])),
        pools=tuple(draw(st.permutations(found))),
        costs={pool.name: draw(costs()) for pool in found},
        stays=tuple(draw(st.lists(stays(days), max_size=10))),
    )
