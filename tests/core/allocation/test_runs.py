"""Runs over a real ledger: worked out, kept, posted, taken back."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from custom_components.compere_prepaid.core.allocation.events import AllocationPosted
from custom_components.compere_prepaid.core.allocation.pool import (
    Basis,
    Cost,
    CostKind,
    Pool,
    Split,
)
from custom_components.compere_prepaid.core.allocation.pools import Pools
from custom_components.compere_prepaid.core.allocation.premises import unit_of_meter
from custom_components.compere_prepaid.core.allocation.runs import Asked
from custom_components.compere_prepaid.core.documents import Document
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ledger.allocation_rows import RunState
from custom_components.compere_prepaid.core.money.amount import Price
from tests.core.allocation.mall import (
    BOOKS,
    IN_OCTOBER,
    LIFT,
    LIFTS,
    NOVEMBER,
    OCTOBER,
    OWNER,
    RICE,
    SHOPS,
    TEA,
    AllocatingMall,
    days,
)
from tests.core.prepayment.desk import money

LIGHT = Pool(
    name="Light",
    valid_from=date(2026, 1, 1),
    costs=(Cost(kind=CostKind.METERS, meters=(LIFT,), price=Price(850_000)),),
    splits=(Split(basis=Basis.EQUAL),),
)
STAIRS = Pool(
    name="Stairs",
    valid_from=date(2026, 1, 1),
    costs=(Cost(kind=CostKind.AMOUNT, name="Cleaning", amount=money(100)),),
    splits=(Split(basis=Basis.EQUAL),),
)


@pytest.fixture
async def mall(tmp_path: Path) -> AsyncIterator[AllocatingMall]:
    """Open a mall whose October is over."""
    mall = await AllocatingMall(tmp_path / "ledger.db").open()
    await mall.pool(LIFTS)
    await mall.registers(LIFT, 1000, *days(date(2026, 9, 30), date(2026, 11, 3)))
    mall.at(date(2026, 11, 3), 9)
    yield mall
    await mall.desk.verified()
    await mall.desk.ledger.close()


async def test_left(mall: AllocatingMall) -> None:
    """Left are pools that no run of the very days is about, nor a posted one of some of them."""
    await mall.pool(LIGHT)
    now = mall.desk.clock.now()
    month = (IN_OCTOBER.since, IN_OCTOBER.until, now)
    assert await mall.runs.left(date(2025, 12, 1), date(2026, 1, 1), now) == ()
    assert await mall.runs.left(*month) == ("Lifts", "Light")
    half = Asked(since=OCTOBER, until=date(2026, 10, 16), pools=("Light",))
    await mall.runs.propose(half, user="anna")
    assert await mall.runs.left(*month) == ("Lifts", "Light")
    posted = await mall.runs.approve("2026-10-01..2026-10-15", user="anna")
    assert posted.head is not None
    assert await mall.runs.left(*month) == ("Lifts",)
    await mall.runs.propose(replace(half, until=NOVEMBER, pools=("Lifts",)), user="anna")
    assert await mall.runs.left(*month) == ()
    await mall.runs.reject("2026-10", user="anna")
    await mall.runs.reverse(posted.head.id, user="anna", reason="the whole month at once")
    assert await mall.runs.left(*month) == ("Light",)


async def test_left_are_pools_that_were_there(mall: AllocatingMall) -> None:
    """A pool that is first set later is not left over; one that is set anew is."""
    at = mall.at(date(2026, 11, 3), 10)
    for minutes, pool in ((0, LIGHT), (10, replace(LIGHT, tax_ppm=60_000)), (10, STAIRS)):
        mall.desk.clock.time = at + timedelta(minutes=minutes)
        await Pools(mall.desk.book).set(pool, Document(data={}, lines={}))
    assert await mall.runs.left(OCTOBER, NOVEMBER, at) == ("Lifts", "Light")


async def test_month(mall: AllocatingMall) -> None:
    """A bill is split by floor area, posted with its tax, and taken back; then run again."""
    await mall.bill(yuan="1000")
    looked = await mall.runs.preview(IN_OCTOBER)
    assert {name: looked.shares[name].amount for name in SHOPS} == {
        TEA: money(300),
        RICE: money(200),
        BOOKS: money(500),
    }
    run = await mall.runs.propose(IN_OCTOBER, user="anna")
    assert run.head is not None
    assert (run.head.id, run.head.state) == ("2026-10", RunState.PROPOSED)
    again = await mall.runs.propose(IN_OCTOBER, user="anna")
    assert again.head == run.head
    posted = await mall.runs.approve("2026-10", user="bert")
    assert posted.head is not None
    assert posted.head.state is RunState.POSTED
    assert posted.shares == looked.shares
    assert mall.service_fund(TEA) == -money("318")
    assert mall.service_fund(BOOKS) == -money("530")
    await mall.runs.approve("2026-10", user="bert")
    assert mall.service_fund(TEA) == -money("318")
    with pytest.raises(InvalidInputError, match="allocation_overlaps"):
        await mall.runs.preview(Asked(since=date(2026, 10, 31), until=NOVEMBER))
    with pytest.raises(InvalidInputError, match="bill_in_use"):
        await mall.bills.cancel("Otis", "1", user="anna", reason="wrong")
    await mall.runs.reverse("2026-10", user="anna", reason="wrong bill")
    assert mall.service_fund(TEA) == 0
    await mall.bills.cancel("Otis", "1", user="anna", reason="wrong")
    await mall.bill(yuan="500")
    second = await mall.runs.propose(IN_OCTOBER, user="anna")
    assert second.head is not None
    assert second.head.id == "2026-10#2"
    await mall.runs.approve("2026-10#2", user="anna")
    assert mall.service_fund(TEA) == -money("159")


async def test_registers(mall: AllocatingMall) -> None:
    """A meter's energy of the month is priced; three shops bear it alike."""
    await mall.pool(LIGHT)
    run = await mall.runs.preview(Asked(since=OCTOBER, until=NOVEMBER, pools=("Light",)))
    assert run.results[0].cost == money("632.40")  # 744 kWh × 0.85
    assert run.shares[TEA].amount == money("210.80")
    assert OWNER not in run.shares


async def test_a_bill_is_cancelled_before_approval(mall: AllocatingMall) -> None:
    """A run that has a part of it is not posted any more; worked out again it is."""
    await mall.bill(yuan="1000")
    await mall.runs.propose(IN_OCTOBER, user="anna")
    await mall.bills.cancel("Otis", "1", user="anna", reason="wrong")
    await mall.bill(yuan="500")
    with pytest.raises(InvalidInputError, match="allocation_bill_cancelled"):
        await mall.runs.approve("2026-10", user="bert")
    assert mall.service_fund(TEA) == 0
    await mall.runs.reject("2026-10", user="bert")
    await mall.runs.propose(IN_OCTOBER, user="anna")
    await mall.runs.approve("2026-10#2", user="bert")
    assert mall.service_fund(TEA) == -money("159")


async def test_who_bears_nothing_moves_out(mall: AllocatingMall) -> None:
    """A share of nothing is not booked, so it stops neither posting nor taking back."""
    await mall.premises(unit_of_meter(SHOPS[RICE]), since="2026-09-01", floor_area=0)
    await mall.bill(yuan="1000")
    run = await mall.runs.propose(IN_OCTOBER, user="anna")
    assert run.shares[RICE].amount == 0
    await mall.desk.moves.move_out(RICE, user="anna")
    await mall.runs.approve("2026-10", user="bert")
    (posted,) = [one for one in mall.desk.events if isinstance(one, AllocationPosted)]
    assert (posted.amount, posted.accounts) == (money(1000), 2)
    assert mall.service_fund(TEA) == -money("397.50")
    await mall.runs.reverse("2026-10", user="bert", reason="one more look")
    assert mall.service_fund(TEA) == 0
