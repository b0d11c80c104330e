"""Allocations that others have worked out: their numbers must be ours, to the cent.

Each example stands with where its numbers are published; what a page counts in square feet is
counted here in square metres, which changes no share.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from custom_components.compere_prepaid.core.allocation.inputs import CostLine, Stay
from custom_components.compere_prepaid.core.allocation.pool import (
    Basis,
    Exclusion,
    Limit,
    Pool,
    Split,
)
from custom_components.compere_prepaid.core.allocation.splitting import shares
from custom_components.compere_prepaid.core.ids import AccountNumber
from tests.core.allocation.runs import borne, cost, money, only, pool, run, stay

YEAR = {"since": date(2026, 1, 1), "until": date(2027, 1, 1)}
A = AccountNumber("A")


@dataclass(frozen=True, kw_only=True)
class Published:
    """A pool with what it cost, who was there, and what the source says that they bear."""

    source: str
    pool: Pool = field(default_factory=pool)
    cost: int | str | Mapping[str, tuple[CostLine, ...]]
    stays: tuple[Stay, ...]
    bears: Mapping[str, str]
    period: Mapping[str, date] = field(default_factory=dict)


def parts(**of: int) -> tuple[Split, ...]:
    """Return a mix of bases in percent."""
    return tuple(Split(basis=Basis(name), ppm=part * 10_000) for name, part in of.items())


def yearly(account: str | None, **more: Any) -> Stay:
    """Return a stay of the whole of 2026, or of some of its days."""
    return stay(account, **(YEAR | more))


_numbers = count(1)


def persons(since: date, until: date, number: int) -> Stay:
    """Return a flat with so many persons in some days of 2026."""
    return yearly(f"Flat {next(_numbers)}", since=since, until=until, persons=number)


MIX = (stay("A", square=60, energy_wh=500), stay("B", square=940, energy_wh=9_500))
JULY, JUNE = date(2026, 7, 1), date(2026, 6, 1)

PUBLISHED = {
    "E10, gross-up to 95 %": Published(
        source="calculator.academy/operating-expense-gross-up-calculator",
        pool=pool(gross_up_ppm=950_000),
        cost={"Pool": (cost(120_000), cost(80_000, fixed=True))},
        stays=(stay("A", square=12), stay("B", square=68), stay(None, square=20)),
        bears={"A": "26700"},
    ),
    "E11, square feet": Published(
        source="capveri.com/resources/calculations/proration-by-sqft",
        cost=1_200_000,
        stays=(stay("A", square=8_000), stay("B", square=112_000)),
        bears={"A": "80000"},
    ),
    "E11, persons": Published(
        source="realpmsolutions.helpscoutdocs.com/article/103-rubs-ratio-utility-billing-system",
        pool=pool(by=Basis.PERSONS),
        cost=100,
        stays=(stay("A", persons=1), stay("B", persons=3)),
        bears={"A": "25", "B": "75"},
    ),
    "E11, equal parts": Published(
        source="realpmsolutions.helpscoutdocs.com/article/103-rubs-ratio-utility-billing-system",
        pool=pool(by=Basis.EQUAL),
        cost=40,
        stays=tuple(stay(name) for name in "ABCD"),
        bears=dict.fromkeys("ABCD", "10"),
    ),
    "franchise, 5 %": Published(
        source="camaudit.io/resources/industries/franchise-pro-rata-share-explained",
        cost=200_000,
        stays=(stay("A", square=1_800), stay("B", square=34_200)),
        bears={"A": "10000"},
    ),
    "common electricity of shops": Published(
        source="m.fqmxn.com/1/587735.html",
        cost=30_000,
        stays=(stay("A", square=100), stay("B", square=900)),
        bears={"A": "3000"},
    ),
    "unit entitlements": Published(
        source="flatchat.com.au/reply/76323",
        cost=100_000,
        stays=(
            stay("A", square=122),
            stay("B", square=125),
            stay("C", square=128),
            stay("D", square=625),
        ),
        bears={"A": "12200", "B": "12500", "C": "12800"},
    ),
    "heat by 70 % units, 30 % area": Published(
        source="gutefrage.net/nutzer/electrician",
        pool=pool(splits=parts(energy=70, floor_area=30)),
        cost=10_000,
        stays=MIX,
        bears={"A": "530"},
    ),
    "heat by halves": Published(
        source="gutefrage.net/nutzer/electrician",
        pool=pool(splits=parts(energy=50, floor_area=50)),
        cost=10_000,
        stays=MIX,
        bears={"A": "550"},
    ),
    "grossed up to a full house": Published(
        source="joebanfield.com/lease/gross-up-of-operating-costs",
        pool=pool(gross_up_ppm=1_000_000),
        cost=5_000,
        stays=(stay("A", square=50), stay(None, square=50)),
        bears={"A": "5000"},
    ),
    "moved in on 15 June": Published(
        source="capveri.com/blog/mid-year-move-in-pro-rata-calculation",
        cost=12_000,
        stays=(
            yearly("A", square=5_000, since=date(2026, 6, 15)),
            yearly(None, square=5_000, until=date(2026, 6, 15)),
        ),
        bears={"A": "6575.34"},
        period=YEAR,
    ),
    "persons × days of a year": Published(
        source="deutschesmietrecht.de/mietrechtlexikon-buchstabe-p/211-personentage.html",
        pool=pool(by=Basis.PERSONS),
        cost=2_000,
        stays=(
            yearly("A", persons=2),
            persons(YEAR["since"], YEAR["until"], 2),
            persons(YEAR["since"], JULY, 1),
            persons(JULY, YEAR["until"], 2),
            persons(YEAR["since"], JUNE, 3),
            persons(JUNE, YEAR["until"], 2),
            persons(YEAR["since"], YEAR["until"], 1),
        ),
        bears={"A": "448.54"},
        period=YEAR,
    ),
    "capped at 9.72 a foot": Published(
        source="capveri.com/blog/cap-carry-forward-tracking",
        pool=pool(caps=(Limit(amount=money(12_150), account=A),)),
        cost=147_750,
        stays=(yearly("A", square=15_000),),
        bears={"A": "145800", "OWNER": "1950"},
        period=YEAR,
    ),
    "no less than 8.00 a foot": Published(
        source="capveri.com/resources/calculations/cam-cap-floor",
        pool=pool(floors=(Limit(amount=money(80_000), account=A),)),
        cost=720_000,
        stays=(stay("A", square=10), stay("B", square=90)),
        bears={"A": "80000", "B": "640000"},
    ),
}
"""What B bears of the last one is not in the source: there the owner gains by a floor."""


def test_published_allocations(figure: Callable[[str], None]) -> None:
    """Each account bears what the source says, and all together the cost."""
    agreeing = []
    for name, example in PUBLISHED.items():
        found = run(example.pool, example.cost, *example.stays, **example.period)
        bears = borne(found, owner=True)
        assert {account: bears[AccountNumber(account)] for account in example.bears} == {
            account: Decimal(amount) for account, amount in example.bears.items()
        }, name
        assert only(found).tenants + only(found).owner == only(found).cost
        agreeing.append(f"{name} ({example.source})")
    figure(f"{len(agreeing)} published allocations agree to the cent: {', '.join(agreeing)}")


def test_never_more_than_was_paid() -> None:
    """E10 goes on: all together bear 200 000, though 222 500 are reckoned with."""
    example = PUBLISHED["E10, gross-up to 95 %"]
    result = only(run(example.pool, example.cost, *example.stays))
    assert (result.factor_ppm, result.split) == (1_187_500, money(222_500))
    assert (result.tenants, result.owner) == (money(178_000), money(22_000))


def test_an_anchor_out_of_pool_and_denominator() -> None:
    """By hand: 500 000 less 50 000, over the 100 000 that are not the anchor's.

    2 500 of 100 000 are 2.5 % of 450 000 = 11 250; with the anchor's floor area in the denominator
    1.25 %, and the owner bears the other half.
    """
    stays = (stay("A", square=2_500), stay("B", square=97_500), stay("ANCHOR", square=100_000))
    for denominator, share, owner in ((True, 11_250, 0), (False, 5_625, 225_000)):
        rule = Exclusion(
            account=AccountNumber("ANCHOR"),
            denominator=denominator,
            contribution=money(50_000),
        )
        found = run(pool(exclusions=(rule,)), 500_000, *stays)
        assert borne(found)["A"] == share
        assert borne(found)["ANCHOR"] == 50_000
        assert only(found).owner == money(owner)


SEATS = {
    "15 states of 1790, 60 seats (electowiki.org, Hamilton method)": (
        (
            *(630_560, 475_327, 432_879, 353_523, 331_589, 278_514, 236_841, 206_236),
            *(179_570, 141_822, 85_533, 70_835, 68_705, 68_446, 55_540),
        ),
        (11, 8, 7, 6, 6, 5, 4, 3, 3, 2, 1, 1, 1, 1, 1),
    ),
    "5 counties, 42 seats (solvely.ai 459845938)": (
        (247_000, 185_000, 459_000, 400_000, 413_000),
        (6, 5, 11, 10, 10),
    ),
    "1:2:3 in hundredths (hackage.haskell.org, apportionment)": ((1, 2, 3), (17, 33, 50)),
    "1:10:100 in hundredths (hackage.haskell.org, apportionment)": ((1, 10, 100), (1, 9, 90)),
    "5 cents, 70 to 30 (moneyphp, allocation)": ((70, 30), (4, 1)),
    "5 cents, 30 to 70 (moneyphp, allocation)": ((30, 70), (2, 3)),
    "8.00 to three (moneyphp, allocation)": ((1, 1, 1), (267, 267, 266)),
}


def test_published_apportionments(figure: Callable[[str], None]) -> None:
    """Largest remainder, as seats and cents are given out elsewhere."""
    for name, (weights, expected) in SEATS.items():
        assert shares(sum(expected), weights) == list(expected), name
    figure(f"{len(SEATS)} published apportionments agree to the unit: {', '.join(SEATS)}")
