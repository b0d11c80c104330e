"""Which shop or which part of the mall somebody means, and what of it they may hear.

A spoken name may be a number, a tenant, an area or a piece of one of these. The most exact meaning
wins; where several shops fit equally well all of them are returned, and the caller asks back.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
)

from ..account_view import AccountView
from ..const import ACCOUNT_PREFIX, DOMAIN
from ..runtimes import MeterRuntime
from ..site import CompereConfigEntry, CompereSite
from .hearing import alike, readings, reduced

_SHORTEST = 2
"""A shorter piece of a name would fit too many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shops:
    """The shops that a name fits, best meaning only; if none, what it sounds like."""

    views: tuple[AccountView, ...] = ()
    near: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A part of a mall, or all that may be heard of."""

    name: str | None
    meters: tuple[MeterRuntime, ...]


class Asked:
    """What somebody who asks may hear of: all shops and meters of the sites that run, as a rule.

    Where Home Assistant knows the user, what they may not see they do not hear either. A voice
    in a room has no user: whoever may speak to it may ask.
    """

    def __init__(self, hass: HomeAssistant, user: User | None, *, known: bool) -> None:
        """Take a user; `known` says whether there must be one."""
        self.hass = hass
        entries: list[CompereConfigEntry] = hass.config_entries.async_entries(DOMAIN)
        self.sites: tuple[CompereSite, ...] = tuple(
            entry.runtime_data for entry in entries if entry.state is ConfigEntryState.LOADED
        )
        if known and (user is None or not user.is_active):
            self.sites = ()
        self._user = user

    @property
    def shops(self) -> tuple[AccountView, ...]:
        """The open accounts."""
        return tuple(
            AccountView(site, runtime.coordinator.data)
            for site in self.sites
            for runtime in site.accounts.values()
            if runtime.coordinator.data.is_open
            and self._may_hear("number", f"{site.key}_account_{runtime.number}_balance")
        )

    @property
    def meters(self) -> tuple[MeterRuntime, ...]:
        """The meters."""
        return tuple(
            meter
            for site in self.sites
            for meter in site.meters.values()
            if self._may_hear("sensor", f"{meter.serial}_energy")
        )

    def find_shops(self, heard: str) -> Shops:
        """Return the open accounts that a spoken number, name or area means."""
        shops = self.shops
        areas = _areas_of_accounts(self.hass, self.sites)
        meanings: tuple[Callable[[AccountView, str], bool], ...] = (
            lambda shop, said: said == reduced(shop.state.number),
            lambda shop, said: said in _names(shop),
            lambda shop, said: said in areas.get((shop.site.key, shop.state.number), ()),
            lambda shop, said: said.isdecimal() and _ends_with_number(shop.state.number, said),
            lambda shop, said: len(said) >= _SHORTEST and _is_part(said, shop),
        )
        for means in meanings:
            for said in readings(heard):
                if found := tuple(shop for shop in shops if means(shop, said)):
                    return Shops(views=found)
        names = {reduced(shop.state.name): called(shop) for shop in shops}
        names |= {reduced(shop.state.number): called(shop) for shop in shops}
        return Shops(near=tuple(alike(heard, names)))

    def find_place(self, heard: str) -> Place | None:
        """Return the area, floor or site of this name with its meters; None if there is none."""
        by_name = _places(self.hass)
        for said in readings(heard):
            for site in self.sites:
                if said == reduced(site.name):
                    return Place(name=site.name, meters=self._of_site(site))
            if said in by_name:
                name, area_ids = by_name[said]
                return Place(name=name, meters=self._of_areas(area_ids))
        return None

    def places_like(self, heard: str) -> list[str]:
        """Return the names of places that sound like what was said."""
        return alike(heard, {key: name for key, (name, _) in _places(self.hass).items()})

    def everywhere(self) -> Place:
        """Return all that may be heard of; it is called by its site, if there is one only."""
        name = self.sites[0].name if len(self.sites) == 1 else None
        return Place(name=name, meters=self.meters)

    def _of_site(self, site: CompereSite) -> tuple[MeterRuntime, ...]:
        return tuple(meter for meter in self.meters if site.meters.get(meter.serial) is meter)

    def _of_areas(self, area_ids: Iterable[str]) -> tuple[MeterRuntime, ...]:
        wanted = set(area_ids)
        areas = {
            name: area
            for site in self.sites
            for name, area in _areas_of_devices(self.hass, site).items()
        }
        return tuple(meter for meter in self.meters if areas.get(meter.serial) in wanted)

    def _may_hear(self, platform: str, unique_id: str) -> bool:
        if self._user is None or self._user.permissions.access_all_entities(POLICY_READ):
            return True
        entity_id = er.async_get(self.hass).async_get_entity_id(platform, DOMAIN, unique_id)
        return entity_id is not None and self._user.permissions.check_entity(entity_id, POLICY_READ)


async def async_asked(hass: HomeAssistant, context: Context | None) -> Asked:
    """Return what whoever stands behind a context may hear of."""
    if context is None or context.user_id is None:
        return Asked(hass, None, known=False)
    return Asked(hass, await hass.auth.async_get_user(context.user_id), known=True)


def called(shop: AccountView) -> str:
    """Return what a shop is called: like its device, by number and name."""
    number, name = shop.state.number, shop.state.name
    return number if name == number else f"{number} {name}"


def _names(shop: AccountView) -> tuple[str, str]:
    number, name = shop.state.number, shop.state.name
    return reduced(name), reduced(f"{number} {name}")


def _ends_with_number(number: str, said: str) -> bool:
    """Tell whether `said` is all the digits at the end of an account's number."""
    whole = reduced(number)
    return whole.endswith(said) and not whole.removesuffix(said)[-1:].isdecimal()


def _is_part(said: str, shop: AccountView) -> bool:
    """Tell whether only a part of the name was said, or more than the name."""
    name = reduced(shop.state.name)
    return said in name or (len(name) > _SHORTEST and name in said)


@callback
def _areas_of_devices(hass: HomeAssistant, site: CompereSite) -> dict[str, str]:
    """Return the area of each of a site's devices that is in one, by the device's identifier."""
    registry, entry_id = dr.async_get(hass), site.entry.entry_id
    found: dict[str, str] = {}
    devices: tuple[dr.DeviceEntry | dr.ChildDeviceEntry, ...] = (
        *dr.async_entries_for_config_entry(registry, entry_id),
        *dr.async_child_entries_for_config_entry(registry, entry_id),
    )
    for device in devices:
        area_id = dr.async_get_effective_area_id(hass, device)
        if area_id is not None:
            found.update({name: area_id for domain, name in device.identifiers if domain == DOMAIN})
    return found


def _areas_of_accounts(
    hass: HomeAssistant, sites: Iterable[CompereSite]
) -> dict[tuple[str, str], set[str]]:
    """Return the reduced names of the areas of each account and its meters."""
    areas = ar.async_get(hass)
    found: dict[tuple[str, str], set[str]] = {}
    for site in sites:
        by_device = _areas_of_devices(hass, site)
        for number, runtime in site.accounts.items():
            names = found.setdefault((site.key, number), set())
            for device in (f"{ACCOUNT_PREFIX}{number}", *runtime.coordinator.data.meters):
                if area := areas.async_get_area(by_device.get(device, "")):
                    names.update(map(reduced, (area.name, *area.aliases)))
    return found


def _places(hass: HomeAssistant) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return floors and areas by reduced name: what each is called, and its areas."""
    places: dict[str, tuple[str, tuple[str, ...]]] = {}
    areas = ar.async_get(hass)
    for floor in fr.async_get(hass).async_list_floors():
        inside = tuple(
            area.id for area in areas.async_list_areas() if area.floor_id == floor.floor_id
        )
        places.update({reduced(name): (name, inside) for name in (floor.name, *floor.aliases)})
    for area in areas.async_list_areas():
        places.update({reduced(name): (name, (area.id,)) for name in (area.name, *area.aliases)})
    return places
