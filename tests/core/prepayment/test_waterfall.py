"""Where a top-up goes: E12, in the order of its rules."""

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.money.amount import ZERO, Amount
from custom_components.compere_prepaid.core.prepayment.waterfall import Owed, Waterfall, pour

YUAN = 10**9


def yuan(amount: float) -> Amount:
    """Return an amount in yuan."""
    return Amount(round(amount * YUAN))


def owed(name: str, left: float, **more: object) -> Owed:
    """Return a debt."""
    return Owed(name=name, outstanding=yuan(left), **more)  # type: ignore[arg-type]


def test_all_steps_in_order() -> None:
    """Capped percentage debt, accrued time debt, below the cut-off, emergency credit, balance."""
    steps = pour(
        yuan(100),
        (
            owed("arrears", 200, ppm=250_000, week_left=yuan(20)),
            owed("deposit plan", 50, due=yuan(12)),
        ),
        fund=yuan(-13),
        floor=yuan(-10),
        emergency=yuan(10),
    )
    assert steps == Waterfall(
        percent_debts={"arrears": yuan(20)},
        time_debts={"deposit plan": yuan(12)},
        below_cut_off=yuan(3),
        emergency=yuan(10),
        balance=yuan(55),
        before=yuan(-13),
        after=yuan(55),
    )
    assert steps.amount == yuan(100)
    assert Waterfall.of(steps.text()) == steps


def test_share_without_cap() -> None:
    """A quarter of each top-up, and never more than is owed."""
    debt = owed("arrears", 30, ppm=250_000)
    assert pour(yuan(80), (debt,), fund=ZERO, floor=ZERO, emergency=ZERO).debts == {
        "arrears": yuan(20)
    }
    assert pour(yuan(800), (debt,), fund=ZERO, floor=ZERO, emergency=ZERO).debts == {
        "arrears": yuan(30)
    }


def test_emergency_is_repaid_before_the_balance_grows() -> None:
    """Half of the emergency credit was used: just that is repaid."""
    steps = pour(yuan(20), (), fund=yuan(-5), floor=yuan(-10), emergency=yuan(10))
    assert (steps.below_cut_off, steps.emergency, steps.balance) == (0, yuan(5), yuan(15))


@pytest.mark.parametrize("amount", [1, 1000, 3 * YUAN])
def test_small_top_up_goes_to_the_first_steps(amount: int) -> None:
    """What does not reach a later step leaves nothing for it."""
    steps = pour(Amount(amount), (), fund=yuan(-13), floor=yuan(-10), emergency=yuan(10))
    assert steps.below_cut_off == amount
    assert steps.emergency == steps.balance == 0


_MONEY = st.integers(-(10**13), 10**13).map(Amount)
_PLUS = st.integers(0, 10**13).map(Amount)
_DEBT = st.builds(
    Owed,
    name=st.sampled_from("abcdef"),
    outstanding=_PLUS,
    ppm=st.integers(0, 1_000_000),
    week_left=st.none() | _PLUS,
    due=_PLUS,
)


@given(
    amount=st.integers(1, 10**13).map(Amount),
    debts=st.lists(_DEBT, unique_by=lambda debt: debt.name, max_size=4).map(tuple),
    fund=_MONEY,
    floor=_MONEY,
    emergency=_PLUS,
)
def test_nothing_is_lost_or_made(
    amount: Amount, debts: tuple[Owed, ...], fund: Amount, floor: Amount, emergency: Amount
) -> None:
    """The steps add up; no debt gets more than is owed, due and allowed; later steps wait."""
    steps = pour(amount, debts, fund=fund, floor=floor, emergency=emergency)
    assert steps.amount == amount
    assert steps.after - steps.before == amount - sum(steps.percent_debts.values()) - sum(
        steps.time_debts.values()
    )
    for debt in debts:
        share = steps.percent_debts.get(debt.name, 0)
        instalment = steps.time_debts.get(debt.name, 0)
        assert 0 <= share <= min(amount * debt.ppm // 10**6, debt.outstanding)
        assert debt.week_left is None or share <= debt.week_left
        assert 0 <= instalment <= min(debt.due, debt.outstanding - share)
    assert min(steps.below_cut_off, steps.emergency, steps.balance) >= 0
    if steps.emergency:
        assert fund + steps.below_cut_off >= floor
    if steps.balance:
        assert fund + steps.below_cut_off + steps.emergency >= floor + emergency
    assert Waterfall.of(steps.text()) == steps
