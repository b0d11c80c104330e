"""Two hundred shops that are off pay together; their relays close one by one, each once.

A real Home Assistant runs beside a simulated mall of 200 meters on a line without a baud rate. Then
everybody is off and pays again, and Home Assistant is killed when half of the relays are closed:
whoever starts afterwards goes on where it was.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
import time
from typing import Any

import pytest
import yaml

from benchmarks.stage.house import House
from benchmarks.stage.theatre import choose_pace, look, open_site, running_mall
from script.demo.home_assistant import Client
from script.demo.mall import RunningMall
from script.demo.site_setup import SiteDocument

METERS = 200
AT_ONCE, SPACING_S = 5, 0.05
LIMIT_S = 120.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.usefixtures("socket_enabled"),
]


def without_credit(text: str) -> SiteDocument:
    """Return the mall's site file, with every account a yuan below nothing."""
    data = yaml.safe_load(text)
    for account in data["accounts"]:
        account |= {"opening_balance": "-1", "policy": "Standard"}
    return SiteDocument.parse(yaml.safe_dump(data, sort_keys=False))


async def meters_when(
    mall: RunningMall, holds: Callable[[Counter[str]], bool]
) -> Mapping[str, Mapping[str, Any]]:
    """Return the mall's meters once this holds of how many relays are closed and open."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            meters = await look(mall)
            if holds(Counter(meter["relay"] for meter in meters.values())):
                return meters
            await asyncio.sleep(0.05)  # a process of its own, it sets no event


async def everybody_off(client: Client, mall: RunningMall, document: SiteDocument) -> None:
    """Take everybody's credit, and wait until every relay is open."""
    for account in document.accounts:
        await client.action("adjust_balance", account=account, amount="-1000", reason="test")
    await meters_when(mall, lambda relays: relays["open"] == METERS)


def commands(meters: Mapping[str, Mapping[str, Any]]) -> Counter[int]:
    """Return how many meters were told so often to close."""
    return Counter(meter["closings"] for meter in meters.values())


async def test_a_mass_top_up_closes_each_relay_once(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """As fast as was chosen, none skipped and none twice; also over a kill half-way."""
    least_s = (METERS - AT_ONCE) * SPACING_S
    async with running_mall(tmp_path, "--one-line", str(METERS), "--no-pacing") as mall:
        document = without_credit(await mall.site_file())
        house = House.build(tmp_path, document.site)
        async with house.quick_starts():
            await house.start()
            async with house.visit() as client:
                await open_site(client, document)
                await choose_pace(client, AT_ONCE, SPACING_S)
                await meters_when(mall, lambda relays: relays["open"] == METERS)
                began = time.monotonic()
                await client.action(
                    "top_up", account=document.accounts, amount="100", reference="1"
                )
                meters = await meters_when(mall, lambda relays: relays["closed"] == METERS)
                took_s = time.monotonic() - began
                assert commands(meters) == {1: METERS}
                assert took_s >= least_s
                figure(
                    f"mass top-up: {METERS} relays closed in {took_s:.1f} s ({AT_ONCE} at once, "
                    f"then one each {SPACING_S} s: at least {least_s:.1f} s), 0 skipped, 0 twice"
                )
                await everybody_off(client, mall, document)
                await client.action(
                    "top_up", account=document.accounts, amount="2000", reference="2"
                )
                meters = await meters_when(mall, lambda relays: relays["closed"] >= METERS // 2)
                await house.kill()
            at_kill = commands(await look(mall))
            await house.start()
            async with house.visit() as client:
                meters = await meters_when(mall, lambda relays: relays["closed"] == METERS)
                assert (await client.action("verify_ledger"))["ok"]
    assert 0 < at_kill[2] < METERS
    assert at_kill == {1: METERS - at_kill[2], 2: at_kill[2]}
    assert commands(meters) == {2: METERS}
    figure(
        f"mass top-up killed: {at_kill[2]} of {METERS} relays closed before the kill, "
        f"{METERS - at_kill[2]} after it, 0 skipped, 0 twice"
    )
