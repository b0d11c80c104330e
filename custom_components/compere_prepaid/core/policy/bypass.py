"""Tamper: energy that goes on counting although the relay was read back open.

Somebody has bridged the relay, or its contact is welded while its own feedback says open. Only what
the register counted from one reading with an open relay to later ones counts, under one and the
same relay demand: in between the relay was not closed by anybody here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..metering.plausibility import register_step_wh
from ..metering.reading import MeterReading

COUNTED_WH = 10
"""More than a meter's own creeping or a register's step."""

QUIET = timedelta(minutes=30)
"""An open relay behind which less was counted for so long is not bridged (any more)."""


@dataclass(slots=True)
class BypassWatch:
    """Follows one meter's open relay."""

    is_told: bool = False
    _version: int | None = None
    _mark: tuple[datetime, int] | None = None
    """From when and which Wh on the relay was open."""

    def feed(self, reading: MeterReading, version: int | None) -> int | None:
        """Take a believed reading under the demand of this version.

        Returns the Wh counted behind the open relay when that is news, 0 when it is over, and None
        while there is nothing to tell.
        """
        wh = reading.energy_wh
        if wh is None:
            return None
        here = (reading.at, wh)
        if reading.relay_closed is not False or version != self._version:
            self._version = version
            self._mark = here if reading.relay_closed is False else None
            return None
        if self._mark is None or wh < self._mark[1]:
            self._mark = here
            return None
        since, open_wh = self._mark
        counted = wh - open_wh
        if counted >= COUNTED_WH + register_step_wh(wh):
            self._mark = here
            is_news, self.is_told = not self.is_told, True
            return counted if is_news else None
        if reading.at - since < QUIET:
            return None
        self._mark = here
        was_told, self.is_told = self.is_told, False
        return 0 if was_told else None
