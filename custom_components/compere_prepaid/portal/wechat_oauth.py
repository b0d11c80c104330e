"""Asking WeChat who is there, so that one can pay inside of it, and be known the next time.

The browser is sent to WeChat and comes back with a code and the state that it left with. The state
belongs to the session: a code that somebody else got is not believed. Where to go afterwards is a
path of our own, whatever was asked for.
"""

import hmac
import logging
import secrets
from typing import Protocol

from aiohttp import hdrs, web
from yarl import URL

from ..core.errors import PrepaidError
from .call import Call
from .errors import PortalError, not_found
from .gate import Route
from .security import own_path
from .sessions import Level

_LOGGER = logging.getLogger(__name__)

_CODE_LENGTH = 512


class Login(Protocol):
    """What WeChat offers to find out who is there."""

    def page_url(self, return_url: str, state: str) -> str:
        """Return where the browser goes."""
        ...

    async def openid(self, code: str) -> str:
        """Return who came back with a code; raises `RetryableError` and `RejectedError`."""
        ...


async def start(call: Call) -> web.Response:
    """Send the browser to WeChat."""
    login = _login(call)
    back = own_path(call.request.query.get("back", "/"))
    state = secrets.token_hex(16)
    call.session.oauth_state = f"{state} {back}"
    url = login.page_url(f"{call.base_url}/wechat/oauth/return", state)
    return _redirect(url)


async def come_back(call: Call) -> web.Response:
    """Take who came back from WeChat to where they were."""
    login = _login(call)
    session = call.session
    expected, _, back = session.oauth_state.partition(" ")
    session.oauth_state = ""
    given, code = call.request.query.get("state", ""), call.request.query.get("code", "")
    if not expected or not hmac.compare_digest(given.encode(errors="replace"), expected.encode()):
        raise PortalError(403, "not_accepted")
    if not code or len(code) > _CODE_LENGTH:
        return _redirect(back)  # who would not be known goes on without
    try:
        session.openid = await login.openid(code)
    except PrepaidError as error:
        _LOGGER.info("WeChat did not say who came back: %s", error)
        return _redirect(back)
    account = session.account
    vouchers = await call.vouchers(account) if account is not None else frozenset()
    if vouchers and session.level is Level.METER:
        call.change_session(Level.PAPERS, account, session.meter)
        session.vouchers = vouchers
    return _redirect(back)


def _login(call: Call) -> Login:
    """Return the way to ask WeChat, if the portal has one."""
    provider = call.site.payments.providers.get(call.portal.settings.wechat_oauth)
    login: Login | None = getattr(provider, "login", None)
    if login is None:
        raise not_found()
    return login


def _redirect(url: str) -> web.Response:
    return web.Response(status=302, headers={hdrs.LOCATION: str(URL(url))})


ROUTES = (
    Route("GET", "/wechat/oauth/start", start, Level.NUMBER, needs_meter=False),
    Route("GET", "/wechat/oauth/return", come_back, Level.NUMBER, needs_meter=False),
)
