"""Which registers are read together.

Each request costs 13 characters and two silences, and the meter's thought; each register costs two
characters. So it is cheaper to read over a hole of registers that nobody wants than to ask twice,
up to a size that the wire's speed decides. A request must not be longer than the meter answers, and
two requests to one meter should not be equally long: a late answer to one could pass for the
other's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from ..bus.requests import Function

_REQUEST_CHARACTERS = 13
"""Question and answer without the registers: 8 and 5."""
_TURNAROUND_MS = 10
"""What a middling meter thinks before it answers."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """Registers that follow each other. What is `shared` is the same for all channels."""

    function: Function
    shared: bool
    address: int
    count: int

    @property
    def end(self) -> int:
        """Return the first address behind."""
        return self.address + self.count

    @property
    def space(self) -> tuple[Function, bool]:
        """Return what two spans must have in common to be read together."""
        return self.function, self.shared

    def holds(self, other: Span) -> bool:
        """Tell whether the other one's registers are among these."""
        return self.space == other.space and self.address <= other.address and other.end <= self.end

    def up_to(self, end: int) -> Span:
        """Return this span with another end."""
        return replace(self, count=end - self.address)


def widest_hole(baudrate: int, bits_per_character: int) -> int:
    """Return how many unwanted registers are cheaper to read than to leave out.

    (13 characters + turnaround + silence) ÷ 2 characters, with 10 ms turnaround.
    """
    character_ms = Fraction(1000 * bits_per_character, baudrate)
    silence_ms = max(character_ms * 7 / 2, Fraction(7, 4))
    saved_ms = _REQUEST_CHARACTERS * character_ms + _TURNAROUND_MS + silence_ms
    return int(saved_ms / (2 * character_ms))


def plan_reads(
    often: Iterable[Span],
    seldom: Iterable[Span],
    *,
    longest: int,
    hole: int,
    taken: Iterable[tuple[Function, int]] = (),
    end: int = 0x10000,
) -> tuple[list[Span], list[Span]]:
    """Return what to ask for with every reading, and what to ask for now and then.

    What is wanted seldom and lies among what is read often costs nothing more, so it is not asked
    for again. `taken` are lengths, by function, that another request to the meter has already;
    `end` is the first address that there is not.
    """
    lengths = set(taken)
    frequent = [_unlike(span, lengths, longest, end) for span in _merged(often, longest, hole)]
    missing = [span for span in seldom if not any(read.holds(span) for read in frequent)]
    rare = [_unlike(span, lengths, longest, end) for span in _merged(missing, longest, hole)]
    return frequent, rare


def halves(span: Span, wanted: Sequence[Span]) -> tuple[Span, ...]:
    """Split a read that was refused: each half ends with the last register wanted of it.

    One wanted number is not split; its read is trimmed to its own registers, if it is wider. Every
    part is smaller than what was refused.
    """
    inside = sorted({one for one in wanted if span.holds(one)})
    middle = len(inside) // 2
    parts = [
        part[0].up_to(max(one.end for one in part))
        for part in (inside[:middle], inside[middle:])
        if part
    ]
    if span in parts:  # one number alone, or one that lies over all others
        parts = [one for one in inside if one != span]
    return tuple(parts)


def _merged(spans: Iterable[Span], longest: int, hole: int) -> list[Span]:
    """Join neighbours."""
    merged: list[Span] = []
    for span in sorted(spans):
        last = merged[-1] if merged else None
        if (
            last is not None
            and last.space == span.space
            and span.address - last.end <= hole
            and max(last.end, span.end) - last.address <= longest
        ):
            merged[-1] = last.up_to(max(last.end, span.end))
        else:
            merged.append(span)
    return merged


def _unlike(span: Span, lengths: set[tuple[Function, int]], longest: int, end: int) -> Span:
    """Lengthen a read until no other of its function is as long, where that can be.

    By two registers where it is even: many meters know only numbers of two.
    """
    step = 2 if span.count % 2 == 0 else 1
    count = span.count
    while (span.function, count) in lengths:
        count += step
    if count > longest or span.address + count > end:
        return span
    lengths.add((span.function, count))
    return span.up_to(span.address + count)
