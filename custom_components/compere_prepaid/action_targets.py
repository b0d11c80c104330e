"""Whom an action means: accounts and meters by name, or by Home Assistant's targets.

Areas, floors, labels, devices and entities all lead to devices of ours; an account's device means
the account, a meter's device the account that it supplies. Unavailable entities are not skipped:
money must reach a tenant whose meter is offline. A meter that nobody has, and a device of another
integration in the same area, mean no account.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.target import (
    TargetSelection,
    async_extract_referenced_entity_ids,
)

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
    selection = TargetSelection(data)
    if not selection.has_any_target:
        return []
    selected = async_extract_referenced_entity_ids(hass, selection, primary_entities_only=False)
    entities = er.async_get(hass)
    devices = dr.async_get(hass)
    wanted = set(selected.referenced_devices)
    for entity_id in selected.referenced | selected.indirectly_referenced:
        entry = entities.async_get(entity_id)
        if entry is not None and entry.platform == DOMAIN and entry.device_id:
            wanted.add(entry.device_id)
    names: dict[str, None] = {}
    for device_id in sorted(wanted):
        device = devices.async_get(device_id)
        if device is None or device.config_entry_id != site.entry.entry_id:
            continue
        names.update({name: None for domain, name in device.identifiers if domain == DOMAIN})
    return list(names)
