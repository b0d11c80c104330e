"""Adding a site: its name, money, clock and ledger. Buses, meters and accounts follow one by one.

Currency, time zone, the kind of money and the ledger's place are the frame in which every booking
is made; they are chosen once. What may change later is the name.
"""

from collections.abc import Mapping
import os
from pathlib import Path
from typing import Any, override
from zoneinfo import available_timezones

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
    SubentryFlowContext,
)
from homeassistant.core import callback
from homeassistant.data_entry_flow import section
from homeassistant.generated.currencies import ACTIVE_CURRENCIES
from homeassistant.helpers.selector import TextSelector
from homeassistant.util import slugify
import probatio as vol

from .adapters.ledger_database.postgresql import is_url
from .const import (
    CONF_ADAPTATION,
    CONF_BOOK_KIND,
    CONF_CURRENCY,
    CONF_INITIAL_PRICE,
    CONF_LEDGER,
    CONF_NAME,
    CONF_TIME_ZONE,
    DOMAIN,
    FLOW_SCAN,
    SUBENTRY_ACCOUNT,
    SUBENTRY_BUS,
    SUBENTRY_METER,
    SUBENTRY_PROVIDER,
)
from .core.errors import InvalidInputError, PrepaidError
from .core.ledger.records import BookKind
from .core.money.amount import Currency
from .flows.account import AccountFlow
from .flows.bus import BusFlow
from .flows.form_errors import FormError, form_error
from .flows.meter import MeterFlow
from .flows.options import SiteOptionsFlow
from .flows.provider import ProviderFlow
from .flows.scan import ScanFlow
from .flows.schemas import choice
from .ledger_place import async_try_database, default_file, ledger_place

SECTION_LEDGER = "ledger_place"

ADAPTATIONS = ("21", "14", "28", "0")
"""Days for which a new account may be only shadow-cut."""

ADAPTATION = "21"
"""What is usually recommended: two to four weeks."""

PRICE_ERRORS: Mapping[str, str] = {
    "price_not_a_number": CONF_INITIAL_PRICE,
    "price_negative": CONF_INITIAL_PRICE,
    "price_too_precise": CONF_INITIAL_PRICE,
    "price_too_large": CONF_INITIAL_PRICE,
}
"""What is said of a price that is none."""

LEDGER_ERRORS: Mapping[str, str] = dict.fromkeys(
    (
        "ledger_driver_missing",
        "ledger_newer",
        "ledger_not_writable",
        "ledger_other_currency",
        "ledger_other_kind",
        "ledger_unavailable",
        "ledger_unsafe",
        "ledger_url_invalid",
    ),
    SECTION_LEDGER,
)
"""What is said of a database in which no ledger can be kept."""


class CompereConfigFlow(ConfigFlow, domain=DOMAIN):
    """Ask for a site."""

    VERSION = 1

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> SiteOptionsFlow:
        """Return the dialog of what a site's owner may choose."""
        return SiteOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return what a site consists of."""
        return {
            SUBENTRY_BUS: BusFlow,
            SUBENTRY_METER: MeterFlow,
            SUBENTRY_ACCOUNT: AccountFlow,
            SUBENTRY_PROVIDER: ProviderFlow,
            FLOW_SCAN: ScanFlow,
        }

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a new site."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            try:
                data, unique_id = await self._async_checked(user_input)
            except FormError as error:
                errors, placeholders = error.errors, error.placeholders
            else:
                await self.async_set_unique_id(unique_id)
                return self.async_create_entry(title=data[CONF_NAME], data=data)
        time_zones = await self.hass.async_add_executor_job(available_timezones)
        suggested = user_input or {
            CONF_CURRENCY: self.hass.config.currency,
            CONF_TIME_ZONE: self.hass.config.time_zone,
        }
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(site_schema(time_zones), suggested),
            errors=errors,
            description_placeholders=placeholders,
        )

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Go on with the site's first bus."""
        bus_flow = await self.hass.config_entries.subentries.async_init(
            (result["result"].entry_id, SUBENTRY_BUS),
            context=SubentryFlowContext(source=SOURCE_USER),
        )
        result["next_flow"] = (FlowType.CONFIG_SUBENTRIES_FLOW, bus_flow["flow_id"])
        return result

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for another name. The ledger keeps its place: that follows from the first name."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            try:
                name = self._checked_name(user_input[CONF_NAME], but=entry)
            except FormError as error:
                errors, placeholders = error.errors, error.placeholders
            else:
                return self.async_update_and_abort(
                    entry, title=name, data_updates={CONF_NAME: name}
                )
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema({vol.Required(CONF_NAME): TextSelector()}), user_input or entry.data
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _async_checked(self, user_input: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """Return what will be saved and the site's id, once all was found right."""
        name = self._checked_name(user_input[CONF_NAME])
        price = user_input[CONF_INITIAL_PRICE].strip()
        currency = Currency.of(user_input[CONF_CURRENCY])
        try:
            currency.parse_price(price)
        except InvalidInputError as error:
            raise form_error(error, PRICE_ERRORS) from error
        kind = BookKind(user_input[CONF_BOOK_KIND])
        ledger = user_input[SECTION_LEDGER].get(CONF_LEDGER, "").strip()
        place = ledger if is_url(ledger) else self._file(ledger, slugify(name))
        if ledger and isinstance(place, Path):
            await self._async_check_file(place)
        if not isinstance(place, Path) or await self.hass.async_add_executor_job(place.exists):
            try:
                await async_try_database(self.hass, place, slugify(name), currency, kind)
            except PrepaidError as error:
                raise form_error(error, LEDGER_ERRORS) from error
        data = {
            CONF_NAME: name,
            CONF_CURRENCY: user_input[CONF_CURRENCY],
            CONF_TIME_ZONE: user_input[CONF_TIME_ZONE],
            CONF_BOOK_KIND: kind.value,
            CONF_LEDGER: ledger,
            CONF_INITIAL_PRICE: price,
            CONF_ADAPTATION: int(user_input[CONF_ADAPTATION]),
        }
        return data, slugify(name)

    def _file(self, named: str, site: str) -> Path:
        """Return the file that a ledger is kept in: the one that is named, or ours."""
        return Path(self.hass.config.path(named) if named else default_file(self.hass, site))

    async def _async_check_file(self, path: Path) -> None:
        """Refuse a path at which no ledger can be kept, or another site's is."""
        for entry in self._async_current_entries():
            if ledger_place(self.hass, entry) == path:
                raise FormError(SECTION_LEDGER, "ledger_in_use", path=path, name=entry.title)
        if key := await self.hass.async_add_executor_job(ledger_fault, path):
            raise FormError(SECTION_LEDGER, key, path=path)

    def _checked_name(self, text: str, but: ConfigEntry | None = None) -> str:
        """Return a name that no other site has, nor one whose ledger would lie at its place."""
        if not (name := text.strip()):
            raise FormError(CONF_NAME, "name_empty")
        for entry in self._async_current_entries():
            if entry is not but and slugify(name) in {entry.unique_id, slugify(entry.title)}:
                raise FormError(CONF_NAME, "site_exists", name=entry.title)
        return name


def site_schema(time_zones: set[str]) -> vol.Schema:
    """Return the form for a new site."""
    ledger = vol.Schema({vol.Optional(CONF_LEDGER): TextSelector()})
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Required(CONF_CURRENCY): choice(sorted(ACTIVE_CURRENCIES)),
            vol.Required(CONF_TIME_ZONE): choice(sorted(time_zones)),
            vol.Required(CONF_BOOK_KIND, default=BookKind.REAL.value): choice(
                (kind.value for kind in BookKind), translation_key="book_kind"
            ),
            vol.Required(CONF_INITIAL_PRICE): TextSelector(),
            vol.Required(CONF_ADAPTATION, default=ADAPTATION): choice(
                ADAPTATIONS, translation_key="adaptation"
            ),
            vol.Required(SECTION_LEDGER): section(ledger, {"collapsed": True}),
        }
    )


def ledger_fault(path: Path) -> str | None:
    """Return what speaks against a ledger at this path, as a translation key. Blocks."""
    if path.is_dir():
        return "ledger_is_a_folder"
    if not path.parent.is_dir():
        return "ledger_folder_missing"
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        return "ledger_not_writable"
    return None
