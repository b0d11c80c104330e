"""How one meter is doing, as its poller sees it."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

REMEMBERED_POLLS = 100


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
    _polls: deque[bool] = field(default_factory=lambda: deque(maxlen=REMEMBERED_POLLS))

    @property
    def success_rate(self) -> float | None:
        """Return the share of good polls among the last hundred; None before the first."""
        return sum(self._polls) / len(self._polls) if self._polls else None

    def note(self, *, was_good: bool) -> None:
        """Count one poll."""
        self._polls.append(was_good)
