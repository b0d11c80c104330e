"""The order in which a line's requests are sent.

A line carries one transaction at a time, so order is everything. Requests wait in four classes;
the first class that has one that may be sent wins, and inside a class the oldest. Thus a relay
command waits for at most the transaction in flight, however long the sweep behind it is.

Below the relay nobody starves: a class that was passed over often enough has one turn.

A unit that did not answer is *quarantined* for a while: what it says late could pass for the answer
to the next question. Its requests wait, those of others do not; longest wait those of the shape
that was missed, whose answers look alike. A write whose echo repeats all that was written need not
wait: a late answer to something else cannot be that echo.
"""

import asyncio
from collections import deque
from collections.abc import Container, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from ..errors import OperationFailedError
from .requests import BusRequest, Station

LONGEST_QUEUE = 10_000
DISCOVERY_PASSED = 24
ROUTINE_PASSED = 8
"""After so many turns of more urgent ones a class has a turn that it could use."""


class RequestClass(IntEnum):
    """How urgent a request is; the lowest number is sent first."""

    RELAY = 0
    """Relay commands and their read-back."""
    DUE = 1
    """Readings that something waits for: credit about to run out, a border, a person."""
    ROUTINE = 2
    """The sweep."""
    DISCOVERY = 3
    """Looking for meters."""


_PATIENT = (
    (RequestClass.ROUTINE, ROUTINE_PASSED),
    (RequestClass.DISCOVERY, DISCOVERY_PASSED),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Waiting:
    """A request in the queue, and who waits for its answer."""

    request: BusRequest
    klass: RequestClass
    answer: asyncio.Future[tuple[int, ...]]
    queued_at: float
    is_brief: bool = False
    """A look where there may be nobody: as much patience as its neighbours need."""

    @property
    def waits_out_quarantine(self) -> bool:
        """Tell whether a late answer to an earlier question could pass for this one's."""
        return not self.request.is_proven_by_echo


@dataclass(frozen=True, slots=True)
class _Quarantine:
    until: float
    until_alike: float
    shapes: frozenset[Hashable]


@dataclass(slots=True)
class RequestQueue:
    """All requests that wait for one line. Times are seconds of a monotonic clock."""

    _classes: dict[RequestClass, deque[Waiting]] = field(
        default_factory=lambda: {klass: deque() for klass in RequestClass}
    )
    _quarantine: dict[Station, _Quarantine] = field(default_factory=dict)
    _passed: dict[RequestClass, int] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return how many requests wait."""
        return sum(map(len, self._classes.values()))

    def __iter__(self) -> Iterator[Waiting]:
        """Iterate over all waiting requests, the most urgent first."""
        for waiting in self._classes.values():
            yield from waiting

    def put(self, waiting: Waiting) -> None:
        """Append a request to its class. Raises `OperationFailedError` (`bus_busy`) when full."""
        if len(self) >= LONGEST_QUEUE:
            raise OperationFailedError("bus_busy", waiting=len(self))
        self._classes[waiting.klass].append(waiting)

    def discard(self, waiting: Waiting) -> None:
        """Take a request out; it may be gone already."""
        if waiting in self._classes[waiting.klass]:
            self._classes[waiting.klass].remove(waiting)

    def quarantine(self, missed: BusRequest, until: float, until_alike: float) -> None:
        """Leave a unit alone until then, and longer with what looks like what it missed."""
        unit = missed.unit
        before = self._quarantine.get(unit)
        shapes = {missed.shape} if before is None else {missed.shape, *before.shapes}
        self._quarantine[unit] = _Quarantine(until, until_alike, frozenset(shapes))

    def take(self, now: float, busy: Container[Station] = ()) -> Waiting | None:
        """Remove and return the request that is sent next; None when none may be sent now.

        To a unit in `busy` nothing may be sent.
        """
        self._quarantine = {
            unit: one for unit, one in self._quarantine.items() if one.until_alike > now
        }
        ready = {
            klass: waiting
            for klass, queue in self._classes.items()
            if queue and (waiting := self._first(queue, busy, now)) is not None
        }
        if not ready:
            return None
        chosen = self._choose(ready)
        self._classes[chosen].remove(ready[chosen])
        return ready[chosen]

    def _first(
        self, queue: Iterable[Waiting], busy: Container[Station], now: float
    ) -> Waiting | None:
        for waiting in queue:
            if waiting.request.unit not in busy and self._release(waiting) <= now:
                return waiting
        return None

    def _release(self, waiting: Waiting) -> float:
        """Return from when on a request may be sent as far as its unit's quarantine goes."""
        one = self._quarantine.get(waiting.request.unit)
        if one is None or not waiting.waits_out_quarantine:
            return 0.0
        return one.until_alike if waiting.request.shape in one.shapes else one.until

    def _choose(self, ready: Mapping[RequestClass, Waiting]) -> RequestClass:
        chosen = min(ready)
        if chosen is not RequestClass.RELAY:
            for klass, limit in _PATIENT:
                if klass in ready and self._passed.get(klass, 0) >= limit:
                    chosen = klass
            for klass in ready:
                self._passed[klass] = 0 if klass is chosen else self._passed.get(klass, 0) + 1
        return chosen

    def clear(self) -> tuple[Waiting, ...]:
        """Remove and return all requests; quarantines go on."""
        removed = tuple(self)
        for queue in self._classes.values():
            queue.clear()
        return removed

    def next_release(self) -> float | None:
        """Return when the next request that sits out a quarantine may be sent; None without any."""
        return min((at for waiting in self if (at := self._release(waiting))), default=None)
