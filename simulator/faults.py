"""Everything that goes wrong on a line, on demand.

A fault is laid on a meter or on a whole line and stays until it is healed or has happened a given
number of times. What it does to a request:

* `silent`: the meter hears nothing and says nothing (no supply, wire cut)
* `lost`: the meter obeys, but its answer never arrives
* `slow`: the meter holds the line for so many seconds before it answers
* `late`: the answer arrives so many seconds later, while the line is already free for others
* `bad_crc`: the answer arrives with a broken checksum
* `garbled`: the meter understands nothing and noise comes back (wrong baud rate or parity)
* `exception`: the meter refuses with the given exception code
* `cached`: a gateway with a memory answers a read that it knows, without asking the meter
* `stuck`: the meter says that it obeyed, but the contact of its relay stays where it is
"""

from dataclasses import dataclass
from enum import StrEnum

from .loads import scramble


class FaultKind(StrEnum):
    """What goes wrong."""

    SILENT = "silent"
    LOST = "lost"
    SLOW = "slow"
    LATE = "late"
    BAD_CRC = "bad_crc"
    GARBLED = "garbled"
    EXCEPTION = "exception"
    CACHED = "cached"
    STUCK = "stuck"


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault, laid on a meter or a line."""

    kind: FaultKind
    seconds: float = 1.0
    """For `slow` and `late`."""
    code: int = 4
    """For `exception`: 4 is "device failure", 6 "device busy"."""
    times: int | None = None
    """After so many requests it is over; `None` is until healed."""
    share: float = 1.0
    """The share of requests that it hits."""
    functions: frozenset[int] | None = None
    """Only requests with these function codes are hit; `None` is all."""

    def __post_init__(self) -> None:
        """Refuse what cannot happen."""
        if self.seconds < 0:
            raise ValueError("a delay is not negative")
        if not 1 <= self.code <= 255:
            raise ValueError("an exception code is 1 to 255")
        if self.times is not None and self.times < 1:
            raise ValueError("a fault happens at least once")
        if not 0 < self.share <= 1:
            raise ValueError("a share is above 0 and at most 1")


class Faults:
    """The faults that lie on one meter or one line; the latest wins."""

    def __init__(self, *, seed: int = 0) -> None:
        """Begin without faults; `seed` decides whom a share hits."""
        self._faults: list[Fault] = []
        self._seed = seed
        self._drawn = 0

    def add(self, fault: Fault) -> None:
        """Lay a fault; one of the same kind is replaced."""
        self.heal(fault.kind)
        self._faults.append(fault)

    def heal(self, kind: FaultKind | None = None) -> None:
        """Take away the faults of one kind, or all."""
        self._faults = [] if kind is None else [f for f in self._faults if f.kind is not kind]

    def has(self, kind: FaultKind) -> bool:
        """Return whether a fault of this kind lies here."""
        return any(fault.kind is kind for fault in self._faults)

    def take(self, function: int) -> Fault | None:
        """Return the fault that hits this request, and count it."""
        for fault in reversed(self._faults):
            if fault.kind is FaultKind.STUCK or not self._hits(fault, function):
                continue
            if fault.times is not None:
                fault.times -= 1
                if not fault.times:
                    self._faults.remove(fault)
            return fault
        return None

    def names(self) -> list[str]:
        """Return the kinds of fault that lie here."""
        return [fault.kind.value for fault in self._faults]

    def _hits(self, fault: Fault, function: int) -> bool:
        if fault.functions is not None and function not in fault.functions:
            return False
        if fault.share >= 1:
            return True
        self._drawn += 1
        return scramble(self._seed * 1_000_033 + self._drawn) % 1_000_000 < fault.share * 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How the next answer reaches the other side: its length, and what happens to it."""

    length: int
    kind: FaultKind | None = None
    """`LATE`, `BAD_CRC`, `GARBLED`, or nothing."""
    seconds: float = 0.0

    def distort(self, frame: bytes) -> bytes:
        """Return what is left of a frame."""
        if self.kind is FaultKind.BAD_CRC:
            return frame[:-1] + bytes([frame[-1] ^ 0x5A])
        if self.kind is FaultKind.GARBLED:
            # At the wrong speed or parity every byte is another, and their number differs too.
            return bytes(scramble(byte + 257 * place) & 0xFF for place, byte in enumerate(frame))[
                : max(3, len(frame) * 2 // 3)
            ]
        return frame
