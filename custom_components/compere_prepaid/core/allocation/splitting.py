"""Splitting an amount exactly: largest remainder, ties by id.

Each gets its exact quota rounded down to whole units; the units that are left go to those whose
quotas lost most by that, and among equals to who comes first. So the parts always add up, and no
part differs from its quota by a whole unit.
"""

from collections.abc import Mapping, Sequence

from ..errors import InvalidInputError
from ..money.amount import Amount

type Ranked = tuple[list[int], list[int]]
"""Quotas rounded down, and places in the order in which they get what is left."""


def split[K: str](amount: Amount, weights: Mapping[K, int], unit: Amount) -> dict[K, Amount]:
    """Split an amount by weights into multiples of `unit`; the result is ordered by id.

    What the amount has beyond whole units goes to the one who would be next to get a unit. A
    negative amount is split as the positive one is. Raises `InvalidInputError` with
    `allocation_no_denominator` if the weights add up to nothing.
    """
    ids = sorted(weights)
    values = [weights[name] for name in ids]
    if sum(values) == 0:
        raise InvalidInputError("allocation_no_denominator")
    sign = -1 if amount < 0 else 1
    units, rest = divmod(abs(amount), unit)
    quotas, order = _ranked(units, values)
    left = units - sum(quotas)
    parts = [quota * unit for quota in quotas]
    for place in order[:left]:
        parts[place] += unit
    parts[next(place for place in order[left:] if values[place])] += rest
    return {name: Amount(sign * part) for name, part in zip(ids, parts, strict=True)}


def shares(units: int, weights: Sequence[int]) -> list[int]:
    """Split whole units by weights that stand in the order of their ids and are not all zero."""
    if units < 0:
        return [-part for part in shares(-units, weights)]
    quotas, order = _ranked(units, weights)
    for place in order[: units - sum(quotas)]:
        quotas[place] += 1
    return quotas


def _ranked(units: int, weights: Sequence[int]) -> Ranked:
    total = sum(weights)
    products = [units * weight for weight in weights]
    quotas = [product // total for product in products]
    lost = [product % total for product in products]
    if total < 0:
        lost = [-part for part in lost]
    return quotas, sorted(range(len(lost)), key=lost.__getitem__, reverse=True)
