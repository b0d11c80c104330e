"""Who is due: of those whose time has come the urgent first, but never only those.

Planning and taking cost the logarithm of how many are planned, so a line of 247 meters is planned
as quickly as one of four.
"""

from heapq import heappop, heappush
from itertools import count

URGENT_IN_A_ROW = 8
"""After so many urgent turns one that is not has a turn, if it is due."""


class Agenda[T]:
    """Items with a moment each. Times are seconds of a monotonic clock; items are hashable."""

    def __init__(self) -> None:
        """Begin with nothing planned."""
        self._stamps = count()
        self._planned: dict[T, int] = {}
        self._urgent: list[tuple[float, int, T]] = []
        self._routine: list[tuple[float, int, T]] = []
        self._in_a_row = 0

    def __contains__(self, item: T) -> bool:
        """Tell whether an item is planned."""
        return item in self._planned

    def plan(self, item: T, due_at: float, *, is_urgent: bool) -> None:
        """Plan an item, instead of when it was planned before."""
        stamp = self._planned[item] = next(self._stamps)
        heappush(self._urgent if is_urgent else self._routine, (due_at, stamp, item))

    def drop(self, item: T) -> None:
        """Forget an item; it may be unknown."""
        self._planned.pop(item, None)

    def take(self, now: float) -> T | None:
        """Remove and return who has the next turn; None when nobody is due."""
        urgent = self._is_due(self._urgent, now)
        routine = self._is_due(self._routine, now)
        if not (urgent or routine):
            return None
        is_urgent = urgent and not (routine and self._in_a_row >= URGENT_IN_A_ROW)
        self._in_a_row = self._in_a_row + 1 if is_urgent else 0
        _, _, item = heappop(self._urgent if is_urgent else self._routine)
        del self._planned[item]
        return item

    def next_at(self) -> float | None:
        """Return when somebody is due next; None when nothing is planned."""
        heads = [heap[0][0] for heap in (self._urgent, self._routine) if self._prune(heap)]
        return min(heads, default=None)

    def _is_due(self, heap: list[tuple[float, int, T]], now: float) -> bool:
        return self._prune(heap) and heap[0][0] <= now

    def _prune(self, heap: list[tuple[float, int, T]]) -> bool:
        """Drop what was planned anew or forgotten from the head; tell whether anything is left."""
        while heap and self._planned.get(heap[0][2]) != heap[0][1]:
            heappop(heap)
        return bool(heap)
