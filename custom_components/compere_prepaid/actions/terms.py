"""Terms: credit limits, policies and tariffs of accounts, from now on."""

from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..action_targets import accounts_named
from ..authority import Duty, async_require_manager
from ..core.prepayment.batches import BatchCall
from ..site import CompereSite
from .batched import batch_answer, batch_call
from .fields import MANY, WRITTEN, Action, amount_of

_TOLD = ("tariff", "policy", "credit_limit", "available_credit", "supply_state")


async def _set_credit_limit(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    limit = amount_of(site, call, "limit")
    asked = {"limit": f"{site.currency.rounded(limit):f}"}
    many = batch_call(site, call, "set_credit_limit", user, **asked)
    numbers = accounts_named(hass, site, call.data)
    await site.agreements.set_credit_limit(numbers, limit, user, many)
    return await terms_answer(hass, many)


async def _apply_policy(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    policy = call.data["policy"]
    many = batch_call(site, call, "apply_policy", user, policy=policy)
    numbers = accounts_named(hass, site, call.data)
    await site.agreements.apply_policy(numbers, policy, user, many)
    return await terms_answer(hass, many)


async def _assign_tariff(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    tariff = call.data["tariff"]
    many = batch_call(site, call, "assign_tariff", user, tariff=tariff)
    numbers = accounts_named(hass, site, call.data)
    await site.agreements.assign_tariff(numbers, tariff, user, many)
    return await terms_answer(hass, many)


async def terms_answer(hass: HomeAssistant, call: BatchCall) -> dict[str, Any]:
    """Return what is agreed with accounts now, and what follows from it."""
    return await batch_answer(
        hass, call, lambda number: {key: call.outlooks[number].after[key] for key in _TOLD}
    )


ACTIONS = {
    "set_credit_limit": Action(_set_credit_limit, {**MANY, vol.Required("limit"): WRITTEN}),
    "apply_policy": Action(_apply_policy, {**MANY, vol.Required("policy"): cv.string}),
    "assign_tariff": Action(_assign_tariff, {**MANY, vol.Required("tariff"): cv.string}),
}
