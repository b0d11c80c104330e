"""What pools cost: meters at a price or by a tariff, losses, amounts, and what is missing."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from custom_components.compere_prepaid.core.allocation.inputs import CostLine, Inputs
from custom_components.compere_prepaid.core.allocation.pool import (
    Basis,
    Cost,
    CostKind,
    Members,
    Pool,
    Split,
)
from custom_components.compere_prepaid.core.allocation.runs import Asked
from custom_components.compere_prepaid.core.allocation.working import WorkedOut
from custom_components.compere_prepaid.core.balance.feeders import Feeder
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.money.amount import Price
from custom_components.compere_prepaid.core.prepayment.calendar import day_start
from custom_components.compere_prepaid.core.tenancy.supplies import MeterSetup
from tests.core.allocation.mall import (
    BOOKS,
    IN_OCTOBER,
    LIFT,
    NOVEMBER,
    OCTOBER,
    OWNER,
    RICE,
    SHOPS,
    TEA,
    AllocatingMall,
    days,
)
from tests.core.prepayment.desk import ZONE, money

SEEN = days(date(2026, 9, 30), date(2026, 11, 3))
MAIN = MeterSerial("MAIN")


@pytest.fixture
async def mall(tmp_path: Path) -> AsyncIterator[AllocatingMall]:
    """Open a mall whose lift uses 1 kW all the time."""
    mall = await AllocatingMall(tmp_path / "ledger.db").open()
    await mall.registers(LIFT, 1000, *SEEN)
    yield mall
    await mall.desk.verified()
    await mall.desk.ledger.close()


def pool(*costs: Cost, name: str = "Pool", basis: Basis = Basis.EQUAL) -> Pool:
    """Return a pool of these costs."""
    return Pool(name=name, valid_from=date(2026, 1, 1), costs=costs, splits=(Split(basis=basis),))


async def costs(mall: AllocatingMall, asked: Asked = IN_OCTOBER) -> tuple[CostLine, ...]:
    """Return what the pool cost, as it is found in November."""
    mall.at(date(2026, 11, 2), 12)
    return (await mall.runs.preview(asked)).inputs.costs["Pool"]


async def test_price(mall: AllocatingMall) -> None:
    """A part of it, and below zero, is rounded down in the book's unit."""
    cost = Cost(kind=CostKind.METERS, meters=(LIFT,), price=Price(850_001), ppm=-333_333)
    await mall.pool(pool(cost))
    (line,) = await costs(mall)
    assert line.amount == -744_000 * 850_001 * 333_333 // 1_000_000
    assert line.detail["from_wh"] == 24_000  # the register began a day before
    assert (line.detail["energy_wh"], line.detail["ppm"]) == (744_000, -333_333)


async def test_tariff(mall: AllocatingMall) -> None:
    """By the hour, by periods and tiers; all meters of a cost climb together."""
    second = MeterSerial("LIFT2")
    await mall.desk.supplies.add_meter(MeterSetup(serial=second, max_power_w=60_000))
    await mall.registers(second, 2000, *SEEN)
    await mall.desk.write(
        {
            "name": "Ladder by day",
            "valid_from": "2020-01-01",
            "prices": {"day": Decimal(1), "night": Decimal("0.5")},
            "schedule": [{"slots": {"00:00": "night", "08:00": "day", "20:00": "night"}}],
            "tiers": [{"up_to": 1000}, {"adder": Decimal("0.1")}],
        }
    )
    await mall.pool(pool(Cost(kind=CostKind.METERS, meters=(LIFT, second), tariff="Ladder by day")))
    lines = await costs(mall)
    by_tier: dict[tuple[object, object], int] = {}
    for line in lines:
        place = line.detail["period"], line.detail["tier"]
        by_tier[place] = by_tier.get(place, 0) + int(line.detail["energy_wh"])
    # 3 kW: 1000 kWh are full on the 14th day, in the 14th hour: 13 days and 21⅓ hours
    assert sum(by_tier.values()) == 3 * 744_000
    assert by_tier["day", 1] + by_tier["night", 1] == 1_000_000
    assert by_tier["day", 1] + by_tier["day", 2] == 3 * 12_000 * 31
    exact = sum(
        wh * {"day": 1_000_000, "night": 500_000}[str(period)] + wh * 100_000 * (tier == 2)
        for (period, tier), wh in by_tier.items()
    )
    assert sum(line.amount for line in lines) == exact


async def test_losses(mall: AllocatingMall) -> None:
    """What a main meter counted and those behind it did not; less is nothing."""
    await mall.desk.supplies.add_meter(MeterSetup(serial=MAIN, max_power_w=600_000))
    await mall.registers(MAIN, 1100, *SEEN)
    await mall.feeder(Feeder(name="Main", main=(MAIN,), meters=(LIFT,)))
    await mall.feeder(Feeder(name="Wrong", main=(LIFT,), meters=(MAIN,)))
    await mall.pool(
        pool(
            Cost(kind=CostKind.LOSSES, name="Main", price=Price(1_000_000)),
            Cost(kind=CostKind.LOSSES, name="Wrong", price=Price(1_000_000)),
            Cost(kind=CostKind.LOSSES, name="Main", tariff="Flat"),
        )
    )
    lost, nothing, rated = await costs(mall)
    assert (lost.amount, lost.detail["energy_wh"]) == (money("74.40"), 74_400)
    assert (nothing.amount, nothing.detail["energy_wh"]) == (0, 0)
    assert rated.amount == lost.amount


async def test_months(mall: AllocatingMall) -> None:
    """An amount a month is shared by days; the parts of a month make it."""
    await mall.pool(pool(Cost(kind=CostKind.AMOUNT, name="Rent", amount=money("100.01"))))
    parts = [
        await costs(mall, Asked(since=since, until=until))
        for since, until in ((OCTOBER, date(2026, 10, 8)), (date(2026, 10, 8), NOVEMBER))
    ]
    assert sum(line.amount for lines in parts for line in lines) == money("100.01")
    two = await costs(mall, Asked(since=date(2026, 9, 16), until=date(2026, 10, 31)))
    assert [(line.detail["days"], line.detail["of_days"]) for line in two] == [(15, 30), (30, 31)]


async def test_missing(mall: AllocatingMall) -> None:
    """What is not known has a line; a register that is not known keeps the run out of the book."""
    late = MeterSerial("LATE")
    silent = MeterSerial("SILENT")
    for serial in (late, silent):
        await mall.desk.supplies.add_meter(MeterSetup(serial=serial, max_power_w=60_000))
    await mall.registers(late, 10, *days(date(2026, 10, 20), date(2026, 11, 3)))
    await mall.registers(silent, 10, *days(date(2026, 9, 30), date(2026, 10, 20)))
    gone = MeterSerial("GONE")
    await mall.registers(gone, 10, *days(date(2026, 9, 30), date(2026, 10, 20)))
    await mall.pool(
        pool(
            Cost(kind=CostKind.METERS, meters=(late, silent, gone), price=Price(1)),
            Cost(kind=CostKind.BILL, name="Lifts"),
            basis=Basis.ENERGY,
        )
    )
    await mall.bill(since=date(2026, 10, 5), until=date(2026, 10, 25))
    lines = await costs(mall)
    missing = [line.detail for line in lines if "missing" in line.detail]
    assert missing == [
        {"missing": "beginning", "meter": "LATE"},
        {"missing": "register", "meter": "SILENT"},
        {"missing": "bill", "days": 11},
        {"missing": "charges", "units": 3},
    ]

    async def idle(inputs: Inputs) -> WorkedOut:
        raise AssertionError(inputs)

    mall.runs.worker = idle  # nothing is worked out to be thrown away
    with pytest.raises(InvalidInputError, match=r"allocation_incomplete.*SILENT"):
        await mall.runs.propose(IN_OCTOBER, user="anna")
    assert await mall.runs.heads() == ()


async def test_pools_that_share_costs_go_together(mall: AllocatingMall) -> None:
    """What one takes of another is neither lost nor charged twice."""
    await mall.pool(
        pool(Cost(kind=CostKind.AMOUNT, name="x", amount=money(100))),
        pool(Cost(kind=CostKind.POOL, name="Pool", ppm=300_000), name="Food court"),
    )
    mall.at(date(2026, 11, 2), 12)
    for name in ("Pool", "Food court"):
        with pytest.raises(InvalidInputError, match="allocation_pools_tied"):
            await mall.runs.preview(Asked(since=OCTOBER, until=NOVEMBER, pools=(name,)))
    run = await mall.runs.preview(IN_OCTOBER)
    assert {one.pool: one.cost for one in run.results} == {
        "Food court": money(30),
        "Pool": money(70),
    }


async def test_demand(mall: AllocatingMall) -> None:
    """Power in the hour in which all units together used most, of those that were read."""
    noon = day_start(date(2026, 10, 20), ZONE) + timedelta(hours=12)
    alone = {noon - timedelta(hours=1): 3000}  # most of its own, but not of all together
    await mall.registers(SHOPS[TEA], 4000, *SEEN, more={noon: 2000} | alone)
    await mall.registers(SHOPS[RICE], 1000, *SEEN, more={noon: 2500})
    await mall.pool(
        pool(Cost(kind=CostKind.AMOUNT, name="x", amount=money(100)), basis=Basis.DEMAND)
    )
    mall.at(date(2026, 11, 2), 12)
    inputs = (await mall.runs.preview(IN_OCTOBER)).inputs
    measured = {stay.account: stay.demand_w for stay in inputs.stays if stay.demand_w}
    # no pool counts the lift, so it is a unit
    assert measured == {TEA: 6000, RICE: 3500, OWNER: 1000}
    assert [line.detail for line in inputs.costs["Pool"] if "missing" in line.detail] == [
        {"missing": "demand", "units": 1}
    ]


@pytest.mark.parametrize("pool_names_it", [False, True])
async def test_demand_of_a_tenant_whose_meter_a_pool_names(
    mall: AllocatingMall, pool_names_it: bool
) -> None:
    """It bears what it would bear if no pool counted a part of what it uses."""
    for account in (TEA, RICE):
        await mall.registers(SHOPS[account], 4000, *SEEN)
    parts = [Cost(kind=CostKind.AMOUNT, name="x", amount=money(144))]
    if pool_names_it:
        parts.append(Cost(kind=CostKind.METERS, meters=(SHOPS[TEA],), price=Price(0), ppm=300_000))
    away = Members(accounts=frozenset({BOOKS, OWNER}))
    await mall.pool(replace(pool(*parts, basis=Basis.DEMAND), left_out=away))
    mall.at(date(2026, 11, 2), 12)
    run = await mall.runs.preview(IN_OCTOBER)
    assert {name: share.amount for name, share in run.shares.items()} == {
        TEA: money(72),
        RICE: money(72),
    }
    assert [line.detail for line in run.inputs.costs["Pool"] if "missing" in line.detail] == [
        {"missing": "demand", "units": 1}  # the books', which were never read
    ]
