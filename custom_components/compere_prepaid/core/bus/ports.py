"""The line as a port: what the bus needs from whatever carries the frames."""

from typing import Protocol

from .requests import BusRequest


class LinePort(Protocol):
    """One physical line. Not safe to be used by two at once: the bus is its only owner."""

    @property
    def is_open(self) -> bool:
        """Tell whether the connection stands, as far as is known without asking a meter."""
        ...

    @property
    def drained(self) -> int:
        """Return how many bytes came that answered nothing: late answers, noise, other masters."""
        ...

    async def open(self) -> None:
        """Connect. Raises `LineDownError`."""
        ...

    async def close(self) -> None:
        """Disconnect; does nothing when not connected."""
        ...

    async def execute(self, request: BusRequest, deadline_s: float) -> tuple[int, ...]:
        """Carry out one transaction: values that were read, or the values that a write echoes.

        Unit, function and checksum of the answer are checked here. A meter that stays silent does
        not close the line. Raises a `BusError`.
        """
        ...
