"""What is read out of a ledger for the report: a mall's autumn, worked out by hand beside it."""

from collections.abc import AsyncIterator, Iterable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
import random

import pytest

from custom_components.compere_prepaid.core.allocation.pool import (
    Basis,
    Cost,
    CostKind,
    Pool,
    PoolKind,
    Split,
)
from custom_components.compere_prepaid.core.balance.feeders import Feeder
from custom_components.compere_prepaid.core.balance.hours import Point, hour_marks, registers_text
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.ledger.allocation_rows import DayRegisters
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.money.amount import Price
from custom_components.compere_prepaid.core.value.days import Building, Given
from custom_components.compere_prepaid.core.value.facts import Period
from custom_components.compere_prepaid.core.value.figure import Figure, evaluate
from custom_components.compere_prepaid.core.value.reading import Asked, read_facts
from custom_components.compere_prepaid.core.value.report import Facts, Known, sections_of
from custom_components.compere_prepaid.core.value.saving import Refusal, Saving
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
from tests.core.prepayment.desk import CNY, ZONE, money

MAIN = MeterSerial("MAIN")
NOTHING = Given(energy_wh={}, temperature={}, occupied={})
OCTOBERS = Period(since=OCTOBER, until=NOVEMBER, zone=ZONE)


@pytest.fixture
async def mall(tmp_path: Path) -> AsyncIterator[AllocatingMall]:
    """Open a mall of three shops and a lift."""
    mall = await AllocatingMall(tmp_path / "ledger.db").open()
    yield mall
    await mall.desk.ledger.close()


async def facts_of(
    mall: AllocatingMall,
    period: Period = OCTOBERS,
    before: Period | None = None,
    given: Given = NOTHING,
    feeder: str | None = None,
) -> Facts:
    """Read the facts of a time."""
    book = mall.desk.book
    asked = Asked(
        period=period,
        before=before,
        building=Building(
            currency=CNY,
            owner=OWNER,
            accounts=frozenset(book.accounts),
            meters=frozenset(book.meters),
        ),
        tariffs=dict(book.tariffs),
        given=given,
        feeder=feeder,
    )
    return await mall.desk.ledger.survey(lambda tx: read_facts(tx, asked))


def figures(facts: Facts, section: str, known: Known | None = None) -> dict[str, Figure]:
    """Return the figures of a topic; each is what its formula gives."""
    found = sections_of(facts, known or Known(), CNY)[section]
    for one in found:
        if one.value is not None:
            assert one.value == evaluate(one.formula, one.inputs)
    return {one.name: one for one in found}


async def count(
    mall: AllocatingMall,
    serial: MeterSerial,
    loads: Iterable[tuple[date, int, int]],
    first: int = 0,
) -> None:
    """Let a tenant's meter show these Wh an hour: days with the load by day and by night."""
    rows, wh = [], first
    for day, by_day, by_night in loads:
        points = []
        for place, at in enumerate(hour_marks(day, ZONE)):
            if place:
                wh += by_night if place <= 6 else by_day
            points.append(Point(at, wh))
        rows.append(
            DayRegisters(meter=serial, generation=1, day=day, registers=registers_text(points))
        )

    def work(tx: LedgerTransaction) -> None:
        for row in rows:
            tx.put(row)

    await mall.desk.ledger.run(work)


async def trade(mall: AllocatingMall) -> None:
    """Let October pass: two shops use energy, the third overdraws its account and moves out."""
    mall.at(date(2026, 10, 9))
    for serial in SHOPS.values():
        await mall.desk.read(0, serial)
    mall.at(date(2026, 10, 10))
    await mall.desk.read(300_000, SHOPS[TEA])
    await mall.desk.read(200_000, SHOPS[RICE])
    await mall.desk.read(1_100_000, SHOPS[BOOKS])
    await mall.desk.charging.settle_all("test")
    mall.at(date(2026, 10, 20))
    await mall.desk.read(1_100_000, SHOPS[BOOKS])
    await mall.desk.moves.move_out(BOOKS, user="anna")
    del mall.desk.book.accounts[BOOKS]
    mall.at(NOVEMBER, 2)
    await mall.desk.read(300_000, SHOPS[TEA])
    await mall.desk.read(200_000, SHOPS[RICE])
    await mall.desk.charging.settle_all("test")


async def test_arrears_of_a_month(mall: AllocatingMall) -> None:
    """One shop owes 100 from the tenth on, moves out on the twentieth, and leaves it owing."""
    await trade(mall)
    known = Known(days_outstanding=Decimal(62), bad_debts_before=Decimal(500))
    found = figures(await facts_of(mall), "arrears", known)
    assert found["arrears_peak"].value == 100
    assert found["arrears_now"].value == 0
    # what is used from the ninth to the tenth counts from the ninth on, for ten ends of days
    assert found["arrears_average"].inputs["total"] == 100 * 10
    assert found["arrears_if_billed_afterwards"].value == 1600 * 2
    assert found["bad_debts"].value == 100
    assert found["bad_debts"].inputs["moved_out"] == 1
    assert found["bad_debts_avoided"].value == 400


async def test_markup_of_a_month(mall: AllocatingMall) -> None:
    """1 600 kWh at 1.00 and a lift's 74.4 kWh at 0.80, bought at 0.50: by hand to the cent."""
    await mall.pool(
        Pool(
            name="Lift",
            valid_from=date(2026, 1, 1),
            kind=PoolKind.ENERGY,
            costs=(Cost(kind=CostKind.METERS, meters=(LIFT,), price=Price(800_000)),),
            splits=(Split(basis=Basis.FLOOR_AREA),),
            tax_ppm=100_000,
        )
    )
    await mall.registers(LIFT, 100, *days(OCTOBER, NOVEMBER + timedelta(days=1)))
    await trade(mall)
    run = await mall.runs.propose(IN_OCTOBER, user="anna")
    assert run.head is not None
    await mall.runs.approve(run.head.id, user="anna")
    no_bill = figures(await facts_of(mall), "markup:2026-10")
    assert no_bill["bought_price"].notes[0] == "no_bill"
    assert no_bill["markup_money"].value is None
    await mall.bill(
        "G-1", "1000", name="Grid", energy_wh=2_000_000, until=NOVEMBER + timedelta(days=31)
    )
    await mall.bill("L-1", "999", supplier="Lifts Ltd")  # no electricity

    found = figures(await facts_of(mall), "markup:2026-10")
    (result,) = run.results
    assert (result.cost, result.tenants + result.owner) == (money("59.52"), money("59.52"))
    tenants = CNY.exact(result.tenants)
    sold = found["sold_price"]
    assert sold.inputs["charged"] == 1600
    assert sold.inputs["pools"] == tenants * Decimal("1.1")
    assert sold.inputs["charged_kwh"] == 1600
    pools_kwh = sold.inputs["pools_kwh"]
    assert isinstance(pools_kwh, Decimal)
    assert abs(pools_kwh - tenants / Decimal("0.8")) < Decimal("0.002")
    assert found["bought_price"].value == Decimal("0.5")
    assert found["bought_price"].inputs["bought"] == 500
    markup = found["markup_money"].value
    assert markup is not None
    assert abs(markup - (1600 + tenants * Decimal("1.1") - (1600 + pools_kwh) / 2)) < Decimal(
        "1e-9"
    )
    shared = figures(await facts_of(mall), "shared_costs")
    assert shared["shared_cost"].value == Decimal("59.52")
    assert shared["shared_cost_explained"].value == 100


async def test_tax_that_comes_on_top_is_sold_too(mall: AllocatingMall) -> None:
    """A tariff whose tax is not in its prices: what tenants pay is compared, with the tax."""
    await mall.desk.write(
        {
            "name": "Flat",
            "valid_from": "2026-10-01",
            "prices": {"flat": Decimal(1)},
            "schedule": [{"days": ["mon-sun"], "months": ["1-12"], "slots": {"00:00": "flat"}}],
            "tax": {"percent": 8, "included": False},
        }
    )
    mall.at(date(2026, 10, 2))
    await mall.desk.read(0, SHOPS[TEA])
    mall.at(date(2026, 10, 12))
    await mall.desk.read(100_000, SHOPS[TEA])
    await mall.desk.charging.settle_all("test")
    mall.at(NOVEMBER, 1)
    found = figures(await facts_of(mall), "markup:2026-10")
    assert found["sold_price"].inputs["charged"] == 108
    assert found["sold_price"].value == Decimal("1.08")


async def test_energy_in_neither(mall: AllocatingMall) -> None:
    """An empty shop's meter is named with its energy; one that was never read is named too."""
    await trade(mall)
    loads = [(day, 100, 100) for day in days(OCTOBER, NOVEMBER + timedelta(days=1))]
    await count(mall, SHOPS[BOOKS], loads, first=1_100_000)
    found = figures(await facts_of(mall), "markup:2026-10")["energy_in_neither"]
    assert f"meter_unknown:{LIFT}" in found.notes
    assert SHOPS[TEA] not in found.inputs


async def test_readings_and_leaks(mall: AllocatingMall) -> None:
    """Month borders and moves are counted; a base load that rises for four nights is found."""
    await trade(mall)
    month = days(OCTOBER, NOVEMBER + timedelta(days=1))
    quiet = [(day, 2000, 300) for day in month]
    leaking = [
        (day, 2000, 800 if date(2026, 10, 12) <= day < date(2026, 10, 16) else 300) for day in month
    ]
    await count(mall, SHOPS[TEA], quiet)
    await count(mall, SHOPS[RICE], leaking)
    facts = await facts_of(mall)
    (leak,) = facts.watched.leaks
    assert (leak.meter, leak.since, leak.nights) == (SHOPS[RICE], date(2026, 10, 12), 4)
    assert (leak.usual_wh, leak.energy_wh, leak.ended) == (300, 4 * 500 * 24, True)
    readings = facts.watched.readings
    assert (readings.at_borders, readings.reckoned, readings.at_moves) == (2, 1, 1)
    year = Period(since=date(2026, 1, 1), until=NOVEMBER, zone=ZONE)
    since_the_beginning = (await facts_of(mall, year)).watched.readings
    assert since_the_beginning.at_moves == 1  # whoever installed the meters stood before them
    found = figures(facts, "leakage")
    assert found["leakage_energy"].value == 48
    assert found["protection_cuts"].value == 0


@pytest.mark.parametrize("saved_kwh", [0, 6])
async def test_saving_out_of_registers(mall: AllocatingMall, saved_kwh: int) -> None:
    """A main meter's days, with weekends, before and after; what is saved is found again."""
    chance = random.Random(4)
    before = Period(since=date(2026, 10, 1), until=date(2027, 1, 9), zone=ZONE)
    after = Period(since=date(2027, 1, 9), until=date(2027, 2, 8), zone=ZONE)
    await mall.feeder(Feeder(name="Incomer", main=(MAIN,), meters=None))
    rows, wh = [], 0
    for day in days(before.since, after.until + timedelta(days=1)):
        hourly = 5000 + 1000 * (day.weekday() > 4) + chance.randint(-300, 300)
        hourly -= saved_kwh * 1000 // 24 if day >= after.since else 0
        marks = hour_marks(day, ZONE)
        points = [Point(at, wh + hourly * place) for place, at in enumerate(marks)]
        wh = points[-1].wh
        rows.append(
            DayRegisters(meter=MAIN, generation=0, day=day, registers=registers_text(points))
        )

    def work(tx: LedgerTransaction) -> None:
        for row in rows:
            tx.put(row)

    await mall.desk.ledger.run(work)
    mall.at(date(2027, 2, 9))
    facts = await facts_of(mall, after, before)
    found = facts.saving
    assert isinstance(found, Saving)
    assert (found.days_before, found.days_after) == (100, 30)
    assert abs(found.saved - 30 * saved_kwh) <= found.half_width < 100
    assert found.notes == ("without_weather",)
    energy = figures(facts, "energy")
    assert ("not_distinguishable" in energy["energy_saved"].notes) is not bool(saved_kwh)
    await mall.feeder(Feeder(name="Riser", main=(LIFT,), meters=(SHOPS[TEA],)))
    assert (await facts_of(mall, after, before)).saving == found  # its meter is behind the other
    named = await facts_of(mall, after, before, feeder="Incomer")
    assert named.saving == found
    with pytest.raises(InvalidInputError, match="feeder_unknown"):
        await facts_of(mall, after, before, feeder="Nowhere")


async def test_days_before_may_come_from_a_table(mall: AllocatingMall) -> None:
    """What an earlier meter counted stands in for registers that nobody kept."""
    since = date(2026, 7, 1)
    before = Period(since=since, until=date(2026, 9, 20), zone=ZONE)
    given = Given(
        energy_wh={day: 100_000 + 5000 * day.weekday() for day in days(since, NOVEMBER)},
        temperature={},
        occupied={day: Decimal(400) for day in days(since, NOVEMBER)},
    )
    mall.at(NOVEMBER, 1)
    found = (await facts_of(mall, before=before, given=given)).saving
    assert isinstance(found, Saving)
    assert abs(found.saved) < Decimal("0.001")
    bare = (await facts_of(mall, before=before)).saving
    assert isinstance(bare, Refusal)
    assert bare.reason == "too_few_days_before"


async def test_losses_before_and_after(mall: AllocatingMall) -> None:
    """A feeder that loses 10 % and then 4 %; hours that are not known are left out."""
    await mall.feeder(Feeder(name="Riser", main=(MAIN,), meters=(LIFT,)))
    september, october = days(date(2026, 9, 1), OCTOBER), days(OCTOBER, NOVEMBER)
    for serial, loads in ((MAIN, (1000, 1000)), (LIFT, (900, 960))):
        rows, wh = [], 0
        for month, load in zip((september, october), loads, strict=True):
            for day in month:
                points = [
                    Point(at, wh + load * place) for place, at in enumerate(hour_marks(day, ZONE))
                ]
                wh = points[-1].wh
                rows.append(
                    DayRegisters(
                        meter=serial, generation=0, day=day, registers=registers_text(points)
                    )
                )

        def work(tx: LedgerTransaction, rows: list[DayRegisters] = rows) -> None:
            for row in rows:
                tx.put(row)

        await mall.desk.ledger.run(work)
    mall.at(NOVEMBER, 1)
    before = Period(since=date(2026, 9, 1), until=OCTOBER, zone=ZONE)
    found = figures(await facts_of(mall, before=before), "losses:Riser")
    assert found["losses"].value == 4
    assert found["losses_before"].value == 10
    assert found["losses_change"].value == -6
