"""Actions at the cash desk for which a second person may be needed.

Such an action is asked for like any other. Above the site's limit it moves nothing: it answers
`awaits_approval`, and is carried out, exactly as it was asked for, when somebody else approves it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
import json
from typing import Any

from homeassistant.core import Context, HomeAssistant, ServiceCall

from ..account_view import local_iso
from ..authority import Duty, async_require_manager
from ..cash_limits import Guarded, limit_of
from ..const import DOMAIN
from ..core.ledger.payment_rows import Approval
from ..core.money.amount import Amount
from ..core.payment.approvals import Standing
from ..site import CompereSite
from .fields import Handler


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """Who acts, and who agreed to it where that was needed."""

    user: str
    approver: str = ""


type Total = Callable[[HomeAssistant, CompereSite, ServiceCall], Awaitable[Amount]]
type CarryOut = Callable[
    [HomeAssistant, CompereSite, ServiceCall, Acting], Awaitable[dict[str, Any]]
]
type Fix = Callable[[HomeAssistant, CompereSite, ServiceCall], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that is done at the cash desk.

    `total` says how much it moves in all. `fixed` says in plain data what exactly is to be done, so
    that it is the same a day later: whom a target means, under which reference.
    """

    name: str
    guarded: Guarded
    total: Total
    carry_out: CarryOut
    fixed: Fix = lambda _hass, _site, call: dict(call.data)


DEEDS: dict[str, Deed] = {}
"""All of them, by the action's name."""


def guarded(deed: Deed) -> Handler:
    """Return the handler of an action that may need a second person."""
    DEEDS[deed.name] = deed

    async def handle(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
        user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
        acting, limit = Acting(user=user), limit_of(site.entry.options, site.currency, deed.guarded)
        if limit is None or call.data.get("dry_run"):
            return await deed.carry_out(hass, site, call, acting)
        total = await deed.total(hass, site, call)
        if total <= limit:
            return await deed.carry_out(hass, site, call, acting)
        data = deed.fixed(hass, site, call)
        approval = await site.approvals.ask(_content(site, deed, data, total), user)
        if site.approvals.standing(approval) is Standing.APPROVED:
            acting = Acting(user=user, approver=approval.decided_by)
            return await deed.carry_out(hass, site, _call(hass, deed, data), acting)
        await site.approval_notice.async_refresh()
        return {
            "awaits_approval": approval.id,
            "amount": f"{site.currency.rounded(total):f}",
            "limit": f"{site.currency.rounded(limit):f}",
            "expires_at": local_iso(site, site.approvals.expires_at(approval)),
        }

    return handle


async def carry_out_approved(
    hass: HomeAssistant, site: CompereSite, approval: Approval, approver: str
) -> dict[str, Any]:
    """Do what was asked for, in the name of who asked."""
    content = json.loads(approval.content)
    deed = DEEDS[content["action"]]
    acting = Acting(user=approval.asked_by, approver=approver)
    return await deed.carry_out(hass, site, _call(hass, deed, content["data"]), acting)


def _content(site: CompereSite, deed: Deed, data: Mapping[str, Any], total: Amount) -> str:
    """Return as canonical JSON what is to be done."""
    content = {
        "action": deed.name,
        "amount": f"{site.currency.rounded(total):f}",
        "data": data,
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _call(hass: HomeAssistant, deed: Deed, data: dict[str, Any]) -> ServiceCall:
    return ServiceCall(hass, DOMAIN, deed.name, data, Context(), return_response=True)
