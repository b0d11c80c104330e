"""Devices in Home Assistant's registry follow what is configured; what users set of them stays."""

from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigSubentry
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity_platform import async_get_platforms

from .const import ACCOUNT_PREFIX, CONF_AREA, CONF_NAME, CONF_SERIAL, DOMAIN
from .core.ids import AccountNumber, MeterSerial
from .core.meters.profile import Profile

if TYPE_CHECKING:
    from .site import CompereSite


def place_meter(site: CompereSite, subentry: ConfigSubentry, profile: Profile, bus: str) -> str:
    """Register the device of a meter whose channels are devices of their own; return its id.

    `bus` is the id of the line's device.
    """
    data = subentry.data
    registry = dr.async_get(site.hass)
    device = registry.async_get_or_create(
        config_entry_id=site.entry.entry_id,
        config_subentry_id=subentry.subentry_id,
        identifiers={(DOMAIN, data[CONF_SERIAL])},
        name=data[CONF_NAME],
        manufacturer=profile.manufacturer,
        model=profile.model,
        serial_number=data[CONF_SERIAL],
        suggested_area=data.get(CONF_AREA) or None,
        via_device_id=bus,
    )
    return device.id


def rename_channel(site: CompereSite, serial: MeterSerial, name: str) -> None:
    """Let a channel's device follow what was configured anew; what a user called it stays."""
    registry = dr.async_get(site.hass)
    device = registry.async_get_child_device_by_identifier((DOMAIN, serial), site.entry.entry_id)
    if device is not None:
        registry.async_update_child_device(device.id, name=name)


def rename(site: CompereSite, identifier: str, name: str, via_device_id: str) -> None:
    """Let a device follow what was configured anew; what a user called it stays."""
    if (device := _find(site, identifier)) is not None:
        registry = dr.async_get(site.hass)
        registry.async_update_device(device.id, name=name, via_device_id=via_device_id)


async def pass_on(site: CompereSite, old: MeterSerial, new: MeterSerial) -> None:
    """Let a meter's device become that of the meter which replaced it.

    Areas, labels, names and the ids of entities belong to the place and stay, so that history,
    dashboards and automations go on. The old meter's entities end; the new one's take their places.
    """
    if (device := _find(site, old)) is None:
        return
    registry, entities = dr.async_get(site.hass), er.async_get(site.hass)
    entries = er.async_entries_for_device(entities, device.id, include_disabled_entities=True)
    ids = {entry.entity_id for entry in entries if entry.platform == DOMAIN}
    for platform in async_get_platforms(site.hass, DOMAIN):
        for entity_id in ids & set(platform.entities):
            await platform.async_remove_entity(entity_id)
    for entity_id in ids:
        entry = entities.entities[entity_id]
        unique_id = entry.unique_id.replace(f"{old}_", f"{new}_", 1)
        entities.async_update_entity(entity_id, new_unique_id=unique_id)
    registry.async_update_device(device.id, new_identifiers={(DOMAIN, new)}, serial_number=new)


def account_device(site: CompereSite, number: AccountNumber) -> dr.DeviceEntry | None:
    """Return the device of an account, if it has one yet."""
    return _find(site, f"{ACCOUNT_PREFIX}{number}")


def _find(site: CompereSite, identifier: str) -> dr.DeviceEntry | None:
    registry = dr.async_get(site.hass)
    return registry.async_get_device_by_identifier((DOMAIN, identifier), site.entry.entry_id)


def find_device(site: CompereSite, identifier: str) -> dr.AnyDeviceEntry | None:
    """Return the device of an account, a meter or a channel of one; None if it has none."""
    registry, entry_id = dr.async_get(site.hass), site.entry.entry_id
    return registry.async_get_device_by_identifier(
        (DOMAIN, identifier), entry_id
    ) or registry.async_get_child_device_by_identifier((DOMAIN, identifier), entry_id)
