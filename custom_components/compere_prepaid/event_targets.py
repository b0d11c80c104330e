"""Whether what a trigger's or a condition's target names is concerned.

As with actions, areas, floors, labels, devices and entities all lead to devices of ours. An
account's device means the account with its meters, a meter's device the meter and the account that
it supplies. More than with actions, a line's device means all its meters, and the site's device
everything: to be told of the whole mall is harmless.

Which meter supplies which account changes without any registry telling of it, so an event's own few
devices are compared with the target when it happens; a target is never expanded to all that it
means, which in a mall of 500 shops would take longer than the event.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.helpers.target import TargetSelection

from .const import ACCOUNT_PREFIX, DOMAIN
from .core.ids import AccountNumber, MeterSerial
from .devices import find_device

if TYPE_CHECKING:
    from .site import CompereSite


def is_meant(hass: HomeAssistant, target: TargetSelection, data: Mapping[str, Any]) -> bool:
    """Tell whether a target means what an event of ours with these data happened to."""
    site = _running(hass, str(data.get("config_entry_id")))  # anybody can fire an event by hand
    return site is not None and any(
        _means(hass, target, device) for device in _devices_of(site, data)
    )


def _running(hass: HomeAssistant, entry_id: str) -> CompereSite | None:
    entry = hass.config_entries.async_get_entry(entry_id)
    if entry is None or entry.state is not ConfigEntryState.LOADED:
        return None
    site: CompereSite = entry.runtime_data
    return site


def _devices_of(site: CompereSite, data: Mapping[str, Any]) -> Iterator[dr.AnyDeviceEntry]:
    """Yield the devices that an event happened to: its account's, and its meter's or all meters'.

    The event of a meter did not happen to the other meters of its account.
    """
    account, meter = data.get("account"), data.get("meter")
    names: list[str] = [f"{ACCOUNT_PREFIX}{account}"] if account else []
    if meter:
        names.append(meter)
    elif account and (state := site.book.accounts.get(AccountNumber(account))):
        names += state.meters
    for name in names:
        if (device := find_device(site, name)) is not None:
            yield device


def _means(hass: HomeAssistant, target: TargetSelection, device: dr.AnyDeviceEntry) -> bool:
    """Tell whether a target leads to a device."""
    if not target.device_ids.isdisjoint(_line_of(hass, device)):
        return True
    if _wears(hass, target, dr.async_get_effective_area_id(hass, device), device.labels):
        return True
    return any(
        entry.entity_id in target.entity_ids or _wears(hass, target, entry.area_id, entry.labels)
        for entry in er.async_entries_for_device(er.async_get(hass), device.id)
    )


def _line_of(hass: HomeAssistant, device: dr.AnyDeviceEntry | None) -> Iterator[str]:
    """Yield the ids of a device and of those that it hangs behind, up to the site's."""
    registry = dr.async_get(hass)
    while device is not None:
        yield device.id
        if isinstance(device, dr.ChildDeviceEntry):
            above: str | None = device.parent_device_id
        else:
            above = device.via_device_id
        device = registry.async_get(above) if above else None


def _wears(
    hass: HomeAssistant, target: TargetSelection, area_id: str | None, labels: Iterable[str]
) -> bool:
    """Tell whether an area, its floor, or one of the labels is in a target."""
    if not target.label_ids.isdisjoint(labels):
        return True
    area = ar.async_get(hass).async_get_area(area_id) if area_id else None
    return area is not None and (
        area.id in target.area_ids
        or area.floor_id in target.floor_ids
        or not target.label_ids.isdisjoint(area.labels)
    )


def account_entities(
    hass: HomeAssistant, entity_ids: Iterable[str], platform: str, key: str
) -> set[str]:
    """Return one entity of each account that is meant by any entities of ours.

    `key` says which: the end of its unique id on `platform`.
    """
    registry = er.async_get(hass)
    ours = {
        entry.device_id
        for entity_id in entity_ids
        if (entry := registry.async_get(entity_id)) and entry.platform == DOMAIN and entry.device_id
    }
    found: set[str] = set()
    for device_id in ours:
        for site, number in _accounts_behind(hass, device_id):
            unique_id = f"{site.key}_{ACCOUNT_PREFIX}{number}_{key}"
            if entity_id := registry.async_get_entity_id(platform, DOMAIN, unique_id):
                found.add(entity_id)
    return found


def _accounts_behind(
    hass: HomeAssistant, device_id: str
) -> Iterator[tuple[CompereSite, AccountNumber]]:
    """Yield the accounts that a device of ours means, with their site."""
    device = dr.async_get(hass).async_get(device_id)
    site = _running(hass, device.config_entry_id) if device is not None else None
    if device is None or site is None:
        return
    if device.id == site.device_id:
        yield from ((site, number) for number in site.accounts)
    names = {name for domain, name in device.identifiers if domain == DOMAIN}
    names |= {serial for serial, meter in site.meters.items() if meter.bus.device_id == device.id}
    for name in names:
        if name.startswith(ACCOUNT_PREFIX):
            yield site, AccountNumber(name.removeprefix(ACCOUNT_PREFIX))
        elif (meter := site.book.meters.get(MeterSerial(name))) and meter.account:
            yield site, meter.account
