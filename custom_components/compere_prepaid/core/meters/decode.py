"""From registers to whole numbers, once and by one rule.

A register's number is taken as the exact value that its bits mean, multiplied by the exact factor
of its unit, and rounded to a whole number half to even. A float32 energy of 1234.567 kWh is thus
always the same count of Wh, on every machine, and no float is ever made of it.

A value that a meter cannot mean is absent, never 0: NaN, infinity, all bits set (unsigned), the
most negative number (signed), a negative energy, and what is beyond any meter.
"""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

LARGEST = 10**15
"""1000 GWh in Wh, a terawatt in mW: beyond this a register holds rubbish."""


class Encoding(StrEnum):
    """How a number lies in registers. The first register comes first in the name."""

    UINT16 = "uint16"
    INT16 = "int16"
    UINT32 = "uint32"
    INT32 = "int32"
    UINT64 = "uint64"
    INT64 = "int64"
    FLOAT32 = "float32"

    @property
    def registers(self) -> int:
        """Return how many registers the number takes."""
        return int(self.removeprefix("u").removeprefix("int").removeprefix("float")) // 16


class WordOrder(StrEnum):
    """Which register of a number comes first; the bytes of a register are always high, low."""

    HIGH_FIRST = "high_first"
    LOW_FIRST = "low_first"


class Unit(StrEnum):
    """Units as vendors print them. `KILO_…` and `MILLI_…` are what their name says."""

    WATT_HOUR = "Wh"
    KILO_WATT_HOUR = "kWh"
    VOLT = "V"
    AMPERE = "A"
    MILLI_AMPERE = "mA"
    WATT = "W"
    KILO_WATT = "kW"
    VAR = "var"
    KILO_VAR = "kvar"
    VOLT_AMPERE = "VA"
    KILO_VOLT_AMPERE = "kVA"
    HERTZ = "Hz"
    PERCENT = "%"
    ONE = "1"
    CURRENCY = "currency"
    """The meter's own currency unit, whichever it is."""

    @property
    def is_energy(self) -> bool:
        """Tell whether the unit counts energy; energies become Wh, all others thousandths."""
        return self in (Unit.WATT_HOUR, Unit.KILO_WATT_HOUR)

    @property
    def factor(self) -> int:
        """Return the exact factor from this unit to whole Wh, or to thousandths of its base."""
        if self in (Unit.WATT_HOUR, Unit.MILLI_AMPERE):
            return 1
        kilo = (Unit.KILO_WATT, Unit.KILO_VAR, Unit.KILO_VOLT_AMPERE)
        return 1_000_000 if self in kilo else 1_000


def decode_number(
    registers: Sequence[int],
    encoding: Encoding,
    order: WordOrder,
    unit: Unit,
    scale: Decimal = Decimal(1),
) -> int | None:
    """Return a register's number in whole Wh or thousandths; None for what it cannot mean."""
    if order is WordOrder.LOW_FIRST:
        registers = registers[::-1]
    bits = 0
    for register in registers:
        bits = bits << 16 | register
    ratio = _ratio(bits, encoding)
    if ratio is None:
        return None
    numerator, denominator = ratio
    times, per = scale.as_integer_ratio()
    number = _rounded(numerator * times * unit.factor, denominator * per)
    if abs(number) > LARGEST or (unit.is_energy and number < 0):
        return None
    return number


def decode_text(registers: Sequence[int], characters: int) -> str | None:
    """Return the printable ASCII text in registers; None where there is none."""
    raw = b"".join(register.to_bytes(2, "big") for register in registers)[:characters]
    text = raw.rstrip(b"\x00\xff ").lstrip(b" ")
    if not text or any(not 0x20 < byte < 0x7F for byte in text):
        return None
    return text.decode("ascii")


def decode_digits(registers: Sequence[int]) -> str | None:
    """Return the decimal digits that registers hold in BCD, the highest first, zeros kept.

    None where a nibble is no digit, and for nothing but zeros: no meter has that number.
    """
    digits = "".join(f"{register:04x}" for register in registers)
    return digits if digits.isdecimal() and digits.strip("0") else None


def _ratio(bits: int, encoding: Encoding) -> tuple[int, int] | None:
    """Return the exact value of the bits as a fraction; None where they mean no number."""
    if encoding is Encoding.FLOAT32:
        return _float32(bits)
    size = 16 * encoding.registers
    if encoding in (Encoding.UINT16, Encoding.UINT32, Encoding.UINT64):
        return None if bits == (1 << size) - 1 else (bits, 1)
    if bits == 1 << (size - 1):
        return None
    return (bits - (1 << size) if bits >> (size - 1) else bits), 1


def _float32(bits: int) -> tuple[int, int] | None:
    """Take an IEEE 754 single apart: 1 bit sign, 8 bits exponent, 23 bits fraction."""
    exponent, fraction = bits >> 23 & 0xFF, bits & 0x7FFFFF
    if exponent == 0xFF:
        return None
    significand = fraction | 0x800000 if exponent else fraction
    if bits >> 31:
        significand = -significand
    power = max(exponent, 1) - 150
    return (significand << power, 1) if power >= 0 else (significand, 1 << -power)


def _rounded(numerator: int, denominator: int) -> int:
    """Divide, and round half to even."""
    quotient, rest = divmod(numerator, denominator)
    half = 2 * rest - denominator
    return quotient + (half > 0 or (half == 0 and quotient % 2 == 1))
