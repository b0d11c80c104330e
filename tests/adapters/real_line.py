"""Lines and buses on real sockets, and twelve meters whose registers tell who they are."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
import time

from custom_components.compere_prepaid.adapters.line.opening import open_line
from custom_components.compere_prepaid.core.bus.bus import Bus
from custom_components.compere_prepaid.core.bus.ports import LinePort
from custom_components.compere_prepaid.core.bus.requests import (
    Function,
    Request,
)
from custom_components.compere_prepaid.core.bus.settings import LineSettings, Transport
from custom_components.compere_prepaid.core.ids import BusId
from tests.adapters.wire import Wire, WireMeter
from tests.core.bus.played_line import States

UNITS = range(1, 13)
"""Twelve cases of each kind."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the time of day."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()


def settings_for(wire: Wire, timeout_s: float = 5.0) -> LineSettings:
    """Return how to reach a wire; patient unless a test is about impatience."""
    return LineSettings(
        transport=Transport.RTU_TCP if wire.is_rtu else Transport.MODBUS_TCP,
        host="127.0.0.1",
        port=wire.port,
        baudrate=115200,
        timeout_s=timeout_s,
    )


@asynccontextmanager
async def line_to(wire: Wire) -> AsyncIterator[LinePort]:
    """Connect a line, and disconnect it."""
    line = open_line(settings_for(wire))
    await line.open()
    try:
        yield line
    finally:
        await line.close()


@asynccontextmanager
async def bus_on(settings: LineSettings, states: States | None = None) -> AsyncIterator[Bus]:
    """Run a bus on a real line."""
    bus = Bus(BusId("east"), open_line(settings), settings, SystemClock(), states or States())
    await bus.start()
    try:
        yield bus
    finally:
        await bus.stop()


def twelve_meters() -> dict[int, WireMeter]:
    """Return meters whose registers tell meter and address."""
    return {unit: WireMeter({a: 1000 * unit + a for a in range(300)}) for unit in UNITS}


def read(unit: int, address: int, count: int) -> Request:
    """Return a read of holding registers."""
    return Request(unit=unit, function=Function.READ_HOLDING, address=address, count=count)


def contents(unit: int, address: int, count: int) -> tuple[int, ...]:
    """Return what the meter has in those registers."""
    return tuple(1000 * unit + a for a in range(address, address + count))
