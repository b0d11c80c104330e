"""Where a site's ledger lies, and opening it there."""

from pathlib import Path

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .adapters.clock import SystemClock
from .adapters.ledger_database.ledger import DatabaseLedger
from .const import CONF_LEDGER, CONF_LEDGER_MADE, DOMAIN
from .core.errors import OperationFailedError
from .core.money.amount import Currency


def ledger_path(hass: HomeAssistant, entry: ConfigEntry) -> Path:
    """Return the ledger's file: the place the owner named, or one in our configuration folder."""
    named = entry.data.get(CONF_LEDGER)
    if named:
        return Path(hass.config.path(named))
    return Path(hass.config.path(DOMAIN, f"{entry.unique_id or entry.entry_id}.db"))


async def async_open_ledger(
    hass: HomeAssistant, entry: ConfigEntry, currency: Currency
) -> DatabaseLedger:
    """Open the site's ledger, making it the first time; raises `PrepaidError`.

    A ledger that was there and is gone is not made anew (`ledger_missing`): an empty book would
    credit every opening balance a second time.
    """
    path = ledger_path(hass, entry)
    if entry.data.get(CONF_LEDGER_MADE) and not await hass.async_add_executor_job(path.exists):
        raise OperationFailedError("ledger_missing", path=path)
    ledger = await DatabaseLedger.open(
        place=path,
        site=entry.unique_id or entry.entry_id,
        currency=currency,
        clock=SystemClock(),
        holder=entry.entry_id,
    )
    if not entry.data.get(CONF_LEDGER_MADE):
        hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_LEDGER_MADE: True})
    return ledger
