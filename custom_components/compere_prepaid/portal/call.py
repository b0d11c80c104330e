"""A request that passed the gate: who asks, and what they sent."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from ..core.access.devices import device_id
from ..core.ids import AccountNumber, MeterSerial
from ..core.prepayment.state import AccountState
from .client_address import Client
from .errors import PortalError
from .limits import Limit
from .security import cookies
from .sessions import Level, Session

if TYPE_CHECKING:
    from ..site import CompereSite
    from .listener import Portal

BODY_LIMIT = 16 * 1024
BODY_TIMEOUT_S = 5.0

type Json = dict[str, Any]
type Handler = Callable[[Call], Awaitable[Json | web.StreamResponse]]


@dataclass(slots=True, kw_only=True)
class Call:
    """A request to the portal's API."""

    portal: Portal
    request: web.Request
    client: Client
    language: str
    known: Session | None
    token: str = ""
    """A new token of the session, which the browser is to keep."""
    new_device_secret: str = ""
    """A new secret of the browser itself."""

    @property
    def site(self) -> CompereSite:
        """The site whose portal it is."""
        return self.portal.site

    @property
    def session(self) -> Session:
        """Who asks; raises `PortalError` (`session_needed`) if nobody knows."""
        if self.known is None:
            raise PortalError(403, "session_needed")
        return self.known

    @property
    def account(self) -> AccountState:
        """The account that the session is for; the gate has made sure that there is one."""
        number = self.session.account
        account = None if number is None else self.site.book.accounts.get(number)
        if account is None:
            raise PortalError(403, "session_over")
        return account

    @property
    def base_url(self) -> str:
        """Return where the portal is for who asks, without a slash at its end."""
        if public := self.portal.settings.public_url:
            return public
        secure = self.portal.gate.is_secure(self.request, self.client)
        return f"{'https' if secure else 'http'}://{self.request.headers.get('Host', '')}"

    @property
    def device_secret(self) -> str:
        """The secret by which the browser may be known to accounts; empty for none."""
        names = cookies(is_secure=self.portal.gate.is_secure(self.request, self.client))
        return self.new_device_secret or self.request.cookies.get(names.device, "")

    async def vouchers(self, account: AccountNumber) -> frozenset[str]:
        """Return the ids of the devices by which who asks may see an account's papers."""
        devices = self.site.access.devices
        return frozenset(
            [
                device_id(secret)
                for secret in (self.device_secret, self.session.openid)
                if secret and account in await devices.accounts_of(secret)
            ]
        )

    def count(self, limit: Limit) -> None:
        """Count something that is limited; raises `PortalError` (`too_many`)."""
        self.portal.gate.count(limit, self.client, self.known)

    def not_counted(self, limit: Limit) -> None:
        """Take back what was counted."""
        buckets = self.known.buckets if self.known else None
        self.portal.gate.limits.give_back(limit, self.client.key, buckets)

    def change_session(
        self, level: Level, account: AccountNumber | None, meter: MeterSerial | None
    ) -> None:
        """Give the session other rights; the browser gets a new token."""
        self.token = self.portal.sessions.change(self.session, level, account, meter)

    async def json(self) -> Json:
        """Return what was sent: an object. Raises `PortalError` (`bad_request`)."""
        body = await read_body(self.request, BODY_LIMIT)
        try:
            data = json.loads(body)
        except ValueError, RecursionError:
            raise PortalError(400, "bad_request") from None
        if not isinstance(data, dict):
            raise PortalError(400, "bad_request")
        return data

    async def text_fields(self, *required: str, optional: tuple[str, ...] = ()) -> dict[str, str]:
        """Return texts that were sent; all `required` ones are there, and nothing else is.

        Raises `PortalError` (`bad_request`).
        """
        data = await self.json()
        wrong = data.keys() - set(required) - set(optional)
        if wrong or any(not isinstance(value, str) for value in data.values()):
            raise PortalError(400, "bad_request")
        if any(name not in data for name in required):
            raise PortalError(400, "bad_request")
        return data


async def read_body(request: web.Request, limit: int) -> bytes:
    """Return a request's body; a slow or large one ends the connection.

    Raises `PortalError` (`too_large`, `bad_request`).
    """
    if request.content_length is not None and request.content_length > limit:
        raise PortalError(413, "too_large", headers={"Connection": "close"})
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > limit:
                    raise PortalError(413, "too_large", headers={"Connection": "close"})
    except TimeoutError, web.PayloadAccessError, ConnectionError, ValueError:
        raise PortalError(400, "bad_request", headers={"Connection": "close"}) from None
    return bytes(body)
