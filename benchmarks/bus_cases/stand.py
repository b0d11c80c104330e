"""What the questions share: lines, sweeps over them, and how a figure is told beside its bar."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
import math
from pathlib import Path
import time
from typing import Final, override

from benchmarks.bus_cases.clients import Client, open_bus
from benchmarks.bus_line.plan import LinePlan, serial
from benchmarks.bus_line.process import Simulator
from custom_components.compere_prepaid.adapters.clock import SystemClock
from custom_components.compere_prepaid.core.bus.bus import Bus
from custom_components.compere_prepaid.core.bus.requests import BusError
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.metering.reading import MeterReading
import custom_components.compere_prepaid.core.meters as meters_room
from custom_components.compere_prepaid.core.meters.building import build_device
from custom_components.compere_prepaid.core.meters.catalogue import load_catalogue
from custom_components.compere_prepaid.core.meters.device import MeterDevice
from custom_components.compere_prepaid.core.meters.poller import Poller, PollerListener

BLOCK: Final = 20
BLOCK_ADDRESS: Final = 0x100
PROFILE: Final = load_catalogue([Path(meters_room.__file__).parent / "profiles"]).get(
    "compere_kpm33b"
)


@dataclass(frozen=True, slots=True)
class Line:
    """A simulated line, and its number in the simulator."""

    simulator: Simulator
    number: int
    plan: LinePlan
    place: str

    @classmethod
    def make(cls, simulator: Simulator, plan: LinePlan) -> Line:
        """Make a line."""
        number, place = simulator.add(plan)
        return cls(simulator, number, plan, place)


@dataclass(slots=True)
class Tally:
    """Bars that were met, and those that were missed."""

    met: int = 0
    missed: list[str] = field(default_factory=list)

    def tell(self, text: str) -> None:
        """Print a figure that has no bar."""
        print(text, flush=True)

    def judge(self, text: str, value: float, *, least: float = 0.0, most: float = 0.0) -> None:
        """Print a figure with its bar: at least so much, or at most so much."""
        is_met = value >= least if least else value <= most
        bar = f">= {least:g}" if least else f"<= {most:g}"
        print(f"{text}  [bar {bar}: {'met' if is_met else 'MISSED'}]", flush=True)
        if is_met:
            self.met += 1
        else:
            self.missed.append(f"{text} [{bar}]")


def percentile(values: Sequence[float], share: float) -> float:
    """Return the least value that so large a share of the values does not exceed."""
    return sorted(values)[math.ceil(len(values) * share) - 1]


def spread(values: Sequence[float]) -> str:
    """Return median, 99th percentile and largest of seconds, as milliseconds."""
    middle, high = percentile(values, 0.5), percentile(values, 0.99)
    return f"p50 {middle * 1000:.0f}, p99 {high * 1000:.0f}, max {max(values) * 1000:.0f} ms"


class _Ear(PollerListener):
    """Takes readings, and does nothing with them."""

    def __init__(self) -> None:
        self.readings = 0

    @override
    async def on_reading(self, reading: MeterReading) -> None:
        self.readings += 1

    @override
    async def on_silent(self, serial: MeterSerial, error: BusError, failures: int) -> None:
        pass

    @override
    async def on_other_meter(self, serial: MeterSerial, found: str) -> None:
        raise AssertionError(f"{found} answered for {serial}")


@dataclass(slots=True)
class OurSweep:
    """Our bus and poller on a line, reading all the time."""

    bus: Bus
    devices: dict[int, MeterDevice]
    ear: _Ear


@asynccontextmanager
async def our_sweep(
    line: Line, *, interval_s: float = 0.001, must_be_up: bool = True
) -> AsyncIterator[OurSweep]:
    """Poll a line's meters as the product does, each again as soon as its turn comes."""
    bus, clock, ear = open_bus(line.plan, line.place), SystemClock(), _Ear()
    poller = Poller(bus, clock, ear, interval_s=interval_s)
    devices = {
        unit: build_device(PROFILE, unit, MeterSerial(serial(line.number, unit)), bus, clock)
        for unit in range(1, line.plan.meters + 1)
    }
    for device in devices.values():
        poller.add(device)
    await bus.start()
    await poller.start()
    try:
        if must_be_up:
            await bus.wait_until_up()
        yield OurSweep(bus, devices, ear)
    finally:
        await poller.stop()
        await bus.stop()


async def worked(work: Awaitable[object]) -> bool:
    """Tell whether something ended well. Each library has errors of its own.

    pymodbus makes an error of being cancelled, too: that is undone.
    """
    try:
        await work
    except Exception as error:  # see above
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError from error
        return False
    return True


async def sweep_in_one_loop(client: Client, units: Iterable[int]) -> None:
    """Read a block of each meter, one after the other, for ever."""
    while True:
        for unit in units:
            if not await worked(client.read(unit, BLOCK_ADDRESS, BLOCK)):
                await asyncio.sleep(0.001)


async def sweep_by_coordinators(client: Client, units: Iterable[int], every_s: float) -> None:
    """Read a block of each meter by a task of its own, so often."""
    await _at_once(
        _every(every_s, lambda unit=unit: client.read(unit, BLOCK_ADDRESS, BLOCK))  # type: ignore[misc]
        for unit in units
    )


async def sweep_by_entities(client: Client, units: Iterable[int], every_s: float) -> None:
    """Read eight values of each meter, each by a task of its own, so often."""
    await _at_once(
        _every(every_s, lambda unit=unit, at=at: client.read(unit, BLOCK_ADDRESS + 2 * at, 2))  # type: ignore[misc]
        for unit in units
        for at in range(8)
    )


async def _every(seconds: float, ask: Callable[[], Awaitable[object]]) -> None:
    while True:
        await worked(ask())
        await asyncio.sleep(seconds or 0.001)


async def _at_once(tasks: Iterable[Awaitable[None]]) -> None:
    await asyncio.gather(*tasks)


@asynccontextmanager
async def opened(client: Client) -> AsyncIterator[Client]:
    """Connect a client for a while."""
    await client.open()
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def meanwhile(work: Awaitable[None]) -> AsyncIterator[None]:
    """Let something go on for a while."""
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def busy_s() -> float:
    """Return how long this process has used a processor."""
    return time.process_time()
