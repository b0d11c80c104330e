"""What the meters of a broker say, for whoever charges by it: the sibling of `Poller`.

Meters upload by themselves, so nothing is polled here. The register comes every few minutes, live
values more often; the register alone makes a reading, with the live values that are fresh. A meter
of which nothing came for two and a half intervals counts as silent; one that sends live values but
no register is told as such.

Readings are given to the listener one after the other. What comes faster than it can be worked on
is not queued: a meter's newer reading replaces its older one, for registers are cumulative.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
import logging
from typing import NoReturn
from zoneinfo import ZoneInfo

from ...bus.requests import BusError, GarbledAnswerError, LineDownError
from ...bus.scheduler import RequestClass
from ...clock import Clock
from ...errors import InvalidInputError, OperationFailedError
from ...ids import MeterSerial
from ...metering.plausibility import Suspicion
from ...metering.reading import MeterReading, Quantity
from ..device import MeterDevice
from ..health import MeterHealth
from .delivery import Deliveries
from .link import MqttLink, NotHeardError
from .listener import RecordListener
from .messages import Message, Topic
from .meter import CompereMqttMeter
from .pace import Pace
from .profile import contradicts_itself
from .tracked import PATIENCE, TrackedMeter

_LOGGER = logging.getLogger(__name__)

ASK_APART_S = 0.05
"""Between the questions to all meters after a reconnection."""
READ_WITHIN_S = 100.0
"""So long a reading on request waits for a meter that can only be told to upload every minute."""


class MqttReader:
    """Works on the records of all meters of one link."""

    can_ask = False
    """A price's border is not asked for: it would wear out the meter's memory."""

    def __init__(
        self,
        link: MqttLink,
        clock: Clock,
        listener: RecordListener,
        *,
        zone: ZoneInfo,
        last_wh: Callable[[MeterSerial], int | None],
    ) -> None:
        """Serve this link and tell this listener; `start` begins.

        `zone` is where the meters' clocks are; `last_wh` returns what a meter's register showed
        when it was last believed.
        """
        self._link = link
        self._clock = clock
        self._listener = listener
        self._zone = zone
        self._last_wh = last_wh
        self._meters: dict[MeterSerial, TrackedMeter] = {}
        self._by_code: dict[str, TrackedMeter] = {}
        self._deliveries = Deliveries()
        self._wake = asyncio.Event()
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._asking: set[asyncio.Task[None]] = set()
        link.take_record = self._take
        link.take_state = self._on_state

    @property
    def routine_s(self) -> float:
        """Return how often a register comes when nothing presses."""
        return 60.0 * self._link.settings.energy_min

    @property
    def sweep_s(self) -> float:
        """Return 0: there is no sweep."""
        return 0.0

    def add(self, device: MeterDevice) -> None:
        """Work on this meter's records from now on. Raises `InvalidInputError` (`meter_known`)."""
        if not isinstance(device, CompereMqttMeter):
            raise TypeError(f"{device.profile.PROTOCOL} is not spoken over MQTT")
        if device.serial in self._meters:
            raise InvalidInputError("meter_known", serial=device.serial)
        now, settings = self._clock.monotonic(), self._link.settings
        meter = TrackedMeter(
            device=device,
            pace=Pace(
                meter=device.code,
                routine_live_s=settings.live_s,
                routine_energy_min=settings.energy_min,
            ),
            heard_at=now,
            register_at=now,
            can_be_asked=device.profile.register is not None,
        )
        self._meters[device.serial] = self._by_code[device.code] = meter
        if self._last_wh(device.serial):
            self._link.session.remember(device.code)
        self._tell_pace(meter)
        self._ask_soon([meter])
        self._wake.set()

    def remove(self, serial: MeterSerial) -> None:
        """Work on this meter no more; nothing is told about it from now on."""
        meter = self._meter(serial)
        del self._meters[serial], self._by_code[meter.device.code]
        self._deliveries.forget(serial)
        if meter.task is not None:
            meter.task.cancel()
        meter.fail_readers(LineDownError("stopped"))

    def set_interval(self, serial: MeterSerial, seconds: float) -> None:
        """Hear how soon this meter's register is needed again; it may be told to hurry."""
        meter = self._meter(serial)
        meter.pace.need(seconds, self._clock.monotonic())
        self._tell_pace(meter)

    def health(self, serial: MeterSerial) -> MeterHealth:
        """Return how this meter is doing. Raises `InvalidInputError` (`meter_unknown`)."""
        return self._meter(serial).health

    async def read_now(self, serial: MeterSerial) -> MeterReading:
        """Get a meter's register as soon as it can be had; return it when it was worked on.

        A model that can be asked is asked. Another one, and one that does not answer, is told to
        upload every minute, and its next record is waited for.
        Raises `BusError`, what the listener raises, and `InvalidInputError` (`meter_unknown`).
        """
        meter = self._meter(serial)
        if not self._tasks or not self._link.health.up:
            raise LineDownError(self._link.health.last_error or "stopped")
        if meter.can_be_asked:
            try:
                return await self._ask(meter)
            except LineDownError:
                raise
            except BusError:
                pass  # then it is told to upload
        reading: asyncio.Future[MeterReading] = asyncio.get_running_loop().create_future()
        meter.readers.add(reading)
        meter.pace.need(0.0, self._clock.monotonic())
        self._tell_pace(meter)
        try:
            async with asyncio.timeout(READ_WITHIN_S):
                return await reading
        except TimeoutError:
            raise NotHeardError(meter.device.code) from None
        finally:
            meter.readers.discard(reading)

    async def start(self) -> None:
        """Begin to tell the listener, and to look for silence."""
        if not self._tasks:
            name = self._link.settings.endpoint
            for meter in self._meters.values():
                meter.heard_at = meter.register_at = self._clock.monotonic()
            self._tasks = (
                asyncio.create_task(self._deliveries.work(), name=f"readings {name}"),
                asyncio.create_task(self._watch(), name=f"silence {name}"),
            )

    async def stop(self) -> None:
        """Work no more; what was not yet worked on comes again later."""
        tasks, self._tasks = self._tasks, ()
        tasks += tuple(self._asking)
        tasks += tuple(meter.task for meter in self._meters.values() if meter.task is not None)
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._deliveries.clear(LineDownError("stopped"))
        for meter in self._meters.values():
            meter.fail_readers(LineDownError("stopped"))

    def look_for_silence(self) -> None:
        """Tell whoever has been silent for too long; once per silence."""
        if not self._link.health.up:
            return
        now = self._clock.monotonic()
        for meter in self._meters.values():
            silent_s, missed_s = now - meter.heard_at, now - meter.register_at
            if not meter.is_silent and silent_s >= PATIENCE * meter.expected_s:
                self._lose(meter, int(silent_s // meter.expected_s) + 1)
            elif not (meter.is_silent or meter.is_missed) and (
                missed_s >= PATIENCE * meter.pace.energy_s
            ):
                meter.is_missed = True
                self._tell_reading(meter, {})  # a reading without its register is suspect

    # What comes in

    def _take(self, message: Message) -> None:
        meter = self._by_code.get(message.meter)
        if meter is None or not self._tasks:
            return
        meter.note_heard(message, self._clock, self._zone)
        if message.topic is Topic.ENERGY:
            self._take_energy(meter, message)
        elif message.topic is Topic.LIVE:
            meter.live, meter.live_at = meter.device.values_in(message), meter.heard_at
            self._tell_values(meter)
        elif message.topic is Topic.SIGNALS:
            self._tell_values(meter)
        self._tell_pace(meter)
        self._wake.set()

    def _take_energy(self, meter: TrackedMeter, record: Message) -> None:
        values = meter.device.values_in(record)
        if contradicts_itself(record):
            self._tell(
                meter,
                "suspect",
                meter.reading(values, self._clock),
                lambda reading: self._listener.on_suspect(reading, Suspicion.CONTRADICTORY),
            )
            return
        meter.register_at, meter.is_missed = meter.heard_at, False
        self._tell_reading(meter, values)

    def _on_state(self, up: bool) -> None:  # noqa: FBT001  # the link calls it so
        if not up:
            for meter in self._meters.values():
                meter.device.forget_relay()
                meter.fail_readers(LineDownError("disconnected"))
        elif self._tasks:
            now = self._clock.monotonic()
            for meter in self._meters.values():
                meter.heard_at = meter.register_at = now
            self._ask_soon(list(self._meters.values()))
        self._wake.set()

    def _lose(self, meter: TrackedMeter, missed: int) -> None:
        error = meter.note_silence(missed)
        self._deliveries.put(
            (meter.serial, "silence"),
            lambda: self._listener.on_silent(meter.serial, error, missed),
        )

    # What goes out

    def _ask_soon(self, meters: list[TrackedMeter]) -> None:
        """Get every register that can be had at once: money and relays wait for it."""
        if self._tasks and self._link.health.up:
            task = asyncio.create_task(self._ask_all(meters), name="ask meters")
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _ask_all(self, meters: list[TrackedMeter]) -> None:
        async with asyncio.TaskGroup() as group:
            for meter in meters:
                if meter.device.profile.register is not None:
                    group.create_task(self._ask_quietly(meter), name=f"ask {meter.serial}")
                    await asyncio.sleep(ASK_APART_S)

    async def _ask_quietly(self, meter: TrackedMeter) -> None:
        """Ask one meter; what went wrong shows by its silence."""
        with suppress(OperationFailedError):
            await self._ask(meter)

    async def _ask(self, meter: TrackedMeter) -> MeterReading:
        began_at = self._clock.monotonic()
        try:
            reading = await meter.device.read(RequestClass.DUE, detail=False)
        except LineDownError:
            raise
        except BusError:
            meter.can_be_asked = False
            raise
        meter.can_be_asked = True
        last_wh, told_wh = self._last_wh(meter.serial), reading.energy_wh
        if last_wh is not None and told_wh is not None and told_wh < last_wh:
            raise GarbledAnswerError(meter.device.code, "a register below its last upload")
        meter.health.answer_time_s = self._clock.monotonic() - began_at
        reading = meter.reading(dict(reading.values), self._clock)
        taken = asyncio.get_running_loop().create_future()
        self._tell(meter, "reading", reading, self._listener.on_reading, taken)
        await taken
        return reading

    def _tell_reading(self, meter: TrackedMeter, values: dict[Quantity, int]) -> None:
        reading = meter.reading(values, self._clock)

        async def tell(reading: MeterReading) -> None:
            await self._listener.on_reading(reading)
            for reader in meter.readers:
                if not reader.done() and reading.energy_wh is not None:
                    reader.set_result(reading)

        self._tell(meter, "reading", reading, tell)

    def _tell_values(self, meter: TrackedMeter) -> None:
        reading = meter.reading({}, self._clock)
        self._tell(meter, "values", reading, self._listener.on_values)

    def _tell(
        self,
        meter: TrackedMeter,
        kind: str,
        reading: MeterReading,
        told: Callable[[MeterReading], Awaitable[None]],
        taken: asyncio.Future[None] | None = None,
    ) -> None:
        self._deliveries.put((meter.serial, kind), lambda: told(reading), taken)

    def _tell_pace(self, meter: TrackedMeter) -> None:
        """Tell a meter its upload intervals, if they are not as wanted."""
        is_busy = meter.task is not None and not meter.task.done()
        if is_busy or not self._tasks or not self._link.health.up:
            return
        if meter.pace.next_command(self._clock.monotonic()) is not None:
            meter.task = asyncio.create_task(self._set_pace(meter), name=f"pace {meter.serial}")

    async def _set_pace(self, meter: TrackedMeter) -> None:
        while (command := meter.pace.next_command(self._clock.monotonic())) is not None:
            try:
                reply = await self._link.request(command)
            except LineDownError:
                return
            except BusError as error:
                _LOGGER.debug("Interval of %s was not set: %s", meter.serial, error)
                meter.pace.fail(command, self._clock.monotonic())
            else:
                meter.pace.take(command, reply)

    async def _watch(self) -> NoReturn:
        """Look for silence whenever one could be due."""
        while True:
            self._wake.clear()
            self.look_for_silence()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause_s()):
                    await self._wake.wait()

    def _pause_s(self) -> float | None:
        now = self._clock.monotonic()
        pauses = [
            min(
                meter.heard_at + PATIENCE * meter.expected_s,
                meter.register_at + PATIENCE * meter.pace.energy_s,
            )
            - now
            for meter in self._meters.values()
            if not (meter.is_silent or meter.is_missed)
        ]
        return max(0.1, min(pauses)) if pauses else None

    def _meter(self, serial: MeterSerial) -> TrackedMeter:
        meter = self._meters.get(serial)
        if meter is None:
            raise InvalidInputError("meter_unknown", meter=serial)
        return meter
