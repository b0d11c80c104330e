"""Reckoning variable costs as if more of the building were let."""

from ..money.amount import Amount
from .pool import WHOLE_PPM


def grossed_up(variable: Amount, target_ppm: int, let: int, everything: int) -> Amount:
    """Return variable costs × target ÷ occupancy, rounded down; as they are if enough is let.

    Occupancy is `let` of `everything`, in any unit; something is let, and the costs are above zero.
    """
    if let * WHOLE_PPM >= target_ppm * everything:
        return variable
    return Amount(variable * target_ppm * everything // (WHOLE_PPM * let))
