"""How much of the line's time is used, and whether the silence between frames is kept."""

import asyncio
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from dataclasses import replace

from benchmarks.bus_cases.clients import (
    Client,
    OnTmodbus,
    Ours,
    Pymodbus,
    SharedUnit,
    YamlHub,
)
from benchmarks.bus_cases.stand import (
    BLOCK,
    Line,
    Tally,
    meanwhile,
    opened,
    our_sweep,
    sweep_by_entities,
    sweep_in_one_loop,
)
from benchmarks.bus_line.plan import Counts, LinePlan, Way
from benchmarks.bus_line.process import Simulator

WARM_UP_S = 1.0
WINDOW_S = 4.0
_BARS = {9600: 0.98, 19_200: 0.97, 115_200: 0.92}
_GATEWAYS = ((0.0, False, 0.99), (0.0, True, 0.99), (0.03, True, 0.95))
"""How late answers come, whether two may be under way, and the bar."""

_PEERS: tuple[type[OnTmodbus | SharedUnit | Pymodbus], ...] = (
    OnTmodbus,
    SharedUnit,
    Pymodbus,
    YamlHub,
)


async def measure(simulator: Simulator, tally: Tally) -> None:
    """Sweep 64 meters by each way, at each speed, by each client."""
    for way in (Way.PTY, Way.RTU_TCP):
        for baudrate, bar in _BARS.items():
            await _measure_line(simulator, tally, _plan(way, baudrate), bar)
    for delay_s, queues, bar in _GATEWAYS:
        plan = replace(_plan(Way.MODBUS_TCP, 9600, delay_s), queues=queues)
        await _measure_line(simulator, tally, plan, bar)
    await measure_insisting(simulator, tally)


def _plan(way: Way, baudrate: int, delay_s: float = 0.0) -> LinePlan:
    adapter_s = 0.001 if way is Way.PTY else 0.0
    return LinePlan(way=way, baudrate=baudrate, adapter_s=adapter_s, answer_delay_s=delay_s)


async def _measure_line(simulator: Simulator, tally: Tally, plan: LinePlan, bar: float) -> None:
    late = f", {plan.answer_delay_s * 1000:.0f} ms late" if plan.answer_delay_s else ""
    queues = ", two under way" if plan.queues else ""
    name = f"efficiency: {plan.way} {plan.baudrate}{late}"
    for what, sweep in (("poller, a meter's own blocks", _poll), ("blocks of 20", _ask_blocks)):
        counts = await sweep(Line.make(simulator, plan))
        text = f"{name}, ours{queues}, {what}: {_told(counts)}"
        tally.judge(text, counts.efficiency, least=bar)
        if counts.broken_silences:
            tally.judge(f"{name}, ours, {what}: broken silences", counts.broken_silences, most=0)
    for peer in _PEERS:
        if plan.queues and not plan.answer_delay_s:
            break  # they were asked already: they have one under way
        if issubclass(peer, Pymodbus) and plan.way is Way.PTY:
            continue  # see `clients`
        if peer is YamlHub and (plan.baudrate != 9600 or plan.answer_delay_s):
            continue  # far behind everywhere
        line = Line.make(simulator, plan)
        client = peer(plan, line.place)
        if isinstance(client, YamlHub):
            counts = await _window(line, client, sweep_by_entities(client, _units(plan), 0.0))
            counts.useful_s = counts.answered / 8 * plan.read_s(BLOCK)
        else:
            counts = await _window(line, client, sweep_in_one_loop(client, _units(plan)))
        tally.tell(f"{name}, {client.name}: {_told(counts)}")


def _units(plan: LinePlan) -> range:
    return range(1, plan.meters + 1)


async def _poll(line: Line) -> Counts:
    async with our_sweep(line):
        return await _count(line)


async def _ask_blocks(line: Line) -> Counts:
    """Ask by our bus what the peers ask, by as many loops as requests may be under way."""
    client, units = Ours(line.plan, line.place), _units(line.plan)
    loops = client.bus.settings.in_flight

    async def sweep() -> None:
        await asyncio.gather(*(sweep_in_one_loop(client, units[at::loops]) for at in range(loops)))

    return await _window(line, client, sweep())


async def _window(line: Line, client: Client, sweep: Awaitable[None]) -> Counts:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(opened(client))
        await stack.enter_async_context(meanwhile(sweep))
        return await _count(line)


async def _count(line: Line) -> Counts:
    await asyncio.sleep(WARM_UP_S)
    line.simulator.counts(line.number)
    await asyncio.sleep(WINDOW_S)
    return line.simulator.counts(line.number)


def _told(counts: Counts) -> str:
    broken = counts.broken_silences / max(1, counts.requests)
    return (
        f"{counts.efficiency:.3f} ({counts.answered} answers, "
        f"{counts.broken_silences} silences broken{f' = {broken:.0%}' if broken else ''})"
    )


async def measure_insisting(simulator: Simulator, tally: Tally) -> None:
    """Let meters hear only who keeps the silence."""
    plan = LinePlan(way=Way.RTU_TCP, insists=True)
    for peer in (Ours, OnTmodbus, SharedUnit, Pymodbus):
        line = Line.make(simulator, plan)
        client: Client = (
            Pymodbus(plan, line.place, tuned=True) if peer is Pymodbus else peer(plan, line.place)
        )
        counts = await _window(line, client, sweep_in_one_loop(client, _units(plan)))
        text = (
            f"insisting meters: {client.name}: {counts.unheard} of {counts.requests} not heard, "
            f"efficiency {counts.efficiency:.3f}"
        )
        if isinstance(client, OnTmodbus) or not isinstance(client, Ours):
            tally.tell(text)
        else:
            tally.judge(text, counts.unheard, most=0)
