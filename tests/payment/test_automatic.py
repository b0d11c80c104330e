"""When a kept means is charged: a simulated week of falls, failures and impatience."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st

from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.payment_rows import (
    AutoTopUp,
    Method,
    OrderState,
    PayOrder,
)
from custom_components.compere_prepaid.core.money.amount import Amount
from custom_components.compere_prepaid.core.payment.automatic import (
    MOST_A_DAY,
    MOST_FAILURES,
    Standing,
    Step,
)
from custom_components.compere_prepaid.core.payment.orders import UNFINISHED

START = datetime(2026, 9, 21, 8, tzinfo=UTC)
THRESHOLD = Amount(100)
KEPT = AutoTopUp(
    account=AccountNumber("A-101"),
    provider="stripe",
    means="{}",
    enabled=True,
    threshold=THRESHOLD,
    amount=Amount(50),
    changed_at=START,
)

_EVENTS = st.lists(
    st.tuples(
        st.integers(1, 30 * 60),  # minutes that pass
        st.integers(-50, 300),  # what is available then
        st.sampled_from(["paid", "closed", "open", "new"]),  # what becomes of an order
    ),
    min_size=1,
    max_size=60,
)


@given(events=_EVENTS)
def test_a_week(events: list[tuple[int, int, str]]) -> None:
    """One under way at most, three a day at most, never above the threshold, off after three."""
    now, kept, orders = START, KEPT, list[PayOrder]()
    stopped = False
    for minutes, available, ending in events:
        now += timedelta(minutes=minutes)
        standing = Standing(kept=kept, orders=tuple(orders))
        step = standing.step(Amount(available), now)
        under_way = bool(orders) and orders[-1].state in UNFINISHED
        if step is Step.CHARGE:
            assert available <= THRESHOLD
            assert not under_way
            assert not stopped
            assert sum(order.created_at > now - timedelta(days=1) for order in orders) < MOST_A_DAY
            assert standing.key not in {order.key for order in orders}
            orders.append(_order(standing, now))
        elif step is Step.AGAIN:
            assert orders[-1].state is OrderState.NEW
            assert not stopped
        elif step is Step.READY:
            assert available > THRESHOLD
            kept = replace(kept, last_order=orders[-1].id)
        elif step is Step.STOP:
            assert [one.state for one in orders[-MOST_FAILURES:]] == [OrderState.CLOSED] * 3
            kept, stopped = replace(kept, enabled=False), True
        if orders and orders[-1].state in UNFINISHED and ending == "open":
            orders[-1] = replace(orders[-1], state=OrderState.OPEN)
        elif orders and orders[-1].state in UNFINISHED and ending != "new":
            state = OrderState.PAID if ending == "paid" else OrderState.CLOSED
            orders[-1] = replace(orders[-1], state=state, changed_at=now)


def test_each_fall_once() -> None:
    """Low, charged, still low: nothing; above and low again: charged."""
    standing = Standing(kept=KEPT, orders=())
    assert standing.step(Amount(101), START) is Step.NOTHING
    assert standing.step(THRESHOLD, START) is Step.CHARGE
    paid = replace(_order(standing, START), state=OrderState.PAID)
    standing = Standing(kept=KEPT, orders=(paid,))
    soon = START + timedelta(hours=23)
    assert standing.step(THRESHOLD, soon) is Step.NOTHING
    assert standing.step(Amount(101), soon) is Step.READY
    ready = Standing(kept=replace(KEPT, last_order=paid.id), orders=(paid,))
    assert ready.step(Amount(101), soon) is Step.NOTHING
    assert ready.step(THRESHOLD, soon) is Step.CHARGE
    assert standing.step(THRESHOLD, START + timedelta(days=1)) is Step.CHARGE


def test_failures_count_from_the_tenants_choice() -> None:
    """Whoever switches it on again begins with none."""
    orders: list[PayOrder] = []
    for hour in range(MOST_FAILURES):
        standing = Standing(kept=KEPT, orders=tuple(orders))
        at = START + timedelta(hours=hour)
        assert standing.step(THRESHOLD, at) is Step.CHARGE
        orders.append(replace(_order(standing, at), state=OrderState.CLOSED))
    later = START + timedelta(days=2)
    assert Standing(kept=KEPT, orders=orders).step(THRESHOLD, later) is Step.STOP
    again = Standing(kept=replace(KEPT, changed_at=later), orders=orders)
    assert again.failures == 0
    assert again.step(THRESHOLD, later) is Step.CHARGE
    off = Standing(kept=replace(KEPT, enabled=False), orders=())
    assert off.step(THRESHOLD, later) is Step.NOTHING


def _order(standing: Standing, at: datetime) -> PayOrder:
    return PayOrder(
        id=f"order {len(standing.orders)}",
        provider="stripe",
        account=KEPT.account,
        fund="electricity",
        amount=KEPT.amount,
        currency="CNY",
        method=Method.AUTOMATIC,
        key=standing.key,
        state=OrderState.NEW,
        created_at=at,
        expires_at=at + timedelta(minutes=15),
        changed_at=at,
    )
