"""Where payment providers tell what was paid: any caller, and only what is signed is believed."""

from aiohttp import web

from ..core.payment.provider import HttpReply
from .call import Call, read_body
from .errors import PortalError
from .gate import Route
from .limits import Limit

NOTICE_LIMIT = 64 * 1024


async def notice(call: Call) -> web.Response:
    """Hand a notice on as it arrived, and answer what its provider wants to hear."""
    call.count(Limit.NOTICE)
    body = await read_body(call.request, NOTICE_LIMIT)
    reply: HttpReply = await call.site.payments.async_notice(
        call.request.match_info["provider"], call.request.headers, body
    )
    if reply.status == 404:  # no such provider
        raise PortalError(404, "not_found")
    return web.Response(
        status=reply.status,
        body=reply.body or None,
        content_type=reply.content_type if reply.body else None,
    )


ROUTES = (Route("POST", "/notify/{provider}", notice, is_foreign=True),)
