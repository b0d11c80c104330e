"""From messages to records: what is joined, what is dropped, and why.

* A record may come in several packets; they are joined until one says that it is the last.
* Most records come twice; a repeated one says nothing new. The key is topic, meter and the meter's
  own time, which is good for that at least.
* A record that was held up on its way is late: what it shows was so minutes ago, and the next one
  would seem to have come of an impossible load. How long messages take, the meter's clock tells
  without being right: only that it goes on evenly is needed. One that shows less than a newer one
  is no register that runs backwards either.
* Every meter also publishes records of zeros under the *next* meter's code (seen in 1 036 of 1 036
  captured cases), which may be a real neighbour's. Zeros are believed only of a meter that has
  shown a sign of life of its own, and never again once it has counted.

Whatever is sent here, memory stays bounded.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from .messages import MOST_FIELDS, Message, Topic
from .profile import IMPORT

MOST_METERS = 4096
"""So many meter codes are remembered; the one not heard of for longest is forgotten first."""
MOST_PACKETS = 16
"""A KPM37 over Wi-Fi splits its minute data into 11."""
MOST_OPEN = 4
"""Records of one meter that are being joined at once."""
JOIN_WITHIN_S = 30.0
REPEATED_WITHIN_S = 600.0
"""A meter whose clock stands still would otherwise only repeat itself."""
HELD_UP_S = 90.0
"""So much later than usual a record may come; messages slip by seconds."""
SET_BACK_AFTER_S = 120.0
"""Records that come later than usual for so long are not held up: the clock was set back."""
LATE_WITHIN = timedelta(days=1)
"""A clock that went back further was set, or lost its battery."""


@dataclass(slots=True)
class _Open:
    """A record whose last packet has not come yet."""

    began_at: float
    packets: int = 0
    fields: dict[str, Decimal | str] = field(default_factory=dict)


_BEGINNING = datetime(2000, 1, 1)  # noqa: DTZ001  # as the meters' clocks, which tell no zone

type _Key = tuple[Topic, datetime | None]


@dataclass(slots=True)
class _Trace:
    """What is remembered of one meter code."""

    open: OrderedDict[_Key, _Open] = field(default_factory=OrderedDict)
    seen: deque[tuple[_Key, Decimal | None, float]] = field(
        default_factory=lambda: deque(maxlen=32)
    )
    newest: tuple[datetime, Decimal] | None = None
    """Time and register of the newest energy record."""
    ahead_s: float | None = None
    """How far the meter's clock was ahead of our own seconds when it was heard last."""
    behind_since: float | None = None
    """Since when it is further behind than that."""
    has_counted: bool = False
    is_alive: bool = False
    """Whether it told live values that are not all 0."""


@dataclass(slots=True)
class Session:
    """Joins and sifts the data records of all meters of a broker."""

    dropped: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("repeated", "zero", "late", "incomplete"), 0)
    )
    """How many records were dropped, by reason."""
    _traces: OrderedDict[str, _Trace] = field(default_factory=OrderedDict)

    def remember(self, meter: str) -> None:
        """Know that a meter has counted: its zeros are not its own."""
        self._trace(meter).has_counted = True

    def expect_other_clock(self, meter: str) -> None:
        """Know that a meter's clock is about to be set: what it showed says nothing any more."""
        self._trace(meter).ahead_s = None

    def take(self, message: Message, now: float) -> Message | None:
        """Return a whole record that is worth working on; `now` in monotonic seconds."""
        trace = self._trace(message.meter)
        record = self._joined(trace, message, now)
        if record is None:
            return None
        reason = self._objection(trace, record, now)
        if reason:
            self.dropped[reason] += 1
            return None
        _note(trace, record)
        return record

    def _trace(self, meter: str) -> _Trace:
        trace = self._traces.setdefault(meter, _Trace())
        self._traces.move_to_end(meter)
        while len(self._traces) > MOST_METERS:
            self._traces.popitem(last=False)
        return trace

    def _joined(self, trace: _Trace, message: Message, now: float) -> Message | None:
        key = (message.topic, message.stamped)
        for stale in [key for key, open_ in trace.open.items() if _is_over(open_, now)]:
            del trace.open[stale]
            self.dropped["incomplete"] += 1
        if message.is_last and key not in trace.open:
            return message
        open_ = trace.open.setdefault(key, _Open(now))
        open_.packets += 1
        open_.fields = {**open_.fields, **message.fields}
        if open_.packets > MOST_PACKETS or len(open_.fields) > MOST_FIELDS:
            del trace.open[key]
            self.dropped["incomplete"] += 1
            return None
        if message.is_last:
            del trace.open[key]
            return Message(
                topic=message.topic,
                meter=message.meter,
                fields=open_.fields,
                stamped=message.stamped,
            )
        while len(trace.open) > MOST_OPEN:
            trace.open.popitem(last=False)
            self.dropped["incomplete"] += 1
        return None

    def _objection(self, trace: _Trace, record: Message, now: float) -> str:
        """Return why a record is dropped; empty if it is not."""
        if _is_zero(record) and (
            record.topic is not Topic.ENERGY or trace.has_counted or not trace.is_alive
        ):
            return "zero"
        register = record.number(IMPORT) if record.topic is Topic.ENERGY else None
        key = (record.topic, record.stamped)
        if record.stamped is not None and _was_seen(trace, key, register, now):
            return "repeated"
        trace.seen.append((key, register, now))
        if _is_held_up(trace, record, now):
            return "late"
        if register is not None and _is_late(trace, record, register):
            return "late"
        return ""


def _is_over(open_: _Open, now: float) -> bool:
    return now - open_.began_at > JOIN_WITHIN_S


def _is_zero(record: Message) -> bool:
    numbers = [value for value in record.fields.values() if isinstance(value, Decimal)]
    numbers += [number for key in record.fields if (number := record.number(key)) is not None]
    return not any(numbers)


def _was_seen(trace: _Trace, key: _Key, register: Decimal | None, now: float) -> bool:
    """Tell whether this came before; what counted further meanwhile is no repetition."""
    return any(
        known == key
        and now - at <= REPEATED_WITHIN_S
        and (register is None or before is None or register <= before)
        for known, before, at in trace.seen
    )


def _is_held_up(trace: _Trace, record: Message, now: float) -> bool:
    """Tell whether a record is older than the meter's latest ones were when they came."""
    if record.stamped is None:
        return False
    ahead_s = (record.stamped - _BEGINNING).total_seconds() - now
    behind_s = 0.0 if trace.ahead_s is None else trace.ahead_s - ahead_s
    if HELD_UP_S < behind_s <= LATE_WITHIN.total_seconds():
        if trace.behind_since is None:
            trace.behind_since = now
        if now - trace.behind_since <= SET_BACK_AFTER_S:
            return True
    trace.ahead_s, trace.behind_since = ahead_s, None
    return False


def _is_late(trace: _Trace, record: Message, register: Decimal) -> bool:
    if trace.newest is None or record.stamped is None:
        return False
    stamped, shown = trace.newest
    return register < shown and timedelta() <= stamped - record.stamped <= LATE_WITHIN


def _note(trace: _Trace, record: Message) -> None:
    if record.topic is Topic.LIVE:
        trace.is_alive = True
    register = record.number(IMPORT) if record.topic is Topic.ENERGY else None
    if register is not None and register > 0:
        trace.has_counted = True
        if record.stamped is not None:
            trace.newest = (record.stamped, register)
