"""What managers look up and send: the digest, and what a tenant was told."""

from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
import probatio as vol

from ..account_view import local_iso
from ..authority import Duty, async_require_manager
from ..core.errors import InvalidInputError
from ..site import CompereSite
from .fields import ONE_ACCOUNT, WRITTEN, Action, moment_of


async def _get_digest(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    """Answer with the digest; nothing is sent, and the next one tells the same again."""
    await async_require_manager(hass, site.entry, call.context, Duty.HOLDS)
    digest = await site.notifier.async_digest(moment_of(site, call, "since"))
    return digest.as_dict(site.notifier.managers_language)


async def _send_digest(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    """Send the digest now; the next one begins where this one ends."""
    await async_require_manager(hass, site.entry, call.context, Duty.HOLDS)
    if not site.notifier.settings.channels:
        raise InvalidInputError("managers_not_reached")
    digest, channels = await site.notifier.async_send_digest()
    return digest.as_dict(site.notifier.managers_language) | {"channels": list(channels)}


async def _get_messages(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    await async_require_manager(hass, site.entry, call.context, Duty.HOLDS)
    account = site.book.account(call.data["account"])
    return {
        "account": account.number,
        "messages": [
            {
                "at": local_iso(site, told.at),
                "title": told.title,
                "message": told.text,
                "channels": list(told.channels),
            }
            for told in site.notifier.memory.messages(account.number)
        ],
    }


ACTIONS = {
    "get_digest": Action(_get_digest, {vol.Optional("since"): WRITTEN}, SupportsResponse.ONLY),
    "send_digest": Action(_send_digest, {}),
    "get_messages": Action(_get_messages, ONE_ACCOUNT, SupportsResponse.ONLY),
}
