"""The mark-up of the month before, looked at anew when a day begins or a bill comes."""

import asyncio
from datetime import date
from typing import TYPE_CHECKING

from ..core.prepayment.calendar import day_of, month_before
from ..core.value.facts import Period
from ..core.value.selling import Selling
from .site_facts import async_selling

if TYPE_CHECKING:
    from ..site import CompereSite


class MarkupKeeper:
    """Keeps the mark-up of one site's last month."""

    def __init__(self, site: CompereSite) -> None:
        """Keep it for this site."""
        self._site = site
        self.selling: Selling | None = None
        """What was sold and bought; None before it was looked at."""
        self._seen: date | None = None
        """The day of the last look; None where something is new since then."""
        self.looking: asyncio.Task[None] | None = None
        """What looks at present, or did so last."""
        self._is_stale = False

    def look_again(self) -> None:
        """Forget what was found, for a bill came or was cancelled: the next tick looks."""
        self._seen, self._is_stale = None, True

    def on_clock(self) -> None:
        """Begin to look if anything is new, or the last look failed."""
        today = day_of(self._site.clock.now(), self._site.zone)
        if today != self._seen and (self.looking is None or self.looking.done()):
            look = self._site.reading_path.guarded(self._look(today))
            self.looking = self._site.spawn(look, "mark-up of last month")

    async def _look(self, today: date) -> None:
        until = today.replace(day=1)
        since = month_before(until)
        self._is_stale = False
        self.selling = await async_selling(
            self._site, Period(since=since, until=until, zone=self._site.zone)
        )
        if not self._is_stale:  # else a bill came meanwhile
            self._seen = today
        self._site.totals.push(None, news=True)
