"""Home Assistant is killed again and again in the middle of business; the books come out right.

A real Home Assistant runs beside a simulated mall that goes on using energy all the while. Payments
are under way from several cash desks when the kill comes. Afterwards every payment that was
acknowledged must be in the ledger once, and every watt-hour that a meter counted must be charged
once: also what it counted while nobody was there to read it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
import os
from pathlib import Path
import random
import sqlite3
from typing import Any

import aiohttp
import pytest

from benchmarks.stage.house import House
from benchmarks.stage.theatre import look, open_site, running_mall, tell
from script.demo.errors import DemoError
from script.demo.home_assistant import Client
from script.demo.mall import RunningMall
from script.demo.site_setup import SiteDocument

ROUNDS = int(os.environ.get("KILL_ROUNDS", "10"))
DESKS = 3
START_S = 1.5
"""About as long as a start takes."""
WATTS = "12000"
LIMIT_S = 60.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180 + 30 * ROUNDS),
    pytest.mark.usefixtures("socket_enabled"),
]


@dataclass(slots=True)
class Payments:
    """What was paid at the cash desks, and what they were told."""

    accounts: Sequence[str]
    sent: int = 0
    receipts: dict[str, str] = field(default_factory=dict)
    """By transfer: what was acknowledged."""
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    awaited: int = 0

    async def pay(self, client: Client, number: int) -> None:
        """Pay one amount; raises if nobody acknowledges it."""
        account = self.accounts[number % len(self.accounts)]
        answer = await client.post(
            "/api/services/compere_prepaid/top_up?return_response",
            {"account": account, "amount": "1.25", "reference": f"desk-{number}"},
        )
        paid = answer["service_response"]["accounts"][account]
        assert self.receipts.setdefault(paid["transfer"], paid["receipt"]) == paid["receipt"]
        if len(self.receipts) >= self.awaited:
            self.enough.set()

    async def pay_until_killed(self, client: Client) -> None:
        """Pay one amount after the other; begin with those that may have been on their way."""
        try:
            for number in range(max(0, self.sent - DESKS), self.sent):
                await self.pay(client, number)
            while True:
                self.sent += 1
                await self.pay(client, self.sent - 1)
        except aiohttp.ClientError, DemoError, TimeoutError:
            return  # nobody is there any more


async def _business(
    house: House, payments: Payments, chance: random.Random, client: Client
) -> None:
    """Let all desks take money, and kill Home Assistant while they do."""
    payments.awaited = len(payments.receipts) + chance.randrange(1, 30)
    payments.enough.clear()
    async with asyncio.TaskGroup() as desks:
        for _ in range(DESKS):
            desks.create_task(payments.pay_until_killed(client))
        async with asyncio.timeout(LIMIT_S):
            await payments.enough.wait()
        await asyncio.sleep(chance.uniform(0, 0.05))  # some moment within the next payments
        await house.kill()


async def _verified(client: Client) -> Mapping[str, Any]:
    found: Mapping[str, Any] = await client.action("verify_ledger")
    assert found["ok"], found["faults"]
    assert found["charged_wh"] == found["register_wh"]
    return found


async def _close_the_mall(client: Client, mall: RunningMall, document: SiteDocument) -> None:
    """Switch all loads off, read every meter and post everything; relays follow their holds."""
    for meter in (await look(mall)).values():
        await tell(mall, "load", meter["name"], value="0")
    await client.action("read_now", meter=document.serials)
    await client.action("top_up", account=document.accounts, amount="5000", reference="closing")
    async with asyncio.timeout(LIMIT_S):
        while any(meter["relay"] == "open" for meter in (await look(mall)).values()):  # noqa: ASYNC110  -- a process of its own, it sets no event
            await asyncio.sleep(0.1)


def _lost_and_doubled(ledger: Path, payments: Payments) -> tuple[int, int]:
    """Compare the book's payments with what the desks were told, to the receipt."""
    with closing(sqlite3.connect(ledger)) as raw:
        rows = raw.execute(
            "SELECT id, seq, hash, reason, credit FROM transfer WHERE code = 'top_up'"
        ).fetchall()
    booked = {name: f"{seq}-{link[:12]}" for name, seq, link, _, _ in rows}
    references = Counter((reason, credit) for _, _, _, reason, credit in rows)
    told = payments.receipts.items()
    return (
        sum(booked.get(transfer) != receipt for transfer, receipt in told),
        sum(times - 1 for times in references.values()),
    )


def _charged(ledger: Path) -> dict[str, tuple[int, int]]:
    """Return of each meter where its one register generation began and what was charged since."""
    with closing(sqlite3.connect(ledger)) as raw:
        starts = raw.execute("SELECT meter, start_wh FROM register_generation").fetchall()
        charges = dict(
            raw.execute("SELECT meter, SUM(to_wh - from_wh) FROM charge GROUP BY meter").fetchall()
        )
    assert len(starts) == len(dict(starts))
    return {meter: (start_wh, charges[meter]) for meter, start_wh in starts}


async def test_killed_in_the_middle_of_business(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """No acknowledged payment is lost or doubled, and each Wh is charged once."""
    chance = random.Random(20261124)
    arguments = ("--one-line", "4", "--no-pacing", "--speed", "60")
    async with running_mall(tmp_path, *arguments) as mall:
        document = SiteDocument.parse(await mall.site_file())
        house = House.build(tmp_path, document.site)
        payments = Payments(document.accounts)
        async with house.quick_starts():
            await house.start()
            async with house.visit() as client:
                await open_site(client, document)
            for account in document.accounts:
                await tell(mall, "load", account, value=WATTS)
            await house.stop()  # Home Assistant keeps a new site for a second before it saves it
            for turn in range(1, ROUNDS + 1):
                await house.start()
                if turn % 3 == 0:  # and once more, while it starts
                    await asyncio.sleep(chance.uniform(0, START_S))
                    await house.kill()
                    await house.start()
                async with house.visit() as client:
                    await _verified(client)
                    await _business(house, payments, chance, client)
            await house.start()
            async with house.visit() as client:
                await _close_the_mall(client, mall, document)
                await _verified(client)
        meters = await look(mall)
    lost, doubled = _lost_and_doubled(house.ledger, payments)
    told = len(payments.receipts)
    figure(f"{house.kills} kills, {told} acknowledged, {lost} lost, {doubled} doubled")
    assert told > ROUNDS
    assert (lost, doubled) == (0, 0)
    charged = _charged(house.ledger)
    assert charged.keys() == meters.keys()
    for serial, (start_wh, charged_wh) in charged.items():
        assert start_wh + charged_wh == meters[serial]["wh"]
        assert charged_wh > 0
    payments.receipts["top:never:A-101"] = "1-0"  # the control: what was not booked is missed
    assert _lost_and_doubled(house.ledger, payments) == (1, 0)
