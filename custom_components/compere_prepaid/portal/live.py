"""The overview as a stream: sent when it changed, and never by asking a meter.

A stream looks at what is known when its account or a meter of it has news, and every few seconds
for what merely drifts. Several news at once are one look. Each session has one stream; a later one
ends it.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
import json
from typing import TYPE_CHECKING, Any

from aiohttp import hdrs, web

from ..coordinator import PacedCoordinator
from ..core.errors import PrepaidError
from ..core.ids import AccountNumber
from ..core.prepayment.state import AccountState
from .errors import PortalError
from .sessions import Session
from .wording import known_language

if TYPE_CHECKING:
    from .call import Call
    from .listener import Portal

MOST = 1000
"""Streams at once."""

LOOK_S = 5.0
"""So often a stream looks at what drifts."""

APART_S = 1.0
"""So far apart are two messages at least."""

HEARTBEAT_S = 20.0
"""So long nothing is sent at most: proxies end connections on which nothing happens."""

STUCK_S = 20.0
"""Who takes so long to read what was sent has gone."""


@dataclass(slots=True, eq=False)
class _Stream:
    """Who watches."""

    session: Session
    news: asyncio.Event = field(default_factory=asyncio.Event)
    is_over: bool = False

    def end(self) -> None:
        """End it soon."""
        self.is_over = True
        self.news.set()


class Live:
    """The streams of a portal."""

    def __init__(self, portal: Portal) -> None:
        """Watch the accounts of a portal's site."""
        self._portal = portal
        self._streams: dict[str, _Stream] = {}
        """By the csrf token of their session: that changes as often as the session's rights."""

    def __len__(self) -> int:
        """Return how many streams there are."""
        return len(self._streams)

    def end_all(self) -> None:
        """End all streams."""
        for stream in self._streams.values():
            stream.end()

    async def stream(self, call: Call) -> web.StreamResponse:
        """Serve a stream until its session or its reader ends."""
        session = call.session
        if (before := self._streams.pop(session.csrf, None)) is not None:
            before.end()
        if len(self._streams) >= MOST:
            raise PortalError(503, "try_later", retry_after=30, headers={"Retry-After": "30"})
        key, stream = session.csrf, _Stream(session)
        asked = known_language(call.request.query.get("language", ""))
        language = session.language or asked or call.language
        self._streams[key] = stream
        session.wake = stream.news.set
        response = web.StreamResponse(
            headers={hdrs.CONTENT_TYPE: "text/event-stream", "X-Accel-Buffering": "no"}
        )
        try:
            await response.prepare(call.request)
            with suppress(ConnectionError, TimeoutError, PrepaidError):
                await self._serve(stream, key, response, call.account, language)
        finally:
            if self._streams.get(key) is stream:
                del self._streams[key]
        return response

    async def _serve(
        self,
        stream: _Stream,
        key: str,
        response: web.StreamResponse,
        account: AccountState,
        language: str,
    ) -> None:
        clock = self._portal.site.clock
        stop = self._listen(account, stream.news.set)
        said, said_at = "", clock.monotonic()
        try:
            while self._may_go_on(stream, key, account.number):
                stream.news.clear()
                state = await self._portal.overviews.live(account, language)
                text = json.dumps(state, ensure_ascii=False, separators=(",", ":"))
                if text != said:
                    await _write(response, f"event: state\ndata: {text}\n\n")
                    said, said_at = text, clock.monotonic()
                    await asyncio.sleep(APART_S)
                elif clock.monotonic() - said_at >= HEARTBEAT_S:
                    await _write(response, ": still here\n\n")
                    said_at = clock.monotonic()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await stream.news.wait()
        finally:
            stop()

    def _may_go_on(self, stream: _Stream, key: str, account: AccountNumber) -> bool:
        session = stream.session
        return (
            not stream.is_over
            and not session.is_over
            and session.csrf == key
            and session.account == account
            and self._portal.site.clock.now() < session.expires_at
            and self._portal.is_still_right(session)
        )

    def _listen(self, account: AccountState, wake: Callable[[], None]) -> Callable[[], None]:
        """Hear the news of an account and its meters; return what ends that."""
        site = self._portal.site
        runtime = site.accounts.get(account.number)
        coordinators: list[PacedCoordinator[Any]] = [runtime.coordinator] if runtime else []
        meters = (site.meters.get(serial) for serial in account.meters)
        coordinators += [meter.coordinator for meter in meters if meter is not None]
        stops = [each.async_add_listener(wake) for each in coordinators]

        def stop() -> None:
            for one in stops:
                one()

        return stop


async def _write(response: web.StreamResponse, text: str) -> None:
    async with asyncio.timeout(STUCK_S):
        await response.write(text.encode())
