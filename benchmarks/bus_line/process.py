"""The simulator's process, and what steers it from outside."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
import gc
from multiprocessing import get_context
from multiprocessing.connection import Connection
import os
from typing import Any, cast

from benchmarks.bus_line.plan import Counts, Energy, LinePlan, Move
from benchmarks.bus_line.reactor import Reactor
from benchmarks.bus_line.ways import Door, door
from benchmarks.bus_line.wire import Wire


class Lines:
    """All lines of a simulator. Lines are known by their number, from 0."""

    def __init__(self, reactor: Reactor) -> None:
        """Have none yet."""
        self._reactor = reactor
        self._wires: list[Wire] = []
        self._doors: list[Door] = []

    def add(self, plan: LinePlan) -> tuple[int, str]:
        """Make a line; return its number and where it is found: a device, or `host:port`."""
        wire = Wire(len(self._wires), plan, self._reactor)
        self._wires.append(wire)
        self._doors.append(door(plan, wire, self._reactor))
        return len(self._doors) - 1, self._doors[-1].place

    def counts(self, line: int) -> Counts:
        """Return what was counted since the last call."""
        wire = self._wires[line]
        counts, wire.counts = wire.counts, Counts()
        return counts

    def moves(self, line: int) -> list[Move]:
        """Return what moved since the last call."""
        wire = self._wires[line]
        moves, wire.moves = wire.moves, []
        return moves

    def set_dead(self, line: int, units: Iterable[int], *, dead: bool) -> None:
        """Let meters be silent, or revive them."""
        for unit in units:
            self._wires[line].meters[unit].is_dead = dead

    def set_busy(self, line: int, units: Iterable[int], *, busy: bool) -> None:
        """Let meters answer that they are busy, or end that."""
        for unit in units:
            self._wires[line].meters[unit].is_busy = busy

    def set_load(self, line: int, units: Iterable[int], watts: int) -> None:
        """Let meters draw so much from now on."""
        for unit in units:
            self._wires[line].meters[unit].load(watts)

    def energies(self, line: int) -> dict[int, Energy]:
        """Return what each meter has counted, and how fast it counts."""
        return {unit: meter.energy() for unit, meter in self._wires[line].meters.items()}

    def mute(self, line: int, *, muted: bool) -> None:
        """Let a line's gateway take everything and give nothing."""
        self._doors[line].mute(muted=muted)

    def unplug(self, line: int) -> None:
        """Take a line's gateway away, for good."""
        self._doors[line].unplug()


class Simulator:
    """The same from outside: each call waits for the other process's answer."""

    def __init__(self, connection: Connection[Any, Any]) -> None:
        """Speak through this pipe."""
        self._connection = connection

    def add(self, plan: LinePlan) -> tuple[int, str]:
        """Make a line; return its number and where it is found: a device, or `host:port`."""
        return cast("tuple[int, str]", self._call("add", plan))

    def counts(self, line: int) -> Counts:
        """Return what was counted since the last call."""
        return cast("Counts", self._call("counts", line))

    def moves(self, line: int) -> list[Move]:
        """Return what moved since the last call."""
        return cast("list[Move]", self._call("moves", line))

    def set_dead(self, line: int, units: Iterable[int], *, dead: bool) -> None:
        """Let meters be silent, or revive them."""
        self._call("set_dead", line, tuple(units), dead=dead)

    def set_busy(self, line: int, units: Iterable[int], *, busy: bool) -> None:
        """Let meters answer that they are busy, or end that."""
        self._call("set_busy", line, tuple(units), busy=busy)

    def set_load(self, line: int, units: Iterable[int], watts: int) -> None:
        """Let meters draw so much from now on."""
        self._call("set_load", line, tuple(units), watts)

    def energies(self, line: int) -> dict[int, Energy]:
        """Return what each meter has counted, and how fast it counts."""
        return cast("dict[int, Energy]", self._call("energies", line))

    def mute(self, line: int, *, muted: bool) -> None:
        """Let a line's gateway take everything and give nothing."""
        self._call("mute", line, muted=muted)

    def unplug(self, line: int) -> None:
        """Take a line's gateway away, for good."""
        self._call("unplug", line)

    def _call(self, name: str, *arguments: object, **named: object) -> object:
        self._connection.send((name, arguments, named))
        is_good, result = self._connection.recv()
        if not is_good:
            raise RuntimeError(result)
        return result


@contextmanager
def simulator() -> Iterator[Simulator]:
    """Run a simulator on the last CPU, and this process and its children on the others."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    allowed = os.sched_getaffinity(0)
    own = {max(allowed)}
    process = context.Process(target=_run, args=(theirs, own), daemon=True)
    process.start()
    theirs.close()
    if len(allowed) > 1:
        os.sched_setaffinity(0, allowed - own)
    try:
        yield Simulator(ours)
    finally:
        os.sched_setaffinity(0, allowed)
        ours.close()
        process.join()


def _run(connection: Connection[Any, Any], cpus: set[int]) -> None:
    """Be the simulator until the other end of the pipe is closed."""
    os.sched_setaffinity(0, cpus)
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -5)
    gc.disable()  # a collection would stop the wires' time
    reactor = Reactor()
    lines = Lines(reactor)

    def obey() -> None:
        try:
            name, arguments, named = connection.recv()
        except EOFError, OSError:
            reactor.stop()
            return
        try:
            answer = True, getattr(lines, name)(*arguments, **named)
        except Exception as error:  # noqa: BLE001  # told to whoever asked
            answer = False, repr(error)
        connection.send(answer)

    reactor.watch(connection.fileno(), obey)
    reactor.run()
