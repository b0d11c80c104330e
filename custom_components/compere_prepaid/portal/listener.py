"""The portal's own listener: a small web server beside Home Assistant's, in the same event loop.

A reverse proxy or a tunnel publishes this port only; nothing of Home Assistant is behind it. It is
off until it is switched on, and follows the site's options without a reload. A port that is taken
is an issue, and everything else goes on.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
import logging
from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from .. import issues
from ..core.ids import AccountNumber, MeterSerial
from ..core.ledger.records import BookKind
from ..ledger_place import book_kind
from . import (
    api_orders,
    api_overview,
    api_papers,
    api_session,
    api_settings,
    notices,
    wechat_oauth,
)
from .errors import PortalError, not_found
from .gate import Gate, is_still_right
from .limits import Limit, Limits
from .live import Live
from .overview import Overviews
from .papers import Papers
from .protocol import Connections, PortalProtocol
from .security import security_headers
from .sessions import Session, Sessions
from .settings import PortalSettings
from .shell import Shell, load_files
from .wording import load_texts

if TYPE_CHECKING:
    from ..site import CompereSite

_LOGGER = logging.getLogger(__name__)

IDLE_CONNECTION_S = 15.0
"""So long a connection may take for its first request, and between two."""

STOPPING_S = 2.0

HEADER_LIMIT = 8190

PAY_PAGES = ("/m/", "/pay/")
"""Where payments begin: WeChat's payment page wants to know from which site somebody comes."""

ROUTES = (
    *api_session.ROUTES,
    *api_overview.ROUTES,
    *api_orders.ROUTES,
    *api_papers.ROUTES,
    *api_settings.ROUTES,
    *notices.ROUTES,
    *wechat_oauth.ROUTES,
)

type Serving = Callable[[web.Request], Awaitable[web.StreamResponse]]

PAGES = ("/", "/m/{reference}", "/l", "/pay/{order}")


class Portal:
    """The running portal of one site."""

    nobody = MeterSerial("")
    """Stands for meters that are not there, so that they cost the same work."""

    def __init__(self, site: CompereSite, settings: PortalSettings, shell: Shell) -> None:
        """Serve this site's tenants; `async_start` opens the port."""
        self.site = site
        self.settings = settings
        self.shell = shell
        self.is_sandbox = book_kind(site.entry) is BookKind.SANDBOX
        self.sessions = Sessions(site.clock)
        self.overviews = Overviews(site)
        self.papers = Papers(site)
        self.live = Live(self)
        self.gate = Gate(self, Limits(site.clock.monotonic))
        self.connections = Connections()
        self._runner = web.AppRunner(self._application(), shutdown_timeout=STOPPING_S)
        self._listening: asyncio.Server | None = None

    @property
    def address(self) -> tuple[str, int] | None:
        """Where it listens: host and port; None while it does not."""
        sockets = self._listening.sockets if self._listening else ()
        return sockets[0].getsockname()[:2] if sockets else None

    async def async_start(self) -> None:
        """Open the port; raises `OSError` if that cannot be done."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        connect = partial(
            PortalProtocol,
            self._runner.server,
            connections=self.connections,
            loop=loop,
            access_log=None,  # paths may hold references, and nobody reads it
            keepalive_timeout=IDLE_CONNECTION_S,
            lingering_time=0,
            max_line_size=HEADER_LIMIT,
            max_field_size=HEADER_LIMIT,
            auto_decompress=False,
        )
        try:
            host, port = self.settings.place
            self._listening = await loop.create_server(connect, host, port, reuse_address=True)
        except OSError:
            await self._runner.cleanup()
            raise

    async def async_stop(self) -> None:
        """Close the port and forget everybody."""
        for session in self.sessions:
            session.is_over = True
        self.live.end_all()
        if self._listening is not None:
            self._listening.close()
            await self._runner.cleanup()
            self._listening = None

    def end_device(self, account: AccountNumber, device: str) -> None:
        """End the sessions that see an account's papers by a device."""
        for session in self.sessions:
            if session.account == account and device in session.vouchers:
                self.sessions.end(session)

    def is_still_right(self, session: Session) -> bool:
        """Tell whether a session still has the rights that it was given."""
        return is_still_right(self, session)

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[self._refuse])
        application.on_response_prepare.append(self._on_prepare)
        for route in ROUTES:
            application.router.add_route(route.method, route.path, self.gate.serve(route))
        for path in PAGES:
            application.router.add_route("GET", path, self._counted(self.shell.page))
        application.router.add_route("GET", "/assets/{file}", self._counted(self.shell.asset))
        if (sandbox := self.site.sandbox) is not None:
            for method, path, serving in sandbox.payer_routes():
                application.router.add_route(method, path, self._counted(serving))
        return application

    def _counted(self, serving: Serving) -> Serving:
        """Return what serves the same, and counts for the limits."""

        async def serve(request: web.Request) -> web.StreamResponse:
            self.gate.count(Limit.ANY, self.gate.client(request), None)
            return await serving(request)

        return serve

    @web.middleware
    async def _refuse(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Give whatever goes wrong the one form that refusals have."""
        language = self.gate.language(request, None)
        try:
            return await handler(request)
        except PortalError as error:
            return self.gate.refusal(error, language)
        except web.HTTPMethodNotAllowed as error:
            allow = {"Allow": ",".join(sorted(error.allowed_methods))}
            return self.gate.refusal(
                PortalError(405, "method_not_allowed", headers=allow), language
            )
        except web.HTTPException:
            return self.gate.refusal(not_found(), language)
        except Exception:
            _LOGGER.exception("The portal failed at a request")
            return self.gate.refusal(PortalError(500, "unexpected"), language)

    async def _on_prepare(self, request: web.Request, response: web.StreamResponse) -> None:
        headers = security_headers(
            is_pay_page=request.path == "/" or request.path.startswith(PAY_PAGES)
        )
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        response.headers.pop(hdrs.SERVER, None)


class PortalKeeper:
    """Starts, moves and stops a site's portal as its options ask for it."""

    def __init__(self, site: CompereSite) -> None:
        """Keep the portal of this site."""
        self._site = site
        self._shell: Shell | None = None
        self._lock = asyncio.Lock()
        self.portal: Portal | None = None
        self.is_refused = False
        """Whether its port could not be opened: that is tried again."""

    async def async_follow(self) -> None:
        """Make the portal as the options say now."""
        async with self._lock:
            wanted = PortalSettings.of(self._site.entry.options)
            running = self.portal
            if running is not None and wanted.enabled and running.settings.place == wanted.place:
                running.settings = wanted
                return
            await self._stop()
            self.is_refused = wanted.enabled and not await self._start(wanted)
            if not self.is_refused:
                issues.clear(self._site, issues.PORTAL_PORT, "")

    async def async_stop(self) -> None:
        """Stop it for good."""
        async with self._lock:
            await self._stop()

    async def _start(self, wanted: PortalSettings) -> bool:
        if self._shell is None:
            add = self._site.hass.async_add_executor_job
            await add(load_texts)
            self._shell = Shell(await add(load_files))
        portal = Portal(self._site, wanted, self._shell)
        try:
            await portal.async_start()
        except OSError as error:
            issues.raise_portal_port(self._site, wanted.host, wanted.port, error)
            return False
        self.portal = portal
        return True

    async def _stop(self) -> None:
        if self.portal is not None:
            portal, self.portal = self.portal, None
            await portal.async_stop()
