"""How one meter is doing, as its poller sees it."""

from dataclasses import dataclass
from datetime import datetime

REMEMBERED_POLLS = 100
_MASK = (1 << REMEMBERED_POLLS) - 1


@dataclass(slots=True)
class MeterHealth:
    """How a meter's polls went lately."""

    answer_time_s: float | None = None
    """How long the last good poll took, waiting for the line included."""
    last_answer_at: datetime | None = None
    failures: int = 0
    """In a row."""
    last_error: str = ""
    backoff_until: datetime | None = None
    clock_off_s: int | None = None
    """How far the meter's own clock was ahead when it last told it."""
    _polls: int = 0
    """A bit for each poll, the last one lowest: two thousand meters keep it in little room."""
    _counted: int = 0

    @property
    def success_rate(self) -> float | None:
        """Return the share of good polls among the last hundred; None before the first."""
        return self._polls.bit_count() / self._counted if self._counted else None

    def note(self, *, was_good: bool) -> None:
        """Count one poll."""
        self._polls = (self._polls << 1 | was_good) & _MASK
        self._counted = min(self._counted + 1, REMEMBERED_POLLS)
