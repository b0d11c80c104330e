"""Payments by a provider, for a book in which everything happened: see `rich_book`."""

from datetime import datetime
import hashlib

from custom_components.compere_prepaid.core.ledger.accounts import Fund
from custom_components.compere_prepaid.core.ledger.payment_rows import (
    BillKind,
    Method,
    OrderState,
    PaymentNotice,
    PaymentSource,
    PayOrder,
)
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.payment.crediting import Crediting
from custom_components.compere_prepaid.core.payment.orders import OrderRequest, Orders
from custom_components.compere_prepaid.core.payment.provider import (
    BillEntry,
    Paid,
    Payer,
    RefundOutcome,
    RefundState,
)
from custom_components.compere_prepaid.core.payment.reconciling import DayBook
from custom_components.compere_prepaid.core.payment.refunding import PayerRefunds, RefundRequest
from custom_components.compere_prepaid.core.payment.suspense import Suspense
from tests.core.prepayment.desk import METER, SHOP, Desk, money
from tests.payment.paper import PaperBank, PaperProvider


async def pay_by_phone(desk: Desk) -> None:
    """Order and pay by a provider in all the ways there are."""
    bank = PaperBank(desk.clock.now())
    provider, crediting = PaperProvider("paper", bank), Crediting(desk.book)
    names = iter(("one", "closed", "other amount", "open", "service"))
    orders = Orders(desk.book, lambda: f"order {next(names)}")
    made: dict[str, PayOrder] = {}
    for key in ("1", "2", "3", "4"):
        request = OrderRequest(
            account=SHOP, amount=money(12), provider="paper", key=key, meter=METER
        )
        order = await orders.place(request, provider, Payer(method=Method.REDIRECT))
        bank.ordered[order.id] = order.amount
        made[key] = order
        if key == "1":
            await _notified(desk, crediting, bank, bank.pay(order.id))
            await _notified(desk, crediting, bank, bank.pay(order.id))
        if key == "2":
            await orders.move(order.id, OrderState.CLOSED, note="expired")
    for key, amount in (("3", 11), ("3", 13)):
        await _notified(desk, crediting, bank, bank.pay(made[key].id, money(amount)))
    await _notified(desk, crediting, bank, bank.pay("never", money(5)))
    await _notified(desk, crediting, bank, bank.pay(made["4"].id, foreign="another merchant"))
    await orders.move(made["4"].id, OrderState.OPEN, checkout='{"kind":"qr","text":"x"}')
    request = OrderRequest(
        account=SHOP, amount=money(8), provider="paper", key="5", fund=Fund.SERVICE
    )
    order = await orders.place(request, provider, Payer(method=Method.REDIRECT))
    await crediting.record(
        "paper", bank.pay(order.id, money(8)), PaymentSource.CASHIER, user="anna"
    )
    await _give_back(desk, provider, bank)
    await _reconcile(desk, bank)


async def _notified(desk: Desk, crediting: Crediting, bank: PaperBank, paid: Paid) -> None:
    """Let a notice tell of a payment."""
    body = bank.notice(paid)[1]
    notice = PaymentNotice(
        provider="paper",
        id=hashlib.sha256(body).hexdigest(),
        received_at=desk.clock.now(),
        verdict="genuine",
        headers="{}",
        body=body.decode(),
    )
    await crediting.record("paper", paid, PaymentSource.NOTICE, notice)


async def _give_back(desk: Desk, provider: PaperProvider, bank: PaperBank) -> None:
    """Refund payments in all the ways there are, and say whose money in suspense is."""
    suspense = Suspense(desk.book)
    other, more, nobody = [txn.txn for txn in await suspense.waiting() if txn.provider == "paper"]
    await suspense.assign("paper", other, SHOP, reason="she asked", user="anna")
    await suspense.give_back("paper", more, reason="paid twice", user="anna")
    assert bank.payments[nobody].order_id == "never"
    first = next(iter(bank.payments))
    refunds = PayerRefunds(desk.book, {"paper": provider})
    bank.refund_outcome = RefundOutcome.UNKNOWN
    for number, outcome in enumerate(RefundOutcome):
        request = RefundRequest(
            account=SHOP,
            amount=money(2),
            provider="paper",
            txn=first,
            reference=f"back {number}",
            reason="asked",
            user="anna",
        )
        row = await refunds.refund(request)
        await refunds.on_news("paper", RefundState(refund_id=row.id, outcome=outcome))


async def _reconcile(desk: Desk, bank: PaperBank) -> None:
    """Lay the provider's bill beside the book: fees, and a line that nobody knows."""
    entries = [
        BillEntry(
            kind=BillKind.PAYMENT,
            ref=paid.txn,
            order_id=paid.order_id,
            amount=paid.amount or money(0),
            currency="CNY",
            at=paid.paid_at,
            fee=money("0.07"),
        )
        for paid in bank.payments.values()
    ]

    def work(tx: LedgerTransaction) -> None:
        day = DayBook(
            tx=tx,
            provider="paper",
            day=bank.now.date(),
            currency="CNY",
            at=desk.clock.now(),
            day_of=datetime.date,
        )
        day.take(entries)
        day.lay("anna")

    await desk.ledger.run(work)
