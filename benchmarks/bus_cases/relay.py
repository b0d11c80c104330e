"""From the call to the moved contact, and to the relay read back, while the line is swept."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
import random
import time

from benchmarks.bus_cases.clients import Client, Ours, Pymodbus, SharedUnit, YamlHub
from benchmarks.bus_cases.stand import (
    Line,
    Tally,
    meanwhile,
    opened,
    our_sweep,
    percentile,
    spread,
    sweep_by_coordinators,
    sweep_by_entities,
    sweep_in_one_loop,
    worked,
)
from benchmarks.bus_line.plan import LinePlan, Way
from benchmarks.bus_line.process import Simulator

COMMANDS = 150
PEERS_LIMIT_S = 60.0
SETTLED_AFTER_S = 40.0
"""Every meter was read by then; those that are to die do so now."""
DEAD = (5, 21, 37, 53)
SCAN_S = 15.0
"""How often Home Assistant's `modbus` reads by default."""


@dataclass(slots=True)
class Commands:
    """When commands were called, and when their relays were read back as commanded."""

    calls: list[tuple[int, bool, float]] = field(default_factory=list)
    read_back_s: list[float] = field(default_factory=list)

    def moved_s(self, line: Line) -> list[float]:
        """Return how long each took to move its contact, of those that moved it."""
        moves = line.simulator.moves(line.number)
        delays = []
        for unit, closed, called_at in self.calls:
            times = [
                move.at - called_at
                for move in moves
                if move.unit == unit and move.closed == closed and move.at >= called_at
            ]
            delays += times[:1]
        return delays


async def measure(simulator: Simulator, tally: Tally) -> None:
    """Command relays on lines of 64 and 247 meters, healthy or with dead ones."""
    cases = (
        (_blocks, _plan(Way.PTY, 64), ()),
        (_blocks, _plan(Way.RTU_TCP, 247), ()),
        (_poller, _plan(Way.RTU_TCP, 64), ()),
        (_poller, _plan(Way.RTU_TCP, 64), DEAD),
    )
    await asyncio.gather(
        *(_measure_ours(simulator, tally, plan, swept, dead) for swept, plan, dead in cases)
    )
    await _measure_peers(simulator, tally)


def _plan(way: Way, meters: int) -> LinePlan:
    return LinePlan(way=way, meters=meters, adapter_s=0.001 if way is Way.PTY else 0)


@asynccontextmanager
async def _blocks(line: Line) -> AsyncIterator[Client]:
    """Sweep in blocks of 20 registers without pause, as the peers do."""
    client, units = Ours(line.plan, line.place), range(1, line.plan.meters + 1)
    async with opened(client), meanwhile(sweep_in_one_loop(client, units)):
        yield client


@asynccontextmanager
async def _poller(line: Line) -> AsyncIterator[Client]:
    """Sweep as the product does: a meter's own blocks, the dead left alone."""
    async with our_sweep(line) as sweep:
        yield Ours(line.plan, line.place, sweep.bus)


async def _measure_ours(
    simulator: Simulator,
    tally: Tally,
    plan: LinePlan,
    swept: Callable[[Line], AbstractAsyncContextManager[Client]],
    dead: tuple[int, ...],
) -> None:
    line, commands, chance = Line.make(simulator, plan), Commands(), random.Random(plan.meters)
    living = [unit for unit in range(1, plan.meters + 1) if unit not in dead]
    async with swept(line) as client:
        await asyncio.sleep(SETTLED_AFTER_S)
        simulator.set_dead(line.number, dead, dead=True)
        for number in range(COMMANDS):
            await asyncio.sleep(chance.uniform(0.05, 0.25))
            unit, closed, called_at = chance.choice(living), bool(number % 2), time.monotonic()
            commands.calls.append((unit, closed, called_at))
            await worked(client.switch(unit, closed=closed))
            if await client.is_closed(unit) is closed:
                commands.read_back_s.append(time.monotonic() - called_at)
    _judge(tally, line, commands, f"{swept.__name__.strip('_')}, {len(dead)} dead", len(dead))


def _judge(tally: Tally, line: Line, commands: Commands, how: str, dead: int) -> None:
    moved = commands.moved_s(line)
    name = f"relay: {line.plan.way} 9600, {line.plan.meters} meters, ours, {how}"
    tally.judge(f"{name}: {len(moved)} of {COMMANDS} moved", len(moved), least=COMMANDS)
    told = f"{name}: call to contact: {spread(moved)}"
    if dead:
        tally.judge(f"{told}: p99", percentile(moved, 0.99), most=0.150)
        tally.judge(f"{told}: max", max(moved), most=0.350)
    else:
        tally.judge(f"{told}: p50", percentile(moved, 0.5), most=0.055)
        tally.judge(f"{told}: max", max(moved), most=0.095)
    told = f"{name}: call to read back: {spread(commands.read_back_s)}: max"
    tally.judge(told, max(commands.read_back_s), most=1.0 if dead else 0.5)


async def _measure_peers(simulator: Simulator, tally: Tally) -> None:
    """Let all peers try at the same time, each on a line of its own."""
    crowd = (
        (_by_entities, YamlHub, 64, ()),
        (_by_coordinators, SharedUnit, 247, ()),
        (_in_one_loop, Pymodbus, 64, ()),
        (_by_entities, YamlHub, 64, DEAD),
        (_by_coordinators, SharedUnit, 64, DEAD),
        (_by_coordinators, Pymodbus, 64, DEAD),
        (_in_one_loop, _tuned, 64, DEAD),
    )
    await asyncio.gather(
        *(
            _measure_peer(
                simulator, tally, LinePlan(way=Way.RTU_TCP, meters=meters), peer, sweep, dead
            )
            for sweep, peer, meters, dead in crowd
        )
    )


type _Sweep = Callable[[Client, range], Awaitable[None]]


def _by_entities(client: Client, units: range) -> Awaitable[None]:
    return sweep_by_entities(client, units, SCAN_S)


def _by_coordinators(client: Client, units: range) -> Awaitable[None]:
    return sweep_by_coordinators(client, units, SCAN_S)


def _in_one_loop(client: Client, units: range) -> Awaitable[None]:
    return sweep_in_one_loop(client, units)


def _tuned(plan: LinePlan, place: str) -> Client:
    return Pymodbus(plan, place, tuned=True)


async def _measure_peer(  # a line of a table
    simulator: Simulator,
    tally: Tally,
    plan: LinePlan,
    peer: Callable[[LinePlan, str], Client],
    sweep: _Sweep,
    dead: tuple[int, ...],
) -> None:
    line = Line.make(simulator, plan)
    simulator.set_dead(line.number, dead, dead=True)
    client, commands = peer(plan, line.place), Commands()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(opened(client))
        units = range(1, plan.meters + 1)
        await stack.enter_async_context(meanwhile(sweep(client, units)))
        commander = _command(client, commands, dead, plan.meters)
        await stack.enter_async_context(meanwhile(commander))
        await asyncio.sleep(PEERS_LIMIT_S)
    moved = commands.moved_s(line)
    how = sweep.__name__.strip("_").replace("_", " ")
    name = f"relay: {plan.way} 9600, {plan.meters} meters, {len(dead)} dead, {client.name} {how}"
    waiting = len(commands.calls) - len(moved)
    told = f"{len(moved)} commands: {spread(moved)}" if moved else "none moved"
    tally.tell(f"{name}: {told}, {waiting} still waiting after {PEERS_LIMIT_S:.0f} s")


async def _command(client: Client, commands: Commands, dead: tuple[int, ...], meters: int) -> None:
    """Command the living, one after the other."""
    chance, number = random.Random(meters), 0
    while True:
        await asyncio.sleep(chance.uniform(0.3, 0.9))
        unit = chance.choice([unit for unit in range(1, meters + 1) if unit not in dead])
        commands.calls.append((unit, bool(number % 2), time.monotonic()))
        await worked(client.switch(unit, closed=bool(number % 2)))
        number += 1
