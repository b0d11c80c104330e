"""A run as a table of accounts × pools: what a preview shows and a file for accountants has."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from ..ids import AccountNumber
from ..money.amount import ZERO, Amount, Currency
from .inputs import Allocation


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """What an account bears of each pool, in the order of the table's pools, and together."""

    account: AccountNumber
    amounts: tuple[Amount, ...]
    total: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """All accounts of a run, its owner among them, with sums that add up both ways.

    `nobody` is what is charged to nobody, pool by pool: the owner's part at a site that has no
    owner's account. `accounts` and `nobody` together are the `costs`.
    """

    pools: tuple[str, ...]
    rows: tuple[TableRow, ...]
    sums: tuple[Amount, ...]
    nobody: tuple[Amount, ...]
    costs: tuple[Amount, ...]


def table_of(allocation: Allocation) -> Table:
    """Return a run as a table; before tax that comes on top."""
    place = {result.pool: number for number, result in enumerate(allocation.pools)}
    sums = [ZERO] * len(place)
    rows = []
    for account, lines in allocation.shares.items():
        amounts = [ZERO] * len(place)
        for line in lines:
            amounts[place[line.pool]] = Amount(amounts[place[line.pool]] + line.amount)
        sums = [Amount(old + new) for old, new in zip(sums, amounts, strict=True)]
        rows.append(TableRow(account=account, amounts=tuple(amounts), total=Amount(sum(amounts))))
    costs = tuple(result.cost for result in allocation.pools)
    return Table(
        pools=tuple(place),
        rows=tuple(rows),
        sums=tuple(sums),
        nobody=tuple(Amount(cost - sum_) for cost, sum_ in zip(costs, sums, strict=True)),
        costs=costs,
    )


def table_lines(table: Table, currency: Currency, heads: tuple[str, str]) -> Iterator[list[str]]:
    """Yield the table line by line for a CSV file; amounts as exact decimal text.

    `heads` are the words for the account and the total. The last line has the sums.
    """
    account, total = heads
    yield [account, *table.pools, total]
    for row in table.rows:
        yield [row.account, *_texts((*row.amounts, row.total), currency)]
    yield [total, *_texts((*table.sums, Amount(sum(table.sums))), currency)]


def _texts(amounts: tuple[Amount, ...], currency: Currency) -> Iterator[str]:
    digits = Decimal(1).scaleb(-currency.digits)
    for amount in amounts:
        exact = currency.exact(amount)
        shown = exact.quantize(digits)
        yield f"{shown if shown == exact else exact.normalize():f}"
