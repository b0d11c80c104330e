"""Exact decimals as people write them: without zeros that say nothing."""

from decimal import Decimal


def trimmed(number: Decimal) -> Decimal:
    """Return the same number without trailing zeros behind the point: 18019.000 is 18019."""
    short = number.normalize()
    exponent = short.as_tuple().exponent
    return short.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else short
