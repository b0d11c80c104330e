"""The site's own secret, of which the tags on its meters are made.

It lives in Home Assistant's private storage and nowhere else: who has a copy of the ledger can make
no tag. Home Assistant's backups contain it, so labels outlive a restore.
"""

import secrets

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from ..const import DOMAIN

VERSION = 1
SECRET_BYTES = 32


def _store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, str]]:
    return Store(hass, VERSION, f"{DOMAIN}.{entry_id}.portal", private=True)


async def async_site_secret(hass: HomeAssistant, entry_id: str) -> bytes:
    """Return a site's secret; the first time it is made."""
    store = _store(hass, entry_id)
    kept = await store.async_load()
    if kept is None:
        kept = {"secret": secrets.token_hex(SECRET_BYTES)}
        await store.async_save(kept)
    return bytes.fromhex(kept["secret"])


async def async_forget_secret(hass: HomeAssistant, entry_id: str) -> None:
    """Delete the secret of a site that is gone; its labels open nothing any more."""
    await _store(hass, entry_id).async_remove()
