"""Demand: what a tariff asks for the highest power of a month, and how that power is measured."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple

from ..money.amount import Price
from .year import ALL_MONTHS

MAX_OPEN_BLOCKS = 400
"""Of one measurement; of 15 minutes each that is four days."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MW_US_IN_WH = 1000 * 3600 * 1_000_000


class DemandQuantity(StrEnum):
    """What is measured: active power in W, or apparent power in VA."""

    KW = "kW"
    KVA = "kVA"


class DemandKey(NamedTuple):
    """What a measured maximum is of: the same key means the same measurement."""

    name: str
    quantity: DemandQuantity
    minutes: int
    """How long the blocks are whose mean power is measured."""
    period: str = ""
    """Only what is used in this period counts; empty for any time."""


class DemandStep(NamedTuple):
    """A step of the price ladder of a demand."""

    up_to_w: int | None
    """Where it ends, in W (or VA); None for the last one."""
    price: Price
    """Per kW (or kVA) and month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandItem:
    """A price on the highest mean power of a month, in steps."""

    key: DemandKey
    steps: tuple[DemandStep, ...]
    months: frozenset[int] = ALL_MONTHS
    look_back_months: int = 0
    look_back_ppm: int = 0
    """At least this part of the highest maximum of so many months before is billed."""

    def holds_in(self, month: date) -> bool:
        """Tell whether it is charged for this month."""
        return month.month in self.months


class DemandBlock(NamedTuple):
    """A finished block of one measurement."""

    key: DemandKey
    since: datetime
    mean_w: int
    """In VA where apparent power is measured."""


class DemandMeter:
    """Measures the mean power of an account in blocks of time, over all its meters.

    Blocks begin at multiples of their length in UTC. What a meter counted between two readings is
    spread evenly over that time; meters add up within a block. A block is handed out when the
    caller says that all meters were read until its end, or when very many are waiting: then one of
    the meters has been silent for so long that its share would be no measurement anyway.
    """

    def __init__(
        self, keys: Iterable[DemandKey], *, max_open: int | None = MAX_OPEN_BLOCKS
    ) -> None:
        """Measure these; so many blocks of each may wait, any number if None."""
        self._max_open = max_open
        self._open: dict[DemandKey, dict[int, int]] = {key: {} for key in keys}
        """By block, counted from 1970: its energy in mW × µs."""

    def add_energy(
        self, from_at: datetime, to_at: datetime, energy_wh: int, period: str
    ) -> tuple[DemandBlock, ...]:
        """Take energy that was used within one period; return blocks that can wait no longer."""
        return self._add(DemandQuantity.KW, from_at, to_at, energy_wh * _MW_US_IN_WH, period)

    def add_apparent(
        self, from_at: datetime, to_at: datetime, power_mva: int, period: str
    ) -> tuple[DemandBlock, ...]:
        """Take an apparent power that stood for a time; return blocks that can wait no longer."""
        energy = power_mva * ((to_at - from_at) // _MICROSECOND)
        return self._add(DemandQuantity.KVA, from_at, to_at, energy, period)

    def finish(self, until: datetime | None = None) -> tuple[DemandBlock, ...]:
        """Return the blocks that end by then, all if no time is given; they are forgotten here."""
        finished: list[DemandBlock] = []
        for key, blocks in self._open.items():
            end = None if until is None else (until - _EPOCH) // _length(key)
            finished.extend(_take(key, blocks, [n for n in blocks if end is None or n < end]))
        return tuple(sorted(finished, key=_block_since))

    def _add(
        self,
        quantity: DemandQuantity,
        from_at: datetime,
        to_at: datetime,
        energy: int,
        period: str,
    ) -> tuple[DemandBlock, ...]:
        pushed_out: list[DemandBlock] = []
        for key, blocks in self._open.items():
            if key.quantity is quantity and key.period in ("", period):
                for number, part in _spread(from_at, to_at, energy, _length(key)):
                    blocks[number] = blocks.get(number, 0) + part
                if self._max_open is not None and (excess := len(blocks) - self._max_open) > 0:
                    pushed_out.extend(_take(key, blocks, sorted(blocks)[:excess]))
        return tuple(pushed_out)


_block_since = attrgetter("since")


def _take(key: DemandKey, blocks: dict[int, int], numbers: Iterable[int]) -> Iterator[DemandBlock]:
    """Take blocks out; their power is rounded to the W."""
    length = _length(key)
    divisor = length // _MICROSECOND * 1000
    for number in numbers:
        mean_w = (blocks.pop(number) * 2 + divisor) // (divisor * 2)
        yield DemandBlock(key, _EPOCH + number * length, mean_w)


def _spread(
    from_at: datetime, to_at: datetime, energy: int, length: timedelta
) -> Iterator[tuple[int, int]]:
    """Split energy over the blocks of its time, evenly; the parts add up."""
    duration = (to_at - from_at) // _MICROSECOND
    number = (from_at - _EPOCH) // length
    given = 0
    while (end := _EPOCH + (number + 1) * length) < to_at:
        reached = energy * ((end - from_at) // _MICROSECOND) // duration
        yield number, reached - given
        given = reached
        number += 1
    yield number, energy - given


def _length(key: DemandKey) -> timedelta:
    return timedelta(minutes=key.minutes)
