"""Pools as people write them: what is read, what is written, and every mistake with its line."""

from datetime import date
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.compere_prepaid.core.allocation.document import (
    pool_content,
    pool_data,
    pool_document,
    pool_from,
    pool_of,
)
from custom_components.compere_prepaid.core.allocation.pool import (
    Basis,
    Cost,
    CostKind,
    Exclusion,
    Limit,
    Members,
    Pool,
    PoolKind,
    Split,
)
from custom_components.compere_prepaid.core.balance.feeders import (
    Feeder,
    feeder_content,
    feeder_from,
    feeder_of,
)
from custom_components.compere_prepaid.core.documents import (
    Document,
    DocumentError,
    read_document,
)
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.money.amount import Amount, Currency, Price
from custom_components.compere_prepaid.core.site_file import SCHEMA
from tests.core.allocation.drawing_pools import pools

CNY = Currency.of("CNY")
YUAN = 10**9

EXAMPLE = """\
name: Escalators
valid_from: 2026-01-01
kind: service
costs:
  - {meters: [ESC01, ESC02], price: 0.85}
  - {meters: [ESC03], tariff: Retail TOU, percent: -20}
  - {bill: Lift maintenance, fixed: true}
  - {losses: Main LV, price: 0.62, percent: 100}
  - {amount: 1200, name: Insurance, fixed: true}
  - {pool: Cooling, percent: 30}
basis: {energy: 40, floor_area: 60}
include: {areas: [Food court], floors: [], labels: [], accounts: []}
leave_out: {accounts: [A-109]}
exclusions: [{account: ANCHOR, from: [pool, denominator], contribution: 5000}]
gross_up: 95
caps: [{amount: 500}, {account: A-101, amount: 300}]
floors: [{amount: 10}]
redistribute: false
tax: {percent: 6, included: false}
unit: 0.01
"""


def read(text: str) -> Pool:
    """Read a pool out of YAML."""
    return pool_from(read_document(text, file="pool.yaml"), CNY, file="pool.yaml")


def faults(text: str) -> list[str]:
    """Return everything that is wrong with a text."""
    with pytest.raises(DocumentError) as caught:
        read(text)
    return [str(fault) for fault in caught.value.faults]


def test_everything_that_a_pool_can_say() -> None:
    """Each key is read as what it means."""
    assert read(EXAMPLE) == Pool(
        name="Escalators",
        valid_from=date(2026, 1, 1),
        kind=PoolKind.SERVICE,
        costs=(
            Cost(
                kind=CostKind.METERS,
                meters=(MeterSerial("ESC01"), MeterSerial("ESC02")),
                price=Price(850_000),
            ),
            Cost(
                kind=CostKind.METERS,
                meters=(MeterSerial("ESC03"),),
                tariff="Retail TOU",
                ppm=-200_000,
            ),
            Cost(kind=CostKind.BILL, name="Lift maintenance", fixed=True),
            Cost(kind=CostKind.LOSSES, name="Main LV", price=Price(620_000)),
            Cost(kind=CostKind.AMOUNT, name="Insurance", amount=Amount(1200 * YUAN), fixed=True),
            Cost(kind=CostKind.POOL, name="Cooling", ppm=300_000),
        ),
        splits=(
            Split(basis=Basis.FLOOR_AREA, ppm=600_000),
            Split(basis=Basis.ENERGY, ppm=400_000),
        ),
        members=Members(areas=frozenset({"Food court"})),
        left_out=Members(accounts=frozenset({AccountNumber("A-109")})),
        exclusions=(
            Exclusion(
                account=AccountNumber("ANCHOR"),
                denominator=True,
                contribution=Amount(5000 * YUAN),
            ),
        ),
        gross_up_ppm=950_000,
        caps=(
            Limit(amount=Amount(500 * YUAN)),
            Limit(amount=Amount(300 * YUAN), account=AccountNumber("A-101")),
        ),
        floors=(Limit(amount=Amount(10 * YUAN)),),
        tax_ppm=60_000,
        unit=Amount(10**7),
    )


def test_a_contribution_may_be_the_owners() -> None:
    """Of an account that is out of the denominator alone it is not taken off the cost."""
    (rule,) = read(EXAMPLE.replace("from: [pool, denominator]", "from: [denominator]")).exclusions
    assert (rule.pool, rule.denominator, rule.contribution) == (False, True, 5000 * YUAN)


def test_a_pool_needs_little() -> None:
    """What costs, from when, and by what it is split; fixed percentages say that themselves."""
    costs = "name: Lifts\nvalid_from: 2026-01-01\ncosts: [{bill: Lifts}]\n"
    assert read(costs + "basis: equal").splits == (Split(basis=Basis.EQUAL),)
    fixed = {AccountNumber("A-1"): 125_000, AccountNumber("12"): 1}
    alone = read(costs + "percent: {A-1: 12.5, 12: 0.0001}")
    assert alone.splits == (Split(basis=Basis.PERCENT, percentages=fixed),)
    mixed = read(costs + "basis: {percent: 30, persons: 70}\npercent: {A-1: 12.5, 12: 0.0001}")
    assert mixed.splits == (
        Split(basis=Basis.PERSONS, ppm=700_000),
        Split(basis=Basis.PERCENT, ppm=300_000, percentages=fixed),
    )
    ended = read("name: Lifts\nvalid_from: 2026-01-01\nended: true")
    assert (ended.costs, ended.splits, ended.ended) == ((), (), True)


@settings(max_examples=150, deadline=None)
@given(pools())
def test_a_pools_text_keeps_the_pool(pool: Pool) -> None:
    """In the ledger as in a file; and one pool has one text."""
    text = pool_content(pool, CNY)
    assert pool_of(text, CNY) == pool
    assert pool_content(pool_of(text, CNY), CNY) == text
    data = Document(data=pool_data(pool, CNY), lines={})
    assert pool_from(data, CNY, file="pool") == pool


def test_versions_are_named_by_day_and_revision() -> None:
    """The same day may be set again."""
    first, second = read(EXAMPLE), read(EXAMPLE + "revision: 2\n")
    assert pool_document(first, CNY).version == "2026-01-01"
    assert pool_document(second, CNY).version == "2026-01-01#2"


def test_a_pool_of_another_book_is_none() -> None:
    """Amounts mean nothing in another currency."""
    with pytest.raises(InvalidInputError, match="pool_currency_differs"):
        pool_of(pool_content(read(EXAMPLE), CNY), Currency.of("KWD"))


MISTAKES = {
    "a cost of nothing": (
        "{bill: Lift maintenance, fixed: true}",
        "{fixed: true}",
        [
            (
                "line 7: costs[2]: does not say what costs: write one of meters, bill, losses, "
                "amount, pool"
            )
        ],
    ),
    "a cost of two things": (
        "{bill: Lift maintenance, fixed: true}",
        "{bill: Lift maintenance, pool: Cooling}",
        ["line 7: costs[2]: has 'bill' and 'pool': make two costs of it"],
    ),
    "energy without a price": (
        "{losses: Main LV, price: 0.62, percent: 100}",
        "{losses: Main LV}",
        ["line 8: costs[3]: does not say what a kWh costs: add a 'price' or a 'tariff'"],
    ),
    "energy with price and tariff": (
        "ESC02], price: 0.85}",
        "ESC02], price: 0.85, tariff: Flat}",
        ["line 5: costs[0]: has 'price' and 'tariff': choose one of them"],
    ),
    "a bill with a price": (
        "{bill: Lift maintenance, fixed: true}",
        "{bill: Lift maintenance, price: 0.5}",
        ["line 7: costs[2].price: does not go with 'bill': remove it"],
    ),
    "an amount without a name": (
        "name: Insurance, fixed",
        "fixed",
        ["line 9: costs[4]: 'name' is missing: what people call this amount"],
    ),
    "more than all": (
        "percent: 30",
        "percent: 130",
        ["line 10: costs[5].percent: must be a percentage from -100 to 100"],
    ),
    "nothing of it": (
        "percent: 30",
        "percent: 0",
        ["line 10: costs[5].percent: must not be 0: leave the whole cost out"],
    ),
    "a part of itself": (
        "pool: Cooling",
        "pool: Escalators",
        ["line 10: costs[5].pool: is this pool itself: it can only have a part of another one"],
    ),
    "a meter twice": (
        "[ESC01, ESC02]",
        "[ESC01, ESC01]",
        ["line 5: costs[0].meters: lists the same entry twice"],
    ),
    "a price that is none": (
        "0.85}",
        "cheap}",
        ["line 5: costs[0].price: must be a price per kWh like 0.6173, not 'cheap'"],
    ),
    "a basis that is none": (
        "basis: {energy: 40, floor_area: 60}",
        "basis: floor-area",
        [
            (
                "line 11: basis: must be one of 'floor_area', 'rated_power', 'energy', 'demand', "
                "'equal', 'persons', 'occupied_days', 'opening_hours', 'percent', "
                "not 'floor-area', did you mean 'floor_area'?"
            )
        ],
    ),
    "a mix that is not whole": (
        "floor_area: 60",
        "floor_area: 50",
        ["line 11: basis: the parts add up to 90 %: they must make 100 %"],
    ),
    "a part of nothing": (
        "{energy: 40, floor_area: 60}",
        "{energy: 0, floor_area: 100}",
        ["line 11: basis.energy: must not be 0: leave it out"],
    ),
    "percentages that nobody asked for": (
        "gross_up: 95",
        "percent: {A-101: 5}",
        [
            (
                "line 1: has fixed percentages that no part of 'basis' uses: give the basis a part "
                "'percent', or leave 'basis' out"
            )
        ],
    ),
    "percentages that are missing": (
        "basis: {energy: 40, floor_area: 60}",
        "basis: percent",
        ["line 1: 'percent' is missing: which account bears how much, like {A-101: 12.5}"],
    ),
    "percentages of more than all": (
        "basis: {energy: 40, floor_area: 60}",
        "percent: {A-101: 60, A-102: 40.5}",
        ["line 11: percent: the accounts bear 100.5 %: at most 100 % is there"],
    ),
    "no basis": (
        "basis: {energy: 40, floor_area: 60}\n",
        "",
        ["line 1: 'basis' is missing: by what it is split, like floor_area"],
    ),
    "an account excluded twice": (
        "contribution: 5000}",
        "contribution: 5000}, {account: ANCHOR}",
        ["line 14: exclusions[1]: account 'ANCHOR' is excluded already: write one entry for it"],
    ),
    "a contribution below nothing": (
        "contribution: 5000",
        "contribution: -1",
        ["line 14: exclusions[0].contribution: must not be negative"],
    ),
    "a floor above the cap": (
        "floors: [{amount: 10}]",
        "floors: [{account: A-102, amount: 501}]",
        [
            (
                "line 17: floors[0]: has a floor above its cap: nobody can bear at least that and "
                "at most this"
            )
        ],
    ),
    "a cap below the floor": (
        "floors: [{amount: 10}]",
        "floors: [{amount: 400}]",
        [
            (
                "line 16: caps[1]: has a floor above its cap: nobody can bear at least that and "
                "at most this"
            )
        ],
    ),
    "two caps for everybody": (
        "{account: A-101, amount: 300}",
        "{amount: 300}",
        ["line 16: caps[1]: there is an entry for every account already"],
    ),
    "nothing to hand on": (
        (
            "caps: [{amount: 500}, {account: A-101, amount: 300}]\nfloors: [{amount: 10}]\n"
            "redistribute: false"
        ),
        "redistribute: true",
        ["line 1: 'redistribute' says who bears what a cap takes off: add 'caps'"],
    ),
    "a tax that may be in it or not": (
        "{percent: 6, included: false}",
        "{percent: 6}",
        [
            (
                "line 19: tax: does not say whether the costs contain the tax: add "
                "'included: true' or 'included: false'"
            )
        ],
    ),
    "a unit finer than money": (
        "unit: 0.01",
        "unit: 0.001",
        ["line 20: unit: has too many decimals: money has at most 2 here"],
    ),
    "a unit of nothing": (
        "unit: 0.01",
        "unit: 0",
        ["line 20: unit: must be more than 0: what shares are whole multiples of, like 0.01"],
    ),
    "a word that is not known": (
        "gross_up: 95",
        "grossup: 95",
        ["line 15: grossup: unknown key 'grossup', did you mean 'gross_up'?"],
    ),
    "a day that is none": (
        "2026-01-01",
        "2026-02-30",
        ["line 2: valid_from: must be a date like 2026-01-31, not '2026-02-30'"],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_told_with_its_line(mistake: str) -> None:
    """And with what to write instead."""
    before, after, expected = MISTAKES[mistake]
    assert before in EXAMPLE
    assert faults(EXAMPLE.replace(before, after)) == expected


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.decimals(allow_nan=False)
    | st.sampled_from(["percent", "floor_area", "12.5 %", "2026-02-01", "A-101", "all"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["meters", "pool", "amount", "account", "energy"]), inner)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(sorted({*SCHEMA["$defs"]["pool"]["properties"], "currency"}))


@settings(max_examples=300, deadline=None)
@given(KEYS, junk, st.integers(0, 5), st.booleans())
def test_whatever_comes_only_our_error_goes(
    key: str, value: Any, place: int, into_cost: bool
) -> None:
    """A right pool with junk in one place is read or refused, and nothing else happens."""
    data = dict(read_document(EXAMPLE, file="pool").data)
    if into_cost:
        costs = [dict(cost) for cost in data["costs"]]
        costs[place]["percent" if key == "costs" else key] = value
        data["costs"] = costs
    else:
        data[key] = value
    try:
        pool = pool_from(Document(data=data, lines={}), CNY, file="pool")
    except DocumentError as error:
        assert error.faults  # noqa: PT017 - which of both happens is not the point
    else:
        assert pool_of(pool_content(pool, CNY), CNY) == pool


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(["name", "main", "meters", "ended", "valid_from"]), junk))
def test_a_feeder_of_junk(data: dict[str, Any]) -> None:
    """Likewise."""
    try:
        found = feeder_from(Document(data=data, lines={}), file="feeder")
    except DocumentError as error:
        assert error.faults  # noqa: PT017 - which of both happens is not the point
    else:
        assert feeder_of(feeder_content(found)) == found


def feeder(text: str) -> Feeder:
    """Read a feeder out of YAML."""
    return feeder_from(read_document(text, file="feeder.yaml"), file="feeder.yaml")


def test_a_feeder_has_a_main_meter_and_others_behind_it() -> None:
    """All others, or those that it names; its text keeps it."""
    whole = feeder("{name: Main LV, main: [MAIN01], meters: all}")
    assert whole == Feeder(name="Main LV", main=(MeterSerial("MAIN01"),))
    some = feeder(
        "{name: Riser, valid_from: 2026-05-01, revision: 2, main: [M1, M2], meters: [7, S2], "
        "expected_loss: 2.5}"
    )
    assert some.meters == ("7", "S2")
    assert some.expected_loss_ppm == 25_000
    ended = feeder("{name: Riser, valid_from: 2026-09-01, ended: true}")
    for one in (whole, some, ended):
        assert feeder_of(feeder_content(one)) == one


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{name: A}", ["line 1: 'main' is missing", "line 1: 'meters' is missing"]),
        (
            "{name: A, main: [M], meters: [S, M]}",
            ["line 1: meters[1]: is a main meter of this feeder: it cannot lie behind itself"],
        ),
        (
            "{name: A, main: [M], meters: some}",
            ["line 1: meters: must be 'all', not 'some'"],
        ),
        (
            "{name: A, main: [], meters: all}",
            ["line 1: main: must not be empty"],
        ),
    ],
)
def test_mistakes_in_feeders(text: str, expected: list[str]) -> None:
    """Each is told."""
    with pytest.raises(DocumentError) as caught:
        feeder(text)
    assert [str(fault) for fault in caught.value.faults] == expected
