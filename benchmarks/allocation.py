"""Shared costs of a month: 500, 5 000 and 50 000 accounts × 40 pools, each in a process of its own.

The mall has ten floors; a tenth of its pools is about one floor, others about labels. There are
mixes, fixed percentages, anchors with contributions, gross-up, caps with and without
redistribution, floors, and pools that take parts of others. One unit in twenty is vacant, one in
twenty changes hands in the month.

1. Working it out and what is kept of it: canonical inputs, results, shares, digest (`work_out`).
2. The same read back and worked out again, which must come to the same digest.
3. Each line's explanation.
`BENCH_ACCOUNTS` (sizes with commas between) and `BENCH_POOLS` change the size.
"""

from datetime import date
import os
from random import Random
import resource
import subprocess
import sys
from time import perf_counter, process_time
from typing import Any

from custom_components.compere_prepaid.core.allocation.content import inputs_of
from custom_components.compere_prepaid.core.allocation.explaining import explanation
from custom_components.compere_prepaid.core.allocation.inputs import CostLine, Inputs, Stay
from custom_components.compere_prepaid.core.allocation.pool import (
    Basis,
    Cost,
    CostKind,
    Exclusion,
    Limit,
    Members,
    Pool,
    Split,
)
from custom_components.compere_prepaid.core.allocation.sharing import allocate
from custom_components.compere_prepaid.core.allocation.wording import words_of
from custom_components.compere_prepaid.core.allocation.working import work_out
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.money.amount import Amount, Currency

SIZES = [int(size) for size in os.environ.get("BENCH_ACCOUNTS", "500,5000,50000").split(",")]
POOLS = int(os.environ.get("BENCH_POOLS", "40"))
BAR_SIZE, BAR_S, BAR_MB = 5000, 2, 500
SINCE, MIDDLE, UNTIL = date(2026, 10, 1), date(2026, 10, 16), date(2026, 11, 1)
CNY = Currency.of("CNY")
BASES = [basis for basis in Basis if basis is not Basis.PERCENT]
MIXES = [
    ((Basis.FLOOR_AREA, 1_000_000),),
    ((Basis.FLOOR_AREA, 600_000), (Basis.ENERGY, 400_000)),
    ((Basis.RATED_POWER, 700_000), (Basis.OPENING_HOURS, 300_000)),
]


def number(place: int) -> AccountNumber:
    """Name an account."""
    return AccountNumber(f"A-{place:05}")


def stays(accounts: int) -> tuple[Stay, ...]:
    """Return who had which unit."""
    random = Random(7)
    found = []
    for place in range(accounts):
        given: dict[str, Any] = {
            "unit": f"33B025{place:07}",
            "area": f"Area {place % 37}",
            "floor": f"Floor {place % 10}",
            "labels": frozenset({f"Label {place % 4}"}),
            "floor_area": random.randrange(15_000, 400_000),
            "rated_power": random.randrange(3_000, 60_000),
        }
        tenant: dict[str, Any] = {
            "persons": random.randrange(1, 12),
            "opening_minutes": random.randrange(2_400, 5_040),
            "energy_wh": random.randrange(50_000, 9_000_000),
            "demand_w": random.randrange(500, 40_000),
        }
        match place % 20:
            case 0:
                found.append(Stay(account=None, vacant=True, since=SINCE, until=UNTIL, **given))
            case 1:
                before = AccountNumber(f"B-{place:05}")
                found.append(Stay(account=before, since=SINCE, until=MIDDLE, **given, **tenant))
                found.append(
                    Stay(account=number(place), since=MIDDLE, until=UNTIL, **given, **tenant)
                )
            case _:
                found.append(
                    Stay(account=number(place), since=SINCE, until=UNTIL, **given, **tenant)
                )
    return tuple(found)


def pool(place: int, accounts: int) -> Pool:
    """Return one of the pools; what is special about it follows from its number."""
    if place % 8 == 7:
        per_account = 900_000 // max(1, accounts)
        few = {number(n): per_account for n in range(accounts)} if per_account else {}
        splits: tuple[Split, ...] = (Split(basis=Basis.PERCENT, percentages=few),)
    elif place % 3 == 2:
        splits = (Split(basis=BASES[place % len(BASES)]),)
    else:
        splits = tuple(Split(basis=basis, ppm=ppm) for basis, ppm in MIXES[place % len(MIXES)])
    members = Members()
    if place % 10 == 3:
        members = Members(floors=frozenset({f"Floor {place % 7}"}))
    elif place % 10 == 6:
        members = Members(labels=frozenset({"Label 1", "Label 2"}))
    source = Cost(kind=CostKind.POOL, name=name_of(place - 1), ppm=150_000)
    anchor = Exclusion(account=number(3), denominator=True, contribution=Amount(10**12))
    return Pool(
        name=name_of(place),
        valid_from=date(2026, 1, 1),
        costs=(source,) if place % 9 == 4 else (),
        splits=splits,
        members=members,
        exclusions=(anchor,) if place % 5 == 0 else (),
        gross_up_ppm=950_000 if place % 4 == 1 else None,
        caps=(Limit(amount=Amount(150 * 10**9)),) if place % 6 == 2 else (),
        floors=(Limit(amount=Amount(10 * 10**9)),) if place % 12 == 8 else (),
        redistribute=place % 12 == 2,
    )


def name_of(place: int) -> str:
    """Name a pool."""
    return f"Pool {place:02}"


def month(accounts: int) -> Inputs:
    """Return all that the month is worked out of."""
    pools = tuple(pool(place, accounts) for place in range(POOLS))
    random = Random(11)
    costs = {
        one.name: tuple(
            CostLine(
                name="Bill",
                amount=Amount(random.randrange(10**9) * accounts * 100),
                fixed=part == 2,
                detail={"supplier": "Grid", "number": f"{one.name}/{part}", "revision": 1},
            )
            for part in range(3)
        )
        for one in pools
    }
    return Inputs(
        since=SINCE,
        until=UNTIL,
        currency=CNY.code,
        owner=AccountNumber("OWNER"),
        pools=pools,
        costs=costs,
        stays=stays(accounts),
    )


def measure(accounts: int) -> None:
    """Measure one size, in this process."""
    inputs = month(accounts)
    began, began_cpu = perf_counter(), process_time()
    worked = work_out(inputs)
    took, cpu = perf_counter() - began, process_time() - began_cpu
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = sum(
        len(text.encode())
        for text in (
            *(worked.inputs, worked.result),
            *(share.content for share in worked.shares.values()),
        )
    )
    allocation = allocate(inputs)
    lines = sum(map(len, allocation.shares.values()))
    off = sum(result.cost for result in allocation.pools) - sum(
        share.amount for share in worked.shares.values()
    )
    bars = f" (bar {BAR_S} s, {BAR_MB} MB)" if accounts == BAR_SIZE else ""
    print(
        f"allocation: {accounts} accounts × {POOLS} pools, {lines} lines: worked out, with "
        f"contents and digest, in {took:.2f} s, {cpu:.2f} s of processor, "
        f"{cpu / lines * 1e6:.1f} µs of it a line; "
        f"{size / 1e6:.1f} MB kept; at most {used:.0f} MB{bars}; {off} units off"
    )
    began_cpu = process_time()
    same = work_out(inputs_of(worked.inputs)).digest == worked.digest
    reading = process_time() - began_cpu
    began_cpu = process_time()
    words = words_of("zh-Hans")
    for account_lines in allocation.shares.values():
        for line in account_lines:
            explanation(line, period_days=31, currency=CNY, words=words)
    explaining = process_time() - began_cpu
    print(
        f"allocation: {accounts} accounts: read back and worked out again in {reading:.2f} s of "
        f"processor, same digest {same}; explained in {explaining:.2f} s "
        f"({explaining / lines * 1e6:.1f} µs a line)"
    )


def main() -> None:
    """Measure each size in a process of its own, so that each has its own memory."""
    if len(sys.argv) > 1:
        measure(int(sys.argv[1]))
        return
    for size in SIZES:
        subprocess.run(  # noqa: S603  -- ourselves
            [sys.executable, "-m", "benchmarks.allocation", str(size)], check=True
        )


if __name__ == "__main__":
    main()
