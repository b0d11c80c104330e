"""Amounts as Stripe counts them: whole minor units of the currency, with exceptions.

From docs.stripe.com/currencies: most currencies count as ISO 4217 says. The króna and the Ugandan
shilling have no minor unit and yet count in hundredths, the ariary counts in whole units, and
three-digit currencies must end in a zero.
"""

from ....core.money.amount import MAX_AMOUNT, Amount, Currency
from ....core.payment.provider import RejectedError

_EXCEPTIONS = {"ISK": 2, "UGX": 2, "MGA": 0}
_COARSE = 10
"""Amounts of three-digit currencies are multiples of so many minor units."""


def to_minor(currency: Currency, amount: Amount) -> int:
    """Return an amount as Stripe is asked for it; raises `RejectedError` (`stripe_amount`)."""
    minor, rest = divmod(int(amount), _unit(currency))
    if rest or minor <= 0 or (currency.digits == 3 and minor % _COARSE):
        raise RejectedError("stripe_amount", amount=currency.exact(amount))
    return minor


def from_minor(currency: Currency, minor: int) -> Amount:
    """Return what Stripe's number means; raises `ValueError` for one that no book can hold."""
    amount = minor * _unit(currency)
    if abs(amount) >= MAX_AMOUNT:
        raise ValueError("an amount that is out of range")
    return Amount(amount)


def _unit(currency: Currency) -> int:
    """Return what Stripe's 1 is in the book's smallest unit."""
    unit: int = 10 ** (currency.scale - _EXCEPTIONS.get(currency.code, currency.digits))
    return unit
