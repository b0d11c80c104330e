"""Reckoning variable costs as if more of the building were let."""

from ..money.amount import Amount
from .pool import WHOLE_PPM


def grossed_up(variable: Amount, target_ppm: int, let: int, everything: int) -> Amount:
    """Return variable costs × target ÷ occupancy, rounded down; as they are if enough is let.

    Occupancy is `let` of `everything`, in any unit. Where nothing is let, or there is no cost,
    there is nothing to reckon.
    """
    if variable <= 0 or let <= 0 or let * WHOLE_PPM >= target_ppm * everything:
        return variable
    return Amount(variable * target_ppm * everything // (WHOLE_PPM * let))
