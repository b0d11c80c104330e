"""What happens in cases that people ask about, each with numbers that can be done by hand."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from custom_components.compere_prepaid.core.allocation.inputs import Allocation, Why, total_of
from custom_components.compere_prepaid.core.allocation.pool import (
    Basis,
    Cost,
    CostKind,
    Exclusion,
    Limit,
    Members,
    Split,
)
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.money.amount import Amount
from tests.core.allocation.runs import FIRST, borne, cost, money, only, pool, run, stay

A, B, C, ANCHOR = (AccountNumber(name) for name in ("A", "B", "C", "ANCHOR"))
HALF = date(2026, 10, 16)
TWO = (stay("A", square=100), stay("B", square=300))
THREE = (*TWO, stay("C", square=600))


def dollars(**of: str | int) -> dict[str, Decimal]:
    """Return amounts by account."""
    return {account: Decimal(amount) for account, amount in of.items()}


def whys(found: Allocation, account: AccountNumber | None = None) -> dict[Why, Decimal]:
    """Return what an account, or the owner, bears for each reason."""
    lines = only(found).owner_lines if account is None else found.shares[account]
    return {line.why: Decimal(line.amount).scaleb(-9) for line in lines}


def capped(amount: int, account: AccountNumber | None = None) -> tuple[Limit, ...]:
    """Return one limit."""
    return (Limit(amount=money(amount), account=account),)


def test_a_move_in_the_middle_of_the_month() -> None:
    """15 and 16 of 31 days of one shop, next to another of the same size."""
    stays = (
        stay("A", square=100, until=HALF),
        stay("B", square=100, since=HALF),
        stay("C", square=100),
    )
    assert borne(run(pool(), 620, *stays)) == dollars(A=150, B=160, C=310)


def test_vacant_units_are_the_owners() -> None:
    """They count in the denominator; their part has a line of its own."""
    found = run(pool(), 1_000, *TWO, stay(None, square=600))
    assert borne(found) == dollars(A=100, B=300)
    assert whys(found) == {Why.VACANT: Decimal(600)}
    assert borne(found, owner=True)["OWNER"] == 600


def test_occupied_days_of_a_vacant_unit_are_none() -> None:
    """By occupied days tenants bear all; by equal parts a vacant unit has its part."""
    stays = (stay("A"), stay("B", until=HALF), stay(None, since=HALF), stay(None, unit="x"))
    assert borne(run(pool(by=Basis.OCCUPIED_DAYS), 460, *stays)) == dollars(A=310, B=150)
    assert borne(run(pool(by=Basis.EQUAL), 930, *stays)) == dollars(A=310, B=150)


def test_a_tenant_who_moved_out_before_the_run() -> None:
    """The owner bears it, and the line says why."""
    found = run(pool(), 1_000, *TWO, stay("C", square=600, moved_out=True))
    assert borne(found) == dollars(A=100, B=300)
    assert whys(found) == {Why.MOVED_OUT: Decimal(600)}


def test_a_tenant_who_left_on_the_first_day() -> None:
    """What it used that day is shared as its own, or by the owner if it moved out."""
    used = (stay("A", energy_wh=7_000), stay("B", until=FIRST, energy_wh=3_000, moved_out=True))
    found = run(pool(by=Basis.ENERGY), 1_000, *used)
    assert borne(found) == dollars(A=700)
    assert whys(found) == {Why.MOVED_OUT: Decimal(300)}
    only_left_the_unit = (used[0], stay("B", until=FIRST, energy_wh=3_000))
    mix = (Split(basis=Basis.ENERGY, ppm=500_000), Split(basis=Basis.EQUAL, ppm=500_000))
    found = run(pool(splits=mix), 1_000, *only_left_the_unit)
    assert borne(found) == dollars(A=850, B=150)
    assert only(run(pool(), 100, stay("A", square=1), used[1])).notes == ()


def test_the_owners_own_shop() -> None:
    """It is split as any other, but caps are for tenants."""
    found = run(pool(caps=capped(50)), 1_000, *TWO, stay("OWNER", square=600))
    assert borne(found) == dollars(A=50, B=50)
    assert whys(found) == {Why.SHARE: Decimal(600), Why.CAPPED: Decimal(300)}


def test_a_site_without_an_owners_account() -> None:
    """What is the owner's is charged to nobody, and that is told."""
    found = run(pool(), 1_000, *TWO, stay(None, square=600), owner=None)
    assert borne(found, owner=True) == dollars(A=100, B=300)
    assert only(found).owner == money(600)
    assert only(found).notes == ("borne_by_nobody",)
    assert only(run(pool(), 1_000, *TWO, owner=None)).notes == ()


def test_nobody_has_any_weight() -> None:
    """All is the owner's, with a note; of a mix only that part is."""
    nobody = (stay("A"), stay("B"))
    found = run(pool(by=Basis.ENERGY), 1_000, *nobody)
    assert borne(found, owner=True) == dollars(OWNER=1_000)
    assert whys(found) == {Why.NO_DENOMINATOR: Decimal(1_000)}
    assert only(found).notes == ("no_denominator:energy",)
    mix = (Split(basis=Basis.ENERGY, ppm=400_000), Split(basis=Basis.EQUAL, ppm=600_000))
    assert borne(run(pool(splits=mix), 1_000, *nobody)) == dollars(A=300, B=300)
    assert only(run(pool(), 1_000)).notes == ("no_denominator:floor_area",)


def test_a_unit_of_which_nothing_is_known() -> None:
    """It bears nothing, and the note counts it; a vacant one has no persons, as it should be."""
    found = run(pool(), 100, stay("A", square=1), stay("B"), stay(None))
    assert only(found).notes == ("unweighted:floor_area:2",)
    found = run(pool(by=Basis.PERSONS), 100, stay("A", persons=1), stay("B"), stay(None))
    assert only(found).notes == ("unweighted:persons:1",)
    assert only(run(pool(by=Basis.ENERGY), 100, stay("A", energy_wh=1), stay("B"))).notes == ()


def test_what_a_tenant_says_is_known_of_all_its_units() -> None:
    """Persons are with one unit of two; a second unit of which the size is not known is told."""
    units = (stay("A", unit="1", persons=1, square=1), stay("A", unit="2"), stay("B", persons=2))
    assert only(run(pool(by=Basis.PERSONS), 100, *units)).notes == ()
    assert only(run(pool(), 100, *units[:2])).notes == ("unweighted:floor_area:1",)


def test_a_pool_without_cost() -> None:
    """Nothing is split; costs that cancel out are no cost either, and floors add nothing."""
    for costs in ({}, {"Pool": (cost(100), cost(-100))}):
        found = run(pool(floors=capped(10)), costs, *TWO)
        assert only(found).notes == ("no_cost",)
        assert (only(found).split, only(found).occupied_ppm) == (0, 1_000_000)
        assert borne(found, owner=True) == {}


def test_a_credit_is_split_as_a_cost_is() -> None:
    """What the sun gave is taken off; caps and floors are about what is paid."""
    found = run(pool(caps=capped(10), floors=capped(5)), -1_000, *THREE)
    assert borne(found) == dollars(A=-100, B=-300, C=-600)


def test_whom_a_pool_is_about() -> None:
    """Any of its areas, floors, labels and accounts; whoever is left out is out of all of it."""
    stays = (
        stay("A", square=1, area="Food court"),
        stay("B", square=1, floor="L2"),
        stay("C", square=1, labels=frozenset({"loud"})),
        stay("D", square=1),
        stay("E", square=1),
    )
    members = Members(
        areas=frozenset({"Food court"}),
        floors=frozenset({"L2"}),
        labels=frozenset({"loud"}),
        accounts=frozenset({AccountNumber("D")}),
    )
    assert borne(run(pool(members=members), 100, *stays)) == dict.fromkeys("ABCD", Decimal(25))
    out = Members(floors=frozenset({"L2"}), accounts=frozenset({A}))
    assert borne(run(pool(members=members, left_out=out), 100, *stays)) == dollars(C=50, D=50)
    assert borne(run(pool(left_out=out), 90, *stays)) == dict.fromkeys("CDE", Decimal(30))


@pytest.mark.parametrize(
    ("off_pool", "denominator", "bears", "owner"),
    [
        (True, True, {"A": 200, "B": 600, "ANCHOR": 200}, 0),
        (True, False, {"A": 80, "B": 240, "ANCHOR": 200}, 480),
        (False, True, {"A": 200, "B": 600, "ANCHOR": 200}, 0),
        (False, False, {"A": 100, "B": 300, "ANCHOR": 200}, 400),
    ],
)
def test_an_anchor_pays_a_contribution(
    off_pool: bool, denominator: bool, bears: dict[str, int], owner: int
) -> None:
    """Off the cost or off the owner's part; never do all together bear more than the cost."""
    rule = Exclusion(
        account=ANCHOR, pool=off_pool, denominator=denominator, contribution=money(200)
    )
    found = run(pool(exclusions=(rule,)), 1_000, *TWO, stay("ANCHOR", square=600))
    assert borne(found) == dollars(**bears)
    assert only(found).owner == money(owner)
    scaled = not off_pool and denominator
    assert only(found).notes == (("capped_at_cost",) if scaled else ())


def test_a_contribution_is_a_months() -> None:
    """For 15 of 31 days 15/31; of somebody who was not there nothing; no more than the cost."""
    rule = Exclusion(account=ANCHOR, denominator=True, contribution=money(310))
    found = run(pool(exclusions=(rule,)), 1_000, *TWO, stay("ANCHOR", until=HALF))
    assert borne(found)["ANCHOR"] == 150
    found = run(pool(exclusions=(rule,)), 1_000, *TWO)
    assert only(found).notes == ("no_contribution:ANCHOR",)
    found = run(pool(exclusions=(rule,)), 100, *TWO, stay("ANCHOR"))
    assert borne(found) == dollars(A=0, B=0, ANCHOR=100)
    assert only(found).notes == ("capped_at_cost",)


@pytest.mark.parametrize(("off_pool", "owners"), [(True, "moved_out"), (False, "limited")])
def test_an_anchor_that_moved_out_before_the_run(off_pool: bool, owners: str) -> None:
    """The owner bears its contribution, and the others what they would have borne anyhow."""
    rule = Exclusion(account=ANCHOR, pool=off_pool, denominator=True, contribution=money(310))
    there = stay("ANCHOR", square=600, until=date(2026, 10, 21), moved_out=True)
    found = run(pool(exclusions=(rule,)), 1_000, *TWO, there)
    assert borne(found) == dollars(A=200, B=600)
    assert whys(found) == {Why(owners): Decimal(200)}
    assert not any(note.startswith("no_contribution") for note in only(found).notes)


def test_one_anchor_contributes_and_another_does_not() -> None:
    """One bears nothing, its part is the owner's; the other bears what was agreed."""
    rules = (
        Exclusion(account=A),
        Exclusion(account=B, pool=False, contribution=money(50)),
    )
    found = run(pool(exclusions=rules), 1_000, *THREE)
    assert borne(found) == dollars(B=50, C=600)
    assert whys(found, B) == {Why.CONTRIBUTION: Decimal(50)}
    assert whys(found) == {Why.EXCLUDED: Decimal(400), Why.CONTRIBUTION: Decimal(-50)}


def test_nobody_contributes_to_a_credit() -> None:
    """Contributions are parts of a cost: there is none."""
    rule = Exclusion(account=A, contribution=money(50))
    found = run(pool(exclusions=(rule,)), -1_000, *THREE)
    assert borne(found) == dollars(A=0, B=-300, C=-600)
    assert whys(found) == {Why.EXCLUDED: Decimal(-100)}
    assert only(found).notes == ("capped_at_cost",)


def test_the_owner_contributes_nothing_to_itself() -> None:
    """Its account may be named as an anchor's: what nobody else bears is its own all the same."""
    rule = Exclusion(account=AccountNumber("OWNER"), denominator=True, contribution=money(310))
    found = run(pool(exclusions=(rule,)), 1_000, *TWO, stay("OWNER", square=600))
    assert borne(found, owner=True) == dollars(A=250, B=750)


def test_what_a_cap_takes_off() -> None:
    """Goes to the owner, or to the others as they share; with nobody left, to the owner."""
    rule = capped(60, A) + capped(350, B)
    found = run(pool(caps=rule), 1_200, *THREE)
    assert borne(found) == dollars(A=60, B=350, C=720)
    assert whys(found, A) == {Why.SHARE: Decimal(120), Why.CAPPED: Decimal(-60)}
    assert whys(found) == {Why.CAPPED: Decimal(70)}
    found = run(pool(caps=rule, redistribute=True), 1_200, *THREE)
    assert borne(found) == dollars(A=60, B=350, C=790)
    assert whys(found, C) == {Why.SHARE: Decimal(720), Why.REDISTRIBUTED: Decimal(70)}
    found = run(pool(caps=capped(100), redistribute=True), 1_200, *THREE)
    assert borne(found) == dollars(A=100, B=100, C=100)
    assert only(found).owner == money(900)


def test_who_has_no_weight_bears_no_excess_but_its_floor() -> None:
    """What caps take off others is not for an account without floor area; a floor is."""
    stays = (*THREE, stay("D"))
    found = run(pool(caps=capped(60, A), redistribute=True), 1_200, *stays)
    assert borne(found) == dollars(A=60, B=380, C=760, D=0)
    found = run(pool(floors=capped(100)), 1_000, *stays)
    assert borne(found) == dollars(A=100, B="266.67", C="533.33", D=100)


def test_excess_that_lifts_another_over_its_cap() -> None:
    """B is within its cap until it bears what A does not: then C bears that too."""
    rule = capped(40, A) + capped(320, B)
    found = run(pool(caps=rule, redistribute=True), 1_000, *THREE)
    assert borne(found) == dollars(A=40, B=320, C=640)


def test_what_a_floor_adds() -> None:
    """Is taken off the others as they share; of the owner's part only when they have none left."""
    found = run(pool(floors=capped(190, A)), 1_000, *THREE)
    assert borne(found) == dollars(A=190, B=270, C=540)
    assert whys(found, A) == {Why.SHARE: Decimal(100), Why.FLOORED: Decimal(90)}
    assert whys(found, B) == {Why.SHARE: Decimal(300), Why.REDISTRIBUTED: Decimal(-30)}
    found = run(pool(floors=capped(250)), 1_000, *TWO, stay(None, square=600))
    assert borne(found) == dollars(A=250, B=250)
    assert whys(found) == {Why.VACANT: Decimal(600), Why.FLOORED: Decimal(-100)}


def test_floors_are_never_above_the_pool() -> None:
    """All are scaled to the cost; where a cap is below a floor, the cap holds."""
    found = run(pool(floors=capped(600)), 1_000, *TWO)
    assert borne(found) == dollars(A=500, B=500)
    assert only(found).notes == ("floors_scaled",)
    found = run(pool(floors=capped(300), caps=capped(200)), 1_000, *THREE)
    assert borne(found) == dollars(A=200, B=200, C=200)


def test_limits_are_a_months() -> None:
    """For 15 of 31 days 15/31; for two months two; a cap is cut to whole cents, a floor filled."""
    rule = pool(caps=capped(31))
    stays = (stay("A", square=100, until=HALF), stay("B", square=100))
    assert borne(run(rule, 1_000, *stays)) == dollars(A=15, B=31)
    november = date(2026, 12, 1)
    assert borne(run(rule, 1_000, stay("A", square=1, until=november), until=november)) == dollars(
        A=62
    )
    third = date(2026, 10, 11)
    odd = pool(caps=capped(10))
    assert borne(run(odd, 1_000, stay("A", square=1, until=third)))["A"] == Decimal("3.22")
    least = pool(floors=capped(10))
    both = (stay("A", square=1, until=third), stay("B", square=9_999))
    assert borne(run(least, 1_000, *both))["A"] == Decimal("3.23")


def test_gross_up() -> None:
    """By floor area that is let; by units where no floor area is known; never beyond the cost."""
    rule = pool(by=Basis.PERSONS, gross_up_ppm=900_000)
    found = run(rule, 1_000, stay("A", persons=1), stay("B", persons=3), stay(None), stay(None))
    assert only(found).factor_ppm == 1_800_000
    assert only(found).occupied_ppm == 500_000
    assert borne(found) == dollars(A=250, B=750)
    assert whys(found, A) == {Why.SHARE: Decimal(450), Why.LIMITED: Decimal(-200)}
    assert whys(found) == {Why.LIMITED: Decimal(800), Why.GROSSED_UP: Decimal(-800)}
    assert only(found).notes == ("capped_at_cost",)
    enough = run(pool(gross_up_ppm=900_000), 1_000, stay("A", square=95), stay(None, square=5))
    assert (only(enough).factor_ppm, only(enough).occupied_ppm) == (1_000_000, 950_000)


def test_nothing_to_gross_up() -> None:
    """Nobody is there, or there is only a credit: told, and not reckoned with."""
    rule = pool(gross_up_ppm=900_000)
    costs = {"Pool": (cost(100), cost(-150, fixed=True))}
    found = run(rule, costs, *TWO, stay(None, square=900))
    assert borne(found) == dollars(A="-3.85", B="-11.54")
    assert only(found).notes == ("gross_up_not_used",)
    found = run(rule, {"Pool": (cost(100, fixed=True),)}, *TWO, stay(None, square=900))
    assert only(found).notes == ("gross_up_not_used",)
    for amount, stays in ((100, (stay(None, square=1),)), (-100, (*TWO, stay(None, square=900)))):
        found = run(rule, amount, *stays)
        assert only(found).factor_ppm == 1_000_000
        assert only(found).notes == ("gross_up_not_used",)


def test_costs_are_cut_to_whole_units() -> None:
    """Never more than was paid: 99.99 in whole dollars is 99, and one who is first has the odd."""
    found = run(pool(unit=money(1)), "99.99", stay("A", square=1), stay("B", square=1))
    assert borne(found) == dollars(A=50, B=49)
    assert only(found).cost == money(99)
    fine = run(pool(unit=Amount(1)), "0.01", stay("A", square=1), stay("B", square=2))
    assert total_of(fine.shares[A]) == 3_333_333


def taking(source: str, ppm: int, **more: Any) -> dict[str, Any]:
    """Return the costs of a pool that takes a part of another."""
    return {"costs": (Cost(kind=CostKind.POOL, name=source, ppm=ppm, **more),)}


def test_a_part_of_another_pool_is_moved() -> None:
    """Cooling costs 1 000, half of it fixed; 30 % goes to shops, and a third of that to a floor."""
    pools = (
        pool("Cooling", by=Basis.EQUAL),
        pool("Shops", by=Basis.EQUAL, **taking("Cooling", 300_000)),
        pool("Floor", by=Basis.EQUAL, **taking("Shops", 333_333, fixed=True)),
    )
    costs = {"Cooling": (cost(500), cost(500, fixed=True)), "Shops": (cost(100),)}
    found = run(pools, costs, stay("A"))
    results = {result.pool: result for result in found.pools}
    assert {name: result.cost for name, result in results.items()} == {
        "Cooling": money(700),
        "Floor": money("133.33"),
        "Shops": money("266.66"),
    }
    assert (results["Cooling"].variable, results["Cooling"].fixed) == (money(350), money(350))
    assert (results["Floor"].variable, results["Floor"].fixed) == (0, 133_333_200_000)
    assert [(line.name, line.detail["ppm"]) for line in results["Cooling"].lines[2:]] == [
        ("Shops", -300_000),
        ("Shops", -300_000),
    ]


def test_what_is_taken_off_another_pool() -> None:
    """A percentage below zero moves costs the other way."""
    pools = (pool("A"), pool("B", **taking("A", -100_000)))
    found = run(pools, {"A": (cost(1_000),), "B": (cost(500),)}, stay("A", square=1))
    assert [result.cost for result in found.pools] == [money(1_100), money(400)]


@pytest.mark.parametrize(
    ("pools", "key"),
    [
        ((pool("A"), pool("A")), "allocation_pool_twice"),
        ((pool("A", **taking("Z", 100_000)),), "allocation_pool_unknown"),
        ((pool("A", **taking("B", 1)), pool("B", **taking("A", 1))), "allocation_pool_cycle"),
        ((pool("A", splits=()),), "allocation_no_basis"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_pools_that_cannot_be_worked_out(pools: tuple[Any, ...], key: str) -> None:
    """Nothing comes out of them but a clear error."""
    with pytest.raises(InvalidInputError) as caught:
        run(pools, {"A": (cost(1),)}, *TWO)
    assert caught.value.key == key


def test_a_run_needs_a_day() -> None:
    """Its last day is not before its first."""
    for until in (FIRST, date(2026, 9, 1)):
        with pytest.raises(InvalidInputError) as caught:
            run(pool(), 1, *TWO, until=until)
        assert caught.value.key == "allocation_no_days"
        assert caught.value.placeholders == {"since": str(FIRST), "until": str(until)}
