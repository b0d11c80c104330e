"""Who works on what meters behind a broker say."""

from typing import Protocol

from ...metering.plausibility import Suspicion
from ...metering.reading import MeterReading
from ..poller import PollerListener


class RecordListener(PollerListener, Protocol):
    """Who is told what the meters say, and what polled meters never do."""

    async def on_values(self, reading: MeterReading) -> None:
        """Take live values without the register."""
        ...

    async def on_suspect(self, reading: MeterReading, reason: Suspicion) -> None:
        """Hear of a record that cannot be true."""
        ...
