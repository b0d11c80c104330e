"""What a tenant sees of their account, and may do about its supply."""

from .call import Call, Json
from .gate import Route
from .sessions import Level


async def overview(call: Call) -> Json:
    """Tell how the account stands."""
    return await call.portal.overviews.whole(call.account, call.language)


ROUTES = (Route("GET", "/api/overview", overview, Level.METER),)
