"""How DL/T 645-2007 writes numbers, states and times: two decimal digits a byte, low byte first.

The standard gives each number's form as `XXXXXX.XX`. Where a number has a sign, it is the top bit.
A number that is all FFh is one that the meter does not have, like the voltage of a phase that is
not connected; so is one with digits that are none. Neither is ever 0.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
import re
from typing import Final

from .decode import Unit

_FORM = re.compile(r"X{1,10}(\.X{1,8})?")
_SIGN: Final = 0x80

_RELAY_OPEN: Final = 1 << 4
_ALARM: Final = 1 << 7
_STORE_BITS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberForm:
    """The form of a number: how many digits, and how many of them after the point."""

    digits: int
    decimals: int
    is_signed: bool = False

    @classmethod
    def parse(cls, text: str, *, is_signed: bool = False) -> NumberForm:
        """Read a form as the standard writes it. Raises `ValueError`."""
        whole, _, fraction = text.partition(".")
        digits = len(whole) + len(fraction)
        if _FORM.fullmatch(text) is None or digits % 2:
            raise ValueError("must be like XXXXXX.XX, an even number of X")
        return cls(digits=digits, decimals=len(fraction), is_signed=is_signed)

    @property
    def size(self) -> int:
        """Return how many bytes the number takes."""
        return self.digits // 2

    def factor(self, unit: Unit) -> int:
        """Return what one of the last digit counts in whole Wh or thousandths of the unit.

        Raises `ValueError` where that is no whole number.
        """
        factor, rest = divmod(unit.factor, int(10**self.decimals))
        if rest:
            raise ValueError(f"has more decimals than are kept of {unit}")
        return factor

    def decode(self, data: bytes, unit: Unit) -> int | None:
        """Return a number in whole Wh or thousandths; None where the meter tells none."""
        if len(data) != self.size or set(data) == {0xFF}:
            return None
        is_negative = self.is_signed and bool(data[-1] & _SIGN)
        if is_negative:
            data = data[:-1] + bytes((data[-1] & ~_SIGN,))
        digits = data[::-1].hex()
        if not digits.isdecimal():
            return None
        number = int(digits) * self.factor(unit)
        return -number if is_negative else number


class Store(Enum):
    """What a meter sells by itself."""

    NOTHING = 0
    ENERGY = 1
    MONEY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """The third word of the run status (04000503): relay, alarm before a trip, what is sold."""

    relay_closed: bool
    alarm: bool
    store: Store

    @classmethod
    def decode(cls, data: bytes) -> RunStatus | None:
        """Read the word; None if it is none."""
        if len(data) != 2 or set(data) == {0xFF}:  # a word
            return None
        word = int.from_bytes(data, "little")
        kind = word >> _STORE_BITS & 0b11
        return cls(
            relay_closed=not word & _RELAY_OPEN,
            alarm=bool(word & _ALARM),
            store=Store(kind) if kind in Store else Store.NOTHING,
        )


def decode_digits(data: bytes) -> str | None:
    """Return the digits of an address or a meter's number; None for all zeros and for none."""
    digits = data[::-1].hex()
    return digits if digits.isdecimal() and int(digits) else None


def encode_digits(digits: str) -> bytes:
    """Return digits, or whole bytes in hexadecimal, as they go over the wire."""
    return bytes.fromhex(digits)[::-1]


def encode_time(moment: datetime) -> bytes:
    """Return a moment as ss mm hh DD MM YY, in the zone that it is in."""
    return encode_digits(f"{moment:%y%m%d%H%M%S}")
