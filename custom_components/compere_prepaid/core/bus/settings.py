"""How a line is reached and how fast it talks.

The timing matters also behind a gateway: the gateway has the RS485 side, and an answer cannot be
there before its bytes have passed the wire.
"""

from dataclasses import dataclass
from enum import StrEnum

FASTEST_SILENCE_S = 0.00175
"""Above 19200 baud the standard fixes the silence between frames instead of counting characters."""


class Transport(StrEnum):
    """What carries the frames.

    A local port, a serial server that passes bytes through, one that dials in here by itself, or a
    Modbus TCP gateway.
    """

    SERIAL = "serial"
    RTU_TCP = "rtu_tcp"
    RTU_LISTEN = "rtu_listen"
    MODBUS_TCP = "modbus_tcp"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSettings:
    """Where a line is, its wire's format, and how long its meters may think."""

    transport: Transport
    host: str = ""
    port: int = 0
    device: str = ""
    baudrate: int = 9600
    parity: str = "E"
    """`N`, `E` or `O`."""
    stopbits: int = 1
    timeout_s: float = 1.0
    """The longest pause between a request and its answer, gateway included, wire time excluded.

    That is for a meter about which nothing is known; what it shows to need counts from then on.
    """
    spacing_s: float = 0.0
    """The least pause between an answer and the next request, for meters that want more than the
    silence of 3.5 characters."""
    shared: bool = False
    """Whether other integrations of Home Assistant use the line too."""
    queues: bool = False
    """Whether a Modbus TCP gateway is known to queue requests, so that two may be under way."""

    @property
    def endpoint(self) -> str:
        """Return what names the line: two lines with one endpoint are one line."""
        if self.transport is Transport.SERIAL:
            return self.device
        if self.transport is Transport.RTU_LISTEN:
            return f"{self.host or '*'}>{self.port}"
        return f"{self.host}:{self.port}"

    @property
    def places(self) -> tuple[str, ...]:
        """Return what says where the line is, to be left out of diagnostics."""
        return (self.host, self.device)

    @property
    def character_s(self) -> float:
        """Return how long one character takes: a start bit, 8 data bits, parity, stop bits."""
        bits = 1 + 8 + (0 if self.parity == "N" else 1) + self.stopbits
        return bits / self.baudrate

    @property
    def silence_s(self) -> float:
        """Return the silence that ends a frame: 3.5 characters, never less than 1.75 ms."""
        return max(3.5 * self.character_s, FASTEST_SILENCE_S)

    @property
    def gap_s(self) -> float:
        """Return the pause to keep between two frames."""
        return max(self.silence_s, self.spacing_s)

    @property
    def in_flight(self) -> int:
        """Return how many requests may be under way at once."""
        return 2 if self.queues else 1
