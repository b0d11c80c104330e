"""What is asked of a meter on a line, and what can go wrong.

A request is one transaction: one frame out, one frame back. It knows how long both are on the
wire, and whether an answer can be its own. `Request` is the Modbus one; other protocols that share
the wires have their own, and the bus tells them apart as little as the wires do.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol, runtime_checkable

from ..errors import OperationFailedError
from .exchange import Exchange

# Both ends of an RTU frame: address, function code, CRC.
_FRAME_BYTES: Final = 4
_BUSY: Final = 6


type Station = int | str
"""Who is asked: a Modbus unit, or the address digits of a protocol that has longer ones."""


class BusRequest(Protocol):
    """One transaction with one meter, whatever language it is in."""

    @property
    def unit(self) -> Station:
        """Return who is asked."""
        ...

    @property
    def is_write(self) -> bool:
        """Tell whether the request changes the meter."""
        ...

    @property
    def is_proven_by_echo(self) -> bool:
        """Tell whether the answer repeats all that was written: no other can pass for it."""
        ...

    @property
    def characters(self) -> int:
        """Return how many bytes question and answer have together on a serial line."""
        ...

    @property
    def shape(self) -> Hashable:
        """Return what answers have in common that could pass for each other's."""
        ...

    def is_answered_by(self, answer: tuple[int, ...]) -> bool:
        """Tell whether these values can be the answer."""
        ...


@runtime_checkable
class FramedRequest(BusRequest, Protocol):
    """A request that brings its own frames to a line that passes bytes through."""

    def exchange(self) -> Exchange:
        """Return this request as bytes, for one try."""
        ...


class Function(IntEnum):
    """The Modbus function codes that meters need."""

    READ_COILS = 1
    READ_DISCRETE = 2
    READ_HOLDING = 3
    READ_INPUT = 4
    WRITE_COIL = 5
    WRITE_REGISTER = 6
    WRITE_REGISTERS = 16

    @property
    def is_write(self) -> bool:
        """Tell whether the function changes the meter."""
        return self >= Function.WRITE_COIL

    @property
    def is_bits(self) -> bool:
        """Tell whether the function counts single bits instead of registers."""
        return self in (Function.READ_COILS, Function.READ_DISCRETE, Function.WRITE_COIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One Modbus transaction. A coil's value is 1 or 0."""

    unit: int
    function: Function
    address: int
    count: int = 1
    values: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no frame can carry; only a mistake in the program gets here."""
        longest = 1 if self.function in (Function.WRITE_COIL, Function.WRITE_REGISTER) else 123
        fits = (
            1 <= self.unit <= 247
            and self.address >= 0
            and 1 <= self.count <= (longest if self.is_write else 125)
            and self.address + self.count <= 0x10000
            and len(self.values) == (self.count if self.is_write else 0)
            and all(0 <= value <= self._largest_value for value in self.values)
        )
        if not fits:
            raise ValueError(f"no frame can carry {self!r}")

    @property
    def is_write(self) -> bool:
        """Tell whether the request changes the meter."""
        return self.function.is_write

    @property
    def is_proven_by_echo(self) -> bool:
        """Tell whether the answer repeats all that was written, so that no other can pass for it.

        The answer to function 16 names address and count only, not the values.
        """
        return self.function in (Function.WRITE_COIL, Function.WRITE_REGISTER)

    @property
    def shape(self) -> Hashable:
        """Return function and count: an answer names nothing else of its question."""
        return self.function, self.count

    @property
    def characters(self) -> int:
        """Return how many bytes question and answer have together on a serial line."""
        if not self.is_write:
            data = (self.count + 7) // 8 if self.function.is_bits else 2 * self.count
            return (_FRAME_BYTES + 4) + (_FRAME_BYTES + 1 + data)
        extra = 1 + 2 * self.count if self.function is Function.WRITE_REGISTERS else 0
        return (_FRAME_BYTES + 4 + extra) + (_FRAME_BYTES + 4)

    def is_answered_by(self, answer: tuple[int, ...]) -> bool:
        """Tell whether these values can be the answer: the right number of them, or the echo."""
        if self.is_write:
            return answer == self.values
        return len(answer) == self.count and all(
            0 <= value <= self._largest_value for value in answer
        )

    @property
    def _largest_value(self) -> int:
        return 1 if self.function.is_bits else 0xFFFF


class BusError(OperationFailedError):
    """A transaction brought no usable answer. A write may have been carried out all the same."""


class LineDownError(BusError):
    """The line itself cannot be reached: every meter on it is silent for this one reason."""

    def __init__(self, error: str) -> None:
        """Say what the operating system or the library said."""
        super().__init__("bus_down", error=error)


class NoAnswerError(BusError):
    """Nothing came back in time.

    `gateway_answered` tells that the gateway said so (exceptions 10 and 11): the line is alive.
    """

    def __init__(self, unit: Station, *, gateway_answered: bool = False) -> None:
        """Name the silent address."""
        super().__init__("meter_silent", address=unit)
        self.gateway_answered = gateway_answered


class GarbledAnswerError(BusError):
    """Something came back that cannot be the answer: bad CRC, other length, other echo."""

    def __init__(self, unit: Station, detail: str) -> None:
        """Name the address and what was wrong."""
        super().__init__("answer_garbled", address=unit, detail=detail)


class RefusedError(BusError):
    """The meter answered with a Modbus exception."""

    def __init__(self, unit: Station, code: int) -> None:
        """Name the address and the exception code."""
        super().__init__("meter_refused", address=unit, code=code)
        self.code = code

    @property
    def is_busy(self) -> bool:
        """Tell whether the meter asks to be asked again shortly."""
        return self.code == _BUSY
