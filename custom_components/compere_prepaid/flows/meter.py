"""Adding and changing a meter.

A meter is the serial number that it tells itself, not the address at which it answers: meters are
swapped and re-addressed. So the form asks where to look, the meter is asked who it is, and the user
compares that with the label before anything is saved. Of a model that cannot tell, the user types
the number from the label. When a configured meter is changed, the same
serial number must answer again; another meter is a replacement, which settles accounts, and no
matter of editing a form. Nor is another current transformer: what the register counted until then
had the old ratio.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from homeassistant.config_entries import ConfigSubentry, SubentryFlowResult
from homeassistant.helpers import area_registry as ar
from homeassistant.helpers.selector import BooleanSelector, Selector, TextSelector
import probatio as vol

from ..circuits import circuits
from ..const import (
    CONF_ADDRESS,
    CONF_AREA,
    CONF_BREAKER,
    CONF_BUS,
    CONF_FLOOR_AREA,
    CONF_MULTIPLIER,
    CONF_NAME,
    CONF_PROFILE,
    CONF_RATED_POWER,
    CONF_ROLLOVER,
    CONF_SERIAL,
    FOUND_ON_SITE,
    FROM_FILE,
    SUBENTRY_BUS,
    SUBENTRY_METER,
    meter_unique_id,
)
from ..core.errors import PrepaidError
from ..core.meters.modbus_profile import RelayMode
from ..core.meters.profile import MeterProtocol
from ..lines import is_broker
from ..site import CompereSite
from .air_meter import check_code, heard_choice, unknown_meters
from .form_errors import BASE, FormError, form_error
from .meter_form import SECTION_PLACE, SECTION_REGISTER, SERIAL, meter_schema
from .meter_probe import (
    AIR_ERRORS,
    PROBE_ERRORS,
    address_of,
    async_probe,
    check_same,
    place_of,
    same_place,
)
from .relay_section import SECTION_RELAY, relay_data, relay_values
from .schemas import MeterAddressSelector
from .subentry import SiteSubentryFlow

CONF_SET_MODES = "set_modes"
AIR_STEPS = frozenset({"air", "reconfigure_air"})
"""The steps that ask for a meter behind a broker."""


class MeterFlow(SiteSubentryFlow):
    """Ask where the meter is, read its serial number, let the user confirm, save it."""

    _found: dict[str, Any]
    _unset: tuple[RelayMode, ...] = ()
    """The settings that the meter's relay needs and that the meter does not have."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a new meter and look for it."""
        if user_input is None and self._buses_of(on_air=True):
            if self._buses_of(on_air=False):
                return await self.async_step_kind()
            return await self.async_step_air()
        return await self._async_step_meter("user", user_input)

    async def async_step_kind(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Let the user pick on what the new meter is."""
        return self.async_show_menu(step_id="kind", menu_options=["wired", "air"])

    async def async_step_wired(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a meter on a wired line."""
        return await self._async_step_meter("user", None)

    async def async_step_air(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a meter behind a broker."""
        return await self._async_step_meter("air", user_input)

    async def async_step_reconfigure_air(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what changed about a meter behind a broker."""
        return await self._async_step_meter("reconfigure_air", user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what changed about a meter and look whether it is still the same one."""
        if user_input is None and self._present and self._is_on_air(self._present.data):
            return await self.async_step_reconfigure_air()
        return await self._async_step_meter("reconfigure", user_input)

    async def async_step_serial(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the serial number of a meter that answers and cannot tell it."""
        data, errors, placeholders = self._found, {}, {}
        if user_input is not None:
            data = data | {CONF_SERIAL: user_input[CONF_SERIAL].strip()}
            try:
                self._check_serial(data)
            except FormError as error:
                errors, placeholders = error.errors, error.placeholders
            else:
                self._found = data
                return await self.async_step_confirm()
        schema = vol.Schema({vol.Required(CONF_SERIAL): TextSelector()})
        return self.async_show_form(
            step_id="serial",
            data_schema=self.add_suggested_values_to_schema(schema, user_input),
            errors=errors,
            description_placeholders={
                "name": data[CONF_NAME],
                "address": str(data[CONF_ADDRESS]),
                "bus": self._buses_of(on_air=False).get(data[CONF_BUS], ""),
            }
            | placeholders,
        )

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show who answered; save it when the user agrees that this is the meter."""
        if (site := self._site) is None:
            return self.async_abort(reason="entry_not_loaded")
        data = self._found
        try:
            self._check_unused(data)  # another dialog may have been faster
        except FormError as error:
            step_id = "air" if self._is_on_air(data) else "user"
            return self._show(step_id, self._form_values(data), error.errors, error.placeholders)
        if user_input is None:
            return self._show_found(site, data)
        with suppress(PrepaidError):  # the meter has answered the more important question
            self._unset = await site.async_unset_modes(*place_of(data))
        return await self.async_step_modes() if self._unset else self._create()

    async def async_step_modes(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Offer to write the settings that the meter's relay needs; none is written unasked."""
        if (site := self._site) is None:
            return self.async_abort(reason="entry_not_loaded")
        error: FormError | None = None
        if user_input is not None:
            if not user_input[CONF_SET_MODES]:
                return self._create()
            try:
                self._unset = await site.async_set_modes(*place_of(self._found))
            except PrepaidError as problem:
                error = form_error(problem, {})
            else:
                if not self._unset:
                    return self._create()
                error = FormError(CONF_SET_MODES, "modes_refused")
        return self.async_show_form(
            step_id="modes",
            data_schema=vol.Schema(
                {vol.Required(CONF_SET_MODES, default=False): BooleanSelector()}
            ),
            errors=error.errors if error else {},
            description_placeholders={
                "name": self._found[CONF_NAME],
                "modes": ", ".join(mode.meaning for mode in self._unset),
            }
            | (error.placeholders if error else {}),
        )

    def _create(self) -> SubentryFlowResult:
        data = self._found
        return self.async_create_entry(
            title=data[CONF_NAME], data=data, unique_id=meter_unique_id(data[CONF_SERIAL])
        )

    async def _async_step_meter(
        self, step_id: str, user_input: dict[str, Any] | None
    ) -> SubentryFlowResult:
        """Ask for the meter, probe it, and go on to the confirmation or save the change."""
        if (site := self._site) is None:
            return self.async_abort(reason="entry_not_loaded")
        if not self._buses_of(on_air=step_id in AIR_STEPS):
            return self.async_abort(reason="no_bus")
        present = self._present
        if user_input is None:
            return self._show(step_id, self._form_values(present.data) if present else {})
        try:
            data = await self._async_checked(site, user_input, present)
        except FormError as error:
            return self._show(step_id, user_input, error.errors, error.placeholders)
        if present is None:
            self._found = data
            known = bool(data[CONF_SERIAL])
            return await (self.async_step_confirm() if known else self.async_step_serial())
        return self.async_update_and_abort(
            self._get_entry(), present, title=data[CONF_NAME], data=data
        )

    async def _async_checked(
        self, site: CompereSite, user_input: Mapping[str, Any], present: ConfigSubentry | None
    ) -> dict[str, Any]:
        """Return what will be saved, once everything about it was found right."""
        data = self._subentry_data(user_input)
        if present is not None:
            kept = (CONF_MULTIPLIER, *FROM_FILE, *FOUND_ON_SITE)
            data |= {key: present.data[key] for key in kept if key in present.data}
        if self._is_on_air(data):
            data = check_code(site, data)
        self._check_unused(data)
        if present is not None and same_place(data, present.data):
            return data | {CONF_SERIAL: present.data[CONF_SERIAL]}
        errors = AIR_ERRORS if self._is_on_air(data) else PROBE_ERRORS
        data[CONF_SERIAL] = await async_probe(site, data, errors)
        if present is not None:
            check_same(site, data, present.data)
        self._check_unused(data)
        return data

    def _show_found(self, site: CompereSite, data: Mapping[str, Any]) -> SubentryFlowResult:
        """Show who answered, and which data of its model nobody has proved yet."""
        profile = site.catalogue.get(data[CONF_PROFILE])
        bus = self._get_entry().subentries[data[CONF_BUS]]
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            description_placeholders={
                "name": data[CONF_NAME],
                "serial": data[CONF_SERIAL],
                "bus": bus.title,
                "address": str(data[CONF_ADDRESS]),
                "profile": profile.title,
                "circuits": ", ".join(circuits(site.catalogue, data)),
                "unverified": ", ".join(profile.unverified()) or "-",
            },
        )

    def _check_serial(self, data: Mapping[str, Any]) -> None:
        """Refuse a typed serial number that is none, or another meter's."""
        if not SERIAL.fullmatch(data[CONF_SERIAL]):
            raise FormError(CONF_SERIAL, "serial_invalid")
        try:
            self._check_unused(data)
        except FormError as error:
            (key,) = error.errors.values()
            error.errors = {CONF_SERIAL: key}
            raise

    def _check_unused(self, data: Mapping[str, Any]) -> None:
        """Refuse a name, an address or a serial number that another meter has."""
        for other in self._others(SUBENTRY_METER):
            if other.title.casefold() == data[CONF_NAME].casefold():
                raise FormError(CONF_NAME, "name_in_use", name=other.title)
            if address_of(other.data) == address_of(data):
                raise FormError(
                    CONF_ADDRESS,
                    "address_occupied",
                    address=data[CONF_ADDRESS],
                    name=other.title,
                    serial=other.data[CONF_SERIAL],
                )
        for other in self._others(SUBENTRY_METER, every_site=True):
            if data.get(CONF_SERIAL) and self._is_clash(other.data, data):
                raise FormError(
                    BASE, "serial_configured", serial=data[CONF_SERIAL], name=other.title
                )

    def _is_clash(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        """Tell whether two meters, or channels of them, would have one serial number."""
        if (site := self._site) is None:
            return bool(one[CONF_SERIAL] == other[CONF_SERIAL])
        names = [{data[CONF_SERIAL], *circuits(site.catalogue, data)} for data in (one, other)]
        return not names[0].isdisjoint(names[1])

    def _buses_of(self, *, on_air: bool) -> dict[str, str]:
        """Return the site's brokers, or its wired lines: id and name."""
        return {
            bus.subentry_id: bus.title
            for bus in self._get_entry().get_subentries_of_type(SUBENTRY_BUS)
            if is_broker(bus.data) is on_air
        }

    def _is_on_air(self, data: Mapping[str, Any]) -> bool:
        """Tell whether a meter is behind a broker."""
        return data[CONF_BUS] in self._buses_of(on_air=True)

    def _address_selector(self, site: CompereSite | None, *, on_air: bool) -> Selector[Any]:
        """Ask for a number on a line, or for a meter that is heard and nobody has."""
        if not on_air:
            return MeterAddressSelector()
        configured = {
            other.data[CONF_SERIAL] for other in self._others(SUBENTRY_METER, every_site=True)
        }
        buses = self._buses_of(on_air=True)
        return heard_choice(unknown_meters(site, buses, configured) if site else ())

    def _show(
        self,
        step_id: str,
        values: Mapping[str, Any],
        errors: dict[str, str] | None = None,
        placeholders: dict[str, str] | None = None,
    ) -> SubentryFlowResult:
        site = self._site
        profiles = site.catalogue.profiles if site else {}
        on_air = step_id in AIR_STEPS
        titles = {
            name: profiles[name].title
            for name in sorted(profiles)
            if (profiles[name].PROTOCOL is MeterProtocol.COMPERE_MQTT) is on_air
        }
        present = self._present
        address = self._address_selector(site, on_air=on_air)
        buses = self._buses_of(on_air=on_air)
        schema = meter_schema(buses, titles, address, is_new=present is None, on_air=on_air)
        serial = {"serial_number": present.data[CONF_SERIAL]} if present else {}
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors or {},
            description_placeholders=serial | (placeholders or {}),
        )

    def _subentry_data(self, user_input: Mapping[str, Any]) -> dict[str, Any]:
        """Return a form's answers in the shape in which a meter is kept, all but the serial."""
        name = user_input[CONF_NAME].strip()
        if not name:
            raise FormError(CONF_NAME, "name_empty")
        place = user_input[SECTION_PLACE]
        area = ar.async_get(self.hass).async_get_area(place.get(CONF_AREA, ""))
        asked = (CONF_BUS, CONF_ADDRESS, CONF_PROFILE, CONF_BREAKER)
        data = {key: user_input[key] for key in asked}
        data |= {CONF_NAME: name, CONF_AREA: area.name if area else ""}
        data |= {key: place.get(key) for key in (CONF_FLOOR_AREA, CONF_RATED_POWER)}
        register = user_input[SECTION_REGISTER]
        if (multiplier := register.get(CONF_MULTIPLIER, 1)) > 1:
            data[CONF_MULTIPLIER] = multiplier
        if (rollover := register.get(CONF_ROLLOVER)) is not None:
            data[CONF_ROLLOVER] = rollover
        return data | relay_data(user_input.get(SECTION_RELAY, {}), self._present)

    def _form_values(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return a kept meter in the shape of the form."""
        place: dict[str, Any] = {
            key: float(data[key]) for key in (CONF_FLOOR_AREA, CONF_RATED_POWER) if data.get(key)
        }
        if area := ar.async_get(self.hass).async_get_area_by_name(data[CONF_AREA]):
            place[CONF_AREA] = area.id
        asked = (CONF_NAME, CONF_BUS, CONF_ADDRESS, CONF_PROFILE, CONF_BREAKER)
        register = {key: data[key] for key in (CONF_MULTIPLIER, CONF_ROLLOVER) if key in data}
        return {key: data[key] for key in asked} | {
            CONF_ADDRESS: str(data[CONF_ADDRESS]),
            SECTION_PLACE: place,
            SECTION_REGISTER: register,
            SECTION_RELAY: relay_values(data),
        }
