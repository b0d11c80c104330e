"""The machine's clock."""

from datetime import UTC, datetime
import time
from typing import override

from ..core.clock import Clock


class SystemClock(Clock):
    """Tells the time of this machine."""

    @override
    def now(self) -> datetime:
        return datetime.now(UTC)

    @override
    def monotonic(self) -> float:
        return time.monotonic()
