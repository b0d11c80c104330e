"""Fees at their borders: first days, months that wait, ends of accounts, and looking back."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from custom_components.compere_prepaid.core.ledger.account_rows import (
    DemandPeak,
    Fee,
    FeeKind,
    Tenancy,
)
from custom_components.compere_prepaid.core.prepayment.calendar import (
    day_of,
    day_share,
    day_start,
    days_of_month,
    month_of,
    next_month,
)
from custom_components.compere_prepaid.core.prepayment.fees import (
    Peak,
    first_tenancy,
    item_of,
    store_peaks,
)
from custom_components.compere_prepaid.core.prepayment.slip import Slip, fee_detail, fee_id
from custom_components.compere_prepaid.core.tariff.demand import DemandKey, DemandQuantity
from tests.core.prepayment.desk import CNY, OTHER, SHOP, START, ZONE, Desk, money

MARCH = date(2026, 3, 1)
FIRST_OF_MARCH = datetime(2026, 2, 28, 16, 0, tzinfo=UTC)
FIRST_OF_APRIL = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def flat(price: str = "1", **more: Any) -> dict[str, Any]:
    """Return a tariff version with one price."""
    return {
        "name": "Fees",
        "valid_from": "2020-01-01",
        "prices": {"flat": Decimal(price)},
        **more,
    }


async def fees(desk: Desk) -> list[tuple[str, date, Decimal]]:
    """Return the shop's fees: kind, day and amount."""
    rows = await desk.ledger.read(lambda tx: tx.rows(Fee, account=SHOP))
    return [(row.kind, row.day, CNY.exact(row.amount)) for row in rows]


async def tenancy(desk: Desk) -> Tenancy:
    """Return how the shop's account stands in the ledger."""
    found = await desk.ledger.read(lambda tx: tx.find(Tenancy, account=SHOP))
    assert found is not None
    return found


async def forget_marks_of_fees(desk: Desk) -> None:
    """Let the account be one of a time before there were fees."""
    stored = await tenancy(desk)
    old = Tenancy(account=SHOP, name=stored.name, opened_at=stored.opened_at)
    await desk.ledger.run(lambda tx: tx.put(old))
    desk.book.account(SHOP).tenancy = old


def test_calendar_of_the_site() -> None:
    """Days and months begin at midnight in Shanghai; a month has its own days."""
    before, after = FIRST_OF_MARCH - SECOND, FIRST_OF_MARCH
    assert (month_of(before, ZONE), month_of(after, ZONE)) == (date(2026, 2, 1), MARCH)
    assert (day_of(before, ZONE), day_of(after, ZONE)) == (date(2026, 2, 28), MARCH)
    start = day_start(MARCH, ZONE)
    assert start == FIRST_OF_MARCH
    assert start.tzinfo is UTC
    assert [next_month(date(2026, month, 1)) for month in (1, 2, 12)] == [
        date(2026, 2, 1),
        MARCH,
        date(2027, 1, 1),
    ]
    assert [days_of_month(date(2028, 2, 9)), days_of_month(date(2026, 4, 30))] == [29, 30]


@pytest.mark.parametrize(("total", "days"), [(100, 7), (5, 31), (30, 30), (0, 7)])
def test_shares_of_days_make_the_whole(total: int, days: int) -> None:
    """No share differs from another by more than a unit."""
    shares = [day_share(total, number, days) for number in range(1, days + 1)]
    assert sum(shares) == total
    assert max(shares) - min(shares) <= 1
    assert [day_share(10, number, 4) for number in (1, 2, 3, 4)] == [2, 3, 2, 3]


def test_an_account_begins_with_this_day_and_month() -> None:
    """The day before is the last one that is charged, the month before the last one closed."""
    assert first_tenancy(SHOP, "Noodle House", START, ZONE) == Tenancy(
        account=SHOP,
        name="Noodle House",
        opened_at=START,
        charged_through=MARCH,
        closed_through=date(2026, 2, 1),
    )


def test_names_and_texts_of_fees() -> None:
    """They are in the chain for ever."""
    fee = Fee(
        account=SHOP,
        kind=FeeKind.DEMAND,
        day=MARCH,
        item="i",
        tariff="Fees",
        tariff_valid_from=date(2020, 1, 1),
        revision=3,
        quantity=7,
        amount=money(1),
        tax_ppm=5,
        transfer_id=fee_id(SHOP, FeeKind.DEMAND, "2026-03-01", "i"),
    )
    assert fee_detail(fee) == "7|2020-01-01|3|5|4|Fees"
    assert fee.transfer_id == "fee:A-101:demand:2026-03-01:i"
    assert fee_id(SHOP, FeeKind.MINIMUM, "2026-03-01") == "fee:A-101:minimum:2026-03-01"
    key = DemandKey("peak power", DemandQuantity.KVA, 15, "peak")
    assert item_of(key) == "kVA|15|4|peak|peak power"


async def test_fees_lie_at_the_beginning_of_their_day(desk: Desk) -> None:
    """The first one at the opening: before it, there was no account."""
    await desk.write(flat(standing={"per_day": 1}))
    await desk.shop("10", rates="Fees")
    desk.clock.forward(days=2)
    await desk.charging.on_clock()
    rows = await desk.ledger.read(lambda tx: tx.rows(Fee, account=SHOP))
    found = await desk.ledger.read(lambda tx: [tx.find_transfer(row.transfer_id) for row in rows])
    midnight = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
    assert [one.effective_at for one in found if one] == [
        START,
        midnight,
        midnight + timedelta(days=1),
    ]
    assert (await tenancy(desk)).charged_through == date(2026, 3, 4)


async def test_account_of_a_time_before_fees(desk: Desk) -> None:
    """It begins with this day and with this month; earlier ones are not made up for."""
    await desk.write(flat(standing={"per_day": 1}, minimum_per_month=31))
    desk.clock.time = FIRST_OF_MARCH
    await desk.shop("100", rates="Fees", meters=())
    await forget_marks_of_fees(desk)
    desk.clock.time = FIRST_OF_APRIL + timedelta(days=4)
    await desk.charging.on_clock()
    assert await fees(desk) == [("standing", date(2026, 4, 5), Decimal(1))]
    stored = await tenancy(desk)
    assert (stored.charged_through, stored.closed_through) == (date(2026, 4, 5), MARCH)
    desk.clock.forward(days=1)
    await desk.charging.on_clock()
    assert len(await fees(desk)) == 2
    await desk.verified()


async def test_month_closes_with_its_last_midnight(desk: Desk) -> None:
    """Not a second before; then what lacks lies at the very end of the month."""
    await desk.write(flat(minimum_per_month=31))
    desk.clock.time = FIRST_OF_MARCH
    await desk.shop("100", rates="Fees")
    await desk.read(0)
    desk.clock.time = FIRST_OF_APRIL - SECOND
    await desk.read(1000)
    await desk.charging.settle_all("test")
    assert await fees(desk) == []
    assert desk.balance == 99
    desk.clock.time = FIRST_OF_APRIL
    await desk.read(1000)
    await desk.charging.settle_all("test")
    assert await fees(desk) == [("minimum", MARCH, Decimal(30))]
    [row] = await desk.ledger.read(lambda tx: tx.rows(Fee, account=SHOP))
    found = await desk.ledger.read(lambda tx: tx.find_transfer(row.transfer_id))
    assert found is not None
    assert found.effective_at == FIRST_OF_APRIL - timedelta(microseconds=1)
    assert row == Fee(
        account=SHOP,
        kind=FeeKind.MINIMUM,
        day=MARCH,
        tariff="Fees",
        tariff_valid_from=date(2020, 1, 1),
        amount=money(30),
        transfer_id=fee_id(SHOP, FeeKind.MINIMUM, "2026-03-01"),
    )
    assert (await tenancy(desk)).closed_through == MARCH
    await desk.verified()


async def test_several_months_close_one_after_the_other(desk: Desk) -> None:
    """A long silence, with nobody there to close them; the first is prorated."""
    await desk.write(flat(minimum_per_month=310))
    desk.clock.time = FIRST_OF_MARCH + timedelta(days=21)  # ten days of March
    await desk.shop("1000", rates="Fees", meters=())
    desk.clock.time = datetime(2026, 5, 31, 16, 0, tzinfo=UTC)
    await desk.charging.on_clock()
    assert await fees(desk) == [
        ("minimum", MARCH, Decimal(100)),
        ("minimum", date(2026, 4, 1), Decimal(310)),
        ("minimum", date(2026, 5, 1), Decimal(310)),
    ]
    assert (await tenancy(desk)).closed_through == date(2026, 5, 1)
    await desk.verified()


async def test_minimum_counts_standing_but_no_service(desk: Desk) -> None:
    """The service has a fund of its own; energy of another month does not count."""
    await desk.write(
        flat(standing={"per_month": 31}, service={"per_month": 62}, minimum_per_month=100)
    )
    desk.clock.time = FIRST_OF_MARCH - timedelta(days=1)
    await desk.shop("1000", rates="Fees")
    await desk.read(0)
    desk.clock.time = FIRST_OF_MARCH - SECOND
    await desk.read(50_000)
    desk.clock.time = FIRST_OF_MARCH
    await desk.read(50_000)
    desk.clock.time = FIRST_OF_APRIL - SECOND
    await desk.read(57_000)
    desk.clock.time = FIRST_OF_APRIL
    await desk.read(57_000)
    await desk.charging.settle_all("test")
    minimum = [(day, amount) for kind, day, amount in await fees(desk) if kind == "minimum"]
    assert minimum == [(MARCH, Decimal(100) - 31 - 7)]
    await desk.verified()


DEMAND = {
    "name": "power",
    "quantity": "kW",
    "minutes": 15,
    "look_back": {"months": 2, "percent": 50},
    "prices": [{"price": Decimal(2)}],
}


async def test_demand_looks_back(desk: Desk) -> None:
    """A month without use pays for half of the highest of the two before, and no longer."""
    await desk.write(flat("0", demand=[DEMAND]))
    desk.clock.time = FIRST_OF_MARCH
    await desk.shop("1000", rates="Fees")
    await desk.read(0)
    desk.clock.forward(minutes=15)
    await desk.read(5000)  # 20 kW
    for month in (4, 5, 6, 7):
        desk.clock.time = datetime(2026, month, 1, tzinfo=UTC) - timedelta(hours=8)
        await desk.read(5000)
        await desk.charging.on_clock()
    assert await fees(desk) == [
        ("demand", MARCH, Decimal(40)),
        ("demand", date(2026, 4, 1), Decimal(20)),
        ("demand", date(2026, 5, 1), Decimal(20)),
    ]
    key = DemandKey("power", DemandQuantity.KW, 15)
    rows = await desk.ledger.read(lambda tx: tx.rows(DemandPeak, account=SHOP, month=MARCH))
    assert rows == (
        DemandPeak(
            account=SHOP, month=MARCH, item=item_of(key), quantity=20_000, at=FIRST_OF_MARCH
        ),
    )
    [first, *_] = await desk.ledger.read(lambda tx: tx.rows(Fee, account=SHOP))
    assert (first.quantity, first.item) == (20_000, "kW|15|0||power")
    assert first.transfer_id == "fee:A-101:demand:2026-03-01:kW|15|0||power"
    await desk.verified()


async def test_month_closes_by_the_version_of_its_last_day(desk: Desk) -> None:
    """What begins with the next month has no part in it."""
    await desk.write(flat(minimum_per_month=31), flat() | {"valid_from": "2026-04-01"})
    desk.clock.time = FIRST_OF_MARCH
    await desk.shop("1000", rates="Fees", meters=())
    desk.clock.time = FIRST_OF_APRIL
    await desk.charging.on_clock()
    assert await fees(desk) == [("minimum", MARCH, Decimal(31))]


async def test_each_account_pays_for_its_own_demand(desk: Desk) -> None:
    """Though both have the same tariff, which measures the same."""
    await desk.write(flat("0", demand=[DEMAND]))
    desk.clock.time = FIRST_OF_MARCH
    await desk.shop("1000", rates="Fees")
    await desk.open_other("B-7", "1000", rates="Fees", meters=(OTHER,))
    await desk.read(0)
    await desk.read(0, OTHER)
    desk.clock.forward(minutes=15)
    await desk.read(5000, OTHER)
    await desk.read(1000)
    desk.clock.time = FIRST_OF_APRIL
    await desk.read(5000, OTHER)
    await desk.read(1000)
    await desk.charging.on_clock()
    assert await fees(desk) == [("demand", MARCH, Decimal(8))]


@pytest.mark.parametrize("months", [1, 13, 60])
async def test_demand_is_found_as_far_back_as_the_tariff_looks(desk: Desk, months: int) -> None:
    """A month, or five years, and not one more."""
    item = DEMAND | {"look_back": {"months": months, "percent": 50}}
    await desk.write(flat("0", demand=[item]))
    desk.clock.time = FIRST_OF_MARCH
    await desk.shop("10000", rates="Fees")
    await desk.read(0)
    desk.clock.forward(minutes=15)
    await desk.read(5000)
    desk.clock.time = datetime(2031, 12, 31, 16, 0, tzinfo=UTC)
    await desk.read(5000)
    await desk.charging.on_clock()
    booked = await fees(desk)
    assert len(booked) == 1 + months
    assert {amount for _, _, amount in booked[1:]} == {Decimal(20)}
    await desk.verified()


async def test_only_higher_peaks_are_stored(desk: Desk) -> None:
    """What was stored before a restart is not lowered by what is measured after it."""
    await desk.shop("10")
    key = DemandKey("power", DemandQuantity.KW, 15)
    later = START + timedelta(hours=1)
    for quantity, at in ((5, START), (4, later), (5, later)):
        peaks = {(MARCH, key): Peak(quantity=quantity, at=at)}

        def work(tx: Any, peaks: Any = peaks) -> None:
            slip = Slip(tx, SHOP, START, ZONE, first_tenancy(SHOP, "x", START, ZONE))
            store_peaks(slip, peaks)

        await desk.ledger.run(work)
        [row] = await desk.ledger.read(lambda tx: tx.rows(DemandPeak, account=SHOP))
        assert (row.quantity, row.at, row.month, row.account) == (5, START, MARCH, SHOP)


async def test_end_of_an_account_closes_its_begun_month(desk: Desk) -> None:
    """The days from the opening to the end, both counted; demand as minimum."""
    await desk.write(flat("1", minimum_per_month=310, demand=[DEMAND]))
    desk.clock.time = FIRST_OF_MARCH + timedelta(days=4)  # the fifth
    await desk.shop("1000", rates="Fees")
    await desk.read(0)
    desk.clock.forward(minutes=15)
    await desk.read(1000)  # 4 kW
    desk.clock.forward(days=9)  # the fourteenth
    await desk.read(1000)
    moved = await desk.moves.move_out(SHOP, user="anna")
    demand = (Decimal(8) * 10 / 31).quantize(Decimal("1e-9"), rounding="ROUND_FLOOR")
    lacking = 310 * 10 // 31 - 1 - demand
    assert await fees(desk) == [
        ("demand", MARCH, demand),
        ("minimum", MARCH, lacking),
    ]
    assert moved.refunded == money(900)
    assert (await tenancy(desk)).closed_through == MARCH
    await desk.verified()


async def test_end_of_an_account_closes_earlier_months_too(desk: Desk) -> None:
    """Nobody was there when April began."""
    await desk.write(flat("1", minimum_per_month=310))
    desk.clock.time = FIRST_OF_MARCH
    await desk.shop("1000", rates="Fees", meters=())
    desk.clock.time = FIRST_OF_APRIL + timedelta(days=2, hours=1)  # the third
    await desk.moves.move_out(SHOP, user="anna")
    assert await fees(desk) == [
        ("minimum", MARCH, Decimal(310)),
        ("minimum", date(2026, 4, 1), Decimal(31)),
    ]
    await desk.verified()


async def test_month_of_a_tariff_without_a_minimum(desk: Desk) -> None:
    """It is closed all the same; a fee of nothing is never booked."""
    desk.clock.time = FIRST_OF_MARCH
    await desk.shop("10", meters=())
    desk.clock.time = FIRST_OF_APRIL
    await desk.charging.on_clock()
    assert await fees(desk) == []
    assert (await tenancy(desk)).closed_through == MARCH
