"""What meters that fall silent cost the living in the long run, and when revived ones are back."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
import time

from benchmarks.bus_cases.clients import Client, Pymodbus, SharedUnit
from benchmarks.bus_cases.stand import (
    Line,
    Tally,
    meanwhile,
    opened,
    our_sweep,
    sweep_in_one_loop,
)
from benchmarks.bus_line.plan import LinePlan, Way
from benchmarks.bus_line.process import Simulator

READ_AFTER_S = 35.0
"""Every meter was read once by then: now some die."""
SETTLED_AFTER_S = 75.0
WINDOW_S = 60.0
"""Longer than the longest back-off: each dead meter is probed at least once in it."""
LIMIT_S = 75.0
_BARS = {4: 1.03, 16: 1.05}
_PLAN = LinePlan(way=Way.RTU_TCP)


async def measure(simulator: Simulator, tally: Tally) -> None:
    """Let 0, 4 and 16 of 64 meters be dead, all lines at the same time."""
    healthy, *others = await asyncio.gather(
        *(_efficiency(simulator, dead) for dead in (0, *_BARS)),
        *(_peer(simulator, tally, peer, 4) for peer in (Pymodbus, SharedUnit, _tuned)),
        _peer(simulator, tally, _tuned, 16),
    )
    assert healthy is not None
    for (dead, bar), result in zip(_BARS.items(), others, strict=False):
        assert result is not None
        factor = healthy[0] / result[0]
        name = f"dead meters: {dead} of 64, ours"
        tally.judge(f"{name}: the living's sweep x{factor:.3f}", factor, most=bar)
        tally.judge(f"{name}: the last is back after {result[1]:.0f} s", result[1], most=60)


def _tuned(plan: LinePlan, place: str) -> Client:
    return Pymodbus(plan, place, tuned=True)


def _units(dead: int) -> range:
    """Return units of dead meters, spread over the line."""
    return range(3, 65, 64 // dead)[:dead] if dead else range(0)


async def _efficiency(simulator: Simulator, dead: int) -> tuple[float, float]:
    """Return the line's efficiency when it is settled, and how long revived meters are missed."""
    line, units = Line.make(simulator, _PLAN), _units(dead)
    async with our_sweep(line):
        await asyncio.sleep(READ_AFTER_S)
        simulator.set_dead(line.number, units, dead=True)
        await asyncio.sleep(SETTLED_AFTER_S)
        simulator.counts(line.number)
        await asyncio.sleep(WINDOW_S)
        counts = simulator.counts(line.number)
        return counts.efficiency, await _until_back(line, units)


async def _until_back(line: Line, units: range) -> float:
    line.simulator.set_dead(line.number, units, dead=False)
    revived_at, missing = time.monotonic(), set(units)
    while missing and time.monotonic() < revived_at + LIMIT_S:
        await asyncio.sleep(0.5)
        missing -= set(line.simulator.counts(line.number).by_unit)
    return time.monotonic() - revived_at


async def _peer(
    simulator: Simulator, tally: Tally, peer: Callable[[LinePlan, str], Client], dead: int
) -> None:
    """Let a peer sweep in one loop for as long as ours takes."""
    line = Line.make(simulator, _PLAN)
    simulator.set_dead(line.number, _units(dead), dead=True)
    client = peer(_PLAN, line.place)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(opened(client))
        work: Awaitable[None] = sweep_in_one_loop(client, range(1, _PLAN.meters + 1))
        await stack.enter_async_context(meanwhile(work))
        await asyncio.sleep(READ_AFTER_S + SETTLED_AFTER_S)
    counts = simulator.counts(line.number)
    factor = 1 / counts.efficiency if counts.answered else float("inf")
    tally.tell(f"dead meters: {dead} of 64, {client.name}: the living's sweep x{factor:.2f}")
