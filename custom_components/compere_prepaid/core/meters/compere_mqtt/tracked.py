"""What is remembered of one meter behind a broker, from one message to the next."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

from ...bus.requests import BusError, LineDownError
from ...clock import Clock
from ...ids import MeterSerial
from ...metering.reading import MeterReading, Quantity
from ..health import MeterHealth
from .link import NotHeardError
from .messages import Message
from .meter import CompereMqttMeter
from .pace import Pace

PATIENCE = 2.5
"""Messages slip by seconds, and one may be lost: so many intervals without a word are silence."""


@dataclass(slots=True, kw_only=True, eq=False)
class TrackedMeter:
    """What is known of one meter. Times are seconds of the monotonic clock."""

    device: CompereMqttMeter
    pace: Pace
    heard_at: float
    register_at: float
    live: dict[Quantity, int] = field(default_factory=dict)
    live_at: float | None = None
    health: MeterHealth = field(default_factory=MeterHealth)
    is_silent: bool = False
    is_missed: bool = False
    """Whether it was told that its register does not come."""
    can_be_asked: bool
    """Whether it tells its register on request, as far as is known."""
    readers: set[asyncio.Future[MeterReading]] = field(default_factory=set)
    task: asyncio.Task[None] | None = None
    """Tells the meter its pace."""

    @property
    def serial(self) -> MeterSerial:
        """Return the serial number."""
        return self.device.serial

    @property
    def expected_s(self) -> float:
        """Return how often something is expected of it."""
        live_s = self.pace.live_s
        if self.live_at is None or live_s is None:
            return self.pace.energy_s
        return min(float(live_s), self.pace.energy_s)

    def note_heard(self, message: Message, clock: Clock, zone: ZoneInfo) -> None:
        """Take down that the meter spoke, what its clock shows, and what it says of its relay."""
        now = clock.now()
        self.heard_at, self.is_silent = clock.monotonic(), False
        self.health.failures, self.health.last_error = 0, ""
        self.health.last_answer_at = now
        self.health.note(was_good=True)
        self.device.take_word(message)
        if message.stamped is not None:
            here = now.astimezone(zone).replace(tzinfo=None)
            self.health.clock_off_s = (message.stamped - here) // timedelta(seconds=1)

    def note_silence(self, missed: int) -> BusError:
        """Take down that so many uploads did not come; return what to tell of it."""
        self.is_silent = True
        self.device.forget_relay()
        error = NotHeardError(self.device.code)
        self.health.failures, self.health.last_error = missed, str(error)
        self.health.note(was_good=False)
        return error

    def reading(self, values: dict[Quantity, int], clock: Clock) -> MeterReading:
        """Join a record's values with the live ones, if they are not old."""
        patience_s = PATIENCE * (self.pace.live_s or self.pace.energy_s)
        is_fresh = self.live_at is not None and clock.monotonic() - self.live_at <= patience_s
        return MeterReading(
            serial=self.serial,
            at=clock.now(),
            values={**(self.live if is_fresh else {}), **values},
            relay_closed=self.device.relay_closed,
        )

    def fail_readers(self, error: LineDownError) -> None:
        """Tell whoever waits for the next register that it will not come."""
        for reader in self.readers:
            if not reader.done():
                reader.set_exception(error)
                reader.exception()  # seen, also if its caller never gets to wait for it
