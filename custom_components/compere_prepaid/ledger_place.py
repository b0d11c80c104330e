"""Where a site's ledger lies, and opening it there."""

from pathlib import Path

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.requirements import RequirementsNotFound, async_process_requirements

from .adapters.clock import SystemClock
from .adapters.ledger_database.ledger import DatabaseLedger
from .adapters.ledger_database.postgresql import is_url
from .const import CONF_BOOK_KIND, CONF_LEDGER, CONF_LEDGER_MADE, DOMAIN
from .core.errors import OperationFailedError
from .core.ledger.records import BookKind
from .core.money.amount import Currency

DRIVER = "psycopg[binary]>=3.2,<4"
"""What a ledger on a server needs beyond Home Assistant; installed when it is first asked for."""


def book_kind(entry: ConfigEntry) -> BookKind:
    """Return whether a site's money is real, or there for trying."""
    return BookKind(entry.data.get(CONF_BOOK_KIND, BookKind.REAL))


def ledger_place(hass: HomeAssistant, entry: ConfigEntry) -> Path | str:
    """Return where the ledger is: a file or a database's URL that the owner named, or our file."""
    named = entry.data.get(CONF_LEDGER)
    if not named:
        return default_file(hass, entry.unique_id or entry.entry_id)
    return named if is_url(named) else Path(hass.config.path(named))


def default_file(hass: HomeAssistant, site: str) -> Path:
    """Return the file of a site whose owner named no place."""
    return Path(hass.config.path(DOMAIN, f"{site}.db"))


async def async_open_ledger(
    hass: HomeAssistant, entry: ConfigEntry, currency: Currency
) -> DatabaseLedger:
    """Open the site's ledger, making it the first time; raises `PrepaidError`.

    A ledger that was there and is gone is not made anew (`ledger_missing`): an empty book would
    credit every opening balance a second time.
    """
    place = ledger_place(hass, entry)
    await _async_load_driver(hass, place)
    ledger = await DatabaseLedger.open(
        place=place,
        site=entry.unique_id or entry.entry_id,
        currency=currency,
        clock=SystemClock(),
        holder=entry.entry_id,
        may_create=not entry.data.get(CONF_LEDGER_MADE),
        kind=book_kind(entry),
    )
    if not entry.data.get(CONF_LEDGER_MADE):
        hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_LEDGER_MADE: True})
    return ledger


async def async_try_database(
    hass: HomeAssistant, place: Path | str, site: str, currency: Currency, kind: BookKind
) -> None:
    """Find out whether a site's ledger could be kept in a database or a file that is there.

    Raises `PrepaidError`.
    """
    await _async_load_driver(hass, place)
    await DatabaseLedger.rehearse(place=place, site=site, currency=currency, kind=kind)


async def _async_load_driver(hass: HomeAssistant, place: Path | str) -> None:
    """Install what a ledger at this place needs, if it is not there yet."""
    if isinstance(place, Path):
        return
    try:
        await async_process_requirements(hass, DOMAIN, [DRIVER], is_built_in=False)
    except RequirementsNotFound as error:
        raise OperationFailedError("ledger_driver_missing", driver=DRIVER) from error
