"""What a busy meter costs its neighbour, and a dead gateway the other lines."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
import time

from benchmarks.bus_cases.clients import Client, Ours, Pymodbus, SharedUnit
from benchmarks.bus_cases.stand import (
    BLOCK,
    BLOCK_ADDRESS,
    Line,
    Tally,
    opened,
    our_sweep,
    worked,
)
from benchmarks.bus_line.plan import LinePlan, Way
from benchmarks.bus_line.process import Simulator

WARM_UP_S = 8.0
WINDOW_S = 8.0
_BUSY, _NEIGHBOUR = 10, 11
_PEERS_LIMIT_S = 75.0
_PLAN = LinePlan(way=Way.RTU_TCP)


async def measure(simulator: Simulator, tally: Tally) -> None:
    """Ask a busy meter and its neighbour; run a line beside dead gateways."""
    await asyncio.gather(
        *(_ask_neighbour(simulator, tally, peer) for peer in (Ours, Pymodbus, SharedUnit))
    )
    await _beside_dead_gateways(simulator, tally)


async def _ask_neighbour(
    simulator: Simulator, tally: Tally, peer: Callable[[LinePlan, str], Client]
) -> None:
    line = Line.make(simulator, _PLAN)
    simulator.set_busy(line.number, [_BUSY], busy=True)
    waits_s = []
    client = peer(_PLAN, line.place)
    async with opened(client):
        for _ in range(10 if isinstance(client, Ours) else 1):
            await client.read(_NEIGHBOUR, BLOCK_ADDRESS, BLOCK)
            asked_at = time.monotonic()
            busy = asyncio.ensure_future(worked(client.read(_BUSY, BLOCK_ADDRESS, BLOCK)))
            await asyncio.sleep(0)
            async with asyncio.timeout(_PEERS_LIMIT_S):
                await client.read(_NEIGHBOUR, BLOCK_ADDRESS, BLOCK)
            waits_s.append(time.monotonic() - asked_at)
            await busy
    text = f"busy meter: {client.name}: its neighbour waits {max(waits_s):.3f} s"
    if isinstance(client, Ours):
        tally.judge(text, max(waits_s), most=0.15)
    else:
        tally.tell(text)


async def _beside_dead_gateways(simulator: Simulator, tally: Tally) -> None:
    """Compare a line by itself with the same line beside one that refuses and one that is mute."""
    alone = await _efficiency(simulator, ())
    gone, mute = Line.make(simulator, _PLAN), Line.make(simulator, _PLAN)
    simulator.unplug(gone.number)
    simulator.mute(mute.number, muted=True)
    beside = await _efficiency(simulator, (gone, mute))
    text = f"dead gateways: a line alone {alone:.3f}, beside two dead ones {beside:.3f}"
    tally.judge(f"{text}: x{beside / alone:.3f}", beside / alone, least=0.995)


async def _efficiency(simulator: Simulator, others: tuple[Line, ...]) -> float:
    line = Line.make(simulator, _PLAN)
    async with AsyncExitStack() as stack:
        for other in others:
            await stack.enter_async_context(our_sweep(other, must_be_up=False))
        await stack.enter_async_context(our_sweep(line))
        await asyncio.sleep(WARM_UP_S)
        simulator.counts(line.number)
        await asyncio.sleep(WINDOW_S)
        return simulator.counts(line.number).efficiency
