"""A line that is played: what each unit says is a function, and time passes as on a real wire."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from custom_components.compere_prepaid.core.bus.bus import Bus
from custom_components.compere_prepaid.core.bus.requests import (
    BusError,
    BusRequest,
    LineDownError,
    NoAnswerError,
    Request,
)
from custom_components.compere_prepaid.core.bus.settings import LineSettings, Transport
from custom_components.compere_prepaid.core.ids import BusId
from tests.core.bus.virtual_time import VirtualClock

SETTINGS = LineSettings(transport=Transport.RTU_TCP, host="127.0.0.1", port=1, timeout_s=1.0)
TURNAROUND_S = 0.01

type Answer = tuple[int, ...] | BusError | None
"""None is silence."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that was on the wire."""

    at: float
    request: Request


def silence(request: Request) -> Answer:
    """Say nothing."""
    del request
    return None


def zeros(request: Request) -> Answer:
    """Answer reads with zeros and writes with their echo."""
    return request.values if request.is_write else (0,) * request.count


@dataclass(slots=True)
class PlayedLine:
    """A line whose units answer by a function each; what has none is silent."""

    units: dict[int, Callable[[Request], Answer]] = field(default_factory=dict)
    is_reachable: bool = True
    is_open: bool = False
    sent: list[Sent] = field(default_factory=list)
    opened_at: list[float] = field(default_factory=list)
    closings: int = 0
    drained: int = 0
    most_at_once: int = 1
    on_sent: Callable[[list[int]], None] = lambda _: None
    """Told with every request who is under way by then."""
    _under_way: list[int] = field(default_factory=list)

    async def open(self) -> None:
        """Connect, if the other end is reachable."""
        self.opened_at.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.001)
        if not self.is_reachable:
            raise LineDownError("unreachable")
        self.is_open = True

    async def close(self) -> None:
        """Disconnect."""
        self.closings += 1
        self.is_open = False

    async def execute(self, request: BusRequest, deadline_s: float) -> tuple[int, ...]:
        """Take the time that the wire takes, then say what the unit says."""
        assert isinstance(request, Request)
        assert len(self._under_way) < self.most_at_once, "too many transactions at once"
        if not self.is_open:
            raise LineDownError("not connected")
        self._under_way.append(request.unit)
        self.on_sent(self._under_way)
        try:
            self.sent.append(Sent(asyncio.get_running_loop().time(), request))
            answer = self.units.get(request.unit, silence)(request)
            if answer is None:
                await asyncio.sleep(deadline_s)
                raise NoAnswerError(request.unit)
            await asyncio.sleep(request.characters * SETTINGS.character_s + TURNAROUND_S)
        finally:
            self._under_way.remove(request.unit)
        if not self.is_open:
            raise LineDownError("lost")
        if isinstance(answer, BusError):
            raise answer
        return answer

    def sent_to(self, unit: int) -> list[float]:
        """Return when requests to this unit were sent."""
        return [sent.at for sent in self.sent if sent.request.unit == unit]


@dataclass(slots=True)
class States:
    """Remembers what a bus told about its state."""

    told: list[tuple[bool, str]] = field(default_factory=list)

    def __call__(self, up: bool, error: str) -> None:
        """Remember one change."""
        self.told.append((up, error))


@asynccontextmanager
async def running_bus(
    line: PlayedLine, states: States | None = None, settings: LineSettings = SETTINGS
) -> AsyncIterator[Bus]:
    """Start a bus on a played line, and stop it."""
    bus = Bus(BusId("east"), line, settings, VirtualClock(), states or States())
    await bus.start()
    try:
        yield bus
    finally:
        await bus.stop()
