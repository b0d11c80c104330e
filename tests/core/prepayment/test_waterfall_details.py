"""A top-up's steps at their borders, and the text that the chain keeps of them."""

from custom_components.compere_prepaid.core.money.amount import ZERO, Amount
from custom_components.compere_prepaid.core.prepayment.waterfall import Owed, Waterfall, pour


def owed(
    name: str, outstanding: int, *, ppm: int = 0, week_left: int | None = None, due: int = 0
) -> Owed:
    """Return a debt in the smallest unit."""
    return Owed(
        name=name,
        outstanding=Amount(outstanding),
        ppm=ppm,
        week_left=None if week_left is None else Amount(week_left),
        due=Amount(due),
    )


def poured(
    amount: int, *debts: Owed, fund: int = 0, floor: int = 0, emergency: int = 0
) -> Waterfall:
    """Return where a top-up of so many smallest units goes."""
    return pour(
        Amount(amount),
        debts,
        fund=Amount(fund),
        floor=Amount(floor),
        emergency=Amount(emergency),
    )


def test_steps_that_take_nothing_are_not_told() -> None:
    """A share that is less than the smallest unit, a cap that is reached, nothing that fell due."""
    steps = poured(
        10,
        owed("tiny", 100, ppm=99_999),
        owed("capped", 100, ppm=500_000, week_left=0),
        owed("not due", 100),
    )
    assert steps == Waterfall(balance=Amount(10), after=Amount(10))


def test_the_smallest_unit_is_worth_a_step() -> None:
    """One unit for each step, in their order, and none is left for the balance."""
    steps = poured(
        4,
        owed("share", 1, ppm=1_000_000),
        owed("plan", 1, due=1),
        fund=-2,
        floor=-1,
        emergency=1,
    )
    assert steps == Waterfall(
        percent_debts={"share": Amount(1)},
        time_debts={"plan": Amount(1)},
        below_cut_off=Amount(1),
        emergency=Amount(1),
        before=Amount(-2),
        after=ZERO,
    )


def test_shares_are_of_the_whole_top_up_while_there_is_something_left() -> None:
    """Two debts that want all of it: the first has it, and instalments wait too."""
    steps = poured(
        10,
        owed("first", 7, ppm=1_000_000),
        owed("second", 100, ppm=1_000_000),
        owed("plan", 100, due=5),
    )
    assert steps.percent_debts == {"first": 7, "second": 3}
    assert steps.time_debts == {}
    assert steps.after == 0


def test_each_debt_has_its_own_share() -> None:
    """A quarter and a tenth of the top-up, not of what is left."""
    steps = poured(
        100, owed("a", 1000, ppm=250_000), owed("b", 1000, ppm=100_000), owed("c", 9, due=20)
    )
    assert steps.percent_debts == {"a": 25, "b": 10}
    assert steps.time_debts == {"c": 9}
    assert (steps.balance, steps.after) == (56, 56)


def test_a_debt_that_is_paid_both_ways() -> None:
    """An instalment that fell due before the terms changed: never more than is owed."""
    steps = poured(100, owed("a", 30, ppm=250_000, due=20), owed("b", 50, due=7))
    assert steps.percent_debts == {"a": 25}
    assert steps.time_debts == {"a": 5, "b": 7}
    assert steps.debts == {"a": 30, "b": 7}
    assert steps.amount == 100


def test_fund_within_the_emergency_credit() -> None:
    """At the floor all of it is to be repaid; above it, what was used; beyond it, nothing."""
    assert poured(50, fund=-10, floor=-10, emergency=10).emergency == 10
    assert poured(50, fund=-3, floor=-10, emergency=10).emergency == 3
    assert poured(2, fund=-3, floor=-10, emergency=10) == Waterfall(
        emergency=Amount(2), before=Amount(-3), after=Amount(-1)
    )
    for fund in (0, 1, 100):
        steps = poured(50, fund=fund, floor=-10, emergency=10)
        assert (steps.below_cut_off, steps.emergency, steps.balance) == (0, 0, 50)


def test_below_the_cut_off() -> None:
    """Only what is below it, and before anything else."""
    assert poured(50, fund=-11, floor=-10).below_cut_off == 1
    assert poured(50, fund=-10, floor=-10).below_cut_off == 0
    assert poured(5, fund=-16, floor=-10, emergency=9) == Waterfall(
        below_cut_off=Amount(5), before=Amount(-16), after=Amount(-11)
    )


def test_text_of_the_steps() -> None:
    """It is in the chain for ever: sorted, without blanks, and people's own letters."""
    steps = Waterfall(
        percent_debts={"茶": Amount(1), "b": Amount(2)},
        time_debts={"c": Amount(3)},
        below_cut_off=Amount(4),
        emergency=Amount(5),
        balance=Amount(6),
        before=Amount(-7),
        after=Amount(8),
    )
    text = (
        '{"after":8,"balance":6,"before":-7,"below_cut_off":4,"emergency":5,'
        '"percent_debts":{"b":2,"茶":1},"time_debts":{"c":3}}'
    )
    assert steps.text() == text
    assert Waterfall.of(text) == steps
