"""Who is read next on a line.

The meter that is due first is read, then the next. While one is on the wire the next one's request
waits behind it already, so that the wire never waits for this program; and while a reading is
worked on (charged, stored), the following ones go on.

No reading leaves here before its meter proved who it is. The serial number is asked for at first
contact, after every missed answer, after every reconnect, and every few minutes: an address may
have come to mean another device. If it has, there is no reading, only the news.

A silent meter backs off alone, 1, 2, 4 … 45 s, a little scattered so that those which fell silent
together do not come back together. As long as others answer, all that are silent share a small part
of the line's time. A line that is down is one failure: nothing is asked until it is up again, and
nobody's back-off grows.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
import logging
import random
from typing import NoReturn, Protocol

from ..bus.bus import Bus
from ..bus.health import WINDOW_S
from ..bus.requests import BusError, LineDownError, RefusedError
from ..bus.scheduler import RequestClass
from ..clock import Clock
from ..errors import InvalidInputError, OperationFailedError
from ..ids import MeterSerial
from ..metering.reading import MeterReading
from .agenda import Agenda
from .device import MeterDevice
from .health import MeterHealth
from .news import News, Taken

__all__ = ["MeterHealth", "OtherMeterError", "Poller", "PollerListener"]

_LOGGER = logging.getLogger(__name__)

ROUTINE_S = 10.0
"""How often a meter is read when nothing presses."""
LONGEST_BACKOFF_S = 45.0
"""With the scatter and its turn, a meter that lives again is back within a minute."""
SCATTER = 0.1
PROBE_SHARE = 0.05
"""The part of the line's time that silent meters may cost those that answer."""
BUSY_PAUSES_S = (0.2, 0.5, 1.0)
"""A meter that says it is busy is asked again after these pauses, then counts as failed."""
PROBES_AFTER = 3
"""After so many failures in a row a meter counts as silent: it is only probed."""


class PollerListener(Protocol):
    """Who is told what the meters say. Calls come one after the other, in order."""

    async def on_reading(self, reading: MeterReading) -> None:
        """Take a reading of a meter that has proved who it is."""
        ...

    async def on_silent(self, serial: MeterSerial, error: BusError, failures: int) -> None:
        """Hear of a failed poll; `failures` in a row. A line down is told once to each meter."""
        ...

    async def on_other_meter(self, serial: MeterSerial, found: str) -> None:
        """Hear that another meter answers at this meter's address."""
        ...


@dataclass(slots=True, kw_only=True, eq=False)
class _Meter:
    """What the loop knows about one meter. Times are seconds of the monotonic clock."""

    device: MeterDevice
    interval_s: float
    due_at: float
    health: MeterHealth = field(default_factory=MeterHealth)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    detailed_at: float | None = None
    identified_at: float | None = None
    identified_on: int = 0
    """The connection on which the meter proved who it is."""
    busy_answers: int = 0
    is_removed: bool = False

    @property
    def serial(self) -> MeterSerial:
        """Return the serial number that the meter must prove."""
        return self.device.serial


class OtherMeterError(OperationFailedError):
    """Another meter answers at the address."""

    def __init__(self, serial: MeterSerial, found: str) -> None:
        """Name both."""
        super().__init__("other_meter", serial=serial, found=found)
        self.found = found


class Poller:
    """Reads all meters of one line, each at its own interval."""

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        listener: PollerListener,
        *,
        interval_s: float = ROUTINE_S,
        detail_every_s: float = 60.0,
        identify_every_s: float = 300.0,
    ) -> None:
        """Serve this line and tell this listener; `start` begins."""
        self._bus = bus
        self._clock = clock
        self._listener = listener
        self._interval_s = interval_s
        self._detail_every_s = detail_every_s
        self._identify_every_s = identify_every_s
        self._meters: dict[MeterSerial, _Meter] = {}
        self._agenda: Agenda[_Meter] = Agenda()
        self._is_down = False
        self._read_at: deque[float] = deque()
        """When the readings of the last minute came."""
        self._probe_from = 0.0
        """When the line's time allows the next probe of a silent meter."""
        self._wake = asyncio.Event()
        self._news = News()
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    can_ask = True

    @property
    def routine_s(self) -> float:
        """Return how often a meter is read when nothing presses."""
        return self._interval_s

    @property
    def sweep_s(self) -> float:
        """Return how long it takes to read all answering meters once, by the last minute."""
        now = self._clock.monotonic()
        while self._read_at and self._read_at[0] < now - WINDOW_S:
            self._read_at.popleft()
        if not self._read_at:
            return 0.0
        answering = sum(not meter.health.failures for meter in self._meters.values())
        return answering * self._bus.health.busy_s(now) / len(self._read_at)

    def add(self, device: MeterDevice) -> None:
        """Read this meter from now on. Raises `InvalidInputError` (`meter_known`)."""
        if device.serial in self._meters:
            raise InvalidInputError("meter_known", serial=device.serial)
        meter = self._meters[device.serial] = _Meter(
            device=device, interval_s=self._interval_s, due_at=self._clock.monotonic()
        )
        self._plan(meter)

    def remove(self, serial: MeterSerial) -> None:
        """Read this meter no more; nothing is told about it from now on."""
        meter = self._meter(serial)
        meter.is_removed = True
        self._agenda.drop(meter)
        del self._meters[serial]

    def set_interval(self, serial: MeterSerial, seconds: float) -> None:
        """Read this meter every so many seconds; sooner than routine makes it more urgent too."""
        meter = self._meter(serial)
        if seconds != meter.interval_s:
            if not meter.health.failures:
                meter.due_at = min(meter.due_at + seconds - meter.interval_s, meter.due_at)
            meter.interval_s = seconds
            self._plan(meter)

    def health(self, serial: MeterSerial) -> MeterHealth:
        """Return how this meter is doing. Raises `InvalidInputError` (`meter_unknown`)."""
        return self._meter(serial).health

    async def read_now(self, serial: MeterSerial) -> MeterReading:
        """Read everything of this meter at once and return it after the listener has taken it.

        Raises `BusError`, `OtherMeterError`, what the listener raises, and `InvalidInputError`
        (`meter_unknown`).
        """
        meter = self._meter(serial)
        if not self._tasks:
            raise LineDownError("stopped")
        taken = self._news.awaited()
        try:
            reading = await self._poll(meter, RequestClass.DUE, taken=taken)
            await taken
        finally:
            taken.cancel()
        return reading

    async def start(self) -> None:
        """Begin to read."""
        if not self._tasks:
            name = self._bus.settings.endpoint
            self._tasks = (
                *(
                    asyncio.create_task(self._run(), name=f"poller {name}")
                    for _ in range(self._bus.settings.in_flight + 1)
                ),
                asyncio.create_task(self._news.deliver(), name=f"readings {name}"),
            )

    async def stop(self) -> None:
        """Stop reading; what was read and not yet worked on is dropped and read again later."""
        tasks, self._tasks = self._tasks, ()
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._news.drop()

    def _meter(self, serial: MeterSerial) -> _Meter:
        meter = self._meters.get(serial)
        if meter is None:
            raise InvalidInputError("meter_unknown", meter=serial)
        return meter

    async def _run(self) -> NoReturn:
        """Poll the meter that is due first, for ever."""
        while True:
            self._wake.clear()
            meter = self._next()
            if meter is None:
                due_at = self._agenda.next_at()
                pause_s = None if due_at is None else due_at - self._clock.monotonic()
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):
                        await self._wake.wait()
                continue
            try:
                await self._poll(meter, self._class_of(meter))
            except LineDownError as error:
                await self._sit_out(error)
            except OperationFailedError:
                pass  # told to the listener, and remembered in the meter's health
            except Exception:
                _LOGGER.exception("Polling %s failed", meter.serial)
                self._back_off(meter)
                self._plan(meter)

    def _plan(self, meter: _Meter) -> None:
        """Put a meter on the agenda; one that is just being read is put there at its end."""
        if not (meter.is_removed or meter.lock.locked()):
            is_urgent = self._class_of(meter) is RequestClass.DUE
            self._agenda.plan(meter, meter.due_at, is_urgent=is_urgent)
            self._wake.set()

    def _next(self) -> _Meter | None:
        """Return the meter to read now; None when nobody is due."""
        now = self._clock.monotonic()
        while (meter := self._agenda.take(now)) is not None:
            if meter.lock.locked():
                continue  # it comes back to the agenda when its reading ends
            is_probe = meter.health.failures >= PROBES_AFTER
            if not is_probe or now >= self._probe_from or not self._somebody_answers():
                return meter
            self._agenda.plan(meter, self._probe_from, is_urgent=False)
        return None

    def _somebody_answers(self) -> bool:
        return any(not meter.health.failures for meter in self._meters.values())

    def _class_of(self, meter: _Meter) -> RequestClass:
        """Put a meter that is to be read sooner than routine before the others."""
        is_urgent = meter.interval_s < self._interval_s and not meter.health.failures
        return RequestClass.DUE if is_urgent else RequestClass.ROUTINE

    async def _sit_out(self, error: LineDownError) -> None:
        """Tell every meter that the line is down, and wait until it is up again."""
        if self._is_down:  # told already
            await self._bus.wait_until_up()
            return
        self._is_down = True
        try:
            for meter in tuple(self._meters.values()):
                meter.health.last_error = str(error)
                await self._tell_silent(meter, error)
            await self._bus.wait_until_up()
        finally:
            self._is_down = False
        now = self._clock.monotonic()
        for meter in self._meters.values():
            meter.due_at = now
            self._plan(meter)

    async def _poll(
        self, meter: _Meter, klass: RequestClass, taken: Taken | None = None
    ) -> MeterReading:
        """Read one meter and account for it; raise after telling the listener."""
        try:
            async with meter.lock:
                return await self._read_and_tell(meter, klass, taken)
        finally:
            self._plan(meter)

    async def _read_and_tell(
        self, meter: _Meter, klass: RequestClass, taken: Taken | None
    ) -> MeterReading:
        started = self._clock.monotonic()
        try:
            await self._prove(meter, klass, started)
            reading = await self._read(meter, klass, started, is_full=taken is not None)
        except LineDownError:
            meter.identified_at = None
            raise
        except OtherMeterError as error:
            meter.identified_at = None
            self._fail(meter, error, started)
            found = error.found
            await self._tell(meter, lambda: self._listener.on_other_meter(meter.serial, found))
            raise
        except BusError as error:
            if self._is_just_busy(meter, error):
                raise
            meter.identified_at = None
            self._fail(meter, error, started)
            await self._tell_silent(meter, error)
            raise
        self._succeed(meter, started, reading)
        await self._tell(meter, lambda: self._listener.on_reading(reading), taken)
        return reading

    async def _prove(self, meter: _Meter, klass: RequestClass, now: float) -> None:
        """Ask for the serial number unless it was proved lately, on this very connection."""
        is_proved = (
            meter.identified_at is not None
            and meter.identified_on == self._bus.connection
            and now - meter.identified_at < self._identify_every_s
        )
        if is_proved:
            return
        found = await meter.device.identify(klass)
        if found != meter.serial:
            raise OtherMeterError(meter.serial, found)
        meter.identified_at, meter.identified_on = now, self._bus.connection

    async def _read(
        self, meter: _Meter, klass: RequestClass, now: float, *, is_full: bool
    ) -> MeterReading:
        detail = (
            is_full or meter.detailed_at is None or now - meter.detailed_at >= self._detail_every_s
        )
        reading = await meter.device.read(klass, detail=detail)
        if meter.identified_on != self._bus.connection:
            # The line went away and came back in between: who answered is not known any more.
            raise LineDownError("connection lost")
        if detail:
            meter.detailed_at = now
        return reading

    def _succeed(self, meter: _Meter, started: float, reading: MeterReading) -> None:
        now, health = self._clock.monotonic(), meter.health
        health.answer_time_s = now - started
        self._read_at.append(now)
        health.last_answer_at = reading.at
        health.failures, health.last_error, health.backoff_until = 0, "", None
        health.note(was_good=True)
        meter.busy_answers = 0
        meter.due_at = max(min(meter.due_at, started) + meter.interval_s, now)

    def _fail(self, meter: _Meter, error: OperationFailedError, started: float) -> None:
        if meter.health.failures >= PROBES_AFTER:
            now = self._clock.monotonic()
            self._probe_from = now + (now - started) / PROBE_SHARE
        meter.health.last_error = str(error)
        meter.health.note(was_good=False)
        self._back_off(meter)

    def _back_off(self, meter: _Meter) -> None:
        """Leave a meter alone for 1, 2, 4 … 60 s."""
        health = meter.health
        health.failures += 1
        pause_s = min(LONGEST_BACKOFF_S, 2.0 ** min(health.failures - 1, 10))
        pause_s *= random.uniform(1 - SCATTER, 1 + SCATTER)  # noqa: S311  # not a secret
        meter.due_at = self._clock.monotonic() + pause_s
        health.backoff_until = self._clock.now() + timedelta(seconds=pause_s)

    def _is_just_busy(self, meter: _Meter, error: BusError) -> bool:
        """Tell whether the meter only asked to be asked again, and plan that."""
        if not isinstance(error, RefusedError) or not error.is_busy:
            return False
        if meter.busy_answers >= len(BUSY_PAUSES_S):
            meter.busy_answers = 0
            return False
        meter.due_at = self._clock.monotonic() + BUSY_PAUSES_S[meter.busy_answers]
        meter.busy_answers += 1
        return True

    async def _tell_silent(self, meter: _Meter, error: BusError) -> None:
        failures = meter.health.failures
        await self._tell(meter, lambda: self._listener.on_silent(meter.serial, error, failures))

    async def _tell(
        self,
        meter: _Meter,
        news: Callable[[], Awaitable[None]],
        taken: Taken | None = None,
    ) -> None:
        """Queue news for the listener; a meter that was removed meanwhile has none."""

        async def tell() -> None:
            if not meter.is_removed:
                await news()

        await self._news.put(tell, taken)
