"""32 lines of 64 meters in one process: what the processor pays, and how late the loop is."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from itertools import cycle
import time

from benchmarks.bus_cases.clients import Client, Pymodbus, SharedUnit, settings_of
from benchmarks.bus_cases.stand import (
    BLOCK,
    BLOCK_ADDRESS,
    Line,
    Tally,
    meanwhile,
    opened,
    our_sweep,
    percentile,
    sweep_in_one_loop,
    worked,
)
from benchmarks.bus_cases.tmodbus_line import TmodbusLine
from benchmarks.bus_line.plan import LinePlan, Way
from benchmarks.bus_line.process import Simulator
from custom_components.compere_prepaid.adapters.line.opening import open_line
from custom_components.compere_prepaid.core.bus.ports import LinePort
from custom_components.compere_prepaid.core.bus.requests import Function, Request
from custom_components.compere_prepaid.core.bus.settings import LineSettings

LINES = 32
WARM_UP_S = 5.0
"""So long that every meter was read once: the first reading of each costs more."""
WINDOW_S = 6.0
DEADLINE_S = 0.5
_TICK_S = 0.005


type _Sweep = Callable[[Line], AbstractAsyncContextManager[object]]


async def measure(simulator: Simulator, tally: Tally) -> None:
    """Measure the bare line, the line with bus and poller, and the peers."""
    for way in (Way.MODBUS_TCP, Way.RTU_TCP, Way.PTY):
        plan = LinePlan(way=way, adapter_s=0.001 if way is Way.PTY else 0)
        cases: list[tuple[str, _Sweep]] = [
            ("ours, line alone", lambda line: _bare(line, open_line)),
            ("ours, bus and poller", our_sweep),
            ("tmodbus, line alone", lambda line: _bare(line, TmodbusLine)),
            ("HA shared unit", lambda line: _asked(line, SharedUnit)),
        ]
        if way is not Way.PTY:
            cases.append(("pymodbus", lambda line: _asked(line, Pymodbus)))
        for name, sweep in cases:
            share, text = await _measure(simulator, plan, sweep)
            told = f"load: {LINES} lines of 64 meters, {way} 9600, {name}: {text}"
            if name == "ours, line alone" and way is not Way.PTY:
                tally.judge(told, share, most=0.10)
            else:
                tally.tell(told)


async def _measure(simulator: Simulator, plan: LinePlan, sweep: _Sweep) -> tuple[float, str]:
    lines = [Line.make(simulator, plan) for _ in range(LINES)]
    lags: list[float] = []
    async with AsyncExitStack() as stack:
        for line in lines:
            await stack.enter_async_context(sweep(line))
        await asyncio.sleep(WARM_UP_S)
        await stack.enter_async_context(meanwhile(_note_lags(lags)))
        for line in lines:
            simulator.counts(line.number)
        began_at, cpu_s = time.monotonic(), time.process_time()
        await asyncio.sleep(WINDOW_S)
        share = (time.process_time() - cpu_s) / (time.monotonic() - began_at)
        counts = [simulator.counts(line.number) for line in lines]
    answers = sum(count.answered for count in counts)
    efficiencies = [count.efficiency for count in counts]
    return share, (
        f"{share:.1%} of a core, {share * WINDOW_S / max(1, answers) * 1e6:.0f} us a request, "
        f"efficiency mean {sum(efficiencies) / LINES:.3f} min {min(efficiencies):.3f}, "
        f"{sum(count.broken_silences for count in counts)} silences broken, "
        f"loop late p99 {percentile(lags, 0.99) * 1000:.1f} max {max(lags) * 1000:.1f} ms"
    )


async def _note_lags(lags: list[float]) -> None:
    while True:
        before = time.monotonic()
        await asyncio.sleep(_TICK_S)
        lags.append(time.monotonic() - before - _TICK_S)


@asynccontextmanager
async def _bare(line: Line, make: Callable[[LineSettings], LinePort]) -> AsyncIterator[None]:
    """Let nothing but the engine sweep a line."""
    port = make(settings_of(line.plan, line.place))
    await port.open()
    try:
        async with meanwhile(_sweep_bare(port, line.plan.meters)):
            yield
    finally:
        await port.close()


async def _sweep_bare(port: LinePort, meters: int) -> None:
    for unit in cycle(range(1, meters + 1)):
        request = Request(
            unit=unit, function=Function.READ_HOLDING, address=BLOCK_ADDRESS, count=BLOCK
        )
        await worked(port.execute(request, DEADLINE_S))


@asynccontextmanager
async def _asked(line: Line, peer: Callable[[LinePlan, str], Client]) -> AsyncIterator[None]:
    """Let a peer sweep a line."""
    client = peer(line.plan, line.place)
    sweep = sweep_in_one_loop(client, range(1, line.plan.meters + 1))
    async with opened(client), meanwhile(sweep):
        yield
