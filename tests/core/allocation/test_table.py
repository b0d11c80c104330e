"""A run as a table adds up down and across."""

from hypothesis import given

from custom_components.compere_prepaid.core.allocation.inputs import Inputs
from custom_components.compere_prepaid.core.allocation.sharing import allocate
from custom_components.compere_prepaid.core.allocation.table import table_lines, table_of
from custom_components.compere_prepaid.core.money.amount import Amount
from tests.core.allocation.runs import OWNER, USD, cost, pool, run, stay
from tests.core.allocation.strategies import runs


@given(runs())
def test_the_table_adds_up(inputs: Inputs) -> None:
    """Rows are the accounts' totals, columns with what nobody bears the pools' costs."""
    allocation = allocate(inputs)
    table = table_of(allocation)
    assert [row.account for row in table.rows] == list(allocation.shares)
    assert all(row.total == sum(row.amounts) for row in table.rows)
    assert all(row.total == allocation.total(row.account) for row in table.rows)
    for number, result in enumerate(allocation.pools):
        assert table.sums[number] == sum(row.amounts[number] for row in table.rows)
        assert table.sums[number] + table.nobody[number] == table.costs[number] == result.cost
        assert table.nobody[number] == (0 if inputs.owner else result.owner)


def test_the_file() -> None:
    """A head, the accounts in order, sums; a unit finer than a cent is not rounded away."""
    pools = (pool("Lifts"), pool("Cooling", unit=Amount(10**6)))
    costs = {"Lifts": (cost(100),), "Cooling": (cost("10.01"),)}
    found = run(pools, costs, stay("B", square=2), stay("A", square=1), stay(None, square=1))
    assert list(table_lines(table_of(found), USD, ("Account", "Total"))) == [
        ["Account", "Cooling", "Lifts", "Total"],
        ["A", "2.503", "25.00", "27.503"],
        ["B", "5.005", "50.00", "55.005"],
        [OWNER, "2.502", "25.00", "27.502"],
        ["Total", "10.01", "100.00", "110.01"],
    ]
