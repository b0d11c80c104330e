"""What was done to many accounts at once: looking it up, and undoing it."""

from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..account_view import local_iso
from ..authority import Duty, async_require_manager, is_administrator, user_name
from ..cash_limits import Guarded
from ..core.money.amount import Amount
from ..core.prepayment.batches import batch_content
from ..core.prepayment.undoing import (
    PLACE_HOLD,
    RELEASE_HOLD,
    TOP_UP,
    UNDO,
    UNDONE,
    Listed,
)
from ..site import CompereSite
from .batched import batch_answer, batch_call, held_answer
from .fields import Action
from .guarded import Acting, Deed, guarded
from .money import booked_data

_HOLDS = frozenset({PLACE_HOLD, RELEASE_HOLD})

_DUTIES = {PLACE_HOLD: Duty.HOLDS, RELEASE_HOLD: Duty.HOLDS}
"""Who may undo something may do it; what is not here are terms."""


async def _list_batches(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    found = await site.undoing.latest(call.data["limit"], call.data.get("action"))
    return {"batches": [await _listed(hass, site, each) for each in found]}


async def _listed(hass: HomeAssistant, site: CompereSite, each: Listed) -> dict[str, Any]:
    batch, undone = each.batch, each.undone
    return {
        "batch": batch.id,
        "action": batch.action,
        "at": local_iso(site, batch.at),
        "user": await user_name(hass, batch.user),
        "asked": each.content["asked"],
        "changed": sorted(each.content["changed"]),
        "undone": None
        if undone is None
        else {"at": local_iso(site, undone.at), "user": await user_name(hass, undone.user)},
    }


async def _undo_batch(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    batch = await site.undoing.find(call.data["batch"])
    if batch.action == TOP_UP:
        return await _UNDO_TOP_UPS(hass, site, call)
    duty = _DUTIES.get(batch.action, Duty.TERMS)
    user = await async_require_manager(hass, site.entry, call.context, duty)
    administrator = await is_administrator(hass, call.context)
    return await _undo(hass, site, call, Acting(user=user), administrator=administrator)


async def _undo(
    hass: HomeAssistant,
    site: CompereSite,
    call: ServiceCall,
    acting: Acting,
    *,
    administrator: bool = False,
) -> dict[str, Any]:
    batch = await site.undoing.find(call.data["batch"])
    many = batch_call(site, call, UNDO, acting.user, reason=call.data["reason"])
    many.reference = batch.id
    undone = await site.undoing.undo(
        batch,
        reason=call.data["reason"],
        user=acting.user,
        administrator=administrator,
        call=many,
        approver=acting.approver,
    )
    if batch.action in _HOLDS:
        answer = held_answer(hass, site, many, undone.held)
    else:
        answer = await batch_answer(hass, many, booked_data(site, many, undone.credited))
    return answer | {"action": batch.action, "replayed": undone.replayed}


async def _undone_total(_: HomeAssistant, site: CompereSite, call: ServiceCall) -> Amount:
    """All that was paid in by the batch."""
    content = batch_content(await site.undoing.find(call.data["batch"]))
    return Amount(site.currency.parse(content["asked"]["amount"]) * len(content["changed"]))


_UNDO_TOP_UPS = guarded(
    Deed(name="undo_batch", guarded=Guarded.REVERSAL, total=_undone_total, carry_out=_undo)
)

ACTIONS = {
    "list_batches": Action(
        _list_batches,
        {
            vol.Optional("limit", default=20): vol.All(vol.Coerce(int), vol.Range(min=1, max=500)),
            vol.Optional("action"): vol.In(sorted(UNDONE)),
        },
        SupportsResponse.ONLY,
    ),
    "undo_batch": Action(
        _undo_batch,
        {
            vol.Required("batch"): cv.string,
            vol.Required("reason"): cv.string,
            vol.Optional("dry_run", default=False): cv.boolean,
            vol.Optional("skip_refused", default=False): cv.boolean,
        },
    ),
}
