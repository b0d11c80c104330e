"""DL/T 645-2007 as bytes: the frames of Chinese electricity meters.

    FE×(0-4)  68  A0…A5  68  C  L  DATA (33h added to each byte)  CS  16

An address is twelve decimal digits, sent low byte first; `CS` is the sum of everything from the
first 68h on. What is asked for is named by an identifier of four bytes, and the answer repeats it.
After DL/T 645-2007, sections 5 (link layer) and 7 (application layer), and public frames of meters.

Meters and converters put things before a frame: preambles, registration packets, an echo of our own
bytes. So a frame is known by its end: each 16h is looked back from, and what fits from a 68h on up
to its checksum is a frame. The same bytes make the same frames, in whatever pieces they come.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
import re
from typing import Final, override

from .exchange import Exchange
from .requests import BusRequest, GarbledAnswerError, RefusedError

ANY_ADDRESS: Final = "AA" * 6
"""Whoever hears it answers: for a line with one meter."""
EVERYBODY: Final = "99" * 6
"""A broadcast. Nobody answers it, so nothing is asked of it."""

PREAMBLE: Final = b"\xfe" * 4
"""Wakes the receiver of a meter; the meter may send as many before its answer, or none."""

_ADDRESS = re.compile(r"(AA)*([0-9]{2})*")
"""Twelve digits; `AA` in place of the leading ones stands for any."""
_START: Final = 0x68
_END: Final = 0x16
_MASK: Final = 0x33
_FRAME_BYTES: Final = 12
"""Both 68h, the address, control, length, checksum and 16h."""
_LONGEST_FRAME: Final = _FRAME_BYTES + 255
_LONGEST_BABBLE: Final = 4 * _LONGEST_FRAME
"""After so many bytes without an answer it is not waited for any longer."""
_ANSWER_BIT: Final = 0x80
_ERROR_BIT: Final = 0x40
_MORE_BIT: Final = 0x20
_FUNCTION_BITS: Final = 0x1F
_IDENTIFIER_BYTES: Final = 4

NO_SUCH_DATA: Final = 0x02
NO_RIGHT: Final = 0x04
"""The password is wrong, or does not suffice."""


class Control(IntEnum):
    """What is asked of meters. All else that the protocol can do is never sent."""

    READ = 0x11
    READ_NEXT = 0x12
    READ_ADDRESS = 0x13
    SWITCH = 0x1C


class Dlt645RefusedError(RefusedError):
    """The meter answered with an error byte, one bit for each reason."""

    def __init__(self, unit: str, code: int) -> None:
        """Name the address and the error byte."""
        super(RefusedError, self).__init__("dlt645_refused", address=unit, code=f"{code:02X}")
        self.code = code

    @property
    @override
    def is_busy(self) -> bool:
        """Say no: these meters have no such answer."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A frame that is whole: its address digits, its control byte, its data as they are meant."""

    address: str
    control: int
    data: bytes = field(default=b"", repr=False)  # may hold a password

    @property
    def is_answer(self) -> bool:
        """Tell whether a meter sent it."""
        return bool(self.control & _ANSWER_BIT)

    @property
    def is_refusal(self) -> bool:
        """Tell whether a meter said no; the data are its error byte."""
        return self.is_answer and bool(self.control & _ERROR_BIT)

    @property
    def has_more(self) -> bool:
        """Tell whether the meter has more of the same data."""
        return bool(self.control & _MORE_BIT)

    @property
    def function(self) -> int:
        """Return the control byte without its direction, error and continuation bits."""
        return self.control & _FUNCTION_BITS

    def encode(self) -> bytes:
        """Return the bytes on the wire, without a preamble."""
        masked = bytes((byte + _MASK) & 0xFF for byte in self.data)
        address = bytes.fromhex(self.address)[::-1]
        body = bytes((_START, *address, _START, self.control, len(masked))) + masked
        return body + bytes((sum(body) & 0xFF, _END))


class FrameReader:
    """Finds the frames in whatever comes over a line."""

    def __init__(self) -> None:
        """Begin with silence."""
        self._received = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield each frame as soon as its last byte is there; what is no frame is skipped."""
        received = self._received
        for byte in data:
            received.append(byte)
            if len(received) > _LONGEST_FRAME:
                del received[0]
            if byte == _END and (frame := self._ending_here()) is not None:
                received.clear()
                yield frame

    def _ending_here(self) -> Frame | None:
        """Return the longest frame whose end is what came last."""
        received = self._received
        last = len(received) - _FRAME_BYTES
        start = received.find(_START, 0, last + 1) if last >= 0 else -1
        while start >= 0:
            length = len(received) - start - _FRAME_BYTES
            fits = received[start + 7] == _START and received[start + 9] == length
            if fits and sum(received[start:-2]) & 0xFF == received[-2]:
                return Frame(
                    address=bytes(received[start + 6 : start : -1]).hex().upper(),
                    control=received[start + 8],
                    data=bytes((byte - _MASK) & 0xFF for byte in received[start + 10 : -2]),
                )
            start = received.find(_START, start + 1, last + 1)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dlt645Request(BusRequest):
    """One DL/T 645 transaction.

    Its answer is whether the meter has more of it (1 or 0), then the data bytes as they are meant,
    in the order of the wire and without the identifier.
    """

    unit: str
    """Twelve address digits; leading `AA` stand for any."""
    control: Control
    data: bytes = field(default=b"", repr=False)
    """What goes out, before 33h is added; may hold a password."""
    expects: int = 4
    """How many data bytes the usual answer has."""

    @property
    def shape(self) -> Hashable:
        """Return the control code and the identifier, which answers repeat."""
        return self.control, self.data[:_IDENTIFIER_BYTES]

    def __post_init__(self) -> None:
        """Refuse what no frame can carry; only a mistake in the program gets here."""
        fits = (
            len(self.unit) == len(ANY_ADDRESS)
            and _ADDRESS.fullmatch(self.unit) is not None
            and self.unit != EVERYBODY
            and len(self.data) <= 50  # the standard's limit for what is written
        )
        if not fits:
            raise ValueError(f"no frame can carry {self!r}")

    @classmethod
    def read(cls, unit: str, identifier: int, *, expects: int) -> Dlt645Request:
        """Return the request to read what an identifier names."""
        return cls(
            unit=unit,
            control=Control.READ,
            data=identifier.to_bytes(_IDENTIFIER_BYTES, "little"),
            expects=expects,
        )

    @classmethod
    def read_next(cls, unit: str, identifier: int, sequence: int, *, expects: int) -> Dlt645Request:
        """Return the request for more of what was read; `sequence` counts from 1."""
        data = identifier.to_bytes(_IDENTIFIER_BYTES, "little") + bytes((sequence,))
        return cls(unit=unit, control=Control.READ_NEXT, data=data, expects=expects)

    @classmethod
    def read_address(cls, unit: str = ANY_ADDRESS) -> Dlt645Request:
        """Return the request to tell the address."""
        return cls(unit=unit, control=Control.READ_ADDRESS, expects=6)

    @property
    @override
    def is_write(self) -> bool:
        return self.control is Control.SWITCH

    @property
    @override
    def is_proven_by_echo(self) -> bool:
        """Say no: the answer to a command repeats nothing of it."""
        return False

    @property
    @override
    def characters(self) -> int:
        return len(PREAMBLE) + _FRAME_BYTES + len(self.data) + self.answer_bytes

    @override
    def is_answered_by(self, answer: tuple[int, ...]) -> bool:
        return len(answer) > 0 and answer[0] in (0, 1) and all(0 <= byte <= 0xFF for byte in answer)

    def exchange(self) -> Exchange:
        """Return the transaction as bytes."""
        return _Exchange(self)

    @property
    def frame(self) -> bytes:
        """Return the bytes that ask, with a preamble."""
        return PREAMBLE + Frame(address=self.unit, control=self.control, data=self.data).encode()

    @property
    def answer_bytes(self) -> int:
        """Return how many bytes the usual answer has, with a preamble."""
        named = _IDENTIFIER_BYTES if self.control is Control.READ else 0
        named = len(self.data) if self.control is Control.READ_NEXT else named
        return len(PREAMBLE) + _FRAME_BYTES + named + self.expects

    def answer_in(self, frame: Frame) -> tuple[int, ...] | None:
        """Return the answer in a frame; None if it is not the answer to this request.

        Raises `Dlt645RefusedError` when the meter says no.
        """
        is_ours = frame.is_answer and frame.function == self.control and self._is_from(frame)
        if not is_ours:
            return None
        if frame.is_refusal:
            raise Dlt645RefusedError(frame.address, frame.data[0] if frame.data else 0)
        data = frame.data
        if self.control is Control.READ_ADDRESS and len(data) != self.expects:
            return None
        if self.control in (Control.READ, Control.READ_NEXT):
            identifier = self.data[:_IDENTIFIER_BYTES]
            if data[:_IDENTIFIER_BYTES] != identifier:
                return None
            data = data[_IDENTIFIER_BYTES:]
        if self.control is Control.READ_NEXT:
            if data[-1:] != self.data[_IDENTIFIER_BYTES:]:
                return None
            data = data[:-1]
        return (int(frame.has_more), *data)

    def _is_from(self, frame: Frame) -> bool:
        """Tell whether a frame comes from who was asked."""
        digits = self.unit.lstrip("A")
        return frame.address.endswith(digits)


class _Exchange(Exchange):
    """One request's frames; what is not its answer is skipped, for that may still come."""

    def __init__(self, request: Dlt645Request) -> None:
        self._request = request
        self._reader = FrameReader()
        self._received = 0

    @property
    @override
    def frame(self) -> bytes:
        return self._request.frame

    @property
    @override
    def expected(self) -> int:
        return self._request.answer_bytes

    @override
    def feed(self, data: bytes) -> tuple[int, ...] | None:
        rest = _LONGEST_BABBLE - self._received
        self._received += len(data)
        for frame in self._reader.feed(data[:rest]):
            if (answer := self._request.answer_in(frame)) is not None:
                return answer
        if self._received >= _LONGEST_BABBLE:
            raise GarbledAnswerError(self._request.unit, "babble")
        return None
