"""Terms: credit limits, policies and tariffs of accounts, from now on."""

from collections.abc import Iterable
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..account_view import AccountView
from ..action_targets import accounts_meant
from ..authority import Duty, async_require_manager
from ..core.ids import AccountNumber
from ..site import CompereSite
from .fields import ACCOUNTS, WRITTEN, Action, amount_of, per_account


async def _set_credit_limit(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    numbers = accounts_meant(hass, site, call.data)
    await site.agreements.set_credit_limit(numbers, amount_of(site, call, "limit"), user)
    return _terms(site, numbers)


async def _apply_policy(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    numbers = accounts_meant(hass, site, call.data)
    await site.agreements.apply_policy(numbers, call.data["policy"], user)
    return _terms(site, numbers)


async def _assign_tariff(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    numbers = accounts_meant(hass, site, call.data)
    await site.agreements.assign_tariff(numbers, call.data["tariff"], user)
    return _terms(site, numbers)


def _terms(site: CompereSite, numbers: Iterable[str]) -> dict[str, Any]:
    """Return what is agreed with accounts now, and what follows from it."""
    told = ("tariff", "policy", "credit_limit", "available_credit", "supply_state")
    views = {number: AccountView(site, site.book.account(number)).as_dict() for number in numbers}
    return per_account(
        {AccountNumber(number): {key: view[key] for key in told} for number, view in views.items()}
    )


ACTIONS = {
    "set_credit_limit": Action(_set_credit_limit, {**ACCOUNTS, vol.Required("limit"): WRITTEN}),
    "apply_policy": Action(_apply_policy, {**ACCOUNTS, vol.Required("policy"): cv.string}),
    "assign_tariff": Action(_assign_tariff, {**ACCOUNTS, vol.Required("tariff"): cv.string}),
}
