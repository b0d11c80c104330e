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
import re
from typing import Any

from homeassistant.config_entries import ConfigSubentry, SubentryFlowResult
from homeassistant.data_entry_flow import section
from homeassistant.helpers import area_registry as ar
from homeassistant.helpers.selector import AreaSelector, BooleanSelector, TextSelector
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
    SUBENTRY_BUS,
    SUBENTRY_METER,
    meter_unique_id,
)
from ..core.errors import PrepaidError
from ..core.meters.modbus_profile import RelayMode
from ..site import CompereSite
from .form_errors import BASE, FormError, form_error
from .schemas import decimal_number, labelled_choice, whole_number
from .subentry import SiteSubentryFlow

CONF_SET_MODES = "set_modes"
SECTION_PLACE = "place"
SECTION_REGISTER = "register"

_SERIAL = re.compile(r"[0-9A-Za-z_-]{1,32}")

PROBE_ERRORS: Mapping[str, str] = {
    "bus_busy": CONF_BUS,
    "bus_down": CONF_BUS,
    "bus_unknown": CONF_BUS,
    "meter_silent": CONF_ADDRESS,
    "answer_garbled": CONF_ADDRESS,
    "meter_refused": CONF_PROFILE,
    "serial_unreadable": CONF_PROFILE,
    "other_model": CONF_PROFILE,
    "profile_unknown": CONF_PROFILE,
}
"""What the probe may answer, and the field next to which the form says so."""


class MeterFlow(SiteSubentryFlow):
    """Ask where the meter is, read its serial number, let the user confirm, save it."""

    _found: dict[str, Any]
    _unset: tuple[RelayMode, ...] = ()
    """The settings that the meter's relay needs and that the meter does not have."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a new meter and look for it."""
        return await self._async_step_meter("user", user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what changed about a meter and look whether it is still the same one."""
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
                "bus": self._buses.get(data[CONF_BUS], ""),
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
            return self._show("user", self._form_values(data), error.errors, error.placeholders)
        if user_input is None:
            return self._show_found(site, data)
        with suppress(PrepaidError):  # the meter has answered the more important question
            self._unset = await site.async_unset_modes(*_place(data))
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
                self._unset = await site.async_set_modes(*_place(self._found))
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
        if not self._buses:
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
            kept = (CONF_MULTIPLIER, *FOUND_ON_SITE)
            data |= {key: present.data[key] for key in kept if key in present.data}
        self._check_unused(data)
        if present is not None and _same_place(data, present.data):
            return data | {CONF_SERIAL: present.data[CONF_SERIAL]}
        data[CONF_SERIAL] = await _async_probe(site, data)
        if present is not None:
            _check_same(site, data, present.data)
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
        if not _SERIAL.fullmatch(data[CONF_SERIAL]):
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
            if _address(other.data) == _address(data):
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

    @property
    def _buses(self) -> dict[str, str]:
        """The site's buses: id and name."""
        return {
            bus.subentry_id: bus.title
            for bus in self._get_entry().get_subentries_of_type(SUBENTRY_BUS)
        }

    def _show(
        self,
        step_id: str,
        values: Mapping[str, Any],
        errors: dict[str, str] | None = None,
        placeholders: dict[str, str] | None = None,
    ) -> SubentryFlowResult:
        site = self._site
        profiles = site.catalogue.profiles if site else {}
        titles = {name: profiles[name].title for name in sorted(profiles)}
        present = self._present
        schema = meter_schema(self._buses, titles, is_new=present is None)
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
        data = {key: user_input[key] for key in (CONF_BUS, CONF_ADDRESS, CONF_PROFILE)}
        data |= {CONF_NAME: name, CONF_AREA: area.name if area else ""}
        data |= {CONF_BREAKER: user_input[CONF_BREAKER]}
        data |= {key: place.get(key) for key in (CONF_FLOOR_AREA, CONF_RATED_POWER)}
        register = user_input[SECTION_REGISTER]
        if (multiplier := register.get(CONF_MULTIPLIER, 1)) > 1:
            data[CONF_MULTIPLIER] = multiplier
        if (rollover := register.get(CONF_ROLLOVER)) is not None:
            data[CONF_ROLLOVER] = rollover
        return data

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
            SECTION_PLACE: place,
            SECTION_REGISTER: register,
        }


def meter_schema(
    buses: Mapping[str, str], profiles: Mapping[str, str], *, is_new: bool
) -> vol.Schema:
    """Return the form for a meter of one of these models on one of these buses."""
    place = vol.Schema(
        {
            vol.Optional(CONF_AREA): AreaSelector(),
            vol.Optional(CONF_FLOOR_AREA): decimal_number(0, 1_000_000, "m²"),
            vol.Optional(CONF_RATED_POWER): decimal_number(0, 100_000, "kW"),
        }
    )
    register: dict[vol.Marker, Any] = {
        vol.Optional(CONF_ROLLOVER): whole_number(1000, 1_000_000_000, "kWh")
    }
    if is_new:
        multiplier = vol.Optional(CONF_MULTIPLIER, default=1)
        register = {multiplier: whole_number(1, 10_000)} | register
    first_bus = next(iter(buses), vol.UNDEFINED)
    first_profile = next(iter(profiles), vol.UNDEFINED)
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Required(CONF_BUS, default=first_bus): labelled_choice(buses),
            vol.Required(CONF_ADDRESS): whole_number(1, 247),
            vol.Required(CONF_PROFILE, default=first_profile): labelled_choice(profiles),
            vol.Required(CONF_BREAKER): whole_number(1, 10_000, "A"),
            vol.Required(SECTION_PLACE): section(place, {"collapsed": False}),
            vol.Required(SECTION_REGISTER): section(vol.Schema(register), {"collapsed": True}),
        }
    )


async def _async_probe(site: CompereSite, data: Mapping[str, Any]) -> str:
    """Ask the meter at this address for its serial number."""
    try:
        return await site.async_probe_meter(*_place(data))
    except PrepaidError as error:
        problem = form_error(error, PROBE_ERRORS)
        problem.placeholders.setdefault(CONF_ADDRESS, str(data[CONF_ADDRESS]))
        problem.placeholders.setdefault(CONF_PROFILE, data[CONF_PROFILE])
        raise problem from error


def _check_same(site: CompereSite, data: dict[str, Any], before: Mapping[str, Any]) -> None:
    """Refuse another meter than the one that was there, and one with other channels.

    Of a model that cannot tell its serial number nothing can be compared: it keeps the one it has.
    """
    data[CONF_SERIAL] = data[CONF_SERIAL] or before[CONF_SERIAL]
    if data[CONF_SERIAL] != before[CONF_SERIAL]:
        raise FormError(
            CONF_ADDRESS,
            "other_meter",
            found=data[CONF_SERIAL],
            expected=before[CONF_SERIAL],
            address=data[CONF_ADDRESS],
        )
    if circuits(site.catalogue, data).keys() != circuits(site.catalogue, before).keys():
        raise FormError(CONF_PROFILE, "channels_differ")


def _place(data: Mapping[str, Any]) -> tuple[str, int, str]:
    """Return where a meter answers, and as what."""
    return data[CONF_BUS], data[CONF_ADDRESS], data[CONF_PROFILE]


def _address(data: Mapping[str, Any]) -> tuple[str, int]:
    """Return where a meter answers."""
    return data[CONF_BUS], data[CONF_ADDRESS]


def _same_place(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether nothing changed that could lead to another meter."""
    return _place(one) == _place(other)
