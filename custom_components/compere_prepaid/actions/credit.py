"""What people decide about credit: graces, disputes and adaptation periods of accounts."""

from datetime import datetime, timedelta
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..account_view import AccountView, exact_text, local_iso
from ..action_targets import accounts_meant
from ..authority import Duty, async_require_manager, is_administrator
from ..core.errors import InvalidInputError
from ..core.ids import AccountNumber
from ..core.prepayment.credit_desk import Adaptation
from ..site import CompereSite
from .fields import ACCOUNTS, ONE_ACCOUNT, WRITTEN, Action, moment_of, per_account

_REASON = {vol.Required("reason"): cv.string}
_HOURS = vol.All(vol.Coerce(int), vol.Range(min=0, max=10_000))
_DAYS = vol.All(vol.Coerce(int), vol.Range(min=0, max=10_000))


async def _grant_grace(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    """Grant a grace by hours or until an instant; 0 hours take back what was granted."""
    user = await async_require_manager(hass, site.entry, call.context, Duty.HOLDS)
    numbers = accounts_meant(hass, site, call.data)
    until, reason = _until(site, call, "hours"), call.data["reason"]
    if call.data.get("hours") == 0:
        await site.credit_desk.revoke_grace(numbers, user=user, reason=reason)
    else:
        await site.credit_desk.grant_grace(
            numbers,
            until,
            user=user,
            reason=reason,
            administrator=await is_administrator(hass, call.context),
        )
    return _watches(site, numbers)


async def _open_dispute(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.HOLDS)
    number, reason = call.data["account"], call.data["reason"]
    await site.credit_desk.open_dispute(number, user=user, reason=reason)
    return _watches(site, [number])


async def _close_dispute(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.HOLDS)
    number, reason = call.data["account"], call.data["reason"]
    await site.credit_desk.close_dispute(number, user=user, reason=reason)
    return _watches(site, [number])


async def _set_adaptation(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    numbers = accounts_meant(hass, site, call.data)
    await site.credit_desk.set_adaptation(numbers, _until(site, call, "days"), user=user)
    return _watches(site, numbers)


async def _adaptation_report(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    """Report of the accounts that are meant; of all that adapt or adapted if nothing is named."""
    await async_require_manager(hass, site.entry, call.context, Duty.HOLDS)
    named = any(key in call.data for key in ("account", *cv.TARGET_FIELDS))
    numbers = accounts_meant(hass, site, call.data) if named else list(site.book.accounts)
    found = await site.credit_desk.adaptation_report(numbers)
    return per_account(
        {one.account: _adaptation(site, one) for one in found if named or one.until is not None}
    )


def _until(site: CompereSite, call: ServiceCall, length: str) -> datetime:
    """Return the end that was written, as an instant or as hours or days from now.

    Raises `InvalidInputError` (`time_wrong`, and `length_or_until` unless one of them is given).
    """
    until: datetime | None = moment_of(site, call, "until")
    amount: int | None = call.data.get(length)
    if (until is None) == (amount is None):
        raise InvalidInputError("length_or_until", length=length)
    now = site.clock.now()
    if amount is None:
        return until or now
    if length == "hours":
        return now + timedelta(hours=amount)
    return (now.astimezone(site.zone) + timedelta(days=amount)).astimezone(now.tzinfo)


def _watches(site: CompereSite, numbers: list[str]) -> dict[str, Any]:
    """Return how accounts stand before their policy now."""
    views = {number: AccountView(site, site.book.account(number)) for number in numbers}
    return per_account(
        {
            AccountNumber(number): {"supply_state": view.supply_state.value, "watch": view.watch}
            for number, view in views.items()
        }
    )


def _adaptation(site: CompereSite, one: Adaptation) -> dict[str, Any]:
    worst = one.worst_balance
    return {
        "name": site.book.account(one.account).name,
        "adapting": one.adapting,
        "until": None if one.until is None else local_iso(site, one.until),
        "would_have_been_cut": one.cuts,
        "would_have_been_off_minutes": int(one.off_for.total_seconds()) // 60,
        "shadow_cut_since": (
            None if one.shadow_cut_since is None else local_iso(site, one.shadow_cut_since)
        ),
        "worst_balance": None if worst is None else exact_text(site.currency, worst),
    }


ACTIONS = {
    "grant_grace": Action(
        _grant_grace,
        {
            **ACCOUNTS,
            vol.Optional("hours"): _HOURS,
            vol.Optional("until"): WRITTEN,
            **_REASON,
        },
    ),
    "open_dispute": Action(_open_dispute, {**ONE_ACCOUNT, **_REASON}),
    "close_dispute": Action(_close_dispute, {**ONE_ACCOUNT, **_REASON}),
    "set_adaptation": Action(
        _set_adaptation,
        {**ACCOUNTS, vol.Optional("days"): _DAYS, vol.Optional("until"): WRITTEN},
    ),
    "adaptation_report": Action(_adaptation_report, ACCOUNTS, SupportsResponse.ONLY),
}
