"""The ways in which Home Assistant lets a person say which devices are meant."""

from collections.abc import Callable
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
)

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.site import CompereSite


def device_of(hass: HomeAssistant, site: CompereSite, name: str) -> dr.DeviceEntry:
    """Return the device that the integration knows by a name."""
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, name), site.entry.entry_id)
    assert device is not None
    return device


def _entity(hass: HomeAssistant, device: dr.DeviceEntry) -> er.RegistryEntry:
    return er.async_entries_for_device(er.async_get(hass), device.id)[0]


def _area(hass: HomeAssistant, device: dr.DeviceEntry) -> ar.AreaEntry:
    """Move a device to a new area on a new floor."""
    floor = fr.async_get(hass).async_create(f"Floor {len(fr.async_get(hass).floors)}")
    area = ar.async_get(hass).async_create(f"{floor.name} north", floor_id=floor.floor_id)
    dr.async_get(hass).async_update_device(device.id, area_id=area.id)
    return area


def _label(hass: HomeAssistant, name: str) -> str:
    return lr.async_get(hass).async_create(name).label_id


def _labelled_area(hass: HomeAssistant, device: dr.DeviceEntry) -> str:
    label = _label(hass, "Street")
    ar.async_get(hass).async_update(_area(hass, device).id, labels={label})
    return label


def _labelled_device(hass: HomeAssistant, device: dr.DeviceEntry) -> str:
    label = _label(hass, "Promotion")
    dr.async_get(hass).async_update_device(device.id, labels={label})
    return label


def _labelled_entity(hass: HomeAssistant, device: dr.DeviceEntry) -> str:
    label = _label(hass, "Favourite")
    er.async_get(hass).async_update_entity(_entity(hass, device).entity_id, labels={label})
    return label


TARGETS: dict[str, Callable[[HomeAssistant, dr.DeviceEntry], dict[str, Any]]] = {
    "device": lambda _, device: {"device_id": device.id},
    "entity": lambda hass, device: {"entity_id": _entity(hass, device).entity_id},
    "area": lambda hass, device: {"area_id": _area(hass, device).id},
    "floor": lambda hass, device: {"floor_id": _area(hass, device).floor_id},
    "label of an area": lambda hass, device: {"label_id": _labelled_area(hass, device)},
    "label of a device": lambda hass, device: {"label_id": _labelled_device(hass, device)},
    "label of an entity": lambda hass, device: {"label_id": _labelled_entity(hass, device)},
}
"""By what it is that is chosen: how it leads to a device."""
