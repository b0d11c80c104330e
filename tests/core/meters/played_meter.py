"""A KPM33B that is played: its registers are a table, its relay a flag."""

from dataclasses import dataclass, field
import struct

from custom_components.compere_prepaid.core.bus.requests import Function, RefusedError, Request
from tests.core.bus.played_line import Answer
from tests.core.meters.shipped import modbus_profile

KPM33B = modbus_profile("compere_kpm33b")


@dataclass(slots=True)
class PlayedMeter:
    """Answers like a meter; call it with a request."""

    serial: str
    kwh: float = 0.0
    power_w: float = 0.0
    is_closed: bool = True
    is_silent: bool = False
    busy_answers: int = 0
    refuses: dict[int, int] = field(default_factory=dict)
    """First address of a read to the exception code that it gets."""
    asked: list[Request] = field(default_factory=list)

    def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        self.asked.append(request)
        if self.is_silent:
            return None
        if self.busy_answers:
            self.busy_answers -= 1
            return RefusedError(request.unit, 6)
        if request.address in self.refuses:
            return RefusedError(request.unit, self.refuses[request.address])
        if request.function is Function.WRITE_COIL:
            self.is_closed = request.values == (1,)
            return request.values
        if request.function is Function.READ_COILS:
            return (int(self.is_closed),)
        table = self.registers()
        return tuple(
            table.get(address, 0)
            for address in range(request.address, request.address + request.count)
        )

    def registers(self) -> dict[int, int]:
        """Return the registers that are not 0."""
        table = dict(enumerate(struct.unpack(">7H", self.serial.encode().ljust(14, b"\0")), 0x12))
        for address, number in ((0x82, self.kwh), (0x48, self.power_w), (0x30, 230.0)):
            high, low = struct.unpack(">HH", struct.pack(">f", number))
            table |= {address: high, address + 1: low}
        return table

    def asked_for(self, address: int) -> int:
        """Return how often a read began at this address."""
        return sum(not request.is_write and request.address == address for request in self.asked)
