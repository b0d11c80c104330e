"""A book in which everything happened: written by the real use cases, for auditors to look at."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from custom_components.compere_prepaid.core.allocation.bills import Bills
from custom_components.compere_prepaid.core.allocation.document import pool_document
from custom_components.compere_prepaid.core.allocation.pool import (
    Basis,
    Cost,
    CostKind,
    Pool,
    Split,
)
from custom_components.compere_prepaid.core.allocation.runs import Allocations, Asked
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.ledger.accounts import Fund
from custom_components.compere_prepaid.core.ledger.allocation_rows import SupplierBill
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.ledger.records import HoldKind
from custom_components.compere_prepaid.core.policy.credit import Policy
from custom_components.compere_prepaid.core.prepayment.debt_desk import DebtTerms
from custom_components.compere_prepaid.core.prepayment.rerating import RerateRequest
from custom_components.compere_prepaid.core.statement.issuing import issue
from custom_components.compere_prepaid.core.tenancy.replacement import Replacement
from custom_components.compere_prepaid.core.tenancy.supplies import MeterSetup
from tests.core.prepayment.desk import CNY, METER, OTHER, SHOP, Desk, money
from tests.rich_payments import pay_by_phone

SITE = "mall"
CLOSED = AccountNumber("B-202")
OWNER = AccountNumber("OWNER")
THIRD = MeterSerial("33B0250100003")
NEW = MeterSerial("33B0250100004")
_BEGINNING = datetime(2026, 2, 27, 22, 0, tzinfo=UTC)

_WHOLE: dict[str, Any] = {
    "name": "Whole 整",
    "valid_from": "2026-01-01",
    "base_price": Decimal("0.6"),
    "prices": {"peak": "+50 %", "flat": "0 %", "valley": "-50 %"},
    "seasons": [
        {"name": "wet", "months": ["6-10"], "percent": -10},
        {"name": "dry", "from": "12-01", "to": "04-15", "percent": 20},
    ],
    "schedule": [
        {"slots": {"00:00": "valley", "08:00": "flat", "10:00": "peak", "18:00": "flat"}},
    ],
    "tiers": {
        "peak": [{"up_to": 20}, {"adder": Decimal("0.05")}],
        "flat": [{"up_to": 20}, {"price": Decimal("0.9")}],
    },
    "standing": {"per_day": Decimal("0.5"), "per_month": 31},
    "service": {"per_month": 100},
    "minimum_per_month": 2000,
    "demand": [
        {"name": "kW", "quantity": "kW", "prices": [{"up_to": 3, "price": 20}, {"price": 15}]}
    ],
    "tax": {
        "percent": 15,
        "included": False,
        "lines": {"standing": {"percent": 6}, "demand": {"percent": 6, "included": True}},
    },
}
_GENEROUS = Policy(
    name="Generous", warning_levels=(money(100), money(50)), emergency_credit=money(20)
)


async def write_rich_book(path: Path | str) -> None:
    """Write the book to a new file, or an empty database."""
    desk = Desk(path)
    desk.clock.time = _BEGINNING
    await desk.open()
    await desk.write(_WHOLE, _GENEROUS)
    await desk.open_other(OWNER, "0", owner=True)
    await desk.shop("300", rates="Whole 整", policy="Generous", meters=(METER, OTHER))
    await desk.open_other(CLOSED, "100", meters=(THIRD,), rates="Retail")
    await _pay(desk)
    await _use(desk, hours=8)
    await pay_by_phone(desk)
    await _decide(desk)
    await _correct(desk)
    await _hold(desk)
    await _replace(desk)
    await _use(desk, hours=60)
    await _allocate(desk)
    await desk.moves.move_out(CLOSED, user="anna", reason="end of lease")
    del desk.book.accounts[CLOSED]
    await desk.charging.settle_all("evening")
    await desk.book.transact(
        [SHOP],
        "statement",
        lambda slip, _due: issue(slip.tx, [slip.tenancy], slip.at, desk.book, "anna"),
    )
    await _use(desk, hours=3)
    await desk.ledger.close()


async def _allocate(desk: Desk) -> None:
    """Share out what a lift and its insurance cost: taken back, laid aside, and posted again."""
    await set_pools(desk)
    bills, runs = Bills(desk.book), Allocations(desk.book)
    since, until = date(2026, 2, 28), date(2026, 3, 2)
    bill = SupplierBill(
        supplier="Otis 电梯",
        number="L-7",
        name="Lift",
        since=date(2026, 2, 1),
        until=date(2026, 4, 1),
        amount=money(590),
        tax=money(90),
        entered_at=desk.clock.now(),
        user="anna",
    )
    asked = Asked(since=since, until=until)
    await bills.enter([bill])
    first = await runs.propose(asked, user="anna")
    await runs.approve(first.head.id if first.head else "", user="zoë", reason="checked")
    await runs.reverse("2026-02-28..2026-03-01", user="anna", reason="the bill was wrong")
    await bills.cancel("Otis 电梯", "L-7", user="anna", reason="typed wrongly")
    await bills.enter([replace(bill, amount=money(600))])
    await runs.propose(asked, user="anna")
    await runs.reject("2026-02-28..2026-03-01#2", user="zoë", reason="one more look")
    await runs.propose(asked, user="anna")
    await runs.approve("2026-02-28..2026-03-01#3", user="zoë")


async def set_pools(desk: Desk) -> None:
    """Say what a lift costs, and what is to be borne by whom."""
    pools = (
        Pool(
            name="Lift 电梯",
            valid_from=date(2026, 1, 1),
            costs=(Cost(kind=CostKind.BILL, name="Lift"),),
            splits=(Split(basis=Basis.EQUAL, ppm=400_000), Split(basis=Basis.ENERGY, ppm=600_000)),
            tax_ppm=150_000,
        ),
        Pool(
            name="Insurance",
            valid_from=date(2026, 1, 1),
            costs=(Cost(kind=CostKind.AMOUNT, name="Fire", amount=money(310), fixed=True),),
            splits=(Split(basis=Basis.EQUAL),),
            tax_ppm=60_000,
            tax_included=True,
        ),
    )

    def work(tx: LedgerTransaction) -> None:
        for pool in pools:
            tx.insert_document(pool_document(pool, CNY))

    await desk.ledger.run(work)


async def _pay(desk: Desk) -> None:
    """Take and give money in all the ways there are."""
    await desk.debts.add_debt(
        SHOP, "old bill", money(60), DebtTerms(ppm=250_000, weekly_cap=money(40)), reason="2025"
    )
    await desk.debts.add_debt(
        SHOP, "fit-out 灯", money(90), DebtTerms(instalment=money(3), per="day"), reason="lamps"
    )
    await desk.cashier.top_up([SHOP], money(200), reference='desk "1"\\', user="zoë\t收银")
    await desk.cashier.top_up([SHOP, CLOSED], money(50), reference="both", user="anna")
    await desk.cashier.top_up([SHOP], money(70), reference="s", fund=Fund.SERVICE)
    await desk.cashier.top_up([SHOP], money(80), reference="wrong", user="anna")
    await desk.refunds.reverse_top_up(SHOP, "wrong", reason="typed twice", user="anna")
    await desk.cashier.adjust(SHOP, money("-1.25"), reason="lost card", reference="card")
    for account in (SHOP, CLOSED):
        await desk.refunds.take_deposit(account, money(500), reference="deposit")
    for reference in ("posted", "voided", "open"):
        await desk.refunds.reserve(SHOP, money(10), reference=reference, reason="asked for it")
    await desk.refunds.resolve(SHOP, "posted", paid=True)
    await desk.refunds.resolve(SHOP, "voided", paid=False)
    await desk.agreements.set_credit_limit([SHOP], money(5), "anna")


async def _decide(desk: Desk) -> None:
    """Let people decide about credit in all the ways there are."""
    until = desk.clock.now() + timedelta(days=2)
    await desk.credit_desk.grant_grace([SHOP, CLOSED], until, user="anna", reason="asked")
    await desk.credit_desk.set_adaptation([SHOP], until, user="zoë")
    await desk.credit_desk.open_dispute(SHOP, user="anna", reason="wrong meter 表")


async def _use(desk: Desk, hours: int) -> None:
    """Let the meters count for some hours, over borders of every kind."""
    for _ in range(hours):
        desk.clock.forward(hours=1)
        for index, serial in enumerate(sorted(desk.book.meters)):
            passed = (desk.clock.time - _BEGINNING) // timedelta(hours=1)
            if desk.book.meter(serial).account is not None:
                await desk.read(passed * (1111 + 222 * index), serial)
        await desk.charging.on_clock()


async def _correct(desk: Desk) -> None:
    """Charge a cheaper version, then one that is dearer again, and one that changes nothing."""
    for revision, base, run in ((2, "0.5", "first"), (3, "0.64", "second")):
        await desk.write({**_WHOLE, "base_price": Decimal(base), "revision": revision})
        request = RerateRequest(
            run=run,
            since=_BEGINNING + timedelta(hours=2),
            until=_BEGINNING + timedelta(hours=6),
            reason="the utility's price was wrong",
            user="anna",
        )
        await desk.rerater.rerate(SHOP, request)
    request = RerateRequest(
        run="nothing",
        since=_BEGINNING + timedelta(hours=1),
        until=_BEGINNING + timedelta(hours=2),
        reason="to be sure",
        user="anna",
    )
    await desk.rerater.rerate(CLOSED, request)


async def _hold(desk: Desk) -> None:
    """Place holds, and release one of them."""
    agreements = desk.agreements
    await agreements.place_hold([OTHER], HoldKind.MAINTENANCE, user="anna", reason="new fuse")
    await agreements.place_hold([METER], HoldKind.MANUAL, user="anna")
    await agreements.release_hold([METER], HoldKind.MANUAL, user="anna", administrator=False)


async def _replace(desk: Desk) -> None:
    """Put a new meter in the place of one."""
    await desk.charging.settle_all("replacement")
    await desk.replacements.replace_meter(
        Replacement(old=OTHER, new=NEW, reason="display broken", user="anna")
    )
    await desk.supplies.add_meter(MeterSetup(serial=NEW, max_power_w=60_000))
    await desk.supplies.attach(SHOP, NEW)
