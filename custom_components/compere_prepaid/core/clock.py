"""Time as a port: the core never asks the machine itself."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Where the core gets its time from."""

    def now(self) -> datetime:
        """Return the present instant, aware and in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards; for pauses and time-outs only."""
        ...
