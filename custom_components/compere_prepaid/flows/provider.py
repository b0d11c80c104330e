"""Adding and changing who takes payments: WeChat Pay, Stripe, codes of banks, or the sandbox.

What was typed is tried out with the provider before it is kept, moving no money. What is secret is
never shown again; whoever changes something else leaves its field empty, which keeps it, except
what is to end.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry, SubentryFlowResult
from homeassistant.helpers.selector import TextSelector
import probatio as vol

from ..action_errors import in_words
from ..const import (
    CONF_KIND,
    CONF_PROVIDER_KEY,
    CONF_TITLE,
    SUBENTRY_PROVIDER,
    provider_unique_id,
)
from ..core.errors import PrepaidError
from ..ledger_place import book_kind
from ..payments.building import build, key_of
from ..portal.settings import PortalSettings
from ..site import CompereSite
from .form_errors import BASE, FormError
from .provider_forms import FORMS, ProviderForm, kinds_for
from .subentry import SiteSubentryFlow

TITLES = {
    "wechat": "WeChat Pay",
    "stripe": "Stripe",
    "paynow": "PayNow",
    "duitnow": "DuitNow",
    "sandbox": "Sandbox",
}
"""What payers read; names of brands are the same in all languages."""


class ProviderFlow(SiteSubentryFlow):
    """Ask for a provider's account."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask which kind of provider it is; only those are offered that the site may have."""
        if (site := self._site) is None:
            return self.async_abort(reason="entry_not_loaded")
        kinds = kinds_for(book_kind(site.entry), site.currency.code)
        return self.async_show_menu(step_id="user", menu_options=kinds)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask the same as when it was added."""
        return await self._async_step(self._get_reconfigure_subentry().data[CONF_KIND], None)

    async def async_step_wechat(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for a merchant's account with WeChat Pay."""
        return await self._async_step("wechat", user_input)

    async def async_step_stripe(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the keys of a Stripe account."""
        return await self._async_step("stripe", user_input)

    async def async_step_paynow(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask whom codes pay in Singapore."""
        return await self._async_step("paynow", user_input)

    async def async_step_duitnow(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the code that a bank in Malaysia issued."""
        return await self._async_step("duitnow", user_input)

    async def async_step_sandbox(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Add the gateway that comes with this program and moves no money."""
        return await self._async_step("sandbox", user_input)

    async def _async_step(self, kind: str, user_input: dict[str, Any] | None) -> SubentryFlowResult:
        if (site := self._site) is None:
            return self.async_abort(reason="entry_not_loaded")
        address = PortalSettings.of(site.entry.options).public_url
        form, present = FORMS[kind], self._present
        if form.tells and not address:
            return self.async_abort(reason="public_url_missing")
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            try:
                data = await self._async_checked(site, kind, user_input)
            except FormError as error:
                errors, placeholders = error.errors, error.placeholders
            else:
                return self._keep(present, data)
        key = self._key(kind)
        return self.async_show_form(
            step_id=kind,
            data_schema=self.add_suggested_values_to_schema(
                _schema(form, is_new=present is None), user_input or self._suggested(kind)
            ),
            errors=errors,
            description_placeholders={"notice_url": f"{address}/notify/{key}", **placeholders},
        )

    def _keep(self, present: ConfigSubentry | None, data: dict[str, Any]) -> SubentryFlowResult:
        title = data[CONF_TITLE]
        if present is not None:
            return self.async_update_and_abort(self._get_entry(), present, title=title, data=data)
        return self.async_create_entry(
            title=title, data=data, unique_id=provider_unique_id(data[CONF_PROVIDER_KEY])
        )

    def _suggested(self, kind: str) -> dict[str, Any]:
        """Return what the form is filled in with: nothing that is secret."""
        if (present := self._present) is None:
            return {CONF_TITLE: TITLES[kind]}
        hidden = FORMS[kind].secrets | FORMS[kind].ends
        return {name: value for name, value in present.data.items() if name not in hidden}

    def _key(self, kind: str) -> str:
        """Return the provider's key: it stays, and the second of a kind has another one."""
        if self._present is not None:
            return key_of(self._present.data)
        taken = {key_of(other.data) for other in self._others(SUBENTRY_PROVIDER)}
        keys = (kind, *(f"{kind}_{number}" for number in range(2, len(taken) + 2)))
        return next(key for key in keys if key not in taken)

    async def _async_checked(
        self, site: CompereSite, kind: str, user_input: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return what is kept, once the provider itself took it."""
        present = self._present
        if not (title := user_input[CONF_TITLE].strip()):
            raise FormError(CONF_TITLE, "name_empty")
        data = _kept(FORMS[kind], user_input, present.data if present else {})
        data = {CONF_KIND: kind, CONF_PROVIDER_KEY: self._key(kind), CONF_TITLE: title, **data}
        try:
            data |= await self.hass.async_add_executor_job(FORMS[kind].complete, data)
            await build(site, _subentry(title, data)).provider.try_out()
        except PrepaidError as error:
            field = FORMS[kind].wrong.get(error.key, BASE)
            raise FormError(field, "refused", error=in_words(self.hass, error)) from error
        return data


def _subentry(title: str, data: dict[str, Any]) -> ConfigSubentry:
    """Return what is tried out in the form in which it will be kept."""
    return ConfigSubentry(
        data=MappingProxyType(data), subentry_type=SUBENTRY_PROVIDER, title=title, unique_id=None
    )


def _schema(form: ProviderForm, *, is_new: bool) -> vol.Schema:
    """Return the form; when it is shown again, an empty secret keeps what is there."""
    schema: dict[vol.Marker, Any] = {vol.Required(CONF_TITLE): TextSelector()}
    for name, selector in form.required.items():
        is_needed = is_new or name not in form.secrets
        default = form.defaults.get(name, vol.UNDEFINED)
        marker = vol.Required if is_needed else vol.Optional
        schema[marker(name, default=default)] = selector
    for name, selector in form.optional.items():
        schema[vol.Optional(name, default=form.defaults.get(name, vol.UNDEFINED))] = selector
    return vol.Schema(schema)


def _kept(
    form: ProviderForm, user_input: Mapping[str, Any], present: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the settings as they are kept: trimmed, without what was left empty."""
    kept = {}
    for name in (*form.required, *form.optional):
        value = user_input.get(name)
        if isinstance(value, str):
            value = value.strip()
        if value in (None, "") and name in form.secrets:
            value = present.get(name)
        if value not in (None, ""):
            kept[name] = value
    return kept
