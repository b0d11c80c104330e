"""The stream: news at once, one for each session, and never a question to a meter."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiohttp
from homeassistant.core import HomeAssistant

from custom_components.compere_prepaid.core.bus.bus import Bus, RequestClass
from custom_components.compere_prepaid.portal import live as live_streams
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import serial_of
from tests.portal.visiting import (
    NOODLES,
    TEA,
    Visitor,
    portal_of,
    portal_site,
    visitor,
)
from tests.site_fixtures import GUARD_S
from tests.stories.telling import ask, burn


class Stream:
    """What a page hears."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        """Listen to an answer that goes on."""
        self.answer = answer

    async def next(self) -> Any:
        """Return the next state; None when the stream has ended."""
        async with asyncio.timeout(GUARD_S):
            while line := await self.answer.content.readline():
                if line.startswith(b"data: "):
                    return json.loads(line.removeprefix(b"data: "))
            return None

    async def when(self, holds: Callable[[Any], bool]) -> Any:
        """Return the first state of which this holds."""
        while not holds(state := await self.next()):
            pass
        return state


@asynccontextmanager
async def stream(browser: Visitor, query: str = "") -> AsyncIterator[Stream]:
    """Open a stream."""
    async with browser.http.get(f"{browser.base}/api/live{query}") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/event-stream"
        yield Stream(answer)


async def test_news_come_by_themselves(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """Money and power as soon as they are known."""
    async with (
        portal_site(hass, mall, tmp_path, opening_balance="1") as site,
        visitor(site) as browser,
    ):
        await browser.scan(site, serial_of(mall, NOODLES))
        async with stream(browser) as live:
            first = await live.next()
            assert first["balance"] == "1.00"
            assert "announcements" not in first
            await ask(hass, "top_up", account=NOODLES, amount="2", reference="r-1")
            await live.when(lambda state: state["balance"] == "3.00")
            await burn(mall, site, NOODLES, 4_000)
            off = await live.when(lambda state: state["supply"]["state"] == "off")
            assert off["supply"]["reason"]
            assert off["energy_today_kwh"] == "4.000"
        async with stream(browser, "?language=zh-Hans") as live:  # as the page shows it
            assert (await live.next())["supply"]["reason"].startswith("余额已用完")
        async with stream(browser, "?language=xx") as live:
            assert (await live.next())["supply"]["reason"].startswith("The power is off")
        await browser.post("/api/settings", language="ms")
        async with stream(browser, "?language=zh-Hans") as live:  # the tenant's own choice
            assert (await live.next())["supply"]["reason"].startswith("Bekalan")


async def test_one_stream_for_each_session(site: CompereSite, mall: Mall, browser: Visitor) -> None:
    """A second one ends the first; they end with the session, and with its rights."""
    await browser.scan(site, serial_of(mall, NOODLES))
    async with stream(browser) as first:
        await first.next()
        async with stream(browser) as second:
            await second.next()
            assert await first.next() is None
            assert len(portal_of(site).live) == 1
            await browser.scan(site, serial_of(mall, TEA))  # other rights: another session
            assert await second.next() is None
    async with visitor(site) as other:
        await other.scan(site, serial_of(mall, NOODLES))
        async with stream(other) as live:
            await live.next()
            await other.post("/api/logout")
            assert await live.next() is None
    assert len(portal_of(site).live) == 0


def requests(site: CompereSite) -> int:
    """Return how often the site's lines were asked anything."""
    return sum(bus.bus.health.requests for bus in site.buses.values() if isinstance(bus.bus, Bus))


async def test_views_ask_no_meter(
    site: CompereSite, mall: Mall, browser: Visitor, figure: Callable[[str], None]
) -> None:
    """Pages, overviews and streams are made of what is known: the line hears nothing of them."""
    await browser.scan(site, serial_of(mall, NOODLES))
    for bus in site.buses.values():
        await bus.poller.stop()  # whatever asks a meter from now on is a view
    for meter in site.meters.values():  # what was on its way is through behind this
        await meter.device.read_relay(RequestClass.RELAY)
    before = requests(site)
    async with stream(browser) as live:
        await live.next()
        for _ in range(50):
            assert (await browser.get("/api/overview"))[0] == 200
    after = requests(site)
    assert after == before > 0
    figure(f"portal: 51 views, {after - before} questions to meters")


async def test_streams_are_bounded(site: CompereSite, mall: Mall, browser: Visitor) -> None:
    """Who finds no place is told when to come again, and asks for the overview meanwhile."""
    await browser.scan(site, serial_of(mall, NOODLES))
    with patch.object(live_streams, "MOST", 0):
        status, answer = await browser.get("/api/live")
    assert (status, answer["error"]["code"], answer["error"]["retry_after"]) == (
        503,
        "try_later",
        30,
    )
    assert (await browser.get("/api/overview"))[0] == 200
