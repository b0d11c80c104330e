"""Tax that comes on top of prices, exact over any number of postings.

A tax on every single line would have to be rounded on every line, and the roundings would not add
up to the tax on the sum. So the tax is that of the whole net amount so far, and a posting carries
what it adds: `tax_on(before + x, ppm) - tax_on(before, ppm)`. However an amount is cut, it adds up.
"""

from ..money.amount import Amount

PPM_DIGITS = 6
PPM: int = 10**PPM_DIGITS
"""All of something, in millionths."""


def tax_on(net_total: Amount, ppm: int) -> Amount:
    """Return the tax on a net amount, rounded down to the book's smallest unit."""
    return Amount(net_total * ppm // PPM)
