"""Money as integers, exact from the meter to the ledger.

An `Amount` counts 10⁻⁹ of the currency's unit, or 10⁻⁶ where the currency has no minor digits (the
yen). A `Price` counts 10⁻⁶ of the unit per kWh (10⁻³ without minor digits). Wh × price is then an
amount without a remainder, so nothing is rounded until it is shown or leaves the system. Decimals
live at the edges only: `Currency.parse` on the way in, `Currency.rounded` and its siblings on the
way out. There are no floats.
"""

from dataclasses import dataclass
from decimal import (
    ROUND_FLOOR,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DecimalException,
    Inexact,
    InvalidOperation,
    Overflow,
    Underflow,
)
from typing import NewType

from ..errors import InvalidInputError

Amount = NewType("Amount", int)
"""Money in the book's smallest unit; 64 bits hold 9.2 × 10⁹ units of currency."""

ZERO = Amount(0)

Price = NewType("Price", int)
"""Money per kWh, three digits coarser than `Amount`, so that Wh × price is exact."""

MAX_AMOUNT = 2**62
"""No single amount or balance may reach this (money in 64 bits, with room to add two)."""

MAX_PRICE = 1_000_000
"""No kWh costs more currency units than this; a month of a whole mall then still fits an amount."""

WH_DIGITS = 3
"""A kWh is 10³ Wh; this many digits lie between `Price` and `Amount`."""

# A number that does not fit exactly is refused: the usual context would round it without a word.
_EXACT = Context(prec=60, traps=[InvalidOperation, Inexact, Overflow, Underflow])
_SHOWN_CHARACTERS = 40

# ISO 4217 minor units: the exceptions to two digits.
_NO_MINOR_DIGITS = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"}
    | {"RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"}
)
_THREE_MINOR_DIGITS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency and how finely its book counts. Build it with `Currency.of`."""

    code: str
    digits: int
    """Minor digits that people see and pay (ISO 4217)."""
    scale: int
    """An `Amount` counts 10 to the power of minus this."""

    @classmethod
    def of(cls, code: str) -> Currency:
        """Return the currency with this ISO 4217 code; refuse what is no such code."""
        if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
            raise InvalidInputError("currency_unknown", currency=code)
        if code in _NO_MINOR_DIGITS:
            return cls(code, 0, 6)
        return cls(code, 3 if code in _THREE_MINOR_DIGITS else 2, 9)

    def parse(self, value: str | int | Decimal) -> Amount:
        """Read an amount that a person or a payment names, exact to the minor unit.

        Raises `InvalidInputError` with `amount_not_a_number`, `amount_too_precise` or
        `amount_too_large`.
        """
        number = _decimal(value)
        if number is None:
            raise InvalidInputError("amount_not_a_number", amount=_shown(value))
        if _decimals(number) > self.digits:
            raise InvalidInputError(
                "amount_too_precise",
                amount=_shown(value),
                digits=self.digits,
                currency=self.code,
            )
        if number.adjusted() > 18 or abs(amount := _scaled(number, self.scale)) >= MAX_AMOUNT:
            raise InvalidInputError("amount_too_large", amount=_shown(value))
        return Amount(amount)

    def parse_positive(self, value: str | int | Decimal) -> Amount:
        """Read an amount that must be more than nothing (`amount_not_positive` otherwise)."""
        amount = self.parse(value)
        if amount <= 0:
            raise InvalidInputError("amount_not_positive", amount=_shown(value))
        return amount

    def parse_price(self, value: str | int | Decimal) -> Price:
        """Read a price per kWh: not negative, at most `scale` − 3 decimals.

        Raises `InvalidInputError` with `price_not_a_number`, `price_negative`,
        `price_too_precise` or `price_too_large`.
        """
        number = _decimal(value)
        if number is None:
            raise InvalidInputError("price_not_a_number", price=_shown(value))
        if number < 0:
            raise InvalidInputError("price_negative", price=_shown(value))
        digits = self.scale - WH_DIGITS
        if _decimals(number) > digits:
            raise InvalidInputError("price_too_precise", price=_shown(value), digits=digits)
        if number > MAX_PRICE:
            raise InvalidInputError("price_too_large", price=_shown(value), limit=MAX_PRICE)
        return Price(_scaled(number, digits))

    def exact(self, amount: Amount) -> Decimal:
        """Return the amount as a decimal number of currency units, nothing rounded."""
        return Decimal(amount).scaleb(-self.scale)

    def exact_price(self, price: Price) -> Decimal:
        """Return a price as a decimal number of currency units per kWh."""
        return Decimal(price).scaleb(WH_DIGITS - self.scale)

    def rounded(self, amount: Amount) -> Decimal:
        """Round to the minor unit, half away from zero: charges on statements."""
        return self.exact(amount).quantize(self._unit, rounding=ROUND_HALF_UP)

    def rounded_down(self, amount: Amount) -> Decimal:
        """Round to the minor unit downwards: a balance never looks larger than it is."""
        return self.exact(amount).quantize(self._unit, rounding=ROUND_FLOOR)

    @property
    def minor(self) -> Amount:
        """Return the smallest coin."""
        return Amount(10 ** (self.scale - self.digits))

    @property
    def _unit(self) -> Decimal:
        return Decimal(1).scaleb(-self.digits)


def _decimal(value: str | int | Decimal) -> Decimal | None:
    """Return a finite decimal number, exactly the one that was given, or None."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    if isinstance(value, str) and (
        len(value) > _SHOWN_CHARACTERS or not value.isascii() or "_" in value
    ):
        return None
    try:
        number = _EXACT.create_decimal(value.strip() if isinstance(value, str) else value)
    except DecimalException, ValueError:
        return None
    return number if number.is_finite() else None


def _decimals(number: Decimal) -> int:
    """Count the decimals that matter: 1.500 has one."""
    exponent = number.normalize(_EXACT).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _scaled(number: Decimal, digits: int) -> int:
    """Return the number × 10 to the power of `digits`; the caller knows that it is whole."""
    return int(number.scaleb(digits, _EXACT))


def _shown(value: object) -> str:
    """Return what was given as text for an error, cut to a readable length."""
    if isinstance(value, int) and value.bit_length() > 128:
        return "…"
    text = str(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def energy_cost(energy_wh: int, price: Price) -> Amount:
    """Return what this energy costs at this price, exactly."""
    return Amount(energy_wh * price)
