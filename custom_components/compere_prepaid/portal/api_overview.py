"""What a tenant sees of their account, and may do about its supply."""

from aiohttp import web

from .call import Call, Json
from .errors import PortalError
from .gate import Route
from .limits import Limit
from .sessions import Level


async def overview(call: Call) -> Json:
    """Tell how the account stands."""
    return await call.portal.overviews.whole(call.account, call.language)


async def live(call: Call) -> web.StreamResponse:
    """Tell it again whenever it changes."""
    return await call.portal.live.stream(call)


async def mark_read(call: Call) -> Json:
    """Note that an announcement was read."""
    await call.json()
    board = call.site.announcements.board
    name = call.request.match_info["id"]
    await board.mark_read(call.account.number, name, by="portal")
    return {"read": True}


async def reconnect(call: Call) -> Json:
    """Let the power come back where the tenant has to say so."""
    await call.json()
    if not call.account.may_confirm:
        raise PortalError(409, "reconnect_not_possible")
    await call.site.agreements.reconnect([call.account.number], "portal")
    return await call.portal.overviews.live(call.account, call.language)


async def emergency(call: Call) -> Json:
    """Use the emergency credit that the mall offers."""
    await call.json()
    await call.site.cashier.use_emergency_credit(call.account.number, "portal")
    return await call.portal.overviews.live(call.account, call.language)


async def history(call: Call) -> Json:
    """Tell what was used and paid, day by day."""
    written = call.request.query.get("days", "31")
    days = int(written) if written.isascii() and written.isdigit() and len(written) < 3 else 0
    if not 1 <= days <= 62:  # as far back as spending is remembered
        raise PortalError(400, "bad_request")
    call.count(Limit.PAPERS)
    return await call.portal.papers.history(call.account, days)


ROUTES = (
    Route("GET", "/api/overview", overview, Level.METER),
    Route("GET", "/api/live", live, Level.METER),
    Route("GET", "/api/history", history, Level.METER),
    Route("POST", "/api/announcements/{id}/read", mark_read, Level.METER),
    Route("POST", "/api/reconnect", reconnect, Level.METER),
    Route("POST", "/api/emergency", emergency, Level.METER),
)
