"""Who had which unit on which days: moves, vacancy, new meters, changes of what a unit is."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from custom_components.compere_prepaid.core.allocation.inputs import Stay, Why
from custom_components.compere_prepaid.core.allocation.pool import (
    Basis,
    Cost,
    CostKind,
    Pool,
    Split,
)
from custom_components.compere_prepaid.core.allocation.premises import (
    unit_of_account,
    unit_of_meter,
)
from custom_components.compere_prepaid.core.allocation.sharing import allocate
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.money.amount import Price
from custom_components.compere_prepaid.core.tenancy.replacement import Replacement
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
)
from tests.core.prepayment.desk import money

GUARDS = Pool(
    name="Guards",
    valid_from=date(2026, 1, 1),
    costs=(
        Cost(kind=CostKind.AMOUNT, name="Guards", amount=money(310)),
        Cost(kind=CostKind.METERS, meters=(LIFT,), price=Price(1)),
    ),
    splits=(Split(basis=Basis.EQUAL, ppm=500_000), Split(basis=Basis.ENERGY, ppm=500_000)),
)
TENTH = date(2026, 10, 10)
NEXT = AccountNumber("B-1")

type Span = tuple[str | None, str, date, date]


@pytest.fixture
async def mall(tmp_path: Path) -> AsyncIterator[AllocatingMall]:
    """Open a mall in which guards are shared."""
    mall = await AllocatingMall(tmp_path / "ledger.db").open()
    await mall.pool(GUARDS)
    yield mall
    await mall.desk.verified()
    await mall.desk.ledger.close()


async def stays(mall: AllocatingMall) -> tuple[Stay, ...]:
    """Return October's stays, as they are found in November."""
    mall.at(date(2026, 11, 2), 12)
    return (await mall.runs.preview(IN_OCTOBER)).inputs.stays


def spans(found: tuple[Stay, ...]) -> list[Span]:
    """Return whose they are, of which unit and days."""
    return [(stay.account, stay.unit, stay.since, stay.until) for stay in found]


async def test_nothing_happens(mall: AllocatingMall) -> None:
    """Each shop has its unit all the month; a lift's meter is no unit."""
    found = await stays(mall)
    assert spans(found) == [
        (account, serial, OCTOBER, NOVEMBER) for account, serial in SHOPS.items()
    ]
    assert [stay.floor_area for stay in found] == [120_000, 80_000, 200_000]


async def test_move(mall: AllocatingMall) -> None:
    """The day of a move is not the leaver's; the owner has the unit until somebody comes."""
    mall.at(OCTOBER)
    await mall.desk.read(0, SHOPS[TEA])
    mall.at(date(2026, 10, 5), 15)
    await mall.desk.read(7000, SHOPS[TEA])
    await mall.desk.moves.move_out(TEA, user="anna")
    del mall.desk.book.accounts[TEA]
    mall.at(TENTH, 9)
    await mall.desk.read(7500, SHOPS[TEA])
    await mall.desk.open_other(NEXT, "100", meters=(SHOPS[TEA],))
    mall.at(TENTH, 10)
    await mall.desk.read(7600, SHOPS[TEA])
    await mall.desk.charging.settle_all("test")
    found = await stays(mall)
    assert spans(found)[:1] + spans(found)[3:] == [
        (TEA, "M1", OCTOBER, date(2026, 10, 5)),
        (NEXT, "M1", TENTH, NOVEMBER),
        (OWNER, "M1", date(2026, 10, 5), TENTH),
    ]
    assert (found[0].moved_out, found[0].energy_wh) == (True, 7000)
    assert (found[4].vacant, found[4].energy_wh) == (True, 500)
    assert (found[3].vacant, found[3].energy_wh) == (False, 100)


async def test_moved_out_on_the_first_day(mall: AllocatingMall) -> None:
    """What was used on a day that is not the tenant's any more is not for others to pay."""
    mall.at(OCTOBER)
    await mall.desk.read(0, SHOPS[TEA])
    mall.at(OCTOBER, 15)
    await mall.desk.read(7000, SHOPS[TEA])
    await mall.desk.moves.move_out(TEA, user="anna")
    found = await stays(mall)
    assert spans(found)[0] == (TEA, "M1", OCTOBER, OCTOBER)
    assert (found[0].moved_out, found[0].energy_wh) == (True, 7000)
    assert (OWNER, "M1", OCTOBER, NOVEMBER) in spans(found)
    mall.at(date(2026, 11, 2), 12)
    shared = allocate((await mall.runs.preview(IN_OCTOBER)).inputs)
    owners = {
        line.why: line.weight for line in shared.pools[0].owner_lines if line.basis == "energy"
    }
    assert owners == {Why.MOVED_OUT: 7000}


async def test_new_meter(mall: AllocatingMall) -> None:
    """A meter in place of another one is the same shop: nothing is vacant, nothing counts twice."""
    new = MeterSerial("M9")
    mall.at(TENTH, 12)
    await mall.desk.read(5000, SHOPS[TEA])
    await mall.desk.replacements.replace_meter(
        Replacement(old=SHOPS[TEA], new=new, start_wh=10, reason="broken", user="joe")
    )
    await mall.desk.supplies.remove_meter(SHOPS[TEA])
    await mall.desk.supplies.add_meter(MeterSetup(serial=new, max_power_w=60_000))
    await mall.desk.supplies.attach(TEA, new)
    await mall.premises(unit_of_meter(new), floor_area=120_000)
    found = await stays(mall)
    assert spans(found)[:2] == [(TEA, "M1", OCTOBER, TENTH), (TEA, "M9", TENTH, NOVEMBER)]
    assert sum((stay.until - stay.since).days for stay in found) == 3 * 31


async def test_unit_changes(mall: AllocatingMall) -> None:
    """A wall that is moved counts from its day on; a change of another unit cuts nothing."""
    await mall.premises(unit_of_meter(SHOPS[TEA]), "2026-10-10", floor_area=150_000)
    found = await stays(mall)
    assert [(stay.account, stay.since, stay.until, stay.floor_area) for stay in found] == [
        (TEA, OCTOBER, TENTH, 120_000),
        (TEA, TENTH, NOVEMBER, 150_000),
        (RICE, OCTOBER, NOVEMBER, 80_000),
        (BOOKS, OCTOBER, NOVEMBER, 200_000),
    ]


async def test_energy_of_a_unit_that_changes(mall: AllocatingMall) -> None:
    """A pool for a label has the energy of the days on which the unit wore it."""
    await mall.premises(
        unit_of_meter(SHOPS[TEA]), "2026-10-10", floor_area=120_000, labels=frozenset({"food"})
    )
    mall.at(OCTOBER)
    await mall.desk.read(0, SHOPS[TEA])
    mall.at(NOVEMBER)
    await mall.desk.read(31_001, SHOPS[TEA])
    await mall.desk.charging.settle_all("test")
    found = [stay for stay in await stays(mall) if stay.account == TEA]
    assert [(stay.since, stay.labels, stay.energy_wh) for stay in found] == [
        (OCTOBER, frozenset(), 9_000),
        (TENTH, frozenset({"food"}), 22_001),
    ]


async def test_two_meters(mall: AllocatingMall) -> None:
    """What an account has of its own is divided as its meters say, evenly where one does not."""
    second = MeterSerial("M8")
    await mall.desk.supplies.add_meter(MeterSetup(serial=second, max_power_w=60_000))
    await mall.desk.supplies.attach(TEA, second)
    await mall.desk.read(0, second)
    await mall.premises(unit_of_meter(second), floor_area=30_000, rated_power=5000)
    await mall.premises(
        unit_of_account(TEA),
        floor_area=140_000,
        persons=3,
        opening_minutes=1,
        labels=frozenset({"food"}),
    )
    first, other, *_ = await stays(mall)
    assert (first.unit, first.floor_area, first.persons, first.rated_power) == ("M1", 112_000, 2, 0)
    assert (other.unit, other.floor_area, other.persons) == ("M8", 28_000, 1)
    assert (first.opening_minutes, other.opening_minutes, other.rated_power) == (1, 0, 5000)
    assert first.labels == other.labels == frozenset({"food"})


async def test_account_without_a_meter(mall: AllocatingMall) -> None:
    """It has the empty unit, from the day on which it came."""
    mall.at(TENTH, 12)
    await mall.desk.open_other(NEXT, "0")
    await mall.premises(unit_of_account(NEXT), floor_area=9_000)
    found = await stays(mall)
    assert [stay for stay in found if stay.account == NEXT] == [
        Stay(account=NEXT, since=TENTH, until=NOVEMBER, floor_area=9_000)
    ]


async def test_no_owners_account(tmp_path: Path) -> None:
    """A unit that nobody has is nobody's there, before its first tenant and after its last."""
    mall = await AllocatingMall(tmp_path / "ledger.db", owner=False).open()
    await mall.pool(GUARDS)
    fresh = MeterSerial("M7")
    await mall.desk.supplies.add_meter(MeterSetup(serial=fresh, max_power_w=60_000))
    mall.at(TENTH, 12)
    await mall.desk.open_other(NEXT, "100", meters=(fresh,))
    await mall.desk.read(100, fresh)
    await mall.desk.read(0, SHOPS[TEA])
    await mall.desk.moves.move_out(TEA, user="anna")
    found = await stays(mall)
    assert spans(found)[:2] == [(None, "M1", TENTH, NOVEMBER), (None, "M7", OCTOBER, TENTH)]
    assert all(stay.vacant for stay in found[:2])
    assert (NEXT, "M7", TENTH, NOVEMBER) in spans(found)
    await mall.desk.verified()
    await mall.desk.ledger.close()
