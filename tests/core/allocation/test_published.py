"""Allocations that others have worked out: their numbers must be ours, to the cent."""

from decimal import Decimal

from custom_components.compere_prepaid.core.allocation.pool import Basis
from tests.core.allocation.runs import borne, cost, money, only, pool, run, stay


def test_area() -> None:
    """E11: 1 200 000 × 8 000 of 120 000."""
    found = run(pool(), 1_200_000, stay("A", square=8_000), stay("B", square=112_000))
    assert borne(found) == {"A": Decimal(80_000), "B": Decimal(1_120_000)}


def test_persons() -> None:
    """E11: 100 over units with 1 and 3 persons."""
    found = run(pool(by=Basis.PERSONS), 100, stay("A", persons=1), stay("B", persons=3))
    assert borne(found) == {"A": Decimal(25), "B": Decimal(75)}


def test_equal() -> None:
    """E11: 40 over four units."""
    found = run(pool(by=Basis.EQUAL), 40, *(stay(name) for name in "ABCD"))
    assert borne(found) == dict.fromkeys("ABCD", Decimal(10))


def test_gross_up() -> None:
    """E10: variable costs at 95 % instead of 80 % occupancy, never more than was paid."""
    costs = {"Pool": (cost(120_000), cost(80_000, fixed=True))}
    let = (stay("A", square=12), stay("B", square=68))
    found = run(pool(gross_up_ppm=950_000), costs, *let, stay(None, square=20))
    result = only(found)
    assert (result.factor_ppm, result.split) == (1_187_500, money(222_500))
    assert borne(found)["A"] == Decimal(26_700)
    assert result.tenants + result.owner == money(200_000)
