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

from benchmarks.stage.house import LIMIT_S, ROOT, House
from script.demo.children import Child
from script.demo.home_assistant import Client, log_in
from script.demo.mall import RunningMall
from script.demo.seeding import USER
from script.demo.site_setup import DOMAIN, SiteDocument, set_up_site, wait_for_readings


@dataclass(slots=True, kw_only=True)
class Theatre:
    """A mall under measurement."""

    client: Client
    mall: RunningMall
    document: SiteDocument
    house: House

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
        await tell(self.mall, command, target, **values)

    @asynccontextmanager
    async def events(self, kind: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Subscribe to one of the integration's events on a connection of its own."""
        async with log_in(self.house.url, USER, self.house.password) as listener:
            await listener.command("subscribe_events", event_type=f"compere_prepaid_{kind}")
            yield listener.socket


async def tell(mall: RunningMall, command: str, target: str, **values: object) -> None:
    """Do something to a simulated mall."""
    body = {"command": command, "target": target, **values}
    answer = await _control(mall, "POST", "commands", body)
    if "error" in answer:
        raise RuntimeError(answer["error"])


async def look(mall: RunningMall) -> Mapping[str, Mapping[str, Any]]:
    """Return how the meters of a simulated mall stand, by serial number."""
    answer = await _control(mall, "GET", "mall")
    return {meter["serial"]: meter for line in answer["lines"] for meter in line["meters"]}


async def _control(
    mall: RunningMall, method: str, path: str, body: Mapping[str, object] | None = None
) -> Mapping[str, Any]:
    url = f"http://127.0.0.1:{mall.control_port()}/{path}"
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, json=body) as response,
    ):
        answer: Mapping[str, Any] = await response.json()
        return answer


@asynccontextmanager
async def running_mall(folder: Path, *arguments: str) -> AsyncIterator[RunningMall]:
    """Run the simulated mall on free ports."""
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
    try:
        yield RunningMall(child=child, site=site)
    finally:
        await child.stop()


@asynccontextmanager
async def theatre(*mall_arguments: str, with_site: bool = True) -> AsyncIterator[Theatre]:
    """Start a mall and Home Assistant with the loop probe; set up the mall's site in it."""
    with tempfile.TemporaryDirectory(prefix="compere-bench-") as name:
        folder = Path(name)
        async with running_mall(folder, *mall_arguments) as mall:
            document = SiteDocument.parse(await mall.site_file())
            house = House.build(folder, document.site)
            house.add_integration(ROOT / "benchmarks" / "stage" / "loop_probe")
            await house.start()
            try:
                async with house.visit() as client:
                    if with_site:
                        await open_site(client, document)
                    yield Theatre(client=client, mall=mall, document=document, house=house)
            finally:
                await house.stop()


async def choose_pace(client: Client, at_once: int, spacing_s: float) -> None:
    """Choose how fast relays close together, in the dialog in which an owner does it."""
    (entry,) = await client.get(f"/api/config/config_entries/entry?domain={DOMAIN}")
    path = "/api/config/config_entries/options/flow"
    menu = await client.post(path, {"handler": entry["entry_id"]})
    page = f"{path}/{menu['flow_id']}"
    await client.post(page, {"next_step_id": "reconnection"})
    done = await client.post(page, {"at_once": at_once, "spacing": spacing_s})
    if done["type"] != "create_entry":
        raise RuntimeError(json.dumps(done))


async def open_site(client: Client, document: SiteDocument, **more: str) -> None:
    """Set up the mall's site and wait until every meter was read.

    `more` are other answers to the form that sets it up.
    """
    await set_up_site(client, document.site, **more)
    result = await client.action("import_site", content=document.text)
    if result["faults"]:
        raise RuntimeError(json.dumps(result["faults"]))
    await wait_for_readings(client, document, limit_s=LIMIT_S)
