"""The owner of one line.

Nothing else talks on the line. One task connects, keeps connecting, and sends one request after the
other in the order of `scheduler`; two at once through a gateway that queues them, but nothing
beside a relay command. What callers see is `execute`: it queues, waits, and returns the answer or
raises a `BusError`.

What a missed answer costs is bounded and stays with the unit that missed it: one deadline, then a
quarantine of that unit while the others are polled. It never drops the connection, with one
exception: when nothing at all has answered for long, the connection itself is suspect (a gateway
that lost its power does not close it) and is made anew.

Nothing is ever sent twice by the bus. Whether a read is worth another try is the poller's business,
and a write that brought no answer may have been carried out: its sender reads back.
"""

from array import array
import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
import logging
import random
from typing import NoReturn

from ..clock import Clock
from ..ids import BusId
from .health import BusHealth
from .patience import Patience
from .ports import LinePort
from .requests import (
    BusError,
    BusRequest,
    GarbledAnswerError,
    LineDownError,
    NoAnswerError,
    RefusedError,
    Station,
)
from .scheduler import RequestClass, RequestQueue, Waiting
from .settings import LineSettings

__all__ = ["Bus", "RequestClass"]

_LOGGER = logging.getLogger(__name__)

QUARANTINE_S = 1.0
"""The shortest time for which a unit is left alone after a missed answer. An answer is never later
than the line's settings allow, so a patient line has a longer one."""
ALIKE_FACTOR = 3
"""So many times as long waits what has the shape of the missed request."""
FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 30.0
IDLE_CHECK_S = 1.0
"""How often an idle line looks whether its connection still stands."""
SUSPECT_MISSES = 8
SUSPECT_AFTER_S = 30.0
"""So many misses in a row and so long without any answer: the connection is made anew."""


class Bus:
    """One line with all that waits for it."""

    def __init__(
        self,
        bus_id: BusId,
        line: LinePort,
        settings: LineSettings,
        clock: Clock,
        on_state: Callable[[bool, str], None],
    ) -> None:
        """Take possession of a line. `on_state(up, error)` is told of every change."""
        self.bus_id = bus_id
        self.settings = settings
        self.health = BusHealth()
        self.patience = Patience(settings)
        self._last_answers: dict[BusRequest, array[int]] = {}
        self._line = line
        self._clock = clock
        self._on_state = on_state
        self._queue = RequestQueue()
        self._wake = asyncio.Event()
        self._came_up = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None
        self._is_refusing = True
        self._connections = 0
        self._was_told: tuple[bool, str] | None = None
        self._misses = 0
        self._last_sign_of_life = 0.0
        self._busy: dict[Station, RequestClass] = {}
        """Who is being asked at this moment, and how urgently."""

    @property
    def connection(self) -> int:
        """Return the number of the present connection; when it changes, meters may have too."""
        return self._connections

    def last_answers(self, unit: Station) -> Iterator[tuple[BusRequest, tuple[int, ...]]]:
        """Yield what each read of a unit brought last, as it came: to understand a meter by."""
        for request, values in self._last_answers.items():
            if request.unit == unit:
                yield request, tuple(values)

    async def start(self) -> None:
        """Begin to connect. A dead line raises nothing: it is tried again for ever."""
        if self._worker is None:
            self._is_refusing = False
            self._worker = asyncio.create_task(self._run(), name=f"bus {self.settings.endpoint}")

    async def stop(self) -> None:
        """Let go of the line; whoever waits gets a `LineDownError`."""
        worker, self._worker = self._worker, None
        self._is_refusing = True
        if worker is not None:
            worker.cancel()
            with suppress(asyncio.CancelledError):
                await worker
        self._fail_all(LineDownError("stopped"))
        await self._line.close()
        self.health.up = False
        self._came_up.clear()

    async def wait_until_up(self) -> None:
        """Return when the line is connected."""
        await self._came_up.wait()

    async def execute(
        self, request: BusRequest, klass: RequestClass, *, is_brief: bool = False
    ) -> tuple[int, ...]:
        """Queue a request and return its answer: the values read, or the echo of those written.

        `is_brief` shortens the patience to what the line's other meters need, for looking where
        there may be nobody. A caller that is cancelled takes its request
        out of the queue; a transaction in flight is finished without it.
        Raises a `BusError`, or `OperationFailedError` (`bus_busy`) when too much is waiting.
        """
        if self._is_refusing:
            raise LineDownError(self.health.last_error or "stopped")
        waiting = Waiting(
            request=request,
            klass=klass,
            answer=asyncio.get_running_loop().create_future(),
            queued_at=self._clock.monotonic(),
            is_brief=is_brief,
        )
        self._queue.put(waiting)
        self._wake.set()
        try:
            return await waiting.answer
        finally:
            self._queue.discard(waiting)
            if waiting.answer.done() and not waiting.answer.cancelled():
                waiting.answer.exception()  # seen, also by a caller cancelled in this very moment

    async def _run(self) -> NoReturn:
        """Connect and serve for ever."""
        while True:
            await self._connect()
            error = await self._serve()
            await self._line.close()
            if error is not None:
                self._go_down(error)

    async def _connect(self) -> None:
        """Connect, however often it takes. Pauses grow, and differ so that lines spread out."""
        pause_s = FIRST_RETRY_S
        while True:
            try:
                await self._line.open()
            except BusError as error:
                self._go_down(error)
            else:
                self._go_up()
                return
            await asyncio.sleep(pause_s * random.uniform(0.8, 1.2))  # noqa: S311  # not a secret
            pause_s = min(2 * pause_s, LONGEST_RETRY_S)

    async def _serve(self) -> BusError | None:
        """Send what waits until the line is lost; return why, or None if it is only suspect."""
        workers = [asyncio.create_task(self._work()) for _ in range(self.settings.in_flight)]
        try:
            done, _ = await asyncio.wait(workers, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        errors = [worker.result() for worker in done]
        return next((error for error in errors if error is not None), None)

    async def _work(self) -> BusError | None:
        """Send one request after the other."""
        while True:
            self._wake.clear()
            if not self._line.is_open:
                return LineDownError("connection lost")
            waiting = self._take()
            if waiting is None:
                await self._pause()
            elif (error := await self._transact(waiting)) is not None:
                return error
            if self._is_suspect():
                _LOGGER.info("Nothing answers on %s: connecting anew", self.settings.endpoint)
                return None

    def _take(self) -> Waiting | None:
        """Return what is sent next; nothing beside a relay command, nor to a unit that is asked."""
        if RequestClass.RELAY in self._busy.values():
            return None
        return self._queue.take(self._clock.monotonic(), self._busy)

    async def _pause(self) -> None:
        """Wait for a new request, the end of a quarantine, or the next look at the connection."""
        pause_s = IDLE_CHECK_S
        if (release := self._queue.next_release()) is not None:
            pause_s = min(pause_s, max(0.0, release - self._clock.monotonic()))
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._wake.wait()

    async def _transact(self, waiting: Waiting) -> LineDownError | None:
        """Carry out one transaction and hand on its outcome; return what cost the connection."""
        request, started = waiting.request, self._clock.monotonic()
        self._note_wait(waiting, started)
        self._busy[request.unit] = waiting.klass
        outcome: tuple[int, ...] | BusError
        try:
            outcome = await self._line.execute(request, self._deadline_s(waiting))
        except BusError as error:
            outcome = error
        except asyncio.CancelledError:
            _resolve(waiting, LineDownError("stopped"))
            raise
        except Exception as error:
            # The line must outlive whatever a library does; the connection is in an unknown state.
            _LOGGER.exception("Unexpected failure on %s", self.settings.endpoint)
            outcome = LineDownError(f"{type(error).__name__}: {error}")
        finally:
            del self._busy[request.unit]
            if self.settings.in_flight > 1:
                self._wake.set()  # the other worker may have waited for this unit
        if not isinstance(outcome, BusError) and not request.is_answered_by(outcome):
            outcome = GarbledAnswerError(request.unit, "other values than asked for")
        self._account(waiting, outcome, started)
        if not isinstance(outcome, LineDownError):
            _resolve(waiting, outcome)
            return None
        self._go_down(outcome)  # before anybody can ask again
        _resolve(waiting, outcome)
        return outcome

    def _deadline_s(self, waiting: Waiting) -> float:
        """Return how long question, thought and answer may take together."""
        unit, patience = waiting.request.unit, self.patience
        thought_s = patience.brief() if waiting.is_brief else patience.of(unit)
        under_way_s = sum(map(self.patience.of, self._busy)) - patience.of(unit)
        return self._wire_s(waiting.request) + thought_s + under_way_s

    def _wire_s(self, request: BusRequest) -> float:
        settings = self.settings
        return request.characters * settings.character_s + 2 * settings.silence_s

    def _note_wait(self, waiting: Waiting, now: float) -> None:
        if waiting.klass is RequestClass.RELAY:
            health = self.health
            health.relay_wait_s = now - waiting.queued_at
            health.relay_wait_longest_s = max(health.relay_wait_longest_s, health.relay_wait_s)

    def _account(
        self, waiting: Waiting, outcome: tuple[int, ...] | BusError, started: float
    ) -> None:
        """Count the outcome, and leave the unit alone for a while if its answer was missed."""
        health, now, request = self.health, self._clock.monotonic(), waiting.request
        health.requests += 1
        health.drained = self._line.drained
        health.note(now, now - started, was_answered=not isinstance(outcome, BusError))
        if isinstance(outcome, BusError):
            health.last_error = str(outcome)
        match outcome:
            case RefusedError():
                health.refused += 1
            case NoAnswerError():
                health.timeouts += 1
            case GarbledAnswerError():
                health.garbled += 1
            case tuple():
                health.answered += 1
                thought_s = max(0.0, now - started - self._wire_s(request))
                self.patience.answered(request.unit, thought_s)
                if not request.is_write:
                    self._last_answers[request] = array("H", outcome)
            case _:  # the line went down: nobody's fault
                return
        if isinstance(outcome, NoAnswerError | GarbledAnswerError):
            self.patience.missed(request.unit)
            quarantine_s = max(QUARANTINE_S, self.settings.timeout_s)
            self._queue.quarantine(request, now + quarantine_s, now + ALIKE_FACTOR * quarantine_s)
        if isinstance(outcome, NoAnswerError) and not outcome.gateway_answered:
            self._misses += 1
        else:
            self._misses, self._last_sign_of_life = 0, now

    def _is_suspect(self) -> bool:
        """Tell whether the connection may be dead: nothing at all has come back for long."""
        silent_s = self._clock.monotonic() - self._last_sign_of_life
        return self._misses >= SUSPECT_MISSES and silent_s >= SUSPECT_AFTER_S

    def _go_up(self) -> None:
        self._misses, self._last_sign_of_life = 0, self._clock.monotonic()
        self._connections += 1
        self.health.reconnects = self._connections - 1
        self._is_refusing = False
        self._came_up.set()
        self._tell(is_up=True, error="")

    def _go_down(self, error: BusError) -> None:
        self.health.last_error = str(error)
        self._is_refusing = True
        self._came_up.clear()
        self._fail_all(error)
        self._tell(is_up=False, error=error.placeholders.get("error", str(error)))

    def _fail_all(self, error: BusError) -> None:
        for waiting in self._queue.clear():
            _resolve(waiting, error)

    def _tell(self, *, is_up: bool, error: str) -> None:
        """Tell a change of state once. The listener's failure is not the line's."""
        self.health.up = is_up
        was_told, self._was_told = self._was_told, (is_up, error)
        if was_told is not None and was_told[0] == is_up:
            return
        try:
            self._on_state(is_up, error)
        except Exception:
            _LOGGER.exception("The listener of %s failed", self.settings.endpoint)


def _resolve(waiting: Waiting, outcome: tuple[int, ...] | BusError) -> None:
    """Give the outcome to who waits, if somebody still does."""
    if waiting.answer.done():
        return
    if isinstance(outcome, BusError):
        waiting.answer.set_exception(outcome)
    else:
        waiting.answer.set_result(outcome)
