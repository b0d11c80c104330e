"""Finding the meters of a line, and adding all of them at once.

The line is searched while a bar shows how far it is; closing the dialog ends the search. What was
found is shown as a list in which names, areas and breakers are filled in and unwanted meters taken
out; then all are added or, if anything is wrong, none.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, override

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.core import callback
from homeassistant.helpers import area_registry as ar
from homeassistant.helpers.selector import (
    AreaSelector,
    BooleanSelector,
    ObjectSelector,
    ObjectSelectorConfig,
    TextSelector,
)
import probatio as vol

from ..commissioning.scanning import async_adopt, async_scan, bus_named, known_serials
from ..const import (
    CONF_ADDRESS,
    CONF_AREA,
    CONF_BREAKER,
    CONF_BUS,
    CONF_NAME,
    CONF_PROFILE,
    CONF_SERIAL,
    SUBENTRY_BUS,
)
from ..core.commissioning.scan import Found, Presence, addresses_of
from ..core.documents import DocumentError
from ..core.errors import PrepaidError
from ..lines import is_broker
from ..site import CompereSite
from .form_errors import FormError, form_error
from .schemas import labelled_choice, whole_number
from .subentry import SiteSubentryFlow

ADDRESSES = "addresses"
PATIENT = "patient"
METERS = "meters"
USUAL_BREAKER_A = 100

SCAN_ERRORS: Mapping[str, str] = {
    "addresses_wrong": ADDRESSES,
    "bus_busy": CONF_BUS,
    "bus_down": CONF_BUS,
    "bus_unknown": CONF_BUS,
    "scan_running": CONF_BUS,
}
"""What a search may be refused for, and the field next to which the form says so."""


class ScanFlow(SiteSubentryFlow):
    """Search a line, show what was found, add it."""

    _asked: dict[str, Any]
    _search: asyncio.Task[tuple[Found, ...]] | None = None
    _found: tuple[Found, ...] = ()

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask which line is searched, and where on it."""
        if (site := self._site) is None:
            return self.async_abort(reason="entry_not_loaded")
        if not self._buses:
            return self.async_abort(reason="no_bus")
        if user_input is None:
            return self._ask({ADDRESSES: "1-247"})
        try:
            addresses = addresses_of(user_input[ADDRESSES])
            bus_named(site, user_input[CONF_BUS])
        except PrepaidError as error:
            return self._ask_again(user_input, form_error(error, SCAN_ERRORS))
        self._asked = user_input
        self._search = self.hass.async_create_background_task(
            self._async_search(site, addresses), "compere_prepaid search for meters"
        )
        return await self.async_step_search()

    async def async_step_search(
        self, _user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show how far the search is, until it is over."""
        search = self._search
        if search is None:
            return await self.async_step_user()
        if not search.done():
            return self.async_show_progress(
                step_id="search", progress_action="search", progress_task=search
            )
        return self.async_show_progress_done(next_step_id="searched")

    async def async_step_searched(
        self, _user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Look at what the search brought: nothing, an error, or meters."""
        search, self._search = self._search, None
        if (site := self._site) is None or search is None or search.cancelled():
            return self.async_abort(reason="entry_not_loaded")
        if isinstance(error := search.exception(), PrepaidError):
            return self._ask_again(self._asked, form_error(error, SCAN_ERRORS))
        self._found = search.result()
        if not (rows := self._rows(site)):
            return self.async_abort(
                reason="nothing_found", description_placeholders=self._others_found()
            )
        return self._show_found(rows)

    async def async_step_found(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Add the meters that stayed in the list."""
        if (site := self._site) is None:
            return self.async_abort(reason="entry_not_loaded")
        if user_input is None:
            return self._show_found(self._rows(site))
        rows: list[dict[str, Any]] = user_input[METERS]
        try:
            bus = bus_named(site, self._asked[CONF_BUS])
            outcome = await async_adopt(site, bus, self._checked(rows))
        except FormError as error:
            return self._show_found(rows, error)
        except DocumentError as error:
            faults = "; ".join(f"{fault.line}. {fault.message}" for fault in error.faults)
            return self._show_found(rows, FormError(METERS, "meters_wrong", faults=faults))
        except PrepaidError as error:
            return self._show_found(rows, form_error(error, {}))
        return self.async_abort(
            reason="adopted", description_placeholders={"count": str(outcome.created)}
        )

    @callback
    @override
    def async_remove(self) -> None:
        """End the search with the dialog."""
        if self._search is not None:
            self._search.cancel()

    async def _async_search(self, site: CompereSite, addresses: Sequence[int]) -> tuple[Found, ...]:
        bus = bus_named(site, self._asked[CONF_BUS])
        return await async_scan(
            site,
            bus,
            addresses,
            is_patient=self._asked[PATIENT],
            on_progress=lambda done, of: self.async_update_progress(done / of),
        )

    def _checked(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the meters to add; each must be one that was found where it was found."""
        if not rows:
            raise FormError(METERS, "none_chosen")
        there = {
            (found.address, fit.serial, fit.profile) for found in self._found for fit in found.fits
        }
        names: set[str] = {name.casefold() for name in self._names_in_use()}
        meters = []
        for row in rows:
            key = (int(row[CONF_ADDRESS]), row[CONF_SERIAL], row[CONF_PROFILE])
            if key not in there and (key[0], "", key[2]) not in there:
                raise FormError(METERS, "not_found_there", serial=row[CONF_SERIAL])
            name = row[CONF_NAME].strip()
            if name.casefold() in names:
                raise FormError(METERS, "name_in_use", name=name)
            names.add(name.casefold())
            meter = {
                CONF_SERIAL: row[CONF_SERIAL],
                CONF_NAME: name,
                CONF_ADDRESS: int(row[CONF_ADDRESS]),
                CONF_PROFILE: row[CONF_PROFILE],
                CONF_BREAKER: int(row[CONF_BREAKER]),
            }
            if area := ar.async_get(self.hass).async_get_area(row.get(CONF_AREA) or ""):
                meter[CONF_AREA] = area.name
            meters.append(meter)
        return meters

    def _names_in_use(self) -> list[str]:
        return [other.title for other in self._others("meter")]

    def _rows(self, site: CompereSite) -> list[dict[str, Any]]:
        """Return the list as it is shown at first: the meters that no site has yet."""
        known = known_serials(site)
        bus = self._buses.get(self._asked[CONF_BUS], "")
        return [
            {
                CONF_NAME: f"{bus} {found.address}",
                CONF_SERIAL: found.fits[0].serial,
                CONF_ADDRESS: found.address,
                CONF_PROFILE: found.fits[0].profile,
                CONF_BREAKER: USUAL_BREAKER_A,
            }
            for found in self._found
            if found.presence is Presence.METER and found.fits[0].serial not in known
        ]

    def _others_found(self) -> dict[str, str]:
        """Return where something is that is no meter of a known model."""
        return {
            key: ", ".join(str(one.address) for one in self._found if one.presence is presence)
            or "-"
            for key, presence in (("unknown", Presence.UNKNOWN), ("garbled", Presence.GARBLED))
        }

    @property
    def _buses(self) -> dict[str, str]:
        """Return the names of the wired lines, by id."""
        return {
            bus.subentry_id: bus.title
            for bus in self._get_entry().get_subentries_of_type(SUBENTRY_BUS)
            if not is_broker(bus.data)
        }

    def _ask(self, values: Mapping[str, Any]) -> SubentryFlowResult:
        return self._ask_again(values, None)

    def _ask_again(self, values: Mapping[str, Any], error: FormError | None) -> SubentryFlowResult:
        schema = vol.Schema(
            {
                vol.Required(CONF_BUS, default=next(iter(self._buses))): labelled_choice(
                    self._buses
                ),
                vol.Required(ADDRESSES): TextSelector(),
                vol.Required(PATIENT, default=False): BooleanSelector(),
            }
        )
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=error.errors if error else {},
            description_placeholders=error.placeholders if error else {},
        )

    def _show_found(
        self, rows: Sequence[Mapping[str, Any]], error: FormError | None = None
    ) -> SubentryFlowResult:
        site = self._site
        titles = (
            {name: profile.title for name, profile in site.catalogue.profiles.items()}
            if site
            else {}
        )
        schema = vol.Schema({vol.Required(METERS): found_list(titles)})
        placeholders = {"count": str(len(rows)), **self._others_found()}
        return self.async_show_form(
            step_id="found",
            data_schema=self.add_suggested_values_to_schema(schema, {METERS: list(rows)}),
            errors=error.errors if error else {},
            description_placeholders=placeholders | (error.placeholders if error else {}),
        )


def found_list(profiles: Mapping[str, str]) -> ObjectSelector:
    """Return the editor of a list of found meters."""
    return ObjectSelector(
        ObjectSelectorConfig(
            multiple=True,
            label_field=CONF_NAME,
            description_field=CONF_SERIAL,
            translation_key="found_meter",
            fields={
                CONF_NAME: {"required": True, "selector": TextSelector()},
                CONF_SERIAL: {"required": True, "selector": TextSelector()},
                CONF_ADDRESS: {"required": True, "selector": whole_number(1, 247)},
                CONF_PROFILE: {"required": True, "selector": labelled_choice(profiles)},
                CONF_BREAKER: {"required": True, "selector": whole_number(1, 10_000, "A")},
                CONF_AREA: {"selector": AreaSelector()},
            },
        )
    )
