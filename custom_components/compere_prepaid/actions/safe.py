"""Snapshots of a ledger, and restoring one: also while the site cannot start."""

from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..account_view import exact_text
from ..authority import Duty, async_require_manager
from ..const import CONF_CURRENCY
from ..core.errors import InvalidInputError
from ..core.money.amount import Currency
from ..safekeeping import async_restore, async_snapshots
from ..site import CompereConfigEntry, CompereSite
from .fields import Action, EntryAction


async def _list_snapshots(
    hass: HomeAssistant, entry: CompereConfigEntry, call: ServiceCall
) -> dict[str, Any]:
    await async_require_manager(hass, entry, call.context, Duty.TERMS)
    found = await async_snapshots(hass, entry)
    return {"snapshots": [{"day": one.day.isoformat(), "snapshot": one.path.name} for one in found]}


async def _restore_ledger(
    hass: HomeAssistant, entry: CompereConfigEntry, call: ServiceCall
) -> dict[str, Any]:
    """Restore a snapshot; answer with what was booked again and what a person has to do."""
    user = await async_require_manager(hass, entry, call.context, Duty.TERMS)
    if not call.data["confirm"]:
        raise InvalidInputError("restore_not_confirmed")
    recovery = await async_restore(hass, entry, call.data["snapshot"], user)
    currency = Currency.of(entry.data[CONF_CURRENCY])
    restored, rebooked = recovery.restored, recovery.rebooked
    return {
        "head": restored.anchor,
        "old_file": restored.aside.name if restored.aside else None,
        "complete": restored.lost.complete,
        "rebooked": {
            "transfers": len(rebooked.transfers),
            "documents": rebooked.documents,
            "terms": rebooked.terms,
            "holds": rebooked.holds,
        },
        "by_hand": [
            {
                "transfer": one.id,
                "kind": one.code.value,
                "amount": exact_text(currency, one.amount),
                "reason": one.reason,
            }
            for one in rebooked.by_hand
        ],
        "runs": list(rebooked.runs),
        "ok": recovery.verification.ok,
        "faults": list(recovery.verification.faults),
        "state": entry.state.value,
    }


async def _confirm_restoration(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    if not site.book.restored:
        raise InvalidInputError("nothing_restored")
    await site.async_confirm_restoration(user)
    return {"confirmed": True}


ACTIONS: dict[str, Action | EntryAction] = {
    "list_snapshots": EntryAction(_list_snapshots, {}, SupportsResponse.ONLY),
    "restore_ledger": EntryAction(
        _restore_ledger,
        {vol.Required("snapshot"): cv.string, vol.Required("confirm"): cv.boolean},
    ),
    "confirm_restoration": Action(_confirm_restoration, {}),
}
