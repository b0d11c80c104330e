"""Debts and emergency credit: taken on, recovered, repaid first, and given back."""

from decimal import Decimal

import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.events import CutOff
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.ledger.accounts import debt_of
from custom_components.compere_prepaid.core.money.amount import ZERO, Amount
from custom_components.compere_prepaid.core.policy.credit import Policy
from custom_components.compere_prepaid.core.prepayment.debt_desk import DebtTerms
from tests.core.prepayment.desk import CNY, SHOP, Desk, money

ROOMY = Policy(
    name="Roomy",
    warning_levels=(money(20),),
    emergency_credit=money(10),
    minimum_top_up=money(5),
    maximum_top_up=money(500),
)


async def left(desk: Desk, name: str, account: AccountNumber = SHOP) -> Decimal:
    """Return what is owed of a debt, in yuan."""
    balance = await desk.ledger.read(lambda tx: tx.balance(debt_of(account, name)))
    return -CNY.exact(balance)


async def top_up(desk: Desk, amount: int, reference: str) -> dict[str, Decimal]:
    """Top the shop up; return the steps in yuan."""
    done = (await desk.cashier.top_up([SHOP], money(amount), reference=reference))[SHOP]
    assert done.steps is not None
    steps = done.steps
    return {
        **{name: CNY.exact(part) for name, part in steps.debts.items()},
        "below": CNY.exact(steps.below_cut_off),
        "emergency": CNY.exact(steps.emergency),
        "balance": CNY.exact(steps.balance),
    }


async def test_percent_debt_has_a_weekly_cap(desk: Desk) -> None:
    """A quarter of each top-up until the week's 30 are reached; Monday begins a new week."""
    await desk.shop("0")
    terms = DebtTerms(ppm=250_000, weekly_cap=money(30))
    await desk.debts.add_debt(SHOP, "arrears", money(100), terms, reason="last year")
    assert (await top_up(desk, 80, "r1"))["arrears"] == 20
    assert (await top_up(desk, 80, "r2"))["arrears"] == 10
    assert "arrears" not in await top_up(desk, 80, "r3")
    assert await left(desk, "arrears") == 70
    desk.clock.forward(days=7)
    assert (await top_up(desk, 80, "r4"))["arrears"] == 20
    assert desk.balance == 80 * 4 - 50
    await desk.verified()


async def test_time_debt_falls_due_by_the_day(desk: Desk) -> None:
    """Seven a week are one a day; without credit they wait for the next top-up."""
    await desk.shop("2.5")
    terms = DebtTerms(instalment=money(7), per="week")
    await desk.debts.add_debt(SHOP, "plan", money(30), terms, reason="fitting")
    await desk.read(0)
    for _ in range(5):
        desk.clock.forward(days=1)
        await desk.charging.on_clock()
    assert desk.balance == 0  # 1 + 1 + 0.5: never below what there is
    assert await left(desk, "plan") == Decimal("27.5")
    assert await top_up(desk, 10, "r1") == {
        "plan": Decimal("2.5"),
        "below": 0,
        "emergency": 0,
        "balance": Decimal("7.5"),
    }
    assert await left(desk, "plan") == 25
    await desk.verified()


async def test_debt_ends_when_it_is_paid(desk: Desk) -> None:
    """The last instalment is what is left."""
    await desk.shop("100")
    terms = DebtTerms(instalment=money(40), per="day")
    await desk.debts.add_debt(SHOP, "plan", money(50), terms, reason="fitting")
    for _ in range(4):
        desk.clock.forward(days=1)
        await desk.charging.on_clock()
    assert desk.balance == 50
    assert await left(desk, "plan") == 0


async def test_debt_is_raised_lowered_and_never_below_zero(desk: Desk) -> None:
    """A debt can be forgiven, but not more of it than there is."""
    await desk.shop("0")
    terms = DebtTerms(ppm=500_000)
    add = desk.debts.add_debt
    assert await add(SHOP, "arrears", money(50), terms, reason="audit") == money(50)
    assert await add(SHOP, "arrears", money(25), terms, reason="audit") == money(75)
    assert await add(SHOP, "arrears", Amount(-money(70)), terms, reason="let go") == money(5)
    for _ in range(2):  # once for a reference, however often it is asked for
        again = await add(SHOP, "arrears", money(1), terms, reason="audit", reference="d1")
        assert again == money(6)
    assert await add(SHOP, "arrears", Amount(-money(1)), terms, reason="let go") == money(5)
    with pytest.raises(InvalidInputError, match="reference_reused"):
        await add(SHOP, "arrears", money(2), terms, reason="audit", reference="d1")
    for name in ("", " ", "a:b", "x" * 41):
        with pytest.raises(InvalidInputError, match="debt_name_wrong"):
            await add(SHOP, name, money(1), terms, reason="audit")
    with pytest.raises(InvalidInputError, match="debt_below_zero"):
        await add(SHOP, "arrears", Amount(-money(6)), terms, reason="let go")
    with pytest.raises(InvalidInputError, match="reason_missing"):
        await add(SHOP, "arrears", money(1), terms, reason=" ")
    with pytest.raises(InvalidInputError, match="amount_is_zero"):
        await add(SHOP, "arrears", ZERO, terms, reason="why")
    assert await left(desk, "arrears") == 5
    await desk.verified()


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"ppm": 1_000_001},
        {"ppm": -1},
        {"ppm": 250_000, "weekly_cap": -1},
        {"ppm": 250_000, "instalment": 1, "per": "day"},
        {"instalment": 1},
        {"instalment": 1, "per": "year"},
        {"per": "day"},
        {"weekly_cap": 1},
    ],
)
def test_debt_terms_that_make_no_sense(terms: dict[str, object]) -> None:
    """A debt is recovered by a share or by time, not by neither or both."""
    with pytest.raises(InvalidInputError, match="debt_terms_wrong"):
        DebtTerms(**terms)  # type: ignore[arg-type]


async def test_emergency_credit_is_used_and_repaid_first(desk: Desk) -> None:
    """Low credit, emergency, off below it; a top-up repays it, then it can be had again."""
    await desk.write(ROOMY)
    await desk.shop("25", policy="Roomy")
    await desk.read(0)
    with pytest.raises(InvalidInputError, match="emergency_not_needed"):
        await desk.cashier.use_emergency_credit(SHOP)
    desk.clock.forward(hours=1)
    await desk.read(10_000)
    assert await desk.cashier.use_emergency_credit(SHOP) == money(25)
    with pytest.raises(InvalidInputError, match="emergency_in_use"):
        await desk.cashier.use_emergency_credit(SHOP)
    desk.clock.forward(hours=1)
    await desk.read(20_000)
    assert not desk.told(CutOff)
    assert desk.book.account(SHOP).available == money(15) - 0
    desk.clock.forward(hours=1)
    await desk.read(36_000)  # 11 below zero: the emergency credit is gone too
    assert desk.told(CutOff)
    assert desk.balance == -11
    assert await top_up(desk, 31, "r1") == {"below": 1, "emergency": 10, "balance": 20}
    assert desk.book.account(SHOP).tenancy.emergency == 0
    assert desk.demands[-1].closed
    assert await desk.cashier.use_emergency_credit(SHOP) == money(30)
    await desk.verified()


async def test_emergency_credit_must_be_offered(desk: Desk) -> None:
    """The plain policy has none."""
    await desk.shop("1")
    with pytest.raises(InvalidInputError, match="emergency_not_offered"):
        await desk.cashier.use_emergency_credit(SHOP)


async def test_top_up_keeps_within_the_policy(desk: Desk) -> None:
    """A minimum and a maximum; what was booked before they changed can be asked for again."""
    await desk.write(ROOMY)
    await desk.shop("0")
    first = (await desk.cashier.top_up([SHOP], money(1), reference="r0"))[SHOP]
    await desk.agreements.apply_policy([SHOP], "Roomy", "anna")
    for amount, key in ((4, "top_up_too_small"), (501, "top_up_too_large")):
        with pytest.raises(InvalidInputError, match=key):
            await desk.cashier.top_up([SHOP], money(amount), reference=f"r{amount}")
    again = (await desk.cashier.top_up([SHOP], money(1), reference="r0"))[SHOP]
    assert (again.receipt, again.replayed) == (first.receipt, True)
    assert desk.balance == 1
