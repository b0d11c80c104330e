"""Compere Prepaid: prepaid electricity for shopping malls in Home Assistant."""

from datetime import datetime

from homeassistant.const import EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.event import async_track_time_change
from homeassistant.helpers.typing import ConfigType

from .actions import async_register_actions
from .const import CONF_CURRENCY, DOMAIN
from .core.errors import PrepaidError
from .core.money.amount import Currency
from .dashboard import async_setup_dashboard
from .ledger_place import async_open_ledger
from .night_memory import async_forget_nights
from .notifications.memory import async_forget_notifications
from .payments.sandbox import async_forget_sandbox
from .portal.secret import async_forget_secret
from .safekeeping import async_snapshot
from .site import CompereConfigEntry, CompereSite, async_load_catalogue
from .statements.downloads import StatementFileView
from .statements.press import async_forget_printed
from .statements.sent import async_forget_sent

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

CHECKED_AT = {"hour": 3, "minute": 40, "second": 0}
"""When the ledger is checked every night, on Home Assistant's clock."""

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.NOTIFY,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register what exists once, whatever sites there are."""
    async_register_actions(hass)
    hass.http.register_view(StatementFileView(hass))
    await async_setup_dashboard(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: CompereConfigEntry) -> bool:
    """Start a site: its ledger first, then its lines.

    Only the ledger can keep a site from starting; a line that is down does not.
    """
    try:
        ledger = await async_open_ledger(hass, entry, Currency.of(entry.data[CONF_CURRENCY]))
        entry.async_on_unload(ledger.close)
        site = CompereSite(hass, entry, ledger, await async_load_catalogue(hass))
        entry.runtime_data = site
        await site.async_verify()
        await site.async_start()
    except PrepaidError as error:
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key=error.key,
            translation_placeholders=error.placeholders,
        ) from error
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.async_on_unload(entry.add_update_listener(_async_entry_changed))

    async def check_ledger(now: datetime) -> None:
        """Check the ledger and copy it while the mall sleeps."""
        await site.async_verify()
        await async_snapshot(site)

    async def stop(event: Event) -> None:
        """Post what has accrued and close the ledger before Home Assistant ends."""
        await site.async_stop()
        await ledger.close()

    entry.async_on_unload(async_track_time_change(hass, check_ledger, **CHECKED_AT))
    entry.async_on_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, stop))
    await site.async_run()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: CompereConfigEntry) -> bool:
    """Stop a site: its entities, then its lines, then its ledger."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await entry.runtime_data.async_stop()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: CompereConfigEntry) -> None:
    """Delete what is kept of a removed site beside its ledger, which stays."""
    await async_forget_nights(hass, entry.entry_id)
    await async_forget_notifications(hass, entry.entry_id)
    await async_forget_secret(hass, entry.entry_id)
    await async_forget_sandbox(hass, entry)
    await async_forget_sent(hass, entry.entry_id)
    await async_forget_printed(hass, entry.entry_id)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: CompereConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Allow to remove a device only when nothing of the site stands behind it any more."""
    return not entry.runtime_data.knows_device(device)


async def _async_entry_changed(hass: HomeAssistant, entry: CompereConfigEntry) -> None:
    """Follow changed subentries without a reload."""
    await entry.runtime_data.async_apply_subentries()
