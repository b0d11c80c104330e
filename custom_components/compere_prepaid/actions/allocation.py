"""Allocation runs: looked at, kept, posted, taken back."""

import asyncio
from datetime import date
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..authority import Duty, async_require_manager
from ..core.allocation.runs import Asked, Worked
from ..core.errors import InvalidInputError
from ..core.prepayment.calendar import next_month
from ..core.value.facts import Period
from ..premises import async_write_for_allocation
from ..site import CompereSite
from ..value.site_facts import async_neither, async_selling
from .allocation_answers import head_answer, run_answer, selling_answer
from .fields import NAMES, WRITTEN, Action, day_of_text, month_of


async def _allocate(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    """Work out what pools cost and who bears it; keep that, and post it if it is approved."""
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    since, until = days_of(call)
    asked = Asked(since=since, until=until, pools=tuple(call.data.get("pools", ())))
    await async_write_for_allocation(site)
    if call.data["dry_run"]:
        worked = await site.allocations.preview(asked)
    else:
        worked = await site.allocations.propose(asked, user=user)
        if call.data["approve"] and worked.head is not None:
            worked = await site.allocations.approve(worked.head.id, user=user)
    await site.month_end.async_refresh()
    period = Period(since=since, until=until, zone=site.zone)
    selling, neither = await async_selling(site, period), await async_neither(site, period)
    answer = await _answer(hass, site, call, worked)
    return answer | {"markup": selling_answer(site, selling, neither)}


async def _get_allocation(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    return await _answer(hass, site, call, await site.allocations.get(call.data["run"]))


async def _approve(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    run, reason = call.data["run"], call.data["reason"]
    worked = await site.allocations.approve(run, user=user, reason=reason)
    await site.month_end.async_refresh()
    return await _answer(hass, site, call, worked)


async def _reverse(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    run, reason = call.data["run"], call.data["reason"]
    return await _answer(
        hass, site, call, await site.allocations.reverse(run, user=user, reason=reason)
    )


async def _reject(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    run, reason = call.data["run"], call.data["reason"]
    head = await site.allocations.reject(run, user=user, reason=reason)
    await site.month_end.async_refresh()
    return head_answer(site, head)


async def _list(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    since, until = call.data.get("since"), call.data.get("until")
    heads = await site.allocations.heads(
        None if since is None else day_of_text(since),
        None if until is None else day_of_text(until),
    )
    return {"runs": [head_answer(site, head) for head in heads]}


def days_of(call: ServiceCall) -> tuple[date, date]:
    """Return the days that a call is about: a month, or from a day to before another.

    Raises `InvalidInputError`: `days_missing`, `month_wrong`, `day_wrong`, `time_order`.
    """
    month, since, until = month_of(call, "month"), call.data.get("since"), call.data.get("until")
    if month is not None and since is None and until is None:
        return month, next_month(month)
    if month is not None or since is None or until is None:
        raise InvalidInputError("days_missing")
    first, behind = day_of_text(since), day_of_text(until)
    if behind <= first:
        raise InvalidInputError("time_order")
    return first, behind


async def _answer(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall, worked: Worked
) -> dict[str, Any]:
    """Return a run; its lines are many in a large mall, so they are written elsewhere."""
    lines, only = call.data.get("lines"), frozenset(call.data.get("account", ()))
    language, currency = hass.config.language, site.currency
    found = await asyncio.to_thread(
        lambda: run_answer(worked, currency, language, lines=lines, only=only)
    )
    days = {
        "run": None,
        "state": None,
        "since": worked.inputs.since.isoformat(),
        "until": worked.inputs.until.isoformat(),
    }
    return days | ({} if worked.head is None else head_answer(site, worked.head)) | found


DAYS = {
    vol.Optional("month"): WRITTEN,
    vol.Optional("since"): WRITTEN,
    vol.Optional("until"): WRITTEN,
}
_SHOWN = {vol.Optional("lines"): cv.boolean, vol.Optional("account"): NAMES}
_RUN = {vol.Required("run"): vol.All(cv.string, vol.Strip)}
_WHY = {vol.Optional("reason", default=""): cv.string}

ACTIONS = {
    "allocate": Action(
        _allocate,
        {
            **DAYS,
            vol.Optional("pools"): NAMES,
            vol.Optional("dry_run", default=False): cv.boolean,
            vol.Optional("approve", default=False): cv.boolean,
            **_SHOWN,
        },
    ),
    "approve_allocation": Action(_approve, {**_RUN, **_WHY, **_SHOWN}),
    "reject_allocation": Action(_reject, {**_RUN, **_WHY}),
    "reverse_allocation": Action(_reverse, {**_RUN, vol.Required("reason"): cv.string, **_SHOWN}),
    "get_allocation": Action(_get_allocation, {**_RUN, **_SHOWN}, SupportsResponse.ONLY),
    "list_allocations": Action(
        _list,
        {vol.Optional("since"): WRITTEN, vol.Optional("until"): WRITTEN},
        SupportsResponse.ONLY,
    ),
}
