"""How a line is doing: counters since the start, and shares over the last minute."""

from collections import deque
from dataclasses import dataclass, field

WINDOW_S = 60.0


@dataclass(frozen=True, slots=True)
class _Transaction:
    ended_at: float
    took_s: float
    was_answered: bool


@dataclass(slots=True)
class BusHealth:
    """What a line has done since its start. Read it freely; only its bus writes."""

    up: bool = False
    last_error: str = ""
    """Translation key of the last failure, with what is known about it."""
    requests: int = 0
    answered: int = 0
    """Good answers; a Modbus exception counts as `refused`."""
    timeouts: int = 0
    garbled: int = 0
    refused: int = 0
    reconnects: int = 0
    """How often the connection was made, the first time not counted."""
    relay_wait_s: float = 0.0
    """How long the last relay request waited for its turn."""
    relay_wait_longest_s: float = 0.0
    drained: int = 0
    """Bytes that answered nothing: late answers, noise, other masters."""
    _recent: deque[_Transaction] = field(default_factory=deque)
    _began_at: float | None = None

    def note(self, ended_at: float, took_s: float, *, was_answered: bool) -> None:
        """Count one transaction in the shares of the last minute."""
        if self._began_at is None:
            self._began_at = ended_at - took_s
        self._recent.append(_Transaction(ended_at, took_s, was_answered))
        self._forget(ended_at)

    def busy_s(self, now: float) -> float:
        """Return for how long the line was busy in the last minute."""
        self._forget(now)
        return sum(transaction.took_s for transaction in self._recent)

    def utilisation(self, now: float) -> float:
        """Return the share of the last minute in which the line was busy, 0 to 1."""
        busy_s = self.busy_s(now)
        if self._began_at is None or not busy_s:
            return 0.0
        return min(1.0, busy_s / max(min(WINDOW_S, now - self._began_at), busy_s))

    def success_rate(self, now: float) -> float | None:
        """Return the share of answered requests in the last minute; None without any request."""
        self._forget(now)
        if not self._recent:
            return None
        good = sum(transaction.was_answered for transaction in self._recent)
        return good / len(self._recent)

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0].ended_at < now - WINDOW_S:
            self._recent.popleft()
