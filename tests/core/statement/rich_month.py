"""A month in which much happens to a shop."""

from decimal import Decimal

from custom_components.compere_prepaid.core.ledger.accounts import Fund
from custom_components.compere_prepaid.core.prepayment.debt_desk import DebtTerms
from tests.core.prepayment.desk import SHOP, Desk, money


async def a_rich_month(desk: Desk) -> None:
    """Let many kinds of things happen in March, and some in April."""
    await desk.write(
        {
            "name": "Rich",
            "valid_from": "2020-01-01",
            "prices": {"peak": Decimal("0.9876"), "flat": Decimal("0.6173")},
            "schedule": [{"slots": {"00:00": "flat", "08:00": "peak", "22:00": "flat"}}],
            "tiers": [{"up_to": 100}, {"adder": Decimal("0.05")}],
            "standing": {"per_day": Decimal("0.33"), "per_month": 10},
            "service": {"per_month": 30},
            "minimum_per_month": 900,
            "tax": {"percent": 13, "included": False},
            "demand": [
                {"name": "d", "quantity": "kW", "minutes": 15, "prices": [{"price": 3}]},
            ],
        }
    )
    await desk.shop("1000", rates="Rich")
    terms = DebtTerms(ppm=100_000)
    await desk.debts.add_debt(SHOP, "arrears", money(40), terms, reason="2025")
    await desk.read(0)
    wh = 0
    for step in range(34 * 6):
        desk.clock.forward(hours=4)
        wh += 1000 + 37 * (step % 5)
        await desk.read(wh)
        await desk.charging.on_clock()
        if step % 50 == 10:
            await desk.cashier.top_up([SHOP], money("123.45"), reference=f"r{step}", user="anna")
    await desk.cashier.top_up([SHOP], money(70), reference="s", fund=Fund.SERVICE)
    await desk.refunds.reserve(SHOP, money(7), reference="f", reason="asked for")
    await desk.refunds.resolve(SHOP, "f", paid=True)
    await desk.refunds.reverse_top_up(SHOP, "r10", reason="bounced")
    await desk.cashier.adjust(SHOP, money("-1.11"), reason="audit", reference="a")
    await desk.charging.settle_all("test")
