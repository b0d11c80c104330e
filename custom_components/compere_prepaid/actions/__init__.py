"""The actions of the domain, by topic; each answers with data.

Money and holds are for managers; what a person did is recorded in their name. Errors are translated
and leave everything as it was.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.service import async_get_config_entry
import probatio as vol

from ..action_errors import translated_errors
from ..const import DOMAIN
from ..core.errors import LedgerReadOnlyError
from ..site import CompereConfigEntry, CompereSite
from . import (
    allocation,
    announcements,
    audit,
    batches,
    bills,
    blueprints,
    cash_desk,
    commissioning,
    credit,
    energy_balance,
    holds,
    money,
    notifications,
    payments,
    policies,
    pools,
    portal,
    readings,
    reconciliation,
    safe,
    site_files,
    statement_papers,
    statements,
    tariffs,
    tenancy,
    terms,
    value,
    voice,
)
from .fields import ENTRY, Action, EntryAction, EntryHandler, Handler

ACTIONS: dict[str, Action | EntryAction] = {
    **money.ACTIONS,
    **payments.ACTIONS,
    **cash_desk.ACTIONS,
    **reconciliation.ACTIONS,
    **holds.ACTIONS,
    **credit.ACTIONS,
    **terms.ACTIONS,
    **policies.ACTIONS,
    **pools.ACTIONS,
    **batches.ACTIONS,
    **announcements.ACTIONS,
    **tenancy.ACTIONS,
    **tariffs.ACTIONS,
    **statements.ACTIONS,
    **bills.ACTIONS,
    **allocation.ACTIONS,
    **statement_papers.ACTIONS,
    **readings.ACTIONS,
    **energy_balance.ACTIONS,
    **notifications.ACTIONS,
    **site_files.ACTIONS,
    **commissioning.ACTIONS,
    **portal.ACTIONS,
    **audit.ACTIONS,
    **value.ACTIONS,
    **safe.ACTIONS,
    **blueprints.ACTIONS,
    **voice.ACTIONS,
}


def async_register_actions(hass: HomeAssistant) -> None:
    """Register the domain's actions, whatever sites there are."""
    for name, action in ACTIONS.items():
        hass.services.async_register(
            DOMAIN,
            name,
            _handled(hass, action.handler)
            if isinstance(action, Action)
            else _handled_by_entry(hass, action.handler),
            schema=vol.Schema({**ENTRY, **action.fields}),
            supports_response=action.response,
        )


def _handled(
    hass: HomeAssistant, handler: Handler
) -> Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]:
    async def handle(call: ServiceCall) -> ServiceResponse:
        """Find the site, then act; errors leave translated."""
        entry = async_get_config_entry(hass, DOMAIN, call.data.get("config_entry_id"))
        site: CompereSite = entry.runtime_data
        with translated_errors():
            try:
                return await handler(hass, site, call)
            except LedgerReadOnlyError:
                site.tell_refusal()
                raise

    return handle


def _handled_by_entry(
    hass: HomeAssistant, handler: EntryHandler
) -> Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]:
    async def handle(call: ServiceCall) -> ServiceResponse:
        """Find the site's entry, whether it runs or not, then act; errors leave translated."""
        with translated_errors():
            return await handler(hass, _entry_of(hass, call.data.get("config_entry_id")), call)

    return handle


def _entry_of(hass: HomeAssistant, entry_id: str | None) -> CompereConfigEntry:
    """Return the named entry, or the only one."""
    entries: list[CompereConfigEntry] = hass.config_entries.async_entries(DOMAIN)
    found = [entry for entry in entries if entry_id in {None, entry.entry_id}]
    if len(found) != 1:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="site_not_named")
    return found[0]
