"""When what accrued is posted: by the hour, at borders, as days and months begin."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.policy.credit import Policy
from tests.core.prepayment.desk import CNY, METER, OTHER, SHOP, START, Desk, money

MODULUS = 100_000_000
FIRST_OF_APRIL = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)


def posted_at(desk: Desk, number: str = SHOP) -> datetime:
    """Return when an account's charges were last posted."""
    return desk.book.account(number).posted_at


async def test_hour_is_left_to_the_clock_for_a_minute(desk: Desk) -> None:
    """A reading right behind the hour does not post it; one a minute later does."""
    desk.clock.time = START + timedelta(minutes=30)
    await desk.shop("100")
    await desk.read(0)
    await desk.charging.settle_all("test")
    first = posted_at(desk)
    desk.clock.time = START + timedelta(hours=1, seconds=59)
    await desk.read(100)
    assert posted_at(desk) == first
    desk.clock.time = START + timedelta(hours=1, minutes=1)
    await desk.read(101)
    assert posted_at(desk) == desk.clock.now()


async def test_an_hour_old_charge_is_posted(desk: Desk) -> None:
    """At the latest, wherever the hour begins."""
    desk.clock.time = START + timedelta(seconds=20)
    await desk.shop("100")
    await desk.read(0)
    await desk.charging.settle_all("test")
    desk.clock.time = START + timedelta(hours=1, seconds=19)
    await desk.read(100)
    assert posted_at(desk) == START + timedelta(seconds=20)
    desk.clock.time = START + timedelta(hours=1, seconds=20)
    await desk.read(101)
    assert posted_at(desk) == desk.clock.now()


async def test_clock_posts_a_new_hour(desk: Desk) -> None:
    """Of all accounts that were not posted in it, and of no other."""
    await desk.shop("100")
    await desk.open_other("B-7", "10")
    await desk.charging.on_clock()
    at = desk.clock.forward(minutes=59, seconds=59)
    await desk.charging.on_clock()
    assert posted_at(desk) == START
    await desk.cashier.adjust("B-7", money(1), reason="x", reference="a")
    assert posted_at(desk, "B-7") == at
    hour = desk.clock.forward(seconds=1)
    await desk.charging.on_clock()
    assert [posted_at(desk), posted_at(desk, "B-7")] == [hour, hour]


async def test_border_posts_the_finished_part(desk: Desk) -> None:
    """What was used by the old price is final as soon as the new one counts."""
    desk.clock.time = datetime(2026, 3, 2, 13, 58, tzinfo=UTC)  # 21:58 in Shanghai
    await desk.shop("100", rates="Retail")
    await desk.read(0)
    await desk.charging.settle_all("test")
    desk.clock.forward(minutes=1)
    await desk.read(100)
    assert len(desk.book.meter(METER).pending) == 1
    desk.clock.forward(minutes=1, seconds=30)
    await desk.read(250)
    assert posted_at(desk) == desk.clock.now()
    assert desk.book.meter(METER).pending == []
    assert await desk.verified() == (250, 250)


async def test_pending_lines_of_one_price_are_joined(desk: Desk) -> None:
    """A charge for each reading would be a charge a minute."""
    await desk.shop("100")
    await desk.read(0)
    for step in range(1, 6):
        desk.clock.forward(minutes=1)
        await desk.read(step * 10)
    [line] = desk.book.meter(METER).pending
    assert (line.from_wh, line.to_wh, line.from_at, line.to_at) == (
        0,
        50,
        START,
        START + timedelta(minutes=5),
    )
    assert CNY.exact(line.amount) == Decimal("0.05")


async def test_day_that_began_is_charged_at_the_next_reading(desk: Desk) -> None:
    """Also when the clock did not come by."""
    daily: dict[str, Any] = {"name": "Daily", "valid_from": "2020-01-01"}
    await desk.write(daily | {"prices": {"flat": Decimal(1)}, "standing": {"per_day": 1}})
    desk.clock.time = datetime(2026, 3, 2, 15, 59, 50, tzinfo=UTC)
    await desk.shop("100", rates="Daily")
    await desk.read(0)
    await desk.charging.settle_all("test")
    desk.clock.forward(seconds=9)
    await desk.read(0)
    assert desk.balance == 99
    desk.clock.forward(seconds=1)
    await desk.read(0)
    assert desk.balance == 98
    assert desk.book.account(SHOP).tenancy.charged_through == date(2026, 3, 3)


async def test_month_is_closed_by_the_clock_when_its_meters_were_read(desk: Desk) -> None:
    """Not before each of them was read in the new month; a meter that was never read can wait."""
    least: dict[str, Any] = {"name": "Least", "valid_from": "2020-01-01"}
    await desk.write(least | {"prices": {"flat": Decimal(1)}, "minimum_per_month": 31})
    desk.clock.time = datetime(2026, 2, 28, 16, 0, tzinfo=UTC)
    third = MeterSerial("33B0250100003")
    await desk.shop("100", rates="Least", meters=(METER, OTHER, third))
    for serial in (METER, OTHER):
        await desk.read(0, serial)
    desk.clock.time = FIRST_OF_APRIL
    await desk.read(0)
    await desk.charging.on_clock()
    assert desk.balance == 100
    at = desk.clock.now()
    desk.clock.forward(minutes=1)
    await desk.charging.on_clock()
    assert posted_at(desk) == at  # nothing can be closed yet
    await desk.read(0, OTHER)
    assert desk.balance == 69
    assert desk.book.account(SHOP).tenancy.closed_through == date(2026, 3, 1)


async def test_owner_and_never_cut_are_not_settled_for_nothing(desk: Desk) -> None:
    """An exhausted account that may not be cut is posted by the hour as any other."""
    await desk.write(Policy(name="Never", warning_levels=(), never_cut=True))
    await desk.shop("1", policy="Never")
    await desk.read(0)
    await desk.charging.settle_all("test")
    desk.clock.forward(minutes=1)
    await desk.read(1000)
    desk.clock.forward(minutes=1)
    await desk.read(1100)
    assert posted_at(desk) == START
    assert len(desk.book.meter(METER).pending) == 1
