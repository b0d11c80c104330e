"""Two hundred tenants watch their page: what it costs them, and Home Assistant's event loop.

A Home Assistant in a process of its own, whose event loop is one thread and so one core, has a site
with a shop for each tenant, on lines of 9600 baud that are polled all the time, and a portal. Every
tenant opens the page and watches the stream; meanwhile pages are loaded again and again, as fast as
a crowd would. Beside it stands what the event loop was late for without anybody, in the same run:
machines stall, too.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
import os
from pathlib import Path
import tempfile
import time
from typing import Any

import aiohttp

from benchmarks.areas import open_mall, plan, probe
from benchmarks.spine import percentile
from benchmarks.stage.house import ROOT, House
from custom_components.compere_prepaid.core.access.meter_reference import reference_of
from script.demo.home_assistant import Client
from script.demo.network import free_port
from script.demo.site_setup import DOMAIN, SiteDocument
from simulator.mall import Mall
from simulator.site_file import write_site

TENANTS = int(os.environ.get("BENCH_TENANTS", "200"))
QUIET_S = float(os.environ.get("BENCH_QUIET_S", "20"))
WATCHED_S = float(os.environ.get("BENCH_WATCHED_S", "60"))
LOADS_PER_S = 4
"""A tenant opens the page every 50 s."""

BAR_PAGE_MS = 200
BAR_STALL_MS = 20


class Tenant:
    """A browser that watches one shop."""

    def __init__(self, url: str, serial: str, number: int) -> None:
        """Come from an address of one's own."""
        self.url = url
        self.meter = reference_of(serial)
        self.from_ = {"X-Forwarded-For": f"10.{number >> 8 & 255}.{number & 255}.1"}
        self.states = 0
        self._http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def come_in(self) -> None:
        """Name the meter; the mall's owner shows balance and power by its number."""
        found = await self._get("/api/session")
        headers = {**self.from_, "Origin": self.url, "X-CP-CSRF": found["csrf"]}
        path, data = f"{self.url}/api/find", {"meter": self.meter}
        async with self._http.post(path, json=data, headers=headers) as answer:
            if answer.status != 200:  # the session
                raise RuntimeError(f"{answer.status} {await answer.text()}")

    async def load(self) -> float:
        """Open the page, as a telephone does that has its files; return the seconds it took."""
        began = time.perf_counter()
        async with self._http.get(f"{self.url}/", headers=self.from_) as answer:
            await answer.read()
        await self._get("/api/session")
        await self._get("/api/overview")
        return time.perf_counter() - began

    async def watch(self) -> None:
        """Count what the stream says."""
        no_limit = aiohttp.ClientTimeout(total=None)
        path = f"{self.url}/api/live"
        async with self._http.get(path, headers=self.from_, timeout=no_limit) as answer:
            while line := await answer.content.readline():
                self.states += line.startswith(b"data: ")

    async def leave(self) -> None:
        """Close the browser."""
        await self._http.close()

    async def _get(self, path: str) -> Any:
        async with self._http.get(self.url + path, headers=self.from_) as answer:
            if answer.status != 200:  # anything else is refused
                raise RuntimeError(f"{path}: {answer.status} {await answer.text()}")
            return await answer.json()


async def open_portal(client: Client) -> str:
    """Switch the portal on, in the dialog in which an owner does it; return where it is."""
    (entry,) = await client.get(f"/api/config/config_entries/entry?domain={DOMAIN}")
    port, flow = free_port(), "/api/config/config_entries/options/flow"
    menu = await client.post(flow, {"handler": entry["entry_id"]})
    page = f"{flow}/{menu['flow_id']}"
    await client.post(page, {"next_step_id": "portal"})
    chosen = {
        "enabled": True,
        "host": "127.0.0.1",
        "port": port,
        "public_url": "https://pay.example.com",
        "trusted_proxies": ["127.0.0.1/32"],
        "amounts": ["50"],
        "open_mode": True,
    }
    done = await client.post(page, chosen)
    if done["type"] != "create_entry":
        raise RuntimeError(str(done.get("errors") or done))
    return f"http://127.0.0.1:{port}"


async def crowd(tenants: list[Tenant]) -> list[float]:
    """Let pages be loaded for a while, at an even pace; return the seconds that each took."""
    loads: list[asyncio.Task[float]] = []
    end = time.monotonic() + WATCHED_S
    while time.monotonic() < end:
        tenant = tenants[len(loads) % len(tenants)]
        loads.append(asyncio.create_task(tenant.load()))
        await asyncio.sleep(1 / LOADS_PER_S)
    return list(await asyncio.gather(*loads))


@asynccontextmanager
async def stage() -> AsyncIterator[tuple[Client, str, list[str]]]:
    """Run the mall and Home Assistant; yield how to reach both, and the meters."""
    with tempfile.TemporaryDirectory(prefix="compere-bench-") as name:
        async with Mall.build(plan(TENANTS)) as mall:
            document = SiteDocument.parse(write_site(mall))
            house = House.build(Path(name), document.site)
            house.add_integration(ROOT / "benchmarks" / "stage" / "loop_probe")
            await house.start()
            try:
                async with house.visit() as client:
                    await open_mall(client, document)
                    url = await open_portal(client)
                    yield client, url, document.serials
            finally:
                await house.stop()


def report(name: str, lag: Mapping[str, Any]) -> None:
    """Print how late the loop was."""
    print(
        f"portal: loop {name}: late p50 {lag['p50_ms']:.1f} ms, p99 {lag['p99_ms']:.1f} ms "
        f"(bar {BAR_STALL_MS}), max {lag['max_ms']:.1f} ms, of which the loop computed itself at "
        f"most {lag['own_max_ms']:.1f} ms; {lag['samples']} samples",
        flush=True,
    )


async def main() -> None:
    """Measure without tenants, then with all of them."""
    async with stage() as (client, url, serials), AsyncExitStack() as stack:
        await probe(client)
        await asyncio.sleep(QUIET_S)
        report("without tenants", await probe(client))
        tenants = [Tenant(url, serial, number) for number, serial in enumerate(serials)]
        for tenant in tenants:
            stack.push_async_callback(tenant.leave)
            await tenant.come_in()
        streams = [asyncio.create_task(tenant.watch()) for tenant in tenants]
        await probe(client)
        took_ms = [1000 * each for each in await crowd(tenants)]
        report(f"with {len(tenants)} tenants watching", await probe(client))
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
        states = sum(tenant.states for tenant in tenants)
        print(
            f"portal: page, session and overview, {len(took_ms)} loads: "
            f"p50 {percentile(took_ms, 0.5):.0f} ms, p95 {percentile(took_ms, 0.95):.0f} ms "
            f"(bar {BAR_PAGE_MS}), max {max(took_ms):.0f} ms; {states} states streamed to "
            f"{sum(tenant.states > 0 for tenant in tenants)} tenants in {WATCHED_S:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    asyncio.run(main())
