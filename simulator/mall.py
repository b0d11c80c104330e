"""The mall: all lines and meters, and their doors to the outside."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
import tempfile
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from .clock import MICROSECONDS, RunningClock, SimulatedClock
from .gateways import Endpoint, GatewayEndpoint
from .line import SimulatedLine, Transport
from .main_meter import MainMeter
from .meter import SimulatedMeter
from .serial_port import SerialEndpoint
from .state_file import State, read_state, restore_meter, snapshot_meter, write_state
from .tenants import MallPlan, mall_plan

TIME_ZONE = "Asia/Shanghai"
"""Where the mall of the demonstration is."""

SAVE_EVERY_S = 2
"""How often the state file is written while the mall runs."""


class Mall:
    """A simulated mall; `async with` opens its doors."""

    def __init__(
        self,
        plan: MallPlan,
        clock: SimulatedClock,
        *,
        seed: int = 1,
        time_zone: str = TIME_ZONE,
        serial_folder: Path | None = None,
        state_file: Path | None = None,
    ) -> None:
        """Build the mall; nothing listens yet. With a state file, meters go on from there."""
        self.plan = plan
        self.clock = clock
        self.time_zone = ZoneInfo(time_zone)
        offset = datetime.now(UTC).astimezone(self.time_zone).utcoffset()
        offset_s = int(offset.total_seconds()) if offset else 0
        self.lines: dict[str, SimulatedLine] = {}
        self.endpoints: dict[str, Endpoint] = {}
        self._own_folder: tempfile.TemporaryDirectory[str] | None = None
        self._serial_folder = serial_folder
        self._state_file = state_file
        self._saving: asyncio.Task[None] | None = None
        for line_plan in plan.lines:
            meters = [
                meter_plan.install(clock, seed=seed, utc_offset_s=offset_s)
                for meter_plan in plan.meters[line_plan.name]
            ]
            self.lines[line_plan.name] = SimulatedLine(line_plan, meters)
        behind = [meter for meter in self.meters if not isinstance(meter, MainMeter)]
        for meter in self.meters:
            if isinstance(meter, MainMeter):
                meter.feed(behind)
        if state_file is not None:
            self._restore(read_state(state_file))

    @classmethod
    def build(
        cls,
        plan: MallPlan | None = None,
        *,
        clock: SimulatedClock | None = None,
        speed: Fraction | float = 1,
        starts_at: datetime | None = None,
        seed: int = 1,
        time_zone: str = TIME_ZONE,
        serial_folder: Path | None = None,
        state_file: Path | None = None,
    ) -> Self:
        """Build a mall: by default that of the demonstration, running from now on.

        `clock` takes precedence over `speed` and `starts_at`.
        """
        return cls(
            plan or mall_plan(),
            clock or RunningClock(starts_at or datetime.now(UTC), speed=speed),
            seed=seed,
            time_zone=time_zone,
            serial_folder=serial_folder,
            state_file=state_file,
        )

    @property
    def meters(self) -> Sequence[SimulatedMeter]:
        """Return all meters, line by line."""
        return [meter for line in self.lines.values() for meter in line.meters]

    def meter(self, name: str) -> SimulatedMeter:
        """Return the meter with this name or serial number."""
        for meter in self.meters:
            if name in {meter.name, meter.serial}:
                return meter
        raise KeyError(f"no meter is called {name}")

    def line_of(self, name: str) -> SimulatedLine:
        """Return the line on which this meter hangs."""
        meter = self.meter(name)
        return next(line for line in self.lines.values() if meter in line.meters)

    def port(self, line: str) -> int:
        """Return the TCP port of a line's gateway."""
        endpoint = self.endpoints[line]
        if not isinstance(endpoint, GatewayEndpoint):
            raise KeyError(f"{line} is at a serial port")
        return endpoint.port

    def device(self, line: str) -> Path:
        """Return the path of a line's serial port."""
        endpoint = self.endpoints[line]
        if not isinstance(endpoint, SerialEndpoint):
            raise KeyError(f"{line} is behind a gateway")
        return endpoint.link

    async def unplug(self, line: str) -> None:
        """Take a gateway or serial adapter away; its port closes, connections drop."""
        await self.endpoints[line].unplug()

    async def plug_in(self, line: str) -> None:
        """Put a gateway or serial adapter back where it was."""
        await self.endpoints[line].plug_in()

    async def __aenter__(self) -> Self:
        """Open all doors."""
        try:
            for name, line in self.lines.items():
                self.endpoints[name] = self._endpoint(line)
                await self.endpoints[name].plug_in()
        except BaseException:
            await self._close()
            raise
        if self._state_file is not None:
            self._saving = asyncio.create_task(self._save_regularly(self._state_file))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close all doors and keep what the meters counted."""
        await self._close()

    def save(self) -> None:
        """Write the state file now."""
        if self._state_file is not None:
            write_state(self._state_file, State(meters=self.snapshot(), clean=True))

    def snapshot(self) -> Mapping[str, object]:
        """Return what meters keep without supply, by the meter's name."""
        return {meter.name: snapshot_meter(meter) for meter in self.meters}

    def _restore(self, state: State) -> None:
        unsaved_s = 0 if state.clean else 2 * SAVE_EVERY_S * self.clock.speed
        for meter in self.meters:
            if meter.name in state.meters:
                restore_meter(meter, state.meters[meter.name])
                meter.count_unseen(int(unsaved_s * MICROSECONDS))

    async def _close(self) -> None:
        if self._saving is not None:
            self._saving.cancel()
            await asyncio.wait([self._saving])
            self._saving = None
        for endpoint in self.endpoints.values():
            await endpoint.unplug()
        self.save()
        if self._own_folder is not None:
            self._own_folder.cleanup()
            self._own_folder = None

    def _endpoint(self, line: SimulatedLine) -> Endpoint:
        if line.name in self.endpoints:  # opened before: the same port again
            return self.endpoints[line.name]
        if line.plan.transport is not Transport.SERIAL:
            return GatewayEndpoint(line, line.plan.port)
        if line.plan.device:
            return SerialEndpoint(line, Path(line.plan.device))
        if self._serial_folder is None:
            self._own_folder = tempfile.TemporaryDirectory(prefix="mall-")
            self._serial_folder = Path(self._own_folder.name)
        name = "".join(c if c.isalnum() else "-" for c in line.name.lower())
        return SerialEndpoint(line, self._serial_folder / name)

    async def _save_regularly(self, path: Path) -> None:
        while True:
            await asyncio.sleep(SAVE_EVERY_S)
            state = State(meters=self.snapshot(), clean=False)
            await asyncio.to_thread(write_state, path, state)
