"""Keeps what every meter's register showed at the hours, tenants' or not, in the ledger.

Readings come from the reading path as soon as charging has believed them. Behind each hour what is
known of all meters is written, some meters a transaction; what comes late follows with the next.
"""

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .balance_keeper import BalanceKeeper
from .core.balance.hour_log import HourLog
from .core.balance.hours import NOBODYS, hour_marks
from .core.ids import MeterSerial
from .core.metering.reading import MeterReading
from .core.prepayment.calendar import day_of

if TYPE_CHECKING:
    from .site import CompereSite

PATIENCE = timedelta(minutes=2)
"""So long behind an hour all lines have been swept: its registers are written together."""

PACE = timedelta(minutes=15)
"""What comes later is written no more often than this."""

AT_ONCE = 50
"""So many meters are written in a transaction: after days without power each has all their hours,
and others want to write, too."""


class HourKeeper:
    """Keeps the hourly registers of one site."""

    def __init__(self, site: CompereSite) -> None:
        """Keep them in this site's ledger."""
        self._site = site
        self._log = HourLog(site.zone)
        self._waits_since: datetime | None = None
        self.written_at: datetime | None = None
        """When something was written last in this run."""
        self.balance = BalanceKeeper(site)
        self._writing = asyncio.Lock()

    def take(self, reading: MeterReading) -> None:
        """Take a reading, if charging has believed it."""
        meter = self._site.book.meters.get(reading.serial)
        if meter is None or meter.suspicion is not None:
            return
        if meter.account is not None and (meter.last is None or meter.last.at != reading.at):
            return  # the ledger failed before it was taken up
        generation = NOBODYS if meter.mark is None else meter.mark.generation
        if self._log.take(reading, generation, meter.max_power_w) and self._waits_since is None:
            self._waits_since = self._site.clock.now()

    def forget(self, serial: MeterSerial) -> None:
        """Follow a meter no more."""
        self._log.forget(serial)

    async def async_on_clock(self) -> None:
        """Write what waits, if it is time, and follow it; raises what the ledger raises."""
        await self._write_in_time()
        await self.balance.async_on_clock()

    async def _write_in_time(self) -> None:
        now, since, before = self._site.clock.now(), self._waits_since, self.written_at
        if since is None or now - since < PATIENCE:
            return
        if before is None or not timedelta(0) <= now - before < PACE:
            await self.async_write()

    def has_last_hour(self, now: datetime) -> bool:
        """Tell whether what registers showed at the last full hour was written.

        Somebody who asks for hours may have had them written when the hour was just over: then it
        was all there was, unless more waits when all lines have been swept.
        """
        zone, written = self._site.zone, self.written_at
        last = max(mark for mark in hour_marks(day_of(now, zone), zone) if mark <= now)
        if written is None or written < last or now < last + PATIENCE:
            return False
        nothing_waits = self._waits_since is None and not self._writing.locked()
        return nothing_waits or written >= last + PATIENCE

    async def async_write(self) -> None:
        """Write all that is known, as before somebody asks for it; raises what the ledger raises.

        What was not written is tried again, however often that fails. A ledger that is read-only
        is left alone.
        """
        async with self._writing:
            if self._waits_since is None or self._site.ledger.refusal is not None:
                return
            snapshot = self._log.snapshot()
            waited_since, self._waits_since = self._waits_since, None
            try:
                for part in snapshot.slices(AT_ONCE):
                    await self._site.ledger.run(part.write)
                    self._log.written(part)
            except BaseException:
                self._waits_since = waited_since
                raise
            self.written_at = self._site.clock.now()
