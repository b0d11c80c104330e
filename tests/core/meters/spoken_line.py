"""A line of simulated DL/T 645 meters without a socket: bytes go in, and bytes come back.

Whatever the simulated wire says goes to the request's exchange byte by byte, as on a slow line.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import override

from custom_components.compere_prepaid.core.bus.bus import Bus
from custom_components.compere_prepaid.core.bus.dlt645 import Dlt645Request
from custom_components.compere_prepaid.core.bus.ports import LinePort
from custom_components.compere_prepaid.core.bus.requests import (
    BusRequest,
    NoAnswerError,
)
from custom_components.compere_prepaid.core.bus.settings import LineSettings, Transport
from custom_components.compere_prepaid.core.ids import BusId
from simulator.clock import ManualClock
from simulator.dlt645 import Dlt645Meter, Dlt645Plan, Questions
from simulator.line import LinePlan, SimulatedLine
from simulator.loads import LoadKind
from tests.core.bus.played_line import States
from tests.core.bus.virtual_time import NOON, VirtualClock

SETTINGS = LineSettings(
    transport=Transport.RTU_TCP, host="127.0.0.1", port=1, baudrate=2400, timeout_s=1.0
)
DIGITS = "201000000012"


def spoken_meter(digits: str = DIGITS, *, wh: int = 1_234_560) -> Dlt645Meter:
    """Return a meter whose time stands still at noon of the virtual clock."""
    plan = Dlt645Plan(
        serial=digits,
        name=f"Shop {digits}",
        address=0,
        kind=LoadKind.CAFE,
        rated_kw=12,
        breaker_a=25,
        area="",
        floor_area=30,
        starts_wh=wh,
    )
    return Dlt645Meter(plan, ManualClock(NOON), utc_offset_s=8 * 3600)


@dataclass(slots=True)
class SpokenLine(LinePort):
    """The wire between the bus and the meters."""

    wire: SimulatedLine
    is_open: bool = False
    drained: int = 0
    asked: list[Dlt645Request] = field(default_factory=list)
    questions: Questions = field(default_factory=Questions)

    @override
    async def open(self) -> None:
        self.is_open = True

    @override
    async def close(self) -> None:
        self.is_open = False

    @override
    async def execute(self, request: BusRequest, deadline_s: float) -> tuple[int, ...]:
        """Let a request's exchange hear what comes back within the deadline."""
        assert isinstance(request, Dlt645Request)
        self.asked.append(request)
        exchange = request.exchange()
        for question, raw in self.questions.take(exchange.frame):
            said = await self.wire.carry(question, raw) or b""
            delivered = self.wire.take_answer(len(said)).distort(said)
            for byte in delivered:
                if (answer := exchange.feed(bytes((byte,)))) is not None:
                    await asyncio.sleep(request.characters * SETTINGS.character_s)
                    return answer
        await asyncio.sleep(deadline_s)
        raise NoAnswerError(request.unit)

    def asked_for(self, identifier: int) -> int:
        """Return how often an identifier was read."""
        wanted = identifier.to_bytes(4, "little")
        return sum(request.data == wanted for request in self.asked)


@asynccontextmanager
async def spoken_bus(*meters: Dlt645Meter) -> AsyncIterator[tuple[Bus, SpokenLine]]:
    """Start a bus on a line with these meters, and stop it."""
    line = SpokenLine(SimulatedLine(LinePlan(name="East", baudrate=2400, pace=False), meters))
    bus = Bus(BusId("east"), line, SETTINGS, VirtualClock(), States())
    await bus.start()
    try:
        yield bus, line
    finally:
        await bus.stop()
