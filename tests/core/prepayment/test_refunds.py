"""Money out: reserved, paid or not; top-ups taken back; deposits."""

import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.events import Refunded, TopUpReversed
from custom_components.compere_prepaid.core.ledger.accounts import CASH, Fund, deposit_of
from custom_components.compere_prepaid.core.prepayment.debt_desk import DebtTerms
from tests.core.prepayment.desk import SHOP, Desk, money
from tests.core.prepayment.test_debts import left


async def test_refund_is_reserved_then_paid(desk: Desk) -> None:
    """Reserved money can no longer be used; when it is paid it is gone."""
    await desk.shop("100")
    reserved = await desk.refunds.reserve(SHOP, money(30), reference="f1", reason="overpaid")
    assert reserved.balance == money(70)
    assert desk.balance == 70
    again = await desk.refunds.reserve(SHOP, money(30), reference="f1", reason="overpaid")
    assert (again.receipt, again.replayed) == (reserved.receipt, True)
    assert not desk.told(Refunded)
    paid = await desk.refunds.resolve(SHOP, "f1", paid=True, user="anna")
    assert paid.balance == money(70)
    assert len(desk.told(Refunded)) == 1
    assert (await desk.refunds.resolve(SHOP, "f1", paid=True, user="anna")).replayed
    assert len(desk.told(Refunded)) == 1
    with pytest.raises(InvalidInputError, match="pending_not_open"):
        await desk.refunds.resolve(SHOP, "f1", paid=False)
    assert await desk.ledger.read(lambda tx: tx.balance(CASH)) == money(30)
    await desk.verified()


async def test_refund_that_failed_is_the_tenants_again(desk: Desk) -> None:
    """A voided refund leaves everything as it was."""
    await desk.shop("100")
    await desk.refunds.reserve(SHOP, money(30), reference="f1", reason="overpaid")
    await desk.refunds.resolve(SHOP, "f1", paid=False)
    assert desk.balance == 100
    with pytest.raises(InvalidInputError, match="pending_not_open"):
        await desk.refunds.resolve(SHOP, "f1", paid=True)
    await desk.verified()


async def test_refund_needs_money_and_a_reason(desk: Desk) -> None:
    """Nobody gets more than there is, nor anything for nothing."""
    await desk.shop("100")
    await desk.read(0)
    desk.clock.forward(hours=1)
    await desk.read(10_000)
    with pytest.raises(InvalidInputError, match="refund_too_large"):
        await desk.refunds.reserve(SHOP, money("90.01"), reference="f1", reason="x")
    with pytest.raises(InvalidInputError, match="refund_too_large"):
        await desk.refunds.reserve(SHOP, money(1), reference="f1", reason="x", fund=Fund.SERVICE)
    with pytest.raises(InvalidInputError, match="reason_missing"):
        await desk.refunds.reserve(SHOP, money(1), reference="f1", reason=" ")
    with pytest.raises(InvalidInputError, match="amount_not_positive"):
        await desk.refunds.reserve(SHOP, money(0), reference="f1", reason="x")
    with pytest.raises(InvalidInputError, match="refund_unknown"):
        await desk.refunds.resolve(SHOP, "f1", paid=True)
    assert desk.balance == 90
    await desk.refunds.reserve(SHOP, money(90), reference="f1", reason="x")
    await desk.verified()


async def test_reversal_undoes_a_top_up_with_its_debts(desk: Desk) -> None:
    """A top-up that never was: the money, and what of it went to debts, once."""
    await desk.shop("10")
    share, plan = DebtTerms(ppm=200_000), DebtTerms(instalment=money(3), per="day")
    await desk.debts.add_debt(SHOP, "arrears", money(50), share, reason="audit")
    await desk.debts.add_debt(SHOP, "plan", money(50), plan, reason="audit")
    for _ in range(5):
        desk.clock.forward(days=1)
        await desk.charging.on_clock()
    assert desk.balance == 0  # 15 fell due, 10 were there
    await desk.cashier.top_up([SHOP], money(100), reference="r1")
    assert await left(desk, "arrears") == 30
    assert await left(desk, "plan") == 35
    assert desk.balance == 75
    done = await desk.refunds.reverse_top_up(SHOP, "r1", reason="bounced", user="anna")
    assert done.balance == 0
    assert await left(desk, "arrears") == 50
    assert await left(desk, "plan") == 40
    assert (await desk.refunds.reverse_top_up(SHOP, "r1", reason="bounced", user="anna")).replayed
    assert len(desk.told(TopUpReversed)) == 1
    with pytest.raises(InvalidInputError, match="reference_reused"):
        await desk.refunds.reverse_top_up(SHOP, "r1", reason="another", user="anna")
    with pytest.raises(InvalidInputError, match="top_up_unknown"):
        await desk.refunds.reverse_top_up(SHOP, "r2", reason="bounced")
    assert (await desk.cashier.top_up([SHOP], money(100), reference="r2"))[SHOP].steps
    assert await left(desk, "arrears") == 30
    assert await left(desk, "plan") == 35
    await desk.verified()


async def test_reversal_of_the_service_fund(desk: Desk) -> None:
    """The funds never mix, also backwards."""
    await desk.shop("10")
    await desk.cashier.top_up([SHOP], money(40), reference="r1", fund=Fund.SERVICE)
    done = await desk.refunds.reverse_top_up(SHOP, "r1", reason="wrong fund")
    assert done.balance == 0
    assert desk.balance == 10
    await desk.verified()


async def test_deposit_is_kept_apart(desk: Desk) -> None:
    """It is no credit."""
    await desk.shop("10")
    taken = await desk.refunds.take_deposit(SHOP, money(500), reference="d1", user="anna")
    assert taken.balance == money(500)
    assert desk.balance == 10
    assert await desk.ledger.read(lambda tx: tx.balance(deposit_of(SHOP))) == money(500)
    assert (await desk.refunds.take_deposit(SHOP, money(500), reference="d1", user="anna")).replayed
    await desk.verified()
