"""The base loads of the last nights, kept over a restart in Home Assistant's own storage.

They say whether a supply leaks more than it used to. Nothing else hangs on them, so they are no
part of the ledger: losing them costs a few nights of patience.
"""

from typing import TYPE_CHECKING, Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .core.ids import MeterSerial

if TYPE_CHECKING:
    from .site import CompereSite

VERSION = 1

SAVE_DELAY_S = 60.0
"""A mall's nights end together: they are written together."""


def _store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, list[int]]]:
    return Store(hass, VERSION, f"{DOMAIN}.{entry_id}.nights")


async def async_forget_nights(hass: HomeAssistant, entry_id: str) -> None:
    """Delete what is kept of a site that is gone."""
    await _store(hass, entry_id).async_remove()


class NightMemory:
    """Keeps the nights of a site's meters: a list of mW by serial number, the latest last."""

    def __init__(self, site: CompereSite) -> None:
        """Keep them for this site."""
        self._site = site
        self._store = _store(site.hass, site.entry.entry_id)

    async def async_load(self) -> None:
        """Tell the rules of the nights before."""
        for serial, nights in (await self._store.async_load() or {}).items():
            self._site.protecting.nights[MeterSerial(serial)] = tuple(nights)

    def save_soon(self) -> None:
        """Write what is known within a minute."""
        self._store.async_delay_save(self._data, SAVE_DELAY_S)

    async def async_save(self) -> None:
        """Write what is known, if there is anything."""
        if data := self._data():
            await self._store.async_save(data)

    def _data(self) -> dict[str, Any]:
        nights = self._site.protecting.known_nights()
        return {serial: list(loads) for serial, loads in nights.items()}
