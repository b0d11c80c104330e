"""The gate before the portal's API: limits, sessions, origins, and the one form of all refusals.

Nobody is told by a status, a text or the work it takes whether a meter is unknown, vacant or only
guarded by something that they do not have.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
import hmac
import logging
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import hdrs, web

from ..core.errors import PrepaidError
from .call import Call, Handler
from .client_address import Client, client_of
from .errors import PortalError, portal_error_of, too_many
from .limits import Limit, Limits
from .meters import account_behind
from .security import CSRF_HEADER, cookies, is_own_origin, origin_of
from .sessions import LONGEST, Level, Session
from .wording import accepted_language

if TYPE_CHECKING:
    from .listener import Portal

_LOGGER = logging.getLogger(__name__)

DEVICE_LIFE = timedelta(days=365)


class Route(NamedTuple):
    """Something that can be asked for. Whatever is not a GET changes something."""

    method: str
    path: str
    handler: Handler
    level: Level | None = None
    """What must have been proved; None for those who have no session yet."""
    needs_meter: bool = True
    """Whether the session must be for an account."""
    status: int = 200
    is_foreign: bool = False
    """Whether it is for other programs, which have no session and prove themselves otherwise."""


@dataclass(slots=True)
class Gate:
    """Lets requests through to the API."""

    portal: Portal
    limits: Limits

    def serve(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Return what answers a route's requests."""

        async def handle(request: web.Request) -> web.StreamResponse:
            client = self.client(request)
            call = Call(
                portal=self.portal,
                request=request,
                client=client,
                language=self.language(request, None),
                known=None,
            )
            try:
                response = await self._pass(route, call)
            except PortalError as error:
                response = self.refusal(error, call.language)
            except PrepaidError as error:
                _LOGGER.debug("Portal: %s refused: %s", route.path, error.key)
                response = self.refusal(portal_error_of(error), call.language)
            if not response.prepared:
                self._set_cookies(response, call)
            return response

        return handle

    def client(self, request: web.Request) -> Client:
        """Return where a request came from."""
        peer = request.transport.get_extra_info("peername") if request.transport else None
        return client_of(
            peer[0] if peer else None,
            request.headers.getall(hdrs.X_FORWARDED_FOR, ()),
            request.headers.getall(hdrs.X_FORWARDED_PROTO, ()),
            self.portal.settings.trusted_proxies,
        )

    def language(self, request: web.Request, session: Session | None) -> str:
        """Return the language of an answer."""
        if session is not None and session.language:
            return session.language
        header = request.headers.get(hdrs.ACCEPT_LANGUAGE, "")
        return accepted_language(header, (self.portal.site.hass.config.language,))

    def count(self, limit: Limit, client: Client, session: Session | None) -> None:
        """Count something; raises `PortalError` (`too_many`)."""
        is_tenant = session is not None and session.level >= Level.METER
        by_session = is_tenant and limit not in {Limit.UNKNOWN, Limit.PIN}
        address = None if by_session else client.key
        if wait := self.limits.take(limit, address, session.buckets if session else None):
            raise too_many(wait)

    def refusal(self, error: PortalError, language: str) -> web.Response:
        """Return the answer to who is refused."""
        response = web.json_response(
            error.body(language), status=error.status, headers=error.headers
        )
        if error.headers.get("Connection") == "close":
            response.force_close()
        return response

    async def _pass(self, route: Route, call: Call) -> web.StreamResponse:
        request = call.request
        session = call.known = self._session(request)
        call.language = self.language(request, session)
        self.count(Limit.ANY, call.client, session)
        if request.method != hdrs.METH_GET and not route.is_foreign:
            self._check_origin(request, call.client, session)
        if route.level is not None:
            self._check_level(route, session)
        answer = await route.handler(call)
        if isinstance(answer, web.StreamResponse):
            return answer
        return web.json_response(answer, status=route.status)

    def _session(self, request: web.Request) -> Session | None:
        """Return the session behind a request's cookie, with the rights that it has now."""
        names = cookies(is_secure=self.is_secure(request, self.client(request)))
        token = request.cookies.get(names.session)
        session = self.portal.sessions.find(token) if token else None
        if session is not None and not self.portal.is_still_right(session):
            self.portal.sessions.end(session)
            return None
        return session

    def _check_origin(self, request: web.Request, client: Client, session: Session | None) -> None:
        """Refuse what another site's page could have sent in the name of who is here."""
        if request.content_type != "application/json":
            raise PortalError(415, "wrong_type")
        origin, public = request.headers.get(hdrs.ORIGIN, ""), self.portal.settings.public_url
        secure = client.is_secure
        if not is_own_origin(origin, public, request.headers.get(hdrs.HOST, ""), is_secure=secure):
            raise PortalError(403, "csrf")
        if session is None:
            raise PortalError(403, "session_needed")
        given = request.headers.get(CSRF_HEADER, "")
        if not hmac.compare_digest(given.encode(errors="replace"), session.csrf.encode()):
            raise PortalError(403, "csrf")

    def _check_level(self, route: Route, session: Session | None) -> None:
        if session is None:
            raise PortalError(403, "session_needed")
        if route.level is not None and session.level < route.level:
            raise PortalError(403, "level_needed")
        if route.needs_meter and session.account is None:
            raise PortalError(403, "level_needed")

    def _set_cookies(self, response: web.StreamResponse, call: Call) -> None:
        is_secure = self.is_secure(call.request, call.client)
        names = cookies(is_secure=is_secure)
        for name, value, life in (
            (names.session, call.token, LONGEST),
            (names.device, call.new_device_secret, DEVICE_LIFE),
        ):
            if value:
                response.set_cookie(
                    name,
                    value,
                    max_age=int(life.total_seconds()),
                    path="/",
                    secure=is_secure,
                    httponly=True,
                    samesite="Lax",
                )

    def is_secure(self, request: web.Request, client: Client) -> bool:
        """Tell whether the browser came by https, to us or to the proxy before us."""
        public = origin_of(self.portal.settings.public_url)
        host = request.headers.get(hdrs.HOST, "").lower()
        return client.is_secure or (bool(host) and public == f"https://{host}")


def is_still_right(portal: Portal, session: Session) -> bool:
    """Tell whether a session's account is still that of who proved something."""
    site = portal.site
    if session.account is None:
        return True
    account = site.book.accounts.get(session.account)
    if account is None or not account.is_open or account.owner:
        return False
    if session.still is not None and not session.still():
        return False
    if session.meter is None:
        return True
    behind = account_behind(site, session.meter)
    return behind is not None and behind.number == session.account
