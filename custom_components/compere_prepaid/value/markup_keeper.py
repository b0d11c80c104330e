"""The mark-up of the month before, looked at anew when a day begins or a bill comes."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

from ..core.prepayment.calendar import day_of
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
        self._busy = False

    def look_again(self) -> None:
        """Forget what was found, for a bill came or was cancelled: the next tick looks."""
        self._seen = None

    def on_clock(self) -> None:
        """Begin to look if anything is new."""
        today = day_of(self._site.clock.now(), self._site.zone)
        if today != self._seen and not self._busy:
            self._seen, self._busy = today, True
            until = today.replace(day=1)
            since = (until - timedelta(days=1)).replace(day=1)
            period = Period(since=since, until=until, zone=self._site.zone)
            self._site.spawn(self._look(period), "mark-up of last month")

    async def _look(self, period: Period) -> None:
        try:
            self.selling = await async_selling(self._site, period)
        finally:
            self._busy = False
        self._site.totals.push(None, news=True)
