"""The cash desk: its daily count, what goes to the bank, and what a second person decides."""

from datetime import datetime
import json
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..account_view import exact_text, local_iso
from ..authority import AUTOMATION, Duty, async_require_manager, user_name
from ..core.errors import InvalidInputError
from ..core.ledger.payment_rows import Approval
from ..core.money.amount import Amount
from ..core.payment.cash_desk import Counted, Drawer
from ..site import CompereSite
from .fields import WRITTEN, Action, amount_of
from .guarded import carry_out_approved


async def _get_cash_desk(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    """Answer with what should be in the drawer, and with a count of before."""
    await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    number = call.data.get("number")
    close = await site.cash_desk.latest(number)
    if number is not None and close is None:
        raise InvalidInputError("count_unknown", number=number)
    return {
        "drawer": await _drawer(hass, site, await site.cash_desk.look()),
        "count": None if close is None else await _count(hass, site, Counted(close=close)),
    }


async def _close_cash_desk(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    counted = await site.cash_desk.close(
        amount_of(site, call, "counted"),
        keep=amount_of(site, call, "keep"),
        user=user,
        note=call.data.get("note", ""),
    )
    return await _count(hass, site, counted) | {"replayed": counted.replayed}


async def _list_approvals(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    waiting = await site.approvals.waiting()
    return {"waiting": [await _approval(hass, site, one) for one in waiting]}


async def _approve_cash(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    """Carry out what somebody else asked for, and answer what that answers."""
    user = await _person(hass, site, call)
    done: dict[str, Any] = await site.approvals.approve(
        call.data["approval"],
        user,
        lambda approval: carry_out_approved(hass, site, approval, user),
    )
    await site.approval_notice.async_refresh()
    return {"approved": call.data["approval"], "result": done}


async def _refuse_cash(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    user = await _person(hass, site, call)
    refused = await site.approvals.refuse(call.data["approval"], user)
    await site.approval_notice.async_refresh()
    return {"refused": refused.id}


async def _person(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> str:
    """Return who decides; an automation is nobody who could agree."""
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    if user == AUTOMATION:
        raise InvalidInputError("approval_needs_person")
    return user


async def _approval(hass: HomeAssistant, site: CompereSite, approval: Approval) -> dict[str, Any]:
    content = json.loads(approval.content)
    return {
        "approval": approval.id,
        "action": content["action"],
        "amount": content["amount"],
        "data": content["data"],
        "asked_by": await user_name(hass, approval.asked_by),
        "asked_at": local_iso(site, approval.asked_at),
        "expires_at": local_iso(site, site.approvals.expires_at(approval)),
    }


async def _drawer(hass: HomeAssistant, site: CompereSite, drawer: Drawer) -> dict[str, Any]:
    return {
        "since": None if drawer.since is None else local_iso(site, drawer.since),
        "expected": exact_text(site.currency, drawer.expected),
        "receipts": {"first": drawer.first, "last": drawer.last},
        "by_kind": _money(site, drawer.by_kind),
        "by_user": {
            await user_name(hass, user): exact_text(site.currency, amount)
            for user, amount in drawer.by_user.items()
        },
    }


async def _count(hass: HomeAssistant, site: CompereSite, counted: Counted) -> dict[str, Any]:
    """Return everything that the paper of a count shows."""
    close, content = counted.close, counted.content
    since = content["since"]
    return {
        "number": close.number,
        "time": local_iso(site, close.at),
        "since": None if since is None else local_iso(site, datetime.fromisoformat(since)),
        "user": await user_name(hass, close.user),
        "expected": exact_text(site.currency, close.expected),
        "counted": exact_text(site.currency, close.counted),
        "difference": exact_text(site.currency, close.difference),
        "kept": exact_text(site.currency, Amount(content["keep"])),
        "to_bank": exact_text(site.currency, Amount(close.counted - content["keep"])),
        "receipts": {"first": content["first"], "last": content["last"]},
        "by_kind": _money(site, content["by_kind"]),
        "by_user": {
            await user_name(hass, user): exact_text(site.currency, Amount(amount))
            for user, amount in content["by_user"].items()
        },
        "note": content["note"],
        "currency": site.currency.code,
    }


def _money(site: CompereSite, amounts: Any) -> dict[str, str]:
    return {name: exact_text(site.currency, Amount(amount)) for name, amount in amounts.items()}


_ONE_APPROVAL = {vol.Required("approval"): vol.All(cv.string, vol.Strip)}

ACTIONS = {
    "get_cash_desk": Action(
        _get_cash_desk,
        {vol.Optional("number"): vol.All(vol.Coerce(int), vol.Range(min=1))},
        SupportsResponse.ONLY,
    ),
    "close_cash_desk": Action(
        _close_cash_desk,
        {
            vol.Required("counted"): WRITTEN,
            vol.Optional("keep", default=0): WRITTEN,
            vol.Optional("note", default=""): cv.string,
        },
    ),
    "list_approvals": Action(_list_approvals, {}, SupportsResponse.ONLY),
    "approve_cash": Action(_approve_cash, {**_ONE_APPROVAL}),
    "refuse_cash": Action(_refuse_cash, {**_ONE_APPROVAL}),
}
