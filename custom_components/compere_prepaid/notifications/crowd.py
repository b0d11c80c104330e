"""Much at once: of a flood of messages managers get the first ones, and the rest as one.

A mall can cut fifty shops in one minute, when a month's standing charges fall due. Nobody reads
fifty messages; tenants get theirs all the same.
"""

from collections import deque
from datetime import datetime, timedelta

FIRST = 10
"""So many messages in `WITHIN` go out one by one."""

WITHIN = timedelta(minutes=1)

LISTED = 20
"""So many of the rest are named."""


class Crowd:
    """Counts a site's messages to managers, and collects those that are too many."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._times: deque[datetime] = deque()
        self._titles: list[str] = []

    def admits(self, now: datetime) -> bool:
        """Tell whether one more message may go out by itself; it counts then."""
        while self._times and self._times[0] <= now - WITHIN:
            self._times.popleft()
        if len(self._times) >= FIRST:
            return False
        self._times.append(now)
        return True

    def add(self, title: str) -> None:
        """Collect a message by its title, which says what is the matter."""
        self._titles.append(title)

    def take(self) -> list[str]:
        """Return the titles that were collected, oldest first, and begin anew."""
        titles, self._titles = self._titles, []
        return titles
