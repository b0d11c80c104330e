"""What a site needs of a line and of whoever reads its meters, however they speak.

Behind an RS485 line that is a `Bus` and its `Poller`, which ask; behind a broker an `MqttLink` and
its `MqttReader`, which listen.
"""

from typing import Protocol

from ..bus.health import BusHealth
from ..ids import MeterSerial
from ..metering.reading import MeterReading
from .device import MeterDevice
from .health import MeterHealth


class Line(Protocol):
    """A way to meters."""

    @property
    def health(self) -> BusHealth:
        """Return how the line is doing."""
        ...

    async def start(self) -> None:
        """Begin to connect; what is dead raises nothing and is tried again for ever."""
        ...

    async def stop(self) -> None:
        """Let go of the line; whoever waits for an answer gets a `LineDownError`."""
        ...


class MeterReader(Protocol):
    """Gets the readings of a line's meters to a listener."""

    @property
    def sweep_s(self) -> float:
        """Return how long it takes to read all meters once, at present; 0 where nothing is."""
        ...

    @property
    def routine_s(self) -> float:
        """Return how often a meter is read when nothing presses."""
        ...

    @property
    def can_ask(self) -> bool:
        """Tell whether a meter can be read at a given moment, such as a border of prices."""
        ...

    def add(self, device: MeterDevice) -> None:
        """Read this meter from now on. Raises `InvalidInputError` (`meter_known`)."""
        ...

    def remove(self, serial: MeterSerial) -> None:
        """Read this meter no more. Raises `InvalidInputError` (`meter_unknown`)."""
        ...

    def set_interval(self, serial: MeterSerial, seconds: float) -> None:
        """Read this meter every so many seconds, or as near to that as it can be had."""
        ...

    def health(self, serial: MeterSerial) -> MeterHealth:
        """Return how a meter is doing. Raises `InvalidInputError` (`meter_unknown`)."""
        ...

    async def read_now(self, serial: MeterSerial) -> MeterReading:
        """Read a meter as soon as it can be had; return it when the listener has taken it.

        Raises `BusError`, what the listener raises, `InvalidInputError` (`meter_unknown`).
        """
        ...

    async def start(self) -> None:
        """Begin to read."""
        ...

    async def stop(self) -> None:
        """Stop reading; what was read and not yet worked on is dropped and read again later."""
        ...
