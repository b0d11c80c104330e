"""Standing charges, service, demand, minimum and tax: by the day, at month ends, cumulative."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from custom_components.compere_prepaid.core.ledger.account_rows import (
    Fee,
    FeeKind,
    TaxTotal,
)
from custom_components.compere_prepaid.core.ledger.accounts import Fund, tenant
from custom_components.compere_prepaid.core.metering.reading import Quantity
from tests.core.prepayment.desk import CNY, METER, OTHER, SHOP, Desk, money


def flat(name: str, price: str = "1", **more: Any) -> dict[str, Any]:
    """Return a tariff version with one price."""
    return {"name": name, "valid_from": "2020-01-01", "prices": {"flat": Decimal(price)}, **more}


async def fees(desk: Desk, kind: FeeKind) -> list[tuple[date, Decimal]]:
    """Return what was booked of a kind."""
    rows = await desk.ledger.read(lambda tx: tx.rows(Fee, account=SHOP))
    return [(row.day, CNY.exact(row.amount)) for row in rows if row.kind is kind]


async def to_the_end_of_the_month(desk: Desk, wh: int) -> None:
    """Let a month pass, with a reading at its end."""
    desk.clock.time = datetime(2026, 3, 31, 16, 0, 0, tzinfo=UTC)
    await desk.read(wh)
    await desk.charging.on_clock()


async def test_standing_charge_by_the_day(desk: Desk) -> None:
    """Every begun day once, the month's fee in shares, whether there is supply or not."""
    await desk.write(flat("Fixed", standing={"per_day": Decimal("0.50"), "per_month": 31}))
    await desk.shop("10", rates="Fixed")
    await desk.charging.on_clock()
    assert desk.balance == Decimal("8.5")  # the day on which the account was opened
    await desk.charging.on_clock()
    assert desk.balance == Decimal("8.5")
    desk.clock.forward(days=3)
    await desk.restart()
    await desk.open_other(SHOP, "10", rates="Fixed")
    await desk.charging.on_clock()
    assert desk.balance == Decimal(4)
    assert [day.day for day, _ in await fees(desk, FeeKind.STANDING)] == [2, 3, 4, 5]
    assert sum(amount for _, amount in await fees(desk, FeeKind.STANDING)) == 6
    await desk.verified()


async def test_standing_goes_on_while_off_and_pushes_below_zero(desk: Desk) -> None:
    """No credit, no supply, but the connection is there; the receipt says what it took."""
    await desk.write(flat("Fixed", standing={"per_day": 2}))
    await desk.shop("3", rates="Fixed")
    await desk.read(0)
    for _ in range(3):
        desk.clock.forward(days=1)
        await desk.read(0)
        await desk.charging.on_clock()
    assert desk.balance == -5
    assert [demand.closed for demand in desk.demands] == [False]
    done = (await desk.cashier.top_up([SHOP], CNY.parse(20), reference="r1"))[SHOP]
    assert done.steps is not None
    assert (done.steps.below_cut_off, done.steps.balance) == (money(5), money(15))
    assert [demand.closed for demand in desk.demands] == [False, True]
    await desk.verified()


async def test_service_fund_pays_the_service_fee(desk: Desk) -> None:
    """The funds never mix: an empty service fund does not touch the electricity."""
    await desk.write(flat("Served", service={"per_day": 4}))
    await desk.shop("10", rates="Served")
    await desk.charging.on_clock()
    assert desk.balance == 10
    assert CNY.exact(desk.book.account(SHOP).service_fund) == -4
    await desk.cashier.top_up([SHOP], CNY.parse(6), reference="s1", fund=Fund.SERVICE)
    assert CNY.exact(desk.book.account(SHOP).service_fund) == 2
    await desk.verified()


async def test_excluded_tax_is_live_and_cumulative(desk: Desk) -> None:
    """E1: blocks, fixed fees and 15 % tax on all of it, exact at every moment."""
    await desk.write(
        flat(
            "E1",
            "2.3634",
            tiers=[{"up_to": 350}, {"up_to": 600, "price": Decimal("2.95")}, {"price": "3.40"}],
            standing={"per_month": 200},
            tax={"percent": 15, "included": False},
        )
    )
    desk.clock.time = datetime(2026, 2, 28, 16, 0, 1, tzinfo=UTC)  # the first of March
    await desk.shop("5000", rates="E1")
    await desk.read(0)
    for day in range(1, 31):
        desk.clock.time = datetime(2026, 3, day, 16, 0, 1, tzinfo=UTC)
        await desk.read(550_000 * day // 31)
        live = desk.balance
        await desk.charging.settle_all("look")
        assert desk.balance == live  # between postings it was exact already
    await to_the_end_of_the_month(desk, 550_000)
    april = Decimal(200) / 30
    first_of_april = (april.quantize(Decimal("1e-9"), rounding="ROUND_FLOOR")) * Decimal("1.15")
    assert abs(5000 - Decimal("1859.7685") - first_of_april - desk.balance) < Decimal("1e-7")
    [total] = await desk.ledger.read(lambda tx: tx.rows(TaxTotal, account=SHOP))
    assert total.tax == total.net * 150_000 // 10**6
    await desk.verified()


async def test_minimum_of_a_month(desk: Desk) -> None:
    """E4: 100 kWh at 0.10 with a minimum of 25 cost 25, at the month's end and not before."""
    await desk.write(flat("Least", "0.10", minimum_per_month=25))
    desk.clock.time = datetime(2026, 2, 28, 16, 0, 1, tzinfo=UTC)
    await desk.shop("100", rates="Least")
    await desk.read(0)
    desk.clock.forward(days=15)
    await desk.read(60_000)
    assert desk.balance == 94
    await to_the_end_of_the_month(desk, 100_000)
    assert await fees(desk, FeeKind.MINIMUM) == [(date(2026, 3, 1), Decimal(15))]
    assert desk.balance == 75
    await desk.charging.on_clock()
    assert desk.balance == 75
    await desk.verified()


async def test_month_waits_for_a_silent_meter(desk: Desk) -> None:
    """A month is closed when every meter has said what it counted in it."""
    await desk.write(flat("Least", "0.10", minimum_per_month=25))
    await desk.shop("100", rates="Least")
    await desk.read(0)
    desk.clock.time = datetime(2026, 4, 2, tzinfo=UTC)
    await desk.charging.on_clock()
    assert await fees(desk, FeeKind.MINIMUM) == []
    await desk.read(300_000)
    await desk.charging.on_clock()
    assert await fees(desk, FeeKind.MINIMUM) == []  # 300 kWh are more than the minimum
    assert desk.balance == 70
    await desk.verified()


async def test_demand_of_a_month(desk: Desk) -> None:
    """E6: 5 kW in the peak, 10 kW else, at 20 and 10 a kW."""
    await desk.write(
        {
            "name": "Power",
            "valid_from": "2020-01-01",
            "prices": {"peak": Decimal(0), "other": Decimal(0)},
            "schedule": [{"slots": {"00:00": "other", "08:00": "peak", "20:00": "other"}}],
            "demand": [
                {
                    "name": "peak power",
                    "quantity": "kW",
                    "minutes": 15,
                    "period": "peak",
                    "prices": [{"up_to": 100, "price": 20}, {"price": 15}],
                },
                {
                    "name": "other power",
                    "quantity": "kW",
                    "minutes": 15,
                    "period": "other",
                    "prices": [{"up_to": 100, "price": 10}, {"price": 5}],
                },
            ],
        }
    )
    desk.clock.time = datetime(2026, 2, 28, 16, 0, 0, tzinfo=UTC)
    await desk.shop("500", rates="Power")
    wh = 0
    await desk.read(wh)
    for hour in range(24):
        for _ in range(4):
            desk.clock.forward(minutes=15)
            wh += 1250 if hour == 12 else 2500 if hour == 22 else 100
            await desk.read(wh)
    await to_the_end_of_the_month(desk, wh)
    assert [amount for _, amount in await fees(desk, FeeKind.DEMAND)] == [100, 100]
    assert desk.balance == 300
    await desk.verified()


async def test_apparent_demand_of_two_meters_is_coincident(desk: Desk) -> None:
    """KVA add up within a block; a restart in between never raises them."""
    await desk.write(
        flat(
            "Power",
            "0",
            demand=[{"name": "d", "quantity": "kVA", "minutes": 30, "prices": [{"price": 2}]}],
        )
    )
    desk.clock.time = datetime(2026, 2, 28, 16, 0, 0, tzinfo=UTC)
    await desk.shop("500", rates="Power", meters=(METER, OTHER))
    for step in range(13):
        for serial, kva in ((METER, 10), (OTHER, 20 if step < 7 else 5)):
            apparent = {Quantity.APPARENT_POWER: kva * 1_000_000}
            await desk.read(step * 1000, serial, more=apparent)
        desk.clock.forward(minutes=10)
    for serial in (METER, OTHER):
        desk.clock.time = datetime(2026, 3, 31, 16, 0, 1, tzinfo=UTC)
        await desk.read(13_000, serial)
    await desk.charging.on_clock()
    assert [amount for _, amount in await fees(desk, FeeKind.DEMAND)] == [60]
    await desk.verified()


async def test_fees_of_a_version_that_begins_in_the_month(desk: Desk) -> None:
    """Each day is charged by the version of its day."""
    await desk.write(
        flat("Fixed", standing={"per_month": 31}),
        flat("Fixed", standing={"per_month": 62}) | {"valid_from": "2026-03-05"},
    )
    await desk.shop("100", rates="Fixed")
    desk.clock.forward(days=5)  # the 7th of March
    await desk.charging.on_clock()
    assert desk.balance == 100 - 3 - 3 * 2
    await desk.verified()


async def test_owner_of_the_money_is_told_apart(desk: Desk) -> None:
    """Fees have income accounts of their own, taxes are nobody's income."""
    await desk.write(flat("All", standing={"per_day": 1}, tax={"percent": 10, "included": False}))
    await desk.shop("100", rates="All")
    await desk.read(0)
    desk.clock.forward(hours=1)
    await desk.read(10_000)
    await desk.charging.settle_all("test")
    balances = await desk.ledger.read(
        lambda tx: [
            CNY.exact(tx.balance(name))
            for name in ("income:energy:flat", "income:standing", "liability:tax", tenant(SHOP))
        ]
    )
    assert balances == [10, 1, Decimal("1.1"), Decimal("87.9")]
    await desk.verified()
