"""What entities look at: one push-fed coordinator per meter, account and bus.

The bus is much faster than anybody looks. News (a relay that moved, a meter that fell silent, money
that was booked) is pushed at once; values that merely drift are pushed every `PACE_S` seconds.
"""

import logging
from typing import override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .const import DOMAIN
from .core.clock import Clock
from .core.metering.reading import MeterReading

_LOGGER = logging.getLogger(__name__)

PACE_S = 30.0


class PacedCoordinator[T](DataUpdateCoordinator[T]):
    """Is fed by the site; passes drifting values on at its own pace."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, name: str, data: T, clock: Clock
    ) -> None:
        """Begin with data that is known; nothing is ever polled from here."""
        super().__init__(
            hass, _LOGGER, config_entry=entry, name=f"{DOMAIN} {name}", update_interval=None
        )
        self.data = data
        self._clock = clock
        self._pushed_at: float | None = None

    @override
    async def _async_update_data(self) -> T:
        """Answer a request to refresh with what is known."""
        return self.data

    def push(self, data: T, *, news: bool = False) -> None:
        """Take over data; tell the entities now if it is news, else when it is time."""
        now = self._clock.monotonic()
        due = self._pushed_at is None or now - self._pushed_at >= PACE_S
        self.data = data
        if news or due:
            self._pushed_at = now
            self.async_set_updated_data(data)


class MeterCoordinator(PacedCoordinator[MeterReading | None]):
    """The last reading of a meter; None before the first."""

    online: bool = False
    """Whether the meter answers; a meter that was never read is not online."""

    def take(self, reading: MeterReading) -> None:
        """Take over a reading of a meter that has proved its identity."""
        before = self.data if self.online else None
        news = before is None or before.relay_closed != reading.relay_closed
        self.online = True
        if before is not None:
            # a routine poll tells the billing values only: keep what it did not tell
            reading = MeterReading(
                serial=reading.serial,
                at=reading.at,
                values={**before.values, **reading.values},
                relay_closed=reading.relay_closed,
            )
        self.push(reading, news=news)

    def lose(self) -> None:
        """Mark the meter as offline, once."""
        if self.online:
            self.online = False
            self.push(self.data, news=True)
