"""Whom an action means: accounts and meters by name, or by Home Assistant's targets.

Areas, floors, labels, devices and entities all lead to devices of ours; an account's device means
the account, a meter's device the account that it supplies. Unavailable entities are not skipped:
money must reach a tenant whose meter is offline. A meter that nobody has, and a device of another
integration in the same area, mean no account.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.helpers.group import expand_entity_ids
from homeassistant.helpers.target import TargetSelection

from .const import ACCOUNT_PREFIX, DOMAIN
from .core.errors import InvalidInputError
from .core.ids import AccountNumber, MeterSerial

if TYPE_CHECKING:
    from .site import CompereSite


def accounts_meant(hass: HomeAssistant, site: CompereSite, data: dict[str, Any]) -> list[str]:
    """Return the numbers of the accounts that an action's data mean, each once.

    Raises `InvalidInputError`: `account_unknown`, `policy_unknown`, or `target_empty` if nothing of
    ours is meant.
    """
    return [site.book.account(number).number for number in accounts_named(hass, site, data)]


def accounts_named(hass: HomeAssistant, site: CompereSite, data: dict[str, Any]) -> list[str]:
    """Return what `accounts_meant` does, but leave it to others to refuse unknown numbers."""
    numbers = dict.fromkeys(_listed(data.get("account")))
    for name in _device_names(hass, site, data):
        if name.startswith(ACCOUNT_PREFIX):
            numbers[name.removeprefix(ACCOUNT_PREFIX)] = None
        elif (meter := site.book.meters.get(MeterSerial(name))) and meter.account:
            numbers[meter.account] = None
    numbers.update(dict.fromkeys(_of_policies(site, data)))
    if not numbers:
        raise InvalidInputError("target_empty")
    return list(numbers)


def meters_meant(
    hass: HomeAssistant,
    site: CompereSite,
    data: dict[str, Any],
    refuse: Callable[[str, InvalidInputError], None] | None = None,
) -> list[MeterSerial]:
    """Return the serials of the meters that an action's data mean, each once.

    An account means all its meters. Raises `InvalidInputError`: `account_unknown`,
    `meter_unknown`, `policy_unknown`, `target_empty`; who is not known is told to `refuse` instead.
    """
    serials: dict[MeterSerial, None] = {}
    refused = 0
    for name, meters_of in (
        *((serial, _the_meter) for serial in _listed(data.get("meter"))),
        *((number, _meters_of) for number in _listed(data.get("account"))),
    ):
        try:
            serials.update(dict.fromkeys(meters_of(site, name)))
        except InvalidInputError as error:
            if refuse is None:
                raise
            refuse(name, error)
            refused += 1
    for name in _device_names(hass, site, data):
        if name.startswith(ACCOUNT_PREFIX):
            account = site.book.accounts.get(AccountNumber(name.removeprefix(ACCOUNT_PREFIX)))
            serials.update(dict.fromkeys(account.meters if account else ()))
        elif MeterSerial(name) in site.meters:
            serials[MeterSerial(name)] = None
    for number in _of_policies(site, data):
        serials.update(dict.fromkeys(site.book.account(number).meters))
    if not serials and not refused:
        raise InvalidInputError("target_empty")
    return list(serials)


def _the_meter(site: CompereSite, serial: str) -> Iterable[MeterSerial]:
    return [site.book.meter(serial).serial]


def _meters_of(site: CompereSite, number: str) -> Iterable[MeterSerial]:
    return site.book.account(number).meters


def _of_policies(site: CompereSite, data: dict[str, Any]) -> list[AccountNumber]:
    """Return the open accounts that have one of the named policies."""
    names = {site.book.policy(name).name for name in _listed(data.get("with_policy"))}
    if not names:
        return []
    accounts = site.book.accounts.values()
    return [each.number for each in accounts if each.policy.name in names and each.is_open]


def _listed(value: str | list[str] | None) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else value


def _device_names(hass: HomeAssistant, site: CompereSite, data: dict[str, Any]) -> list[str]:
    """Return the identifiers of this site's devices that a target leads to."""
    names: dict[str, None] = {}
    devices = dr.async_get(hass)
    for device_id in sorted(_device_ids(hass, TargetSelection(data))):
        device = devices.async_get(device_id)
        if device is not None and device.config_entry_id == site.entry.entry_id:
            names.update({name: None for domain, name in device.identifiers if domain == DOMAIN})
    return list(names)


def _device_ids(hass: HomeAssistant, selection: TargetSelection) -> set[str]:
    """Return the ids of the devices that a target leads to, and maybe of others.

    Home Assistant itself leads an area to all its entities, tens of thousands in a mall; money has
    no use for them. An entity means its device, a device also its circuits.
    """
    areas, devices, entities = ar.async_get(hass), dr.async_get(hass), er.async_get(hass)
    chosen = set(selection.device_ids)
    chosen_areas = set(selection.area_ids)
    entity_ids = set(expand_entity_ids(hass, selection.entity_ids))
    for floor_id in selection.floor_ids:
        chosen_areas.update(area.id for area in areas.areas.get_areas_for_floor(floor_id))
    for label_id in selection.label_ids:
        chosen_areas.update(area.id for area in areas.areas.get_areas_for_label(label_id))
        chosen.update(device.id for device in dr.async_entries_for_label(devices, label_id))
        labelled = er.async_entries_for_label(entities, label_id)
        entity_ids.update(entry.entity_id for entry in labelled)
    for device_id in list(chosen):
        circuits = dr.async_entries_for_parent_device(devices, device_id)
        chosen.update(circuit.id for circuit in circuits)
    for area_id in chosen_areas:  # a circuit may have been moved to another one
        chosen.update(device.id for device in dr.async_entries_for_area(devices, area_id))
        moved = er.async_entries_for_area(entities, area_id)
        entity_ids.update(entry.entity_id for entry in moved)
    entries = (entities.async_get(entity_id) for entity_id in entity_ids)
    chosen.update(
        entry.device_id
        for entry in entries
        if entry is not None and entry.platform == DOMAIN and entry.device_id
    )
    return chosen
