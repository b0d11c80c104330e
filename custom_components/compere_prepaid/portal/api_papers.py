"""Papers: for who is known to the account; the receipt of a payment also for who made it."""

from aiohttp import web

from ..statements.downloads import file_headers
from .api_orders import payment_of
from .call import Call, Json
from .errors import not_found
from .gate import Route
from .limits import Limit
from .sessions import Level
from .wording import known_language

FORMS = frozenset({"html", "pdf", "csv"})
"""The formats in which tenants can have a statement."""

_DIGITS = 9


async def statements(call: Call) -> Json:
    """List the statements that were issued."""
    call.count(Limit.PAPERS)
    return {"statements": await call.portal.papers.statements(call.account.number)}


async def statement(call: Call) -> Json:
    """Show a statement as it was issued."""
    call.count(Limit.PAPERS)
    found = await call.portal.papers.statement(call.account.number, _number(call))
    if found is None:
        raise not_found()
    return found


async def statement_file(call: Call) -> web.FileResponse:
    """Hand out a statement as a file, to print or to keep."""
    call.count(Limit.PAPERS)
    number, form = _number(call), call.request.match_info["format"]
    if form not in FORMS:
        raise not_found()
    language = known_language(call.request.query.get("lang", "")) or call.language
    path = await call.portal.papers.statement_file(call.account.number, number, language, form)
    if path is None:
        raise not_found()
    headers = await call.site.hass.async_add_executor_job(file_headers, path)
    return web.FileResponse(path, headers=headers)


def _number(call: Call) -> int:
    written = call.request.match_info["number"]
    if not (written.isascii() and written.isdigit() and len(written) <= _DIGITS):
        raise not_found()
    return int(written)


async def receipt(call: Call) -> Json:
    """Show the receipt of an order of one's own, or of any top-up to who may see papers."""
    call.count(Limit.PAPERS)
    name, session, papers = call.request.match_info["reference"], call.session, call.portal.papers
    order = await call.site.payments.async_find(name)
    if order is not None:
        is_ones_own = order.id in session.orders
        if not is_ones_own and not (
            session.level >= Level.PAPERS and order.account == session.account
        ):
            raise not_found()
        payment = await payment_of(call, order)
        if payment is None or payment.transfer_id is None:
            raise not_found()
        found = await papers.receipt(order.account, payment.transfer_id)
        if found is None:
            raise not_found()
        return found | {"reference": order.id}
    if session.level < Level.PAPERS or session.account is None:
        raise not_found()
    found = await papers.receipt(session.account, name[:200])
    if found is None:
        raise not_found()
    return found


ROUTES = (
    Route("GET", "/api/statements", statements, Level.PAPERS),
    Route("GET", "/api/statements/{number}.{format}", statement_file, Level.PAPERS),
    Route("GET", "/api/statements/{number}", statement, Level.PAPERS),
    Route("GET", "/api/receipts/{reference}", receipt, Level.NUMBER, needs_meter=False),
)
