"""Holds: opening relays, and letting supply come back."""

from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..action_targets import accounts_named, meters_meant
from ..authority import Duty, async_require_manager, is_administrator
from ..core.ledger.records import HoldKind
from ..core.prepayment.undoing import PLACE_HOLD, RELEASE_HOLD
from ..site import CompereSite
from .batched import batch_answer, batch_call, held_answer
from .fields import MANY, NAMES, Action


async def _place_hold(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.HOLDS)
    kind = HoldKind(call.data["kind"])
    many = batch_call(site, call, PLACE_HOLD, user, kind=kind.value)
    held = await site.agreements.place_hold(
        meters_meant(hass, site, call.data, many.refuse),
        kind,
        user=user,
        reason=call.data.get("reason", ""),
        call=many,
    )
    return held_answer(hass, site, many, held)


async def _release_hold(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.HOLDS)
    kind = HoldKind(call.data["kind"])
    many = batch_call(site, call, RELEASE_HOLD, user, kind=kind.value)
    held = await site.agreements.release_hold(
        meters_meant(hass, site, call.data, many.refuse),
        kind,
        user=user,
        administrator=await is_administrator(hass, call.context),
        call=many,
    )
    return held_answer(hass, site, many, held)


async def _confirm_reconnect(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.HOLDS)
    many = batch_call(site, call, "", user)
    await site.agreements.reconnect(accounts_named(hass, site, call.data), user, many)
    return await batch_answer(
        hass, many, lambda number: {"supply_state": many.outlooks[number].after["supply_state"]}
    )


HOLD = {
    **MANY,
    vol.Optional("meter"): NAMES,
    vol.Required("kind"): vol.In([kind.value for kind in HoldKind]),
    vol.Optional("reason"): cv.string,
}

ACTIONS = {
    "place_hold": Action(_place_hold, HOLD),
    "release_hold": Action(_release_hold, HOLD),
    "confirm_reconnect": Action(_confirm_reconnect, MANY),
}
