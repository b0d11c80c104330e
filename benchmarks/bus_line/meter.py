"""A meter on a simulated line: what it answers, and what it does not."""

from dataclasses import dataclass, field
import struct
import time

from benchmarks.bus_line.frames import BUSY, WRITE_COIL, Question, refusal, values
from benchmarks.bus_line.plan import RELAY_COIL, SERIAL_ADDRESS, Energy, coded

_ENERGY_ADDRESSES = (0x80, 0x82)
_POWER_ADDRESS = 0x48
_VOLTAGE_ADDRESSES = (0x30, 0x32, 0x34)


@dataclass(slots=True)
class Meter:
    """One meter. With a load its registers are floats of a three-phase meter's map."""

    unit: int
    serial: str
    watts: int = 0
    is_metering: bool = False
    is_dead: bool = False
    is_busy: bool = False
    deaf_until: float = 0.0
    """It hears nothing while it thinks about a question and answers it."""
    closed: bool = True
    kwh: float = 1000.0
    since: float = field(default_factory=time.monotonic)

    def load(self, watts: int) -> None:
        """Draw so much from now on."""
        self._count()
        self.watts, self.is_metering = watts, True

    def switch(self, *, closed: bool) -> None:
        """Move the contact."""
        self._count()
        self.closed = closed

    def energy(self) -> Energy:
        """Return what was counted up to now."""
        self._count()
        return Energy(self.kwh, self.watts, self.since)

    def answer(self, asked: Question) -> bytes:
        """Return the body of the answer."""
        if self.is_busy:
            return refusal(asked, BUSY)
        if asked.function == WRITE_COIL:
            return struct.pack(">BBHH", asked.unit, asked.function, asked.address, asked.count)
        if asked.function == 1:
            bit = self.closed and asked.address == RELAY_COIL
            return bytes((asked.unit, asked.function, 1, bit))
        self._count()
        asked_for = range(asked.address, asked.address + asked.count)
        return values(asked, [self._register(address) for address in asked_for])

    def _count(self) -> None:
        now = time.monotonic()
        if self.closed:
            self.kwh += self.watts * (now - self.since) / 3_600_000
        self.since = now

    def _register(self, address: int) -> int:
        place = 2 * (address - SERIAL_ADDRESS)
        if 0 <= place < 14:
            return int.from_bytes(self.serial.encode().ljust(14, b"\0")[place : place + 2])
        if not self.is_metering:
            return coded(self.unit, address)
        pair = struct.pack(">f", self._number(address & ~1))
        return int.from_bytes(pair[2:] if address & 1 else pair[:2])

    def _number(self, address: int) -> float:
        if address in _ENERGY_ADDRESSES:
            return self.kwh
        if address == _POWER_ADDRESS:
            return float(self.watts if self.closed else 0)
        return 230.0 if address in _VOLTAGE_ADDRESSES else 0.0
