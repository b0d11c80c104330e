"""Stripe's daily bill, and refunds asked for."""

from datetime import date

import pytest

from custom_components.compere_prepaid.core.ledger.payment_rows import BillKind, PayOrder
from custom_components.compere_prepaid.core.payment.provider import (
    BillEntry,
    Paid,
    RefundOutcome,
    RejectedError,
    RetryableError,
)
from tests.payment.stripe_desk import MORNING, StripeDesk, stripe_desk

pytestmark = pytest.mark.usefixtures("socket_enabled")


DAY = MORNING.date()


async def paid(desk: StripeDesk, amount: str = "50", method: str = "card") -> tuple[PayOrder, Paid]:
    """Order and pay."""
    order = desk.order(amount)
    await desk.provider.create(order)
    desk.stripe.pay(desk.session_of(order), method=method)
    state = await desk.provider.query(order)
    assert isinstance(state, Paid)
    return order, state


async def bill(desk: StripeDesk, day: date = DAY) -> list[BillEntry]:
    """Fetch a day's bill."""
    return [line async for line in desk.provider.bill(day)]


async def test_payments_with_their_fees(desk: StripeDesk) -> None:
    """Each payment stands on its day's bill once, with what Stripe kept, to the last page."""
    orders = [await paid(desk, str(n + 1), "card" if n % 2 else "paynow") for n in range(120)]
    desk.clock.move(hours=16)  # the next day in UTC
    await paid(desk)
    lines = await bill(desk)
    assert len(lines) == 120
    assert {line.ref: line.payment for line in lines} == {
        payment.txn: payment for _, payment in orders
    }
    for line, (order, _) in zip(reversed(lines), orders, strict=True):
        assert (line.kind, line.order_id, line.amount) == (
            BillKind.PAYMENT,
            order.id,
            order.amount,
        )
        minor = order.amount // 10**7
        assert line.fee == (minor * 34 // 1000 + 50) * 10**7


async def test_the_day_is_not_over(desk: StripeDesk) -> None:
    """A bill that may still grow is not there yet."""
    await paid(desk)
    with pytest.raises(RetryableError, match="not over"):
        await bill(desk)


async def test_money_that_went_back(desk: StripeDesk) -> None:
    """Refunds of ours bear our name; those of the console and disputes bear Stripe's."""
    order, payment = await paid(desk)
    refund = desk.refund(order, payment.txn, "20")
    state = await desk.provider.refund(refund, order.amount)
    assert state.outcome is RefundOutcome.SUCCEEDED
    by_hand = desk.stripe._refunded({"payment_intent": payment.txn, "amount": "500"})
    _, other = await paid(desk)
    dispute = desk.stripe.dispute(other.txn)
    desk.clock.move(days=1)
    lines = [line for line in await bill(desk) if line.kind is BillKind.REFUND]
    shown = {line.ref: desk.currency.rounded(line.amount) for line in lines}
    assert {ref: f"{amount}" for ref, amount in shown.items()} == {
        refund.id: "20.00",
        by_hand["id"]: "5.00",
        dispute["id"]: "50.00",
    }
    assert {line.order_id for line in lines} == {one.id for one in desk.orders}


async def test_money_that_came_back(desk: StripeDesk) -> None:
    """A dispute that was won and a refund that failed cancel what stood there before."""
    order, payment = await paid(desk)
    state = await desk.provider.refund(desk.refund(order, payment.txn, "20"), order.amount)
    desk.stripe._book("refund_failure", desk.stripe.refunds[state.provider_ref], 2000, fee=0)
    _, other = await paid(desk)
    dispute = desk.stripe.dispute(other.txn)
    desk.stripe._book("adjustment", dispute, 5000, fee=-1500)
    desk.clock.move(days=1)
    lines = [line for line in await bill(desk) if line.kind is BillKind.REFUND]
    assert len({line.ref for line in lines}) == 4
    assert sum(line.amount for line in lines) == 0
    assert sum(line.fee for line in lines) == 0


async def test_what_others_took(desk: StripeDesk) -> None:
    """Another business on the same account is not on this site's bill."""
    _, payment = await paid(desk)
    intent = desk.stripe.intents[payment.txn]
    for thing in (intent, *desk.stripe.charges.values()):
        thing["metadata"] = {"shop": "online"}
    desk.stripe._refunded({"payment_intent": payment.txn, "amount": "500"})
    desk.clock.move(days=1)
    assert await bill(desk) == []


async def test_settled_in_another_currency() -> None:
    """A fee in a currency that the book does not have is left out; the payment is not."""
    async with stripe_desk("MYR", settles_in="sgd") as desk:
        order, _ = await paid(desk)
        desk.clock.move(days=1)
        (line,) = await bill(desk)
        assert (line.amount, line.fee) == (order.amount, 0)


async def test_refund_is_made_once(desk: StripeDesk) -> None:
    """A lost answer, a repetition, and a repetition when Stripe has forgotten the key."""
    order, payment = await paid(desk)
    refund = desk.refund(order, payment.txn, "20")
    assert (await desk.provider.query_refund(refund)).outcome is RefundOutcome.MISSING
    with desk.stripe.failing(lose_answers=1), pytest.raises(RetryableError):
        await desk.provider.refund(refund, order.amount)
    state = await desk.provider.refund(refund, order.amount)
    assert await desk.provider.query_refund(refund) == state
    desk.clock.move(hours=24)
    desk.stripe.answers.clear()
    assert await desk.provider.refund(refund, order.amount) == state
    assert len(desk.stripe.refunds) == 1
    for status in (401, 403, 404, 500):
        with desk.stripe.failing(refuse_with=[status]):
            state = await desk.provider.query_refund(refund)
        assert state.outcome is RefundOutcome.UNKNOWN
    with desk.stripe.failing(refuse_with=[500]):
        assert (await desk.provider.query_refund(refund)).outcome is RefundOutcome.UNKNOWN


async def test_more_than_was_paid(desk: StripeDesk) -> None:
    """What Stripe refuses for good is told in its words."""
    order, payment = await paid(desk)
    with pytest.raises(RejectedError, match="charge_already_refunded"):
        await desk.provider.refund(desk.refund(order, payment.txn, "60"), order.amount)
