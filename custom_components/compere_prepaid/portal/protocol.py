"""Connections to the portal: few of them from one place, short-lived, and always answered alike.

What is no HTTP at all is refused before any handler sees it; that refusal looks like all others.
"""

from collections import Counter
from dataclasses import dataclass, field
import json
from typing import Any, override

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from .errors import PortalError
from .security import security_headers
from .wording import LANGUAGES

MOST = 2000
"""Connections at once."""

MOST_OF_ADDRESS = 1000
"""Connections from one address; everybody may come by one reverse proxy."""

HTTP_ERROR = 500


@dataclass(slots=True)
class Connections:
    """Counts the connections of a portal, by address."""

    by_address: Counter[str] = field(default_factory=Counter)
    total: int = 0

    def admit(self, address: str) -> bool:
        """Count a connection, if there may be one more."""
        if self.total >= MOST or self.by_address[address] >= MOST_OF_ADDRESS:
            return False
        self.by_address[address] += 1
        self.total += 1
        return True

    def leave(self, address: str) -> None:
        """Count one less."""
        self.total -= 1
        self.by_address[address] -= 1
        if not self.by_address[address]:
            del self.by_address[address]


class PortalProtocol(RequestHandler):
    """A connection."""

    __slots__ = ("_address", "_connections", "_is_counted")

    def __init__(self, *args: Any, connections: Connections, **settings: Any) -> None:
        """Count it among these."""
        super().__init__(*args, **settings)
        self._connections = connections
        self._address = ""
        self._is_counted = False

    @override
    def connection_made(self, transport: Any) -> None:
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if peer else ""
        self._is_counted = self._connections.admit(self._address)
        super().connection_made(transport)
        if not self._is_counted:
            transport.abort()

    @override
    def connection_lost(self, exc: BaseException | None) -> None:
        if self._is_counted:
            self._is_counted = False
            self._connections.leave(self._address)
        super().connection_lost(exc)

    @override
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTP_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Refuse what could not be read; nobody needs to read of it in the log."""
        if status >= HTTP_ERROR:
            self.log_exception("The portal failed at a request", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer is on its way already")
        code = "unexpected" if status >= HTTP_ERROR else "bad_request"
        body = json.dumps(PortalError(status, code).body(LANGUAGES[0]), ensure_ascii=False)
        headers = {**security_headers(is_pay_page=False), "Server": ""}
        response = web.Response(
            status=status, text=body, content_type="application/json", headers=headers
        )
        response.force_close()
        return response
