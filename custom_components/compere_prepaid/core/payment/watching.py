"""When a provider is asked what became of an order.

A notice may never come. While the payer waits it is asked in quick succession (`PRESSING`), else
more and more seldom until the order expires. Then the order is closed at the provider, and asked
for once more, for money may have come while it was closed. Who gives no answer is asked again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

PRESSING = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 4, 8, 15, 30))
"""So long is waited between the questions after the page has said that something was paid."""

BACKGROUND = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 30))
"""So long after an order was made it is asked for by itself; and so long is waited for who cannot
be closed, the longer the more often it was tried."""


class Step(StrEnum):
    """What to do about an order."""

    QUERY = "query"
    CLOSE = "close"


@dataclass(slots=True, kw_only=True)
class Watch:
    """When an order was asked for, and is to be next."""

    order_id: str
    account: str
    created_at: datetime
    expires_at: datetime
    asked_at: datetime | None = None
    """None if nobody has asked yet since the program started."""
    closings: int = 0
    """How often it was tried to close it."""
    is_closing: bool = False
    """Whether it is to be closed though it has not expired."""

    @property
    def next_at(self) -> datetime:
        """Return when the order is to be looked at next."""
        asked = self.asked_at
        if asked is None:
            return self.created_at
        if self.closings:
            return asked + BACKGROUND[min(self.closings, len(BACKGROUND)) - 1]
        if self.is_closing:
            return asked
        later = (self.created_at + pause for pause in BACKGROUND)
        return min((self.expires_at, *(at for at in later if at > asked)))

    def step(self, now: datetime) -> Step | None:
        """Return what to do now, if anything."""
        if now < self.next_at:
            return None
        over = self.is_closing or now >= self.expires_at
        return Step.CLOSE if over and self.asked_at is not None else Step.QUERY
