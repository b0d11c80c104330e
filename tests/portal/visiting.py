"""A tenant's browser, as plain HTTP: a session, its cookie, and what a page would send.

async with portal_site(hass, mall, tmp_path) as site, visitor(site) as browser:
await browser.begin()
status, answer = await browser.post("/api/find", meter=reference)
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
from homeassistant.core import HomeAssistant

from custom_components.compere_prepaid.core.access.meter_reference import reference_of
from custom_components.compere_prepaid.portal.listener import Portal
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.mall import Mall
from tests.payment.paper import PaperBank
from tests.payment.paying import paper_bank, paying_site

NOODLES, TEA = "A-101", "A-102"

LOOPBACK = {"enabled": True, "host": "127.0.0.1", "port": 0}


def portal_options(**more: Any) -> dict[str, Any]:
    """Return the options of a site whose portal listens on any port of loopback."""
    return {"portal": {**LOOPBACK, **more}}


@asynccontextmanager
async def portal_site(
    hass: HomeAssistant,
    mall: Mall,
    folder: Path,
    *,
    bank: PaperBank | None = None,
    portal: Mapping[str, Any] | None = None,
    **how: Any,
) -> AsyncIterator[CompereSite]:
    """Run a site with its portal; payments are taken at a bank on paper."""
    options = portal_options(**(portal or {}))
    kept = {"options": options, "price": "1", **how}
    async with paying_site(hass, mall, folder, bank or paper_bank(), **kept) as site:
        yield site


def portal_of(site: CompereSite) -> Portal:
    """Return the portal, which runs."""
    assert site.portal is not None
    return site.portal


def base_url(site: CompereSite) -> str:
    """Return where the portal is."""
    address = portal_of(site).address
    assert address is not None
    return f"http://127.0.0.1:{address[1]}"


class Visitor:
    """A browser with cookies."""

    def __init__(self, http: aiohttp.ClientSession, base: str, headers: Mapping[str, str]) -> None:
        """Visit a portal."""
        self.http = http
        self.base = base
        self.headers = dict(headers)
        self.csrf = ""

    async def begin(self) -> Any:
        """Ask for a session."""
        status, answer = await self.get("/api/session")
        assert status == 200, answer
        return answer

    async def get(self, path: str, **headers: str) -> tuple[int, Any]:
        """Get something; return status and what was answered."""
        async with self.http.get(self.base + path, headers={**self.headers, **headers}) as got:
            return await self._answer(got)

    async def post(self, path: str, /, **body: Any) -> tuple[int, Any]:
        """Send something as the page does."""
        headers = {**self.headers, "Origin": self.base, "X-CP-CSRF": self.csrf}
        async with self.http.post(self.base + path, json=body, headers=headers) as got:
            return await self._answer(got)

    async def _answer(self, got: aiohttp.ClientResponse) -> tuple[int, Any]:
        if got.content_type != "application/json":
            return got.status, await got.text()
        answer = await got.json()
        if isinstance(answer, dict) and "csrf" in answer:
            self.csrf = answer["csrf"]
        return got.status, answer

    async def send(self, path: str, data: Any = None, **headers: str) -> tuple[int, Any]:
        """Send anything, with these headers only."""
        async with self.http.post(self.base + path, data=data, headers=headers) as got:
            return await self._answer(got)

    async def choose(self, serial: str) -> Any:
        """Begin, and choose a meter by its number."""
        await self.begin()
        status, answer = await self.post("/api/find", meter=reference_of(serial))
        assert status == 200, answer
        return answer

    async def scan(self, site: CompereSite, serial: str) -> Any:
        """Begin, and open a meter by its code."""
        await self.begin()
        status, answer = await self.post("/api/access", **await code_of(site, serial))
        assert status == 200, answer
        return answer


async def code_of(site: CompereSite, serial: str) -> dict[str, str]:
    """Return what a meter's code holds."""
    meter = site.book.meter(serial)
    assert meter.account is not None
    tag = await site.access.tags.tag(meter.serial, meter.account)
    return {"meter": reference_of(serial), "tag": tag}


@asynccontextmanager
async def visitor(site: CompereSite, **headers: str) -> AsyncIterator[Visitor]:
    """Open a browser."""
    jar = aiohttp.CookieJar(unsafe=True)  # cookies of 127.0.0.1
    async with aiohttp.ClientSession(cookie_jar=jar) as http:
        yield Visitor(http, base_url(site), headers)


def later(mall: Mall, time: timedelta) -> None:
    """Let time go by in which nobody asks for anything."""
    assert isinstance(mall.clock, ManualClock)
    mall.clock.advance(seconds=int(time.total_seconds()))
