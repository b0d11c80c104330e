"""Calls on a whole mall at once: what 500 accounts cost, and what the event loop pays for it.

A Home Assistant of its own process has a site with 500 shops, each with an account and a meter, all
in one area, on lines of 9600 baud that are polled all the time. The calls name the area. Beside
each stands what the event loop was late for without any call, in the same run: machines stall, too.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
import os
from pathlib import Path
import tempfile
import time
from typing import Any

from benchmarks.stage.house import ROOT, House
from script.demo.errors import DemoError
from script.demo.home_assistant import Client
from script.demo.site_setup import SiteDocument, set_up_site, wait_for_readings
from simulator.line import LinePlan, Transport
from simulator.loads import LoadKind
from simulator.mall import Mall
from simulator.meter import MeterPlan
from simulator.site_file import write_site
from simulator.tenants import MallPlan

ACCOUNTS = int(os.environ.get("BENCH_ACCOUNTS", "500"))
LINES = 4
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
AFTER_S = 3.0
"""So long after a call the event loop is still watched: entities follow a little later."""

FIRST_READINGS_S = 60.0

BAR_MS = 1000
BAR_STALL_MS = 20


def plan(accounts: int = ACCOUNTS) -> MallPlan:
    """Return a mall in which every shop has a meter, all in one area."""
    meters: dict[str, list[MeterPlan]] = {f"Riser {line}": [] for line in range(LINES)}
    for number in range(accounts):
        row = meters[f"Riser {number % LINES}"]
        row.append(
            MeterPlan(
                serial=f"33B0025{number:06}",
                name=f"S-{number:03}",
                address=len(row) + 1,
                kind=LoadKind.FASHION,
                rated_kw=10,
                breaker_a=63,
                area="Mall",
                floor_area=100,
                starts_wh=1_000_000 + number,
            )
        )
    lines = [
        LinePlan(name=name, transport=Transport.RTU_TCP, port=0, baudrate=9600, pace=True)
        for name in meters
    ]
    tenants = {meter.name: f"Shop {meter.name}" for row in meters.values() for meter in row}
    return MallPlan(lines=lines, meters=meters, tenants=tenants)


async def probe(client: Client) -> Mapping[str, Any]:
    """Return how late the event loop was since the last call."""
    answer = await client.command(
        "call_service",
        domain="loop_probe",
        service="read",
        service_data={},
        return_response=True,
    )
    found: Mapping[str, Any] = answer["response"]
    return found


async def _measured(client: Client, title: str, action: str, **data: object) -> dict[str, Any]:
    """Call an action on the area; print how long it took and how late the loop was."""
    await asyncio.sleep(AFTER_S)
    quiet = await probe(client)
    began = time.perf_counter()
    answer: dict[str, Any] = await client.action(action, **data)
    took_ms = (time.perf_counter() - began) * 1000
    during = await probe(client)
    await asyncio.sleep(AFTER_S)
    after = await probe(client)
    accounts = answer["totals"]["accounts"]
    print(f"{title}: {accounts} accounts in {took_ms:.0f} ms (bar {BAR_MS})", flush=True)
    for when, lag in (
        ("until the answer", during),
        (f"in the {AFTER_S:.0f} s after it", after),
        (f"in the {AFTER_S:.0f} s before it", quiet),
    ):
        print(
            f"{title}: loop late at most {lag['max_ms']:.1f} ms {when},"
            f" {lag['own_max_ms']:.1f} ms of it by what it computed itself (bar {BAR_STALL_MS});"
            f" longest garbage collection {lag['collection_max_ms']:.1f} ms",
            flush=True,
        )
    return answer


async def _rounds(client: Client, areas: list[str]) -> None:
    area = {"area_id": areas}
    for turn in range(ROUNDS):
        other = {"policy": "Anchor tenant", **area}
        await _measured(client, "dry run of apply_policy", "apply_policy", dry_run=True, **other)
        batch = await _measured(client, "apply_policy", "apply_policy", **other)
        await _measured(
            client, "undo_batch (policy)", "undo_batch", batch=batch["batch"], reason="benchmark"
        )
        batch = await _measured(client, "top_up", "top_up", amount="50", **area)
        await _measured(
            client, "undo_batch (top-ups)", "undo_batch", batch=batch["batch"], reason="benchmark"
        )
        rules = {"name": "Standard", "warning_levels": [101 + turn, 50]}
        await _measured(client, "preview_policy", "preview_policy", policy=rules, **area)
        await _measured(client, "set_policy", "set_policy", policy=rules)


async def open_mall(client: Client, document: SiteDocument) -> None:
    """Set the site up, and give its meters a minute to be read for the first time."""
    await set_up_site(client, document.site)
    result = await client.action("import_site", content=document.text)
    if result["faults"]:
        raise RuntimeError(result["faults"][0])
    with suppress(DemoError):
        await wait_for_readings(client, document, limit_s=FIRST_READINGS_S)


async def _main() -> None:
    with tempfile.TemporaryDirectory(prefix="compere-bench-") as name:
        async with Mall.build(plan()) as mall:
            document = SiteDocument.parse(write_site(mall))
            house = House.build(Path(name), document.site)
            house.add_integration(ROOT / "benchmarks" / "stage" / "loop_probe")
            await house.start()
            try:
                async with house.visit() as client:
                    await open_mall(client, document)
                    found = await client.command("config/area_registry/list")
                    areas = [each["area_id"] for each in found if each["name"] == "Mall"]
                    await probe(client)
                    await _rounds(client, areas)
                    checked = await client.action("verify_ledger")
                    print(f"ledger: ok {checked['ok']}, {checked['transfers']} transfers")
            finally:
                await house.stop()


if __name__ == "__main__":
    asyncio.run(_main())
