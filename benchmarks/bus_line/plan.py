"""What a simulated line is like, and what was counted on it. Times are seconds."""

from dataclasses import dataclass, field
from enum import StrEnum

HOST = "127.0.0.1"
FASTEST_SILENCE_S = 0.00175
SERIAL_ADDRESS = 0x12
RELAY_COIL = 1
LATE_ADDRESS = 0x1000
"""A read that begins here, plus n, is answered n milliseconds late."""


class Way(StrEnum):
    """How a client gets at the line."""

    PTY = "tty"
    RTU_TCP = "rtu"
    MODBUS_TCP = "tcp"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePlan:
    """One line: how it is reached, how fast it is, who is on it, what goes wrong."""

    way: Way
    meters: int = 64
    baudrate: int = 9600
    bits: int = 10
    """Bits of a character: 10 for 8N1, 11 for 8E1."""
    turnaround_s: float = 0.010
    adapter_s: float = 0.0
    """How far apart a serial adapter's deliveries are; 0 delivers an answer in one piece."""
    insists: bool = False
    """Meters do not hear a request that comes before the silence is over."""
    queues: bool = False
    """Whether its owner knows that the gateway queues requests; it does in any case."""
    answer_delay_s: float = 0.0
    """How much later than the wire a Modbus TCP gateway answers."""
    patience_s: float = 0.5
    """How long a Modbus TCP gateway waits for a meter."""
    late_share: float = 0.0
    late_s: tuple[float, float] = (0.3, 0.8)
    crc_share: float = 0.0
    lost_share: float = 0.0
    watts: int = 0
    """A load makes registers a three-phase meter's; without, they tell whose they are."""

    @property
    def character_s(self) -> float:
        """Return how long a character takes."""
        return self.bits / self.baudrate

    @property
    def silence_s(self) -> float:
        """Return how long a line must be silent between two frames."""
        return FASTEST_SILENCE_S if self.baudrate > 19_200 else 3.5 * self.character_s

    def transaction_s(self, asked: int, answered: int) -> float:
        """Return the least time of a transaction of so many bytes there and back."""
        pause_s = max(self.turnaround_s, self.silence_s) + self.silence_s
        return (asked + answered) * self.character_s + pause_s

    def read_s(self, registers: int) -> float:
        """Return the least time in which so many registers can be read."""
        return self.transaction_s(8, 5 + 2 * registers)


@dataclass(slots=True)
class Counts:
    """What happened on a line since it was last asked."""

    requests: int = 0
    answered: int = 0
    """Answers that reached the client whole."""
    useful_s: float = 0.0
    """The least time in which these could have been had."""
    began_at: float = 0.0
    """When the first request began."""
    ended_at: float = 0.0
    """When the last answer was whole, and the silence after it over."""
    broken_silences: int = 0
    unheard: int = 0
    """Requests that a meter did not hear, because it insists on the silence."""
    collisions: int = 0
    by_unit: dict[int, int] = field(default_factory=dict)
    """Good answers by unit."""

    @property
    def elapsed_s(self) -> float:
        """Return how long all that took, from the first request to the last answer."""
        return self.ended_at - self.began_at

    @property
    def efficiency(self) -> float:
        """Return the least time over the time that it took."""
        return self.useful_s / self.elapsed_s if self.answered else 0.0


@dataclass(frozen=True, slots=True)
class Move:
    """A relay's contact that moved. The clock is the system's monotonic one."""

    unit: int
    closed: bool
    at: float


@dataclass(frozen=True, slots=True)
class Energy:
    """A meter's register at a time of the monotonic clock, and its load while it is closed."""

    kwh: float
    watts: int
    at: float

    def reaches(self, kwh: float) -> float:
        """Return when the register comes to this at this load."""
        return self.at + (kwh - self.kwh) * 3_600_000 / self.watts


def coded(unit: int, address: int) -> int:
    """Return what a register holds that tells whose it is and where."""
    return (unit * 40_503 + address * 7_919) & 0xFFFF


def serial(line: int, unit: int) -> str:
    """Return the 13 characters of a meter's serial number."""
    return f"33B{line:03d}{unit:07d}"
