"""What a tenant chooses: language, alarm threshold, trusted devices, automatic top-ups."""

import secrets

from ..account_view import local_iso
from ..core.access.devices import device_id
from ..core.ledger.payment_rows import AutoTopUp, TenantChoice
from .call import Call, Json
from .errors import PortalError
from .gate import Route
from .sessions import Level
from .wording import LANGUAGES


async def settings(call: Call) -> Json:
    """Tell what the tenant chose."""
    return _told(call, call.site.tenants.choice(call.account.number))


async def choose(call: Call) -> Json:
    """Choose a language, or a warning level of one's own; null ends it."""
    data = await call.json()
    if not data or data.keys() - {"language", "alarm_threshold"}:
        raise PortalError(400, "bad_request")
    site, number = call.site, call.account.number
    written = data.get("alarm_threshold")
    if written is not None and not isinstance(written, str):
        raise PortalError(400, "bad_request")
    if "language" in data and data["language"] not in LANGUAGES:
        raise PortalError(400, "bad_request")
    if "alarm_threshold" in data:  # first, for it may be refused
        threshold = None if written is None else site.currency.parse(written)
        await site.tenants.choose_alarm(number, threshold)
    if "language" in data:
        await site.tenants.choose_language(number, data["language"])
        call.session.language = call.language = data["language"]
    return _told(call, site.tenants.choice(number))


def _told(call: Call, choice: TenantChoice) -> Json:
    threshold = choice.alarm_threshold
    return {
        "language": choice.language or call.language,
        "alarm_threshold": None
        if threshold is None
        else f"{call.site.currency.rounded(threshold):f}",
    }


async def devices(call: Call) -> Json:
    """List the devices that are trusted with the account's papers."""
    secret, openid = call.device_secret, call.session.openid
    here = {device_id(each) for each in (secret, openid) if each}
    bound = await call.site.access.devices.bound(call.account.number)
    return {
        "devices": [
            {
                "id": row.id,
                "name": row.name,
                "bound_at": local_iso(call.site, row.bound_at),
                "current": row.id in here,
            }
            for row in bound
        ]
    }


async def bind(call: Call) -> Json:
    """Trust this browser from now on: it needs no link the next time."""
    fields = await call.text_fields("name")
    secret = call.device_secret or secrets.token_urlsafe(32)
    await call.site.access.devices.bind(call.account.number, secret, fields["name"])
    call.new_device_secret = secret
    if call.session.openid:
        name = f"{fields['name']} (WeChat)"
        await call.site.access.devices.bind(call.account.number, call.session.openid, name)
    return await devices(call)


async def revoke(call: Call) -> Json:
    """Trust a device no more; its sessions see no papers from now on."""
    await call.json()
    device = call.request.match_info["id"]
    await call.site.access.devices.revoke(call.account.number, device)
    call.portal.end_device(call.account.number, device)
    return {"revoked": True}


async def auto_top_up(call: Call) -> Json:
    """Tell whether the account pays by itself."""
    kept = await call.site.payments.automatic.get(call.account.number)
    return _told_auto(call, kept)


async def choose_auto_top_up(call: Call) -> Json:
    """Switch automatic top-ups on or off; what is charged was kept by paying with it before."""
    data = await call.json()
    enabled = data.pop("enabled", None)
    if not isinstance(enabled, bool) or data.keys() - {"threshold", "amount"}:
        raise PortalError(400, "bad_request")
    automatic, number = call.site.payments.automatic, call.account.number
    if not enabled:
        return _told_auto(call, await automatic.switch_off(number))
    written = [data.get("threshold"), data.get("amount")]
    if not all(isinstance(each, str) for each in written):
        raise PortalError(400, "bad_request")
    threshold, amount = (call.site.currency.parse(str(each)) for each in written)
    return _told_auto(call, await automatic.switch_on(number, threshold, amount))


def _told_auto(call: Call, kept: AutoTopUp | None) -> Json:
    if kept is None:
        return {"available": False, "enabled": False, "threshold": None, "amount": None}
    currency = call.site.currency
    return {
        "available": True,
        "enabled": kept.enabled,
        "threshold": f"{currency.rounded(kept.threshold):f}",
        "amount": f"{currency.rounded(kept.amount):f}",
    }


ROUTES = (
    Route("GET", "/api/settings", settings, Level.METER),
    Route("POST", "/api/settings", choose, Level.METER),
    Route("GET", "/api/devices", devices, Level.PAPERS),
    Route("POST", "/api/devices", bind, Level.PAPERS),
    Route("POST", "/api/devices/{id}/revoke", revoke, Level.PAPERS),
    Route("GET", "/api/auto_top_up", auto_top_up, Level.PAPERS),
    Route("POST", "/api/auto_top_up", choose_auto_top_up, Level.PAPERS),
)
