"""What a month would have cost under another tariff: nothing is booked for it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from custom_components.compere_prepaid.core.ledger.accounts import Fund
from custom_components.compere_prepaid.core.prepayment.debt_desk import DebtTerms
from custom_components.compere_prepaid.core.prepayment.preview import Preview
from custom_components.compere_prepaid.core.prepayment.rerating import RerateRequest
from custom_components.compere_prepaid.core.tariff.bill import bill
from custom_components.compere_prepaid.core.tariff.rating import Interval
from tests.core.prepayment.desk import METER, OTHER, SHOP, ZONE, Desk, money

MARCH = date(2026, 3, 1)
FIRST_OF_MARCH = datetime(2026, 2, 28, 16, 0, tzinfo=UTC)
FIRST_OF_APRIL = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)

OLD: dict[str, Any] = {
    "name": "Old",
    "valid_from": "2020-01-01",
    "prices": {"flat": Decimal(1)},
    "standing": {"per_day": 1},
    "service": {"per_day": 2},
    "tax": {"percent": 10, "included": False},
    "minimum_per_month": 60,
}


async def a_month(desk: Desk) -> None:
    """Let the shop use 20 kWh in March and 5 in April, and pay, owe and get back money."""
    await desk.write(OLD)
    desk.clock.time = FIRST_OF_MARCH - timedelta(hours=1)
    await desk.shop("1000", rates="Old", meters=(METER, OTHER))
    await desk.read(0)
    await desk.read(0, OTHER)
    desk.clock.time = FIRST_OF_MARCH
    await desk.read(400)
    await desk.read(600, OTHER)
    desk.clock.forward(days=10)
    await desk.read(8400)
    await desk.read(6600, OTHER)
    await desk.cashier.top_up([SHOP], money(100), reference="r")
    await desk.cashier.top_up([SHOP], money(100), reference="s", fund=Fund.SERVICE)
    await desk.debts.add_debt(SHOP, "old", money(50), DebtTerms(ppm=100_000), reason="x")
    await desk.cashier.top_up([SHOP], money(10), reference="r2")
    await desk.cashier.adjust(SHOP, money(-3), reference="a", reason="x")
    desk.clock.time = FIRST_OF_APRIL - timedelta(seconds=30)
    await desk.read(14_400)
    await desk.read(6600, OTHER)
    desk.clock.time = FIRST_OF_APRIL
    await desk.read(14_400)
    await desk.read(6600, OTHER)
    await desk.charging.on_clock()
    desk.clock.forward(hours=2)
    await desk.read(19_400)
    await desk.charging.settle_all("test")


async def test_the_last_month(desk: Desk) -> None:
    """It is compared with all that was charged in it, and with nothing else."""
    await a_month(desk)
    before = await desk.ledger.read(lambda tx: tx.head())
    found = await desk.previewer.preview(SHOP, "Flat")
    assert (found.month, found.energy_wh) == (MARCH, 20_000)
    net = Decimal(20 + 31 + (60 - 51) + 62)  # energy, standing, minimum, service
    assert found.charged == money(str(net * Decimal("1.1")))
    assert found.bill.total == money(20)
    assert await desk.ledger.read(lambda tx: tx.head()) == before
    same = await desk.previewer.preview(SHOP, "Old", MARCH)
    assert same.charged == same.bill.total


async def test_the_running_month(desk: Desk) -> None:
    """Up to now."""
    await a_month(desk)
    found = await desk.previewer.preview(SHOP, "Flat", date(2026, 4, 1))
    assert (found.month, found.energy_wh, found.bill.total) == (
        date(2026, 4, 1),
        5000,
        money(5),
    )
    assert found.charged == money("8.80")  # 5 of energy, 1 standing, 2 service, and tax


async def test_the_first_month_begins_with_the_account(desk: Desk) -> None:
    """Days before it was opened cost nothing."""
    await a_month(desk)
    found = await desk.previewer.preview(SHOP, "Old", date(2026, 2, 1))
    opened = FIRST_OF_MARCH - timedelta(hours=1)
    readings = [Interval(0, 400, opened, FIRST_OF_MARCH), Interval(0, 600, opened, FIRST_OF_MARCH)]
    tariff = desk.book.tariff("Old")
    wanted = bill(tariff, readings, zone=ZONE, since=opened, until=FIRST_OF_MARCH)
    assert found.energy_wh == 1000
    assert found.bill.total == wanted.total


async def test_corrections_are_part_of_what_was_charged(desk: Desk) -> None:
    """As rated again; the difference counts when it is booked."""
    await desk.shop("100")
    await desk.read(0)
    desk.clock.forward(hours=1)
    await desk.read(2000)
    await desk.charging.settle_all("test")
    request = RerateRequest(
        run="r",
        since=desk.clock.now() - timedelta(hours=2),
        until=desk.clock.now(),
        reason="x",
        user="anna",
        tariff="Ladder",
    )
    await desk.rerater.rerate(SHOP, request)
    desk.clock.forward(seconds=1)
    found = await desk.previewer.preview(SHOP, "Flat", MARCH)
    assert found == Preview(
        month=MARCH,
        energy_wh=2000,
        charged=money("0.87"),
        bill=found.bill,
    )
    assert found.bill.total == money(2)
