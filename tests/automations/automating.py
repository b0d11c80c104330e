"""What tests of automations have in common: real automations, and what they have heard."""

from collections.abc import Mapping
from typing import Any

from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
)
from homeassistant.setup import async_setup_component

HEARD = "heard"


async def automated(hass: HomeAssistant, automations: list[dict[str, Any]]) -> None:
    """Run these automations."""
    assert await async_setup_component(hass, AUTOMATION, {AUTOMATION: automations})
    await hass.async_block_till_done()
    running = hass.states.async_entity_ids(AUTOMATION)
    assert len(running) == len(automations)
    assert {hass.states.get(one).state for one in running} == {"on"}  # type: ignore[union-attr]


def listening(name: str, trigger: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return an automation that tells its name when its trigger fires."""
    return {
        "alias": name,
        "mode": "queued",
        "triggers": [trigger],
        "actions": [{"event": HEARD, "event_data": {"name": name}}],
        **more,
    }


def heard(hass: HomeAssistant) -> list[str]:
    """Return a list that will hold the names of the automations that ran."""
    names: list[str] = []

    @callback
    def take(event: Event) -> None:
        names.append(event.data["name"])

    hass.bus.async_listen(HEARD, take)
    return names


def ways_to(hass: HomeAssistant, device: dr.DeviceEntry, mark: str) -> dict[str, dict[str, Any]]:
    """Return a target of each kind that leads to a device and to no other.

    The device is moved to an area of its own, on a floor of its own; all get labels of their own.
    """
    labels = {
        kind: lr.async_get(hass).async_create(f"{mark} {kind}").label_id
        for kind in ("area", "device", "entity")
    }
    floor = fr.async_get(hass).async_create(f"{mark} floor")
    area = ar.async_get(hass).async_create(
        f"{mark} area", floor_id=floor.floor_id, labels={labels["area"]}
    )
    dr.async_get(hass).async_update_device(device.id, area_id=area.id, labels={labels["device"]})
    entity = er.async_entries_for_device(er.async_get(hass), device.id)[0]
    er.async_get(hass).async_update_entity(entity.entity_id, labels={labels["entity"]})
    return {
        "entity": {"entity_id": entity.entity_id},
        "device": {"device_id": device.id},
        "area": {"area_id": area.id},
        "floor": {"floor_id": floor.floor_id},
        **{f"label of the {kind}": {"label_id": label} for kind, label in labels.items()},
    }
