"""A payment becomes credit once, or stands where somebody sees it."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from custom_components.compere_prepaid.core.errors import OperationFailedError
from custom_components.compere_prepaid.core.events import ToppedUp
from custom_components.compere_prepaid.core.ledger.accounts import SUSPENSE, Fund, clearing
from custom_components.compere_prepaid.core.ledger.payment_rows import (
    OrderState,
    PaymentNotice,
    PaymentSource,
    PayOrder,
    ProviderTxn,
    TxnVerdict,
)
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.payment.crediting import Recorded, Unmatched
from custom_components.compere_prepaid.core.payment.events import PaymentUnmatched
from tests.core.prepayment.desk import SHOP, money
from tests.payment.paper import altered
from tests.payment.till import Till

BY_NOTICE = PaymentSource.NOTICE


async def standing(till: Till, *accounts: str) -> list[Decimal]:
    """Return what ledger accounts hold, in yuan."""
    currency = till.desk.book.currency

    def look(tx: LedgerTransaction) -> list[Decimal]:
        return [currency.exact(tx.balance(name)) for name in accounts]

    return await till.desk.ledger.read(look)


async def test_a_payment_is_credited_once(till: Till) -> None:
    """However often and by whom it is told; the order is paid, and the notice kept."""
    order = await till.order(50)
    paid = till.bank.pay(order.id)
    first = await till.crediting.record("paper", paid, BY_NOTICE, till.notice_of(paid))
    again = [
        await till.crediting.record("paper", paid, source, till.notice_of(paid))
        for source in PaymentSource
    ]
    assert (first.txn.verdict, first.replayed) == (TxnVerdict.CREDITED, False)
    assert {(one.txn, one.replayed, one.altered) for one in again} == {(first.txn, True, False)}
    assert first.order is not None
    assert (first.order.state, first.order.paid_txn) == (OrderState.PAID, paid.txn)
    assert till.desk.balance == 70
    assert await standing(till, clearing("paper")) == [-50]
    (told,) = till.desk.told(ToppedUp)
    assert isinstance(told, ToppedUp)
    assert (told.amount, told.reference) == (money(50), order.id)
    notices = await till.desk.ledger.read(lambda tx: tx.rows(PaymentNotice, provider="paper"))
    assert [notice.body for notice in notices] == [till.notice_of(paid).body]
    await till.desk.verified()


async def test_notice_query_and_bill_at_the_same_time(till: Till) -> None:
    """Of three who tell of one payment at once, one books it."""
    for number in range(20):
        order = await till.order(1)
        paid = till.bank.pay(order.id)
        done = await asyncio.gather(
            *(till.crediting.record("paper", paid, source) for source in PaymentSource)
        )
        assert sorted(one.replayed for one in done) == [False, True, True, True]
        assert till.desk.balance == 21 + number
    await till.desk.verified()


async def test_the_tenant_paid_twice(till: Till) -> None:
    """Two transactions for one order are both the tenant's money; the first paid the order."""
    order = await till.order(10)
    one, other = till.bank.pay(order.id), till.bank.pay(order.id)
    await till.crediting.record("paper", one, BY_NOTICE)
    done = await till.crediting.record("paper", other, BY_NOTICE)
    assert done.txn.verdict is TxnVerdict.CREDITED
    assert done.order is not None
    assert done.order.paid_txn == one.txn
    assert till.desk.balance == 40


async def test_late_money_pays_a_closed_order(till: Till) -> None:
    """What was paid after all is credited, also where the policy allows no such amount any more."""
    order = await till.order(10)
    await till.orders.move(order.id, OrderState.CLOSED, note="expired")
    till.desk.book.account(SHOP).policy = replace(
        till.desk.book.account(SHOP).policy, minimum_top_up=money(100)
    )
    done = await till.crediting.record("paper", till.bank.pay(order.id), PaymentSource.BILL)
    assert done.order is not None
    assert done.order.state is OrderState.PAID
    assert (await till.orders.move(order.id, OrderState.CLOSED)).state is OrderState.PAID
    assert till.desk.balance == 30


async def test_a_fund_is_credited_as_ordered(till: Till) -> None:
    """What was ordered for the service fund goes there."""
    order = await till.order(10, fund=Fund.SERVICE)
    await till.crediting.record("paper", till.bank.pay(order.id), BY_NOTICE)
    assert till.desk.balance == 20
    assert till.desk.book.account(SHOP).service_fund == money(10)


@pytest.mark.parametrize(
    "reason",
    [
        Unmatched.ORDER_UNKNOWN,
        Unmatched.OTHER_PROVIDER,
        Unmatched.OTHER_AMOUNT,
        Unmatched.ACCOUNT_CLOSED,
    ],
)
async def test_what_cannot_be_credited_stands_in_suspense(till: Till, reason: Unmatched) -> None:
    """The money is booked, to nobody; somebody is told once, and the order is at its end."""
    order = await till.order(50)
    paid = till.bank.pay(order.id)
    provider = "paper"
    if reason is Unmatched.ORDER_UNKNOWN:
        paid = replace(paid, order_id="never")
    elif reason is Unmatched.OTHER_PROVIDER:
        provider = "other"
    elif reason is Unmatched.OTHER_AMOUNT:
        paid = altered(paid, money(49))
    else:
        await till.desk.supplies.close_account(SHOP)
    done = [await till.crediting.record(provider, paid, BY_NOTICE) for _ in range(3)]
    assert [one.replayed for one in done] == [False, True, True]
    assert {(one.txn.verdict, one.txn.reason) for one in done} == {(TxnVerdict.SUSPENSE, reason)}
    assert paid.amount is not None
    amount = till.desk.book.currency.exact(paid.amount)
    assert await standing(till, clearing(provider), SUSPENSE) == [-amount, amount]
    (told,) = till.desk.told(PaymentUnmatched)
    assert isinstance(told, PaymentUnmatched)
    assert (told.reason, told.txn, told.amount) == (reason, paid.txn, paid.amount)
    stored = await till.orders.find(order.id)
    assert stored is not None
    is_over = reason in {Unmatched.OTHER_AMOUNT, Unmatched.ACCOUNT_CLOSED}
    assert (stored.state, stored.note) == (
        (OrderState.CLOSED, reason) if is_over else (OrderState.NEW, "")
    )
    await till.desk.verified()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"foreign": "other merchant"}, "other merchant"),
        ({"amount": None, "currency": "USD"}, Unmatched.OTHER_CURRENCY),
        ({"currency": "USD"}, Unmatched.OTHER_CURRENCY),
        ({"amount": 0}, Unmatched.IMPOSSIBLE_AMOUNT),
        ({"amount": -1}, Unmatched.IMPOSSIBLE_AMOUNT),
        ({"amount": 2**63}, Unmatched.IMPOSSIBLE_AMOUNT),
    ],
)
async def test_what_cannot_be_ours_is_only_remembered(
    till: Till, change: dict[str, object], reason: str
) -> None:
    """Nothing is booked, the order waits on, and somebody is told once."""
    order = await till.order(50)
    paid = replace(till.bank.pay(order.id), **change)  # type: ignore[arg-type]  # as it says
    done = [await till.crediting.record("paper", paid, BY_NOTICE) for _ in range(3)]
    assert {(one.txn.verdict, one.txn.reason) for one in done} == {(TxnVerdict.FOREIGN, reason)}
    assert [one.altered for one in done] == [False] * 3
    assert done[0].txn.transfer_id is None
    assert await standing(till, clearing("paper"), SUSPENSE) == [0, 0]
    assert len(till.desk.told(PaymentUnmatched)) == 1
    assert await till.orders.find(order.id) == order
    await till.desk.verified()


async def test_another_story_of_the_same_payment_changes_nothing(till: Till) -> None:
    """What was told first stands; every other version raises the alarm and is kept as evidence."""
    order, other = await till.order(50), await till.order(60)
    paid = till.bank.pay(order.id)
    first = await till.crediting.record("paper", paid, BY_NOTICE)
    for lie in (altered(paid, money(51)), replace(paid, order_id=other.id)):
        done = await till.crediting.record("paper", lie, BY_NOTICE, till.notice_of(lie))
        assert (done.txn, done.altered) == (first.txn, True)
    assert till.desk.balance == 70
    told = [event.reason for event in till.desk.told(PaymentUnmatched)]  # type: ignore[attr-defined]
    assert told == [Unmatched.ALTERED] * 2
    assert len(await till.desk.ledger.read(lambda tx: tx.rows(PaymentNotice))) == 2
    assert await till.orders.find(other.id) == other


async def test_a_ledger_that_cannot_be_written_keeps_nothing(till: Till) -> None:
    """The payment is refused whole, and comes again."""
    order = await till.order(50)
    paid = till.bank.pay(order.id)
    till.desk.ledger.make_read_only("a test")
    with pytest.raises(OperationFailedError):
        await till.crediting.record("paper", paid, BY_NOTICE, till.notice_of(paid))
    await till.desk.restart()
    till.serve()

    def look(tx: LedgerTransaction) -> tuple[object, object, object]:
        return tx.rows(ProviderTxn), tx.rows(PaymentNotice), tx.rows(PayOrder)

    assert await till.desk.ledger.read(look) == ((), (), (order,))
    done: Recorded = await till.crediting.record("paper", paid, BY_NOTICE)
    assert done.txn.verdict is TxnVerdict.SUSPENSE  # the account is not configured yet
    await till.desk.verified()
