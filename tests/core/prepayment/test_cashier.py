"""Money in: durable, once per reference, and power comes back by itself."""

from decimal import Decimal

import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.events import CreditWarning, CutOff, ToppedUp
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.accounts import Fund
from custom_components.compere_prepaid.core.money.amount import Amount
from custom_components.compere_prepaid.core.policy.credit import Policy
from custom_components.compere_prepaid.core.prepayment.state import AccountSetup
from tests.core.prepayment.desk import METER, SHOP, Desk, money


async def run_out(desk: Desk) -> None:
    """Let the shop use up one yuan, and more."""
    await desk.shop("1")
    await desk.read(0)
    desk.clock.forward(minutes=5)
    await desk.read(1200)
    assert desk.told(CutOff)


async def test_top_up_restores_the_supply(desk: Desk) -> None:
    """Credit above the cut-off releases the hold in the same commit."""
    await run_out(desk)
    credited = (await desk.cashier.top_up([SHOP], money(20), reference="r1", user="anna"))[SHOP]
    assert credited.balance == money(20) + money("-0.20")
    assert [demand.closed for demand in desk.demands] == [False, True]
    assert desk.demands[-1].cause == "credit:top:r1:A-101"
    [event] = desk.told(ToppedUp)
    assert isinstance(event, ToppedUp)
    assert (event.user, event.amount) == ("anna", money(20))
    await desk.verified()


async def test_top_up_that_leaves_the_account_exhausted_keeps_it_off(desk: Desk) -> None:
    """A debt must be covered before power comes back."""
    await run_out(desk)
    await desk.cashier.top_up([SHOP], money("0.20"), reference="r1")
    assert desk.balance == 0
    assert [demand.closed for demand in desk.demands] == [False]


async def test_same_reference_credits_once(desk: Desk) -> None:
    """A repeated request is answered with its first result; nothing is told twice."""
    await desk.shop("10")
    first = (await desk.cashier.top_up([SHOP], money(5), reference="r1"))[SHOP]
    desk.clock.forward(minutes=1)
    again = (await desk.cashier.top_up([SHOP], money(5), reference="r1"))[SHOP]
    assert (again.transfer, again.receipt) == (first.transfer, first.receipt)
    assert again.replayed
    assert desk.balance == 15
    assert len(desk.told(ToppedUp)) == 1


async def test_same_reference_with_another_amount_is_refused(desk: Desk) -> None:
    """One receipt number cannot mean two sums; nothing is changed."""
    await desk.shop("10")
    await desk.cashier.top_up([SHOP], money(5), reference="r1")
    for amount, fund in ((money(6), Fund.ELECTRICITY), (money(5), Fund.SERVICE)):
        with pytest.raises(InvalidInputError, match="reference_reused"):
            await desk.cashier.top_up([SHOP], amount, reference="r1", fund=fund)
    assert desk.balance == 15


@pytest.mark.parametrize("amount", [0, -1])
async def test_nothing_and_less_are_refused(desk: Desk, amount: int) -> None:
    """A top-up is more than nothing."""
    await desk.shop("10")
    with pytest.raises(InvalidInputError, match="amount_not_positive"):
        await desk.cashier.top_up([SHOP], Amount(amount), reference="r1")


async def test_unknown_account_credits_nobody(desk: Desk) -> None:
    """A batch with one unknown account is refused as a whole."""
    await desk.shop("10")
    with pytest.raises(InvalidInputError, match="account_unknown"):
        await desk.cashier.top_up([SHOP, "B-999"], money(5), reference="r1")
    assert desk.balance == 10


async def test_batch_is_one_transaction(desk: Desk) -> None:
    """If one account's reference clashes, no account of the batch is credited."""
    await desk.shop("10")
    second = AccountNumber("A-102")
    await desk.opening.open_account(
        AccountSetup(number=second, name="Bubble Tea", tariff="Flat", policy="Standard")
    )
    await desk.cashier.top_up([second], money(7), reference="r1")
    with pytest.raises(InvalidInputError, match="reference_reused"):
        await desk.cashier.top_up([SHOP, second], money(5), reference="r1")
    assert desk.balance == 10
    assert desk.book.account(second).balance == money(7)


async def test_service_fund_never_supplies_power(desk: Desk) -> None:
    """Money for services stays apart from electricity."""
    await run_out(desk)
    await desk.cashier.top_up([SHOP], money(50), reference="r1", fund=Fund.SERVICE)
    assert desk.book.account(SHOP).service_fund == money(50)
    assert [demand.closed for demand in desk.demands] == [False]


async def test_adjustment_needs_a_reason_and_a_sum(desk: Desk) -> None:
    """A correction says why, and moves something."""
    await desk.shop("10")
    with pytest.raises(InvalidInputError, match="reason_missing"):
        await desk.cashier.adjust(SHOP, money(1), reason="  ", reference="a1")
    with pytest.raises(InvalidInputError, match="amount_is_zero"):
        await desk.cashier.adjust(SHOP, Amount(0), reason="x", reference="a1")
    await desk.cashier.adjust(SHOP, money(-3), reason="meter test", reference="a1", user="eve")
    assert desk.balance == 7


async def test_warning_is_told_again_after_a_top_up(desk: Desk) -> None:
    """Credit that rose above a level makes it ready to be told again."""
    await desk.shop("101")
    await desk.read(0)
    for wh in (2000, 4000):
        desk.clock.forward(minutes=5)
        await desk.read(wh)
        await desk.cashier.top_up([SHOP], money(2), reference=f"r{wh}")
    assert len(desk.told(CreditWarning)) == 2


async def test_credit_limit_brings_power_back(desk: Desk) -> None:
    """A higher credit limit is credit, in the same moment."""
    await run_out(desk)
    await desk.agreements.set_credit_limit([SHOP], money(30), "anna")
    assert [demand.closed for demand in desk.demands] == [False, True]
    assert desk.book.account(SHOP).available == money("29.80")
    await desk.restart()
    await desk.shop("1")
    assert desk.book.account(SHOP).credit_limit == money(30)


async def test_tariff_change_counts_from_then_on(desk: Desk) -> None:
    """What was used before a new tariff is charged by the old one."""
    await desk.shop("100")
    await desk.read(0)
    desk.clock.forward(minutes=10)
    await desk.read(1000)
    await desk.agreements.assign_tariff([SHOP], "Ladder", "anna")
    desk.clock.forward(minutes=10)
    await desk.read(2000)
    assert desk.balance == Decimal(100) - 1 - Decimal("0.435")
    assert METER in desk.book.account(SHOP).meters


async def test_a_changed_policy_counts_at_once(desk: Desk) -> None:
    """An import that raises the cut-off cuts in the same moment, where the meter was read."""
    await desk.shop("30")
    await desk.read(0)
    desk.book.policies["Standard"] = Policy(
        name="Standard", warning_levels=(money(100),), cut_off=money(40)
    )
    await desk.agreements.renew()
    assert desk.told(CutOff)
    assert [demand.closed for demand in desk.demands] == [False]
