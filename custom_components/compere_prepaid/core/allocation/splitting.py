"""Splitting an amount exactly: largest remainder, ties by id.

Each gets its exact quota rounded down to whole units; the units that are left go to those whose
quotas lost most by that, and among equals to who comes first. So the parts always add up, and no
part differs from its quota by a whole unit.
"""

from collections.abc import Sequence


def shares(units: int, weights: Sequence[int]) -> list[int]:
    """Split whole units by weights that stand in the order of their ids and are not all zero."""
    if units < 0:
        return [-part for part in shares(-units, weights)]
    total = sum(weights)
    products = [units * weight for weight in weights]
    quotas = [product // total for product in products]
    lost = [product % total for product in products]
    if total < 0:
        lost = [-part for part in lost]
    order = sorted(range(len(lost)), key=lost.__getitem__, reverse=True)
    for place in order[: units - sum(quotas)]:
        quotas[place] += 1
    return quotas
