"""Nothing is charged twice, whatever pools are called; the checker counts for itself."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from unittest.mock import patch

import pytest

from custom_components.compere_prepaid.core.allocation import posting, runs
from custom_components.compere_prepaid.core.allocation.pool import (
    Basis,
    Cost,
    CostKind,
    Pool,
    Split,
)
from custom_components.compere_prepaid.core.allocation.runs import Asked
from custom_components.compere_prepaid.core.balance.feeders import Feeder
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.money.amount import Price
from tests.core.allocation.mall import (
    IN_OCTOBER,
    LIFT,
    NOVEMBER,
    OCTOBER,
    SHOPS,
    TEA,
    AllocatingMall,
    days,
)
from tests.core.prepayment.desk import money

MIDDLE = date(2026, 10, 15)
HALF = 500_000
BILLED = Cost(kind=CostKind.BILL, name="Lifts")
COUNTED = Cost(kind=CostKind.METERS, meters=(LIFT,), price=Price(850_000))
LOST = Cost(kind=CostKind.LOSSES, name="Main", price=Price(850_000))


def pool(name: str, *costs: Cost, since: date = date(2026, 1, 1)) -> Pool:
    """Return a pool that all shops bear alike."""
    return Pool(name=name, valid_from=since, costs=costs, splits=(Split(basis=Basis.EQUAL),))


def ended(name: str, day: date) -> Pool:
    """Return the version of a pool that ends it."""
    return Pool(name=name, valid_from=day, costs=(), splits=(), ended=True)


def of(*pools: str, since: date = OCTOBER, until: date = NOVEMBER) -> Asked:
    """Ask for some pools."""
    return Asked(since=since, until=until, pools=pools)


@pytest.fixture
async def mall(tmp_path: Path) -> AsyncIterator[AllocatingMall]:
    """Open a mall whose October is over, with a bill for it and what a lift used."""
    mall = await AllocatingMall(tmp_path / "ledger.db").open()
    await mall.bill(yuan="1200")
    await mall.registers(LIFT, 1000, *days(date(2026, 9, 30), date(2026, 11, 3)))
    mall.at(date(2026, 11, 3), 9)
    yield mall
    await mall.desk.ledger.close()


async def posted(mall: AllocatingMall, asked: Asked) -> str:
    """Propose and approve a run."""
    run = await mall.runs.propose(asked, user="anna")
    assert run.head is not None
    await mall.runs.approve(run.head.id, user="anna")
    return run.head.id


@pytest.mark.parametrize("cost", [BILLED, COUNTED, LOST])
async def test_pool_with_another_name(mall: AllocatingMall, cost: Cost) -> None:
    """What a pool has charged is not charged again by one that is called differently."""
    await mall.feeder(Feeder(name="Main", main=(LIFT,), meters=(SHOPS[TEA],)))
    await mall.registers(SHOPS[TEA], 500, *days(date(2026, 9, 30), date(2026, 11, 3)))
    await mall.pool(pool("Lifts", cost))
    await posted(mall, IN_OCTOBER)
    await mall.pool(ended("Lifts", OCTOBER), pool("Lifts and escalators", cost, since=OCTOBER))
    for step in (mall.runs.preview(IN_OCTOBER), mall.runs.propose(IN_OCTOBER, user="anna")):
        with pytest.raises(InvalidInputError) as refused:
            await step
        assert refused.value.key == "allocation_counted_twice"
        assert refused.value.placeholders["runs"] == "2026-10"
    await mall.runs.reverse("2026-10", user="anna", reason="another name")
    assert await posted(mall, IN_OCTOBER) == "2026-10#2"
    await mall.desk.verified()


async def test_two_runs_that_wait(mall: AllocatingMall) -> None:
    """Of two that have the same bill only one is posted."""
    await mall.pool(pool("Lifts", BILLED))
    await mall.runs.propose(IN_OCTOBER, user="anna")
    await mall.pool(ended("Lifts", OCTOBER), pool("Stairs", BILLED, since=OCTOBER))
    await posted(mall, IN_OCTOBER)
    with pytest.raises(InvalidInputError, match="allocation_counted_twice"):
        await mall.runs.approve("2026-10", user="anna")
    assert mall.service_fund(TEA) == -money(300)
    await mall.desk.verified()


async def test_meter_that_moves_to_another_pool(mall: AllocatingMall) -> None:
    """A run over the day of the move has its days behind it, too."""
    await mall.pool(pool("Lifts", COUNTED))
    await mall.pool(ended("Lifts", MIDDLE), pool("Stairs", COUNTED, since=MIDDLE))
    await posted(mall, of("Lifts", until=date(2026, 10, 20)))
    with pytest.raises(InvalidInputError, match="allocation_counted_twice"):
        await mall.runs.preview(of("Stairs", since=MIDDLE))
    await posted(mall, of("Stairs", since=date(2026, 10, 20)))
    await mall.desk.verified()


async def test_parts(mall: AllocatingMall) -> None:
    """Halves of a meter and of a bill are charged by two runs, also those of other days."""
    halves = [replace(cost, ppm=HALF) for cost in (BILLED, COUNTED)]
    quarter = replace(COUNTED, ppm=HALF // 2)
    again = replace(quarter, fixed=True)
    await mall.pool(pool("Lifts", *halves), pool("Stairs", halves[0], quarter, again))
    await posted(mall, of("Lifts", until=MIDDLE))
    await posted(mall, of("Lifts", since=MIDDLE))
    await posted(mall, of("Stairs"))
    await mall.desk.verified()
    await mall.pool(pool("Roof", replace(COUNTED, ppm=10_000), since=OCTOBER))
    with pytest.raises(InvalidInputError, match="allocation_counted_twice"):
        await mall.runs.preview(of("Roof", since=MIDDLE))


async def test_checker_counts_for_itself(mall: AllocatingMall) -> None:
    """What was posted twice all the same is found."""
    await mall.pool(pool("Lifts", BILLED, COUNTED))
    await posted(mall, IN_OCTOBER)
    await mall.pool(ended("Lifts", OCTOBER), pool("Stairs", BILLED, COUNTED, since=OCTOBER))
    with patch.object(runs, "refuse_overlap"), patch.object(posting, "refuse_overlap"):
        await posted(mall, IN_OCTOBER)
    faults = (await mall.desk.ledger.verify()).faults
    assert [fault.partition(": ")[2] for fault in faults] == [
        "meter LIFT was charged for 2026-10-01 more than once",
        "bill 1 of Otis was charged for 2026-10-01 more than once",
    ]
