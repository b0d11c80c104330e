"""Audit: checking the ledger."""

from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse

from ..site import CompereSite
from .fields import Action


async def _verify_ledger(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    found = await site.async_verify()
    return {
        "ok": found.ok,
        "transfers": found.transfers,
        "charged_wh": found.charged_wh,
        "register_wh": found.register_wh,
        "faults": list(found.faults),
    }


ACTIONS = {"verify_ledger": Action(_verify_ledger, {}, SupportsResponse.ONLY)}
