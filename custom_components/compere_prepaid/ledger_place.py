"""Where a site's ledger lies, and opening it there."""

from pathlib import Path

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .adapters.clock import SystemClock
from .adapters.ledger_database.ledger import DatabaseLedger
from .const import CONF_LEDGER, DOMAIN
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
    """Open the site's ledger, making it if it is new; raises `PrepaidError`."""
    return await DatabaseLedger.open(
        path=ledger_path(hass, entry),
        site=entry.unique_id or entry.entry_id,
        currency=currency,
        clock=SystemClock(),
        holder=entry.entry_id,
    )
