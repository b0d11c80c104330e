"""Least squares in decimals: what a day's energy hangs on, and how sure that is.

The sums of squares and products are swept column by column (Goodnight's sweep operator), which
gives the coefficients, the inverse and what is left unexplained in one go. A column that says
nothing new (it is constant, or a sum of others) is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from itertools import pairwise
from operator import mul

PRECISE = Context(prec=40)
"""With so many digits nothing has to be scaled before it is swept."""

_NOTHING_NEW = Decimal("1e-12")
"""A column of which less than this share is not explained by those before it is left out."""

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A linear model: coefficients by column (zero for one left out), and how it fits."""

    coefficients: tuple[Decimal, ...]
    inverse: tuple[tuple[Decimal, ...], ...]
    """Of the products of the columns; rows and columns of one left out are zero."""
    used: tuple[int, ...]
    """The columns that are not left out."""
    unexplained: Decimal
    """The sum of the squared residuals."""

    def predicted(self, row: Sequence[Decimal]) -> Decimal:
        """Return what the model expects of a row."""
        return dot(self.coefficients, row)

    def residuals(
        self, rows: Sequence[Sequence[Decimal]], values: Sequence[Decimal]
    ) -> tuple[Decimal, ...]:
        """Return by how much values exceed what the model expects."""
        with localcontext(PRECISE):
            return tuple(
                value - self.predicted(row) for row, value in zip(rows, values, strict=True)
            )

    def leverage(self, row: Sequence[Decimal]) -> Decimal:
        """Return x'(X'X)^-1 x of a row, or of a sum of rows."""
        with localcontext(PRECISE):
            return sum((row[i] * dot(self.inverse[i], row) for i in self.used), ZERO)


@dataclass(frozen=True, slots=True)
class Products:
    """All sums of products of some columns, and of the values: what every model of them needs."""

    table: tuple[tuple[Decimal, ...], ...]
    """The values are the last row and column."""

    @classmethod
    def of(cls, rows: Sequence[Sequence[Decimal]], values: Sequence[Decimal]) -> Products:
        """Multiply and add up."""
        columns = [*zip(*rows, strict=True), tuple(values)]
        halves = [
            [dot(left, right) for right in columns[: i + 1]] for i, left in enumerate(columns)
        ]
        width = range(len(columns))
        return cls(tuple(tuple(halves[max(i, j)][min(i, j)] for j in width) for i in width))

    def fit(self, columns: Sequence[int]) -> Fit:
        """Fit the values by some of the columns, in their order."""
        with localcontext(PRECISE):
            places = (*columns, len(self.table) - 1)
            table = [[self.table[i][j] for j in places] for i in places]
            width = len(columns)
            wholes = [table[i][i] for i in range(width)]
            used = []
            for column in range(width):
                if table[column][column] > wholes[column] * _NOTHING_NEW:
                    _sweep(table, column)
                    used.append(column)
            return Fit(
                coefficients=tuple(table[i][width] if i in used else ZERO for i in range(width)),
                inverse=tuple(
                    tuple(table[i][j] if i in used and j in used else ZERO for j in range(width))
                    for i in range(width)
                ),
                used=tuple(used),
                unexplained=max(ZERO, table[width][width]),
            )


def dot(left: Sequence[Decimal], right: Sequence[Decimal]) -> Decimal:
    """Return the sum of the products."""
    with localcontext(PRECISE):
        return sum(map(mul, left, right, strict=True), ZERO)


def _sweep(table: list[list[Decimal]], pivot: int) -> None:
    """Take a column into the model."""
    inverse = PRECISE.divide(Decimal(1), table[pivot][pivot])
    line = [value * inverse for value in table[pivot]]
    for i, row in enumerate(table):
        if i == pivot:
            continue
        factor = row[pivot]
        for j in range(len(row)):
            row[j] -= factor * line[j]
        row[pivot] = -factor * inverse
    table[pivot] = line
    table[pivot][pivot] = inverse


def lag_one(residuals: Sequence[Decimal | None]) -> Decimal:
    """Return how much a day's residual resembles that of the day before (−1 to 1).

    None marks a day that is not known: it makes no pair.
    """
    with localcontext(PRECISE):
        known = [value for value in residuals if value is not None]
        whole = sum((value * value for value in known), ZERO)
        pairs = [(a, b) for a, b in pairwise(residuals) if a is not None and b is not None]
        if not whole or not pairs:
            return ZERO
        products = sum((a * b for a, b in pairs), ZERO)
        # as many products as squares: gaps make fewer pairs
        return PRECISE.divide(products * len(known), whole * len(pairs))


_Z = Decimal("1.959963984540054235524594430520551527955")
"""The 97.5th percentile of the normal distribution."""


def student_t(freedom: Decimal) -> Decimal:
    """Return the 97.5th percentile of Student's distribution, for at least 5 degrees of freedom.

    By the expansion of Fisher and Cornish in powers of 1 ÷ freedom (Abramowitz and Stegun 26.7.5).
    """
    with localcontext(PRECISE):
        z = _Z
        terms = (
            ((z**3 + z), 4),
            ((5 * z**5 + 16 * z**3 + 3 * z), 96),
            ((3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z), 384),
            ((79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z), 92160),
        )
        return z + sum(
            (
                PRECISE.divide(term, divisor * freedom**power)
                for power, (term, divisor) in enumerate(terms, start=1)
            ),
            ZERO,
        )
