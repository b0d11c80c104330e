"""The actions of the domain, by topic; each answers with data.

Money and holds are for managers; what a person did is recorded in their name. Errors are translated
and leave everything as it was.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.helpers.service import async_get_config_entry
import probatio as vol

from ..action_errors import translated_errors
from ..const import DOMAIN
from ..core.errors import LedgerReadOnlyError
from ..site import CompereSite
from . import audit, holds, money, readings, site_files, statements, tariffs, tenancy, terms
from .fields import ENTRY, Action, Handler

ACTIONS: dict[str, Action] = {
    **money.ACTIONS,
    **holds.ACTIONS,
    **terms.ACTIONS,
    **tenancy.ACTIONS,
    **tariffs.ACTIONS,
    **statements.ACTIONS,
    **readings.ACTIONS,
    **site_files.ACTIONS,
    **audit.ACTIONS,
}


def async_register_actions(hass: HomeAssistant) -> None:
    """Register the domain's actions, whatever sites there are."""
    for name, action in ACTIONS.items():
        hass.services.async_register(
            DOMAIN,
            name,
            _handled(hass, action.handler),
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
