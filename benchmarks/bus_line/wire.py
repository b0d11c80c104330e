"""The two wires: who speaks when, and who is heard.

Times of bytes are computed, not measured: a request begins when its first byte comes in, and all
that follows has its time from there. Only then is it delivered, by a timer that is late by some
microseconds; these are the client's loss, never its gain.
"""

from collections.abc import Callable
from dataclasses import dataclass
import random
import time

from benchmarks.bus_line.frames import WRITE_COIL, Question, opened, question, sealed
from benchmarks.bus_line.meter import Meter
from benchmarks.bus_line.plan import LATE_ADDRESS, RELAY_COIL, Counts, LinePlan, Move, serial
from benchmarks.bus_line.reactor import Reactor

_EARLIEST_S = 1e-6
"""Clocks are compared to the microsecond."""


@dataclass(slots=True, eq=False)
class Speech:
    """A frame on the wire."""

    data: bytes
    start: float
    end: float
    counts: Counts
    is_spoiled: bool = False
    is_early: bool = False
    """It began before the line had been silent for long enough."""

    def said(self, begin: int, end: int) -> bytes:
        """Return these of its bytes as they are heard."""
        part = self.data[begin:end]
        return bytes(byte ^ 0x55 for byte in part) if self.is_spoiled else part


class Wire:
    """One line's wires with the meters on them."""

    def __init__(self, number: int, plan: LinePlan, reactor: Reactor) -> None:
        """Put the meters on the line."""
        self.plan = plan
        self.counts = Counts()
        self.moves: list[Move] = []
        self.meters = {
            unit: Meter(unit, serial(number, unit), plan.watts, is_metering=plan.watts > 0)
            for unit in range(1, plan.meters + 1)
        }
        self.spoken: Callable[[Speech], None] = lambda _: None
        """Told when somebody else than the master begins to speak."""
        self._reactor = reactor
        self._random = random.Random(number)
        self._last: Speech | None = None
        self._quiet_from = 0.0
        self._master: Speech | None = None

    @property
    def free_at(self) -> float:
        """Return when the next frame may begin."""
        return self._quiet_from + self.plan.silence_s

    def ask(self, data: bytes) -> float:
        """Send the master's bytes now; return when the last of them is out."""
        now, length_s = time.monotonic(), len(data) * self.plan.character_s
        master = self._master
        if master is not None and now < master.end + 1.5 * self.plan.character_s:
            master.data += data
            master.end = self._quiet_from = max(now, master.end) + length_s
        else:
            master = Speech(data, now, now + length_s, self.counts)
            master.is_early = now < self.free_at - _EARLIEST_S
            self.counts.broken_silences += master.is_early
            self.counts.began_at = self.counts.began_at or now
            self._begin(master)
            self._master = master
        speech, end = master, master.end
        self._reactor.at(end + self.plan.silence_s, lambda: self._hear(speech, end))
        return end

    def _begin(self, speech: Speech) -> None:
        """Let somebody speak; spoil it, and what is still being said."""
        if self._last is not None and speech.start < self._quiet_from:
            self.counts.collisions += 1
            self._last.is_spoiled = speech.is_spoiled = True
        self._last = speech
        self._quiet_from = max(self._quiet_from, speech.end)

    def _hear(self, speech: Speech, end: float) -> None:
        """Have the meters hear a request whose end they noticed."""
        if speech.end != end or speech is not self._master:
            return  # more of it came
        self._master = None
        body = None if speech.is_spoiled else opened(speech.data)
        asked = None if body is None else question(body)
        if asked is None:
            return
        speech.counts.requests += 1
        if speech.is_early and self.plan.insists:
            speech.counts.unheard += 1
            return
        meter = self.meters.get(asked.unit)
        if meter is not None and not meter.is_dead:
            self._obey(meter, asked, speech)

    def _obey(self, meter: Meter, asked: Question, speech: Speech) -> None:
        plan = self.plan
        if speech.end < meter.deaf_until:
            return
        if asked.function == WRITE_COIL and asked.address == RELAY_COIL and not meter.is_busy:
            meter.switch(closed=asked.count == 0xFF00)
            self.moves.append(Move(meter.unit, meter.closed, speech.end + plan.silence_s))
        if (late_s := self._late_s(asked)) is None:
            return
        start = speech.end + max(plan.turnaround_s, plan.silence_s) + late_s
        meter.deaf_until = start
        self._reactor.at(start, lambda: self._answer(meter, asked, speech, start))

    def _late_s(self, asked: Question) -> float | None:
        """Return how much later than usual the answer comes; None if it is lost."""
        if asked.function != WRITE_COIL and asked.address >= LATE_ADDRESS:
            return (asked.address - LATE_ADDRESS) / 1000
        lot = self._random.random()
        if lot < self.plan.lost_share:
            return None
        if lot < self.plan.lost_share + self.plan.late_share:
            return self._random.uniform(*self.plan.late_s)
        return 0.0

    def _answer(self, meter: Meter, asked: Question, heard: Speech, start: float) -> None:
        frame = sealed(meter.answer(asked))
        is_wrong = self._random.random() < self.plan.crc_share
        if is_wrong:
            frame = frame[:-3] + bytes((frame[-3] ^ 0x10,)) + frame[-2:]
        speech = Speech(frame, start, start + len(frame) * self.plan.character_s, heard.counts)
        self._begin(speech)
        self.spoken(speech)

        if not is_wrong:
            self._reactor.at(speech.end, lambda: self._count(meter, heard, speech))

    def _count(self, meter: Meter, heard: Speech, speech: Speech) -> None:
        """Count a good answer with the requests among which its own was."""
        if speech.is_spoiled:
            return
        counts, plan = speech.counts, self.plan
        counts.answered += 1
        counts.useful_s += plan.transaction_s(len(heard.data), len(speech.data))
        counts.ended_at = speech.end + plan.silence_s
        counts.by_unit[meter.unit] = counts.by_unit.get(meter.unit, 0) + 1
