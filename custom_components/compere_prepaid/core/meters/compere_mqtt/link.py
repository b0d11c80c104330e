"""The broker of 4G and Wi-Fi meters, as a line: the sibling of `Bus`.

Meters speak by themselves; what they say is sifted here and given to the reader. What is asked of
them is published once and waits for the answer with its operation id. A command is sent with
quality of service 0 and never retained: one that does not arrive now must not arrive in an hour,
when the tenant has paid. Whether an unanswered one was carried out, nobody knows.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
import logging

from ...bus.health import BusHealth
from ...bus.requests import BusError, LineDownError
from ...clock import Clock
from ...ids import BusId
from .commands import Command, is_done
from .messages import Message, Topic, UnreadableMessageError, model_of, parse_message
from .ports import BrokerPort, BrokerSettings, Delivered, Unsubscribe
from .profile import IMPORT
from .session import Session

_LOGGER = logging.getLogger(__name__)

ANSWER_WITHIN_S = 10.0
"""A meter on 4G may sleep between its packets, and answers within seconds."""
FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 30.0
MOST_HEARD = 512
"""So many meters are listed to be picked from; the one silent for longest is forgotten first."""


class NotHeardError(BusError):
    """Nothing came of a meter in time. What it was told, it may have done all the same."""

    def __init__(self, meter: str) -> None:
        """Name the meter."""
        super().__init__("meter_not_heard", address=meter)


class CommandRefusedError(BusError):
    """The meter answered that it did not do it."""

    def __init__(self, meter: str, reason: str) -> None:
        """Give the meter's own reason."""
        super().__init__("command_refused", address=meter, reason=reason or "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardMeter:
    """A meter that speaks on the broker, whether it is ours or not."""

    code: str
    at: datetime
    """When it was heard last."""
    energy_wh: int | None = None

    @property
    def model(self) -> str:
        """Return the model that its code names; empty if we know none of that name."""
        return model_of(self.code)


class MqttLink:
    """All meters behind one broker (and topic prefix)."""

    def __init__(
        self,
        bus_id: BusId,
        broker: BrokerPort,
        settings: BrokerSettings,
        clock: Clock,
        on_state: Callable[[bool, str], None],
    ) -> None:
        """Use a broker's connection. `on_state(up, error)` is told of every change."""
        self.bus_id = bus_id
        self.settings = settings
        self.health = BusHealth()
        self.session = Session()
        self.take_record: Callable[[Message], None] = _nobody
        """Is called with each record; the reader puts itself here."""
        self.take_state: Callable[[bool], None] = _nobody_either
        self._broker = broker
        self._clock = clock
        self._on_state = on_state
        self._heard: OrderedDict[str, HeardMeter] = OrderedDict()
        self._waiting: dict[str, tuple[Command, asyncio.Future[Message]]] = {}
        self._undo: Unsubscribe | None = None
        self._opening: asyncio.Task[None] | None = None
        self._was_told: tuple[bool, str] | None = None
        self._has_been_up = False

    @property
    def heard(self) -> Mapping[str, HeardMeter]:
        """Return the meters that have spoken since the start, by code."""
        return self._heard

    async def start(self) -> None:
        """Begin to listen. A broker that is away raises nothing: it is tried again for ever."""
        if self._opening is None:
            self._opening = asyncio.create_task(self._open(), name=f"link {self.settings.endpoint}")

    async def stop(self) -> None:
        """Listen no more; who waits for an answer gets a `LineDownError`."""
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.cancel()
            with suppress(asyncio.CancelledError):
                await opening
        if self._undo is not None:
            self._undo()
            self._undo = None
        self._fail_all(LineDownError("stopped"))
        self.health.up = False

    async def request(self, command: Command) -> Message:
        """Publish a command once and return the meter's answer.

        Raises `LineDownError`, `NotHeardError` (it may have been carried out), or
        `CommandRefusedError`.
        """
        if not self.health.up:
            raise LineDownError(self.health.last_error or "stopped")
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[command.operation] = (command, answer)
        began_at = self._clock.monotonic()
        self.health.requests += 1
        reply: Message | None = None
        try:
            await self._broker.publish(self.settings.topic(command.address), command.payload)
            async with asyncio.timeout(ANSWER_WITHIN_S):
                reply = await answer
        except TimeoutError:
            self.health.timeouts += 1
            raise NotHeardError(command.meter) from None
        finally:
            self._waiting.pop(command.operation, None)
            now = self._clock.monotonic()
            self.health.note(now, now - began_at, was_answered=reply is not None)
        if not is_done(reply):
            self.health.refused += 1
            raise CommandRefusedError(command.meter, reply.text("msg"))
        self.health.answered += 1
        return reply

    async def _open(self) -> None:
        """Listen, as soon as that is possible."""
        pause_s = FIRST_RETRY_S
        while self._undo is None:
            try:
                self._undo = await self._broker.listen(
                    [self.settings.topic(topic) for topic in Topic],
                    self._take_delivered,
                    self._on_connection,
                )
            except LineDownError as error:
                self._tell(up=False, error=error.placeholders["error"])
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_RETRY_S)

    def _on_connection(self, up: bool) -> None:  # noqa: FBT001  # the broker calls it so
        if up and not self.health.up:
            self.health.reconnects += self._has_been_up
            self._has_been_up = True
        self.health.up = up
        if not up:
            self._fail_all(LineDownError("disconnected"))
        self._tell(up=up, error="" if up else "the MQTT broker is not connected")
        self.take_state(up)

    def _tell(self, *, up: bool, error: str) -> None:
        self.health.last_error = error
        if self._was_told != (up, error):
            self._was_told = (up, error)
            self._on_state(up, error)

    def _take_delivered(self, delivered: Delivered) -> None:
        """Work on what the broker delivers, unless it lay there: nobody knows how old that is."""
        if not delivered.is_retained:
            name = delivered.topic.removeprefix(self.settings.topic(""))
            self._take(name, delivered.payload)

    def _take(self, name: str, payload: bytes) -> None:
        """Work on one message; what cannot be read is counted."""
        try:
            message = parse_message(name, payload)
        except UnreadableMessageError as error:
            self.health.garbled += 1
            _LOGGER.debug("%s", error)
            return
        topic = message.topic
        if topic.is_reply:
            self._take_reply(message)
        if topic in (Topic.LIVE, Topic.ENERGY, Topic.DAY):
            record = self.session.take(message, self._clock.monotonic())
            if record is None:
                return
            self._note_heard(record)
            self.take_record(record)
        else:
            self.take_record(message)

    def _take_reply(self, message: Message) -> None:
        waiting = self._waiting.get(message.text("oprid").lower())
        if waiting is None:
            return  # somebody else's command, or one that was given up
        command, answer = waiting
        if command.is_answered_by(message) and not answer.done():
            answer.set_result(message)

    def _note_heard(self, record: Message) -> None:
        energy = record.number(IMPORT) if record.topic is Topic.ENERGY else None
        before = self._heard.pop(record.meter, None)
        known = before.energy_wh if before else None
        self._heard[record.meter] = HeardMeter(
            code=record.meter,
            at=self._clock.now(),
            energy_wh=known if energy is None else int(energy * 1000),
        )
        while len(self._heard) > MOST_HEARD:
            self._heard.popitem(last=False)

    def _fail_all(self, error: LineDownError) -> None:
        for _, answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(error)
                answer.exception()  # seen, also if its caller never gets to wait for it


def _nobody(_: Message) -> None:
    """Hear a record without a reader."""


def _nobody_either(_: bool) -> None:  # noqa: FBT001  # called as the broker calls it
    """Hear of the connection without a reader."""
