"""Adding and changing a tenant's prepaid account.

An account's number is its name in the ledger and stays for good. Its opening balance is booked
once, when the account is added; later the balance changes by top-ups and adjustments only. One
account may be the owner's: it has the meters that nobody else has.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import BooleanSelector, TextSelector
import probatio as vol

from ..circuits import circuit_name, circuits
from ..const import (
    CONF_FLOOR_AREA,
    CONF_LANGUAGE,
    CONF_METERS,
    CONF_NAME,
    CONF_NOTIFY,
    CONF_NUMBER,
    CONF_OPENING_BALANCE,
    CONF_OPENING_HOURS,
    CONF_OWNER,
    CONF_PERSONS,
    CONF_POLICY,
    CONF_RATED_POWER,
    CONF_TARIFF,
    MAX_NUMBER,
    SUBENTRY_ACCOUNT,
    SUBENTRY_METER,
    account_unique_id,
)
from ..core.errors import InvalidInputError, PrepaidError
from ..core.ids import AccountNumber
from ..core.money.amount import Currency
from ..core.prepayment.state import AccountState
from ..notifications.wording import NAMES
from ..site import CompereSite
from .form_errors import BASE, FormError, form_error
from .notifications import channel_choice, checked_channels
from .schemas import choice, decimal_number, labelled_choice, whole_number
from .subentry import SiteSubentryFlow

BALANCE_ERRORS: Mapping[str, str] = {
    "amount_not_a_number": CONF_OPENING_BALANCE,
    "amount_too_precise": CONF_OPENING_BALANCE,
    "amount_too_large": CONF_OPENING_BALANCE,
}
"""What is said of an amount that is none."""

NUMBER_ERRORS: Mapping[str, str] = {"account_closed": CONF_NUMBER}
"""What is said of a number that had a tenant before."""

AGREEMENT_ERRORS: Mapping[str, str] = {
    "ledger_read_only": BASE,
    "ledger_taken_over": BASE,
    "ledger_unavailable": BASE,
}
"""What may keep new terms from being written."""

OPENED_WITH = (CONF_NUMBER, CONF_TARIFF, CONF_POLICY, CONF_OPENING_BALANCE, CONF_OWNER)
"""What a subentry keeps as the account was opened with it; tariff and policy change in the ledger,
where every change has its date."""

SECTION_PREMISES = "premises"
PREMISES = (CONF_FLOOR_AREA, CONF_RATED_POWER, CONF_PERSONS, CONF_OPENING_HOURS)
"""What an account may say of its shop, for shared costs."""

FLOW_USER = "configuration"
"""Who acts in the ledger's eyes: dialogs are for administrators, and do not tell which one."""


class AccountFlow(SiteSubentryFlow):
    """Ask who the tenant is, which meters supply them, at which tariff and policy."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a new account."""
        if (site := self._site) is None:
            return self.async_abort(reason="entry_not_loaded")
        meters = self._free_meters(site)
        if not meters and self._has_owner:
            return self.async_abort(reason="no_free_meter")
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            try:
                data = self._checked(site, user_input)
                await _async_refuse_closed(site, data[CONF_NUMBER])
            except FormError as error:
                errors, placeholders = error.errors, error.placeholders
            else:
                return self.async_create_entry(
                    title=_title(data), data=data, unique_id=account_unique_id(data[CONF_NUMBER])
                )
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(
                new_account_schema(self.hass, site, meters), user_input
            ),
            errors=errors,
            description_placeholders={"currency": site.currency.code} | placeholders,
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what changed about an account: everything but its number and its money."""
        if (site := self._site) is None:
            return self.async_abort(reason="entry_not_loaded")
        present = self._get_reconfigure_subentry()
        meters = self._free_meters(site)
        errors: dict[str, str] = {}
        placeholders = {"number": present.data[CONF_NUMBER]}
        if user_input is not None:
            kept = {key: present.data[key] for key in OPENED_WITH if key in present.data}
            try:
                data = self._checked(site, user_input | kept)
                await _async_agree(site, present.data[CONF_NUMBER], user_input)
            except FormError as error:
                errors, placeholders = error.errors, placeholders | error.placeholders
            else:
                return self.async_update_and_abort(
                    self._get_entry(), present, title=_title(data), data=data
                )
        suggested = dict(user_input or present.data | _agreed(site, present.data))
        # a meter that was removed, or given away meanwhile, cannot be kept
        suggested[CONF_METERS] = [one for one in suggested[CONF_METERS] if one in meters]
        known = {key: present.data[key] for key in PREMISES if key in present.data}
        suggested.setdefault(SECTION_PREMISES, known)
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(_agreement(self.hass, site, meters)), suggested
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    @property
    def _has_owner(self) -> bool:
        """Whether an account of the site is the owner's."""
        return any(account.data.get(CONF_OWNER) for account in self._others(SUBENTRY_ACCOUNT))

    def _free_meters(self, site: CompereSite) -> dict[str, str]:
        """Return the meters that supply no other account: serial and name."""
        taken = {
            serial
            for account in self._others(SUBENTRY_ACCOUNT)
            for serial in account.data[CONF_METERS]
        }
        return {
            serial: f"{circuit_name(meter.data, channel)} ({serial})"
            for meter in self._get_entry().get_subentries_of_type(SUBENTRY_METER)
            for serial, channel in circuits(site.catalogue, meter.data).items()
            if serial not in taken
        }

    def _check_meters(self, serials: list[str], *, is_owner: bool) -> None:
        """Refuse no meter at all, and meters that another dialog gave away meanwhile."""
        if not serials and not is_owner:
            raise FormError(CONF_METERS, "meters_empty")
        for other in self._others(SUBENTRY_ACCOUNT):
            for serial in serials:
                if serial in other.data[CONF_METERS]:
                    raise FormError(
                        CONF_METERS, "meter_taken", meter=serial, account=other.data[CONF_NUMBER]
                    )

    def _checked(self, site: CompereSite, user_input: Mapping[str, Any]) -> dict[str, Any]:
        """Return what will be saved, once everything about it was found right."""
        number, name = user_input[CONF_NUMBER].strip(), user_input[CONF_NAME].strip()
        if not number:
            raise FormError(CONF_NUMBER, "number_empty")
        if len(number) > MAX_NUMBER or ":" in number:
            raise FormError(CONF_NUMBER, "number_invalid", number=number)
        if not name:
            raise FormError(CONF_NAME, "name_empty")
        for other in self._others(SUBENTRY_ACCOUNT):
            if other.data[CONF_NUMBER].casefold() == number.casefold():
                raise FormError(
                    CONF_NUMBER,
                    "number_in_use",
                    number=other.data[CONF_NUMBER],
                    name=other.data[CONF_NAME],
                )
        is_owner = user_input.get(CONF_OWNER, False)
        if is_owner and self._has_owner:
            raise FormError(CONF_OWNER, "owner_exists")
        self._check_meters(user_input[CONF_METERS], is_owner=is_owner)
        data = {
            CONF_NUMBER: number,
            CONF_NAME: name,
            CONF_METERS: user_input[CONF_METERS],
            CONF_TARIFF: user_input[CONF_TARIFF],
            CONF_POLICY: user_input[CONF_POLICY],
            CONF_OPENING_BALANCE: _balance(site.currency, user_input[CONF_OPENING_BALANCE]),
        }
        data |= self._told(user_input)
        said = user_input.get(SECTION_PREMISES, {})
        data |= {key: said[key] for key in PREMISES if said.get(key) not in (None, "", "0")}
        return data | ({CONF_OWNER: True} if is_owner else {})

    def _told(self, user_input: Mapping[str, Any]) -> dict[str, Any]:
        """Return how the tenant is told, as far as that was said."""
        known: Iterable[str] = self._present.data.get(CONF_NOTIFY, ()) if self._present else ()
        channels = checked_channels(self.hass, CONF_NOTIFY, user_input.get(CONF_NOTIFY, []), known)
        language = user_input.get(CONF_LANGUAGE)
        return ({CONF_NOTIFY: channels} if channels else {}) | (
            {CONF_LANGUAGE: language} if language else {}
        )


def new_account_schema(
    hass: HomeAssistant, site: CompereSite, meters: Mapping[str, str]
) -> vol.Schema:
    """Return the form for a new account."""
    return vol.Schema(
        {
            vol.Required(CONF_NUMBER): TextSelector(),
            **_agreement(hass, site, meters),
            vol.Required(CONF_OPENING_BALANCE, default="0"): TextSelector(),
            vol.Optional(CONF_OWNER, default=False): BooleanSelector(),
        }
    )


def _agreement(
    hass: HomeAssistant, site: CompereSite, meters: Mapping[str, str]
) -> dict[vol.Marker, Any]:
    """Return the fields that may change as long as the account lives."""
    tariffs, policies = site.tariff_names(), site.policy_names()
    return {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_METERS): labelled_choice(meters, multiple=True),
        vol.Required(CONF_TARIFF, default=next(iter(tariffs), vol.UNDEFINED)): choice(tariffs),
        vol.Required(CONF_POLICY, default=next(iter(policies), vol.UNDEFINED)): choice(policies),
        vol.Optional(CONF_NOTIFY): channel_choice(hass),
        vol.Optional(CONF_LANGUAGE): labelled_choice(NAMES),
        vol.Optional(SECTION_PREMISES, default=dict): section(_premises(), {"collapsed": True}),
    }


def _premises() -> vol.Schema:
    """Return the fields about an account's shop."""
    return vol.Schema(
        {
            vol.Optional(CONF_FLOOR_AREA): decimal_number(0, 1_000_000, "m²"),
            vol.Optional(CONF_RATED_POWER): decimal_number(0, 100_000, "kW"),
            vol.Optional(CONF_PERSONS): whole_number(1, 100_000),
            vol.Optional(CONF_OPENING_HOURS): decimal_number(0, 168, "h"),
        }
    )


def _agreed(site: CompereSite, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tariff and policy in force: the ledger knows, the subentry only how it began."""
    account = site.book.accounts.get(data[CONF_NUMBER])
    return {} if account is None else _terms(account)


def _terms(account: AccountState) -> dict[str, Any]:
    return {CONF_TARIFF: account.tariff, CONF_POLICY: account.policy.name}


async def _async_refuse_closed(site: CompereSite, number: str) -> None:
    """Refuse the number of a tenant who moved out: it stays with them in the ledger."""
    try:
        await site.opening.refuse_closed(AccountNumber(number))
    except PrepaidError as error:
        raise form_error(error, NUMBER_ERRORS) from error


async def _async_agree(site: CompereSite, number: str, wanted: Mapping[str, Any]) -> None:
    """Change tariff and policy from now on, if they are to change; all of it is in the ledger."""
    try:
        present = _terms(site.book.account(number))
        if present[CONF_TARIFF] != wanted[CONF_TARIFF]:
            await site.agreements.assign_tariff([number], wanted[CONF_TARIFF], user=FLOW_USER)
        if present[CONF_POLICY] != wanted[CONF_POLICY]:
            await site.agreements.apply_policy([number], wanted[CONF_POLICY], user=FLOW_USER)
    except PrepaidError as error:
        raise form_error(error, AGREEMENT_ERRORS) from error


def _balance(currency: Currency, text: str) -> str:
    """Return an opening balance as it is kept; it may be negative (a debt that is taken over)."""
    text = text.strip()
    try:
        currency.parse(text)
    except InvalidInputError as error:
        raise form_error(error, BALANCE_ERRORS) from error
    return text


def _title(data: Mapping[str, Any]) -> str:
    return f"{data[CONF_NUMBER]} {data[CONF_NAME]}"
