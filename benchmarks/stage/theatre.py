"""A mall and a Home Assistant, each a process of its own, as an owner would run them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
from pathlib import Path
import sys
import tempfile
from typing import Any

import aiohttp

from script.demo.children import Child
from script.demo.home_assistant import Client, log_in, wait_for_http
from script.demo.mall import RunningMall
from script.demo.network import free_port
from script.demo.seeding import USER, Folders, password, seed
from script.demo.site_setup import (
    SiteDocument,
    set_up_site,
    wait_for_readings,
    wait_until_running,
)

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 120.0


@dataclass(slots=True, kw_only=True)
class Theatre:
    """A mall under measurement."""

    client: Client
    mall: RunningMall
    document: SiteDocument
    url: str
    user_password: str

    async def probe(self) -> Mapping[str, Any]:
        """Return how late the event loop was since the last call."""
        answer = await self.client.command(
            "call_service",
            domain="loop_probe",
            service="read",
            service_data={},
            return_response=True,
        )
        result: Mapping[str, Any] = answer["response"]
        return result

    async def tell_mall(self, command: str, target: str, **values: object) -> None:
        """Do something to the simulated mall."""
        url = f"http://127.0.0.1:{self.mall.control_port()}/commands"
        body = {"command": command, "target": target, **values}
        async with aiohttp.ClientSession() as session, session.post(url, json=body) as response:
            answer = await response.json()
        if "error" in answer:
            raise RuntimeError(answer["error"])

    @asynccontextmanager
    async def events(self, kind: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Subscribe to one of the integration's events on a connection of its own."""
        async with log_in(self.url, USER, self.user_password) as listener:
            await listener.command("subscribe_events", event_type=f"compere_prepaid_{kind}")
            yield listener.socket


async def _start_mall(folder: Path, arguments: list[str]) -> RunningMall:
    site = folder / "site.yaml"
    child = await Child.start(
        "The simulated mall",
        [
            *(sys.executable, "-m", "simulator", "--port-base", "0", "--control-port", "0"),
            *("--pty-dir", str(folder / "serial"), "--site-file", str(site)),
            *arguments,
        ],
        folder=folder,
        output=folder / "mall.out",
        modules=ROOT,
    )
    return RunningMall(child=child, site=site)


@asynccontextmanager
async def theatre(*mall_arguments: str, with_site: bool = True) -> AsyncIterator[Theatre]:
    """Start a mall and Home Assistant with the loop probe; set up the mall's site in it."""
    with tempfile.TemporaryDirectory(prefix="compere-bench-") as name:
        folder = Path(name)
        mall = await _start_mall(folder, list(mall_arguments))
        try:
            document = SiteDocument.parse(await mall.site_file())
            async with (
                _home_assistant(folder, document) as (url, secret),
                log_in(url, USER, secret) as client,
            ):
                await wait_until_running(client, limit_s=LIMIT_S)
                if with_site:
                    await _open_site(client, document)
                yield Theatre(
                    client=client, mall=mall, document=document, url=url, user_password=secret
                )
        finally:
            await mall.child.stop()


async def _open_site(client: Client, document: SiteDocument) -> None:
    """Set up the mall's site and wait until every meter was read."""
    await set_up_site(client, document.site)
    result = await client.action("import_site", content=document.text)
    if result["faults"]:
        raise RuntimeError(json.dumps(result["faults"]))
    await wait_for_readings(client, document, limit_s=LIMIT_S)


@asynccontextmanager
async def _home_assistant(folder: Path, document: SiteDocument) -> AsyncIterator[tuple[str, str]]:
    """Run Home Assistant on a free port; return its address and the demo user's password."""
    folders = Folders(state=folder)
    port = free_port()
    integration = ROOT / "custom_components" / "compere_prepaid"
    seed(folders, port=port, site=document.site, integration=integration)
    probe = folders.config / "custom_components" / "loop_probe"
    probe.symlink_to(ROOT / "benchmarks" / "stage" / "loop_probe", target_is_directory=True)
    with (folders.config / "configuration.yaml").open("a", encoding="utf-8") as configuration:
        configuration.write("\nloop_probe:\n")
    child = await Child.start(
        "Home Assistant",
        [
            *(sys.executable, "-m", "homeassistant", "-c", str(folders.config)),
            *("--skip-pip", "--log-no-color"),
        ],
        folder=folders.config,
        output=folder / "home-assistant.out",
    )
    url = f"http://127.0.0.1:{port}"
    try:
        await wait_for_http(url, limit_s=LIMIT_S)
        yield url, password(folders)
    finally:
        await child.stop()
