"""From a payment to power: what a tenant waits for in front of a dark shop.

Home Assistant and the mall are processes of their own; 24 meters are polled on one paced 9600-baud
line. For each round a shop is cut off, its tenant orders on the tenants' page, and

1. the gateway's notice arrives: until the relay was read back closed, as an event outside;
2. the tenant pays at the bundled gateway, which tells of it by itself, and the page says "ok" at
   once (the check): until the same.

What the program itself counts (from the commit to the read-back) is printed as well.
"""

import asyncio
import os
import time

import aiohttp

from benchmarks.spine import next_event, percentile, set_balance, wait_for_relay
from benchmarks.stage.theatre import Theatre, choose_pace, theatre
from benchmarks.stage.trial import Tenants, open_trial

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "500"))
BARS_S = (1.0, 3.0)
"""What half of the payments and 99 of 100 must keep within."""


def report(name: str, seconds: list[float]) -> None:
    """Print what was measured, beside the bar."""
    shares = {limit: sum(one < limit for one in seconds) / len(seconds) for limit in (3, 5)}
    print(
        f"payments: {name}, {len(seconds)} payments, 24 meters polled at 9600 baud: "
        f"p50 {percentile(seconds, 0.5) * 1000:.0f} ms (bar {BARS_S[0]:.0f} s), "
        f"p99 {percentile(seconds, 0.99) * 1000:.0f} ms (bar {BARS_S[1]:.0f} s), "
        f"max {max(seconds) * 1000:.0f} ms, "
        f"{shares[3]:.1%} within 3 s, {shares[5]:.1%} within 5 s",
        flush=True,
    )


async def by_notice(stage: Theatre, tenants: Tenants, shops: list[tuple[str, str]]) -> None:
    """Let the gateway's notice be the first to tell."""
    inside: list[float] = []
    outside: list[float] = []
    async with stage.events("restored") as restored, aiohttp.ClientSession() as http:
        for turn in range(ROUNDS):
            account, serial = shops[turn % len(shops)]
            await set_balance(stage, account, "-1")
            await wait_for_relay(stage, account, "open")
            async with tenants.visit(serial) as visit:
                order = await visit.order("101")
            notice = tenants.notice(order["id"], 10_100, f"42{turn:026}")
            started = time.perf_counter()
            status = await tenants.tell(http, notice, turn)
            back = await next_event(restored, account)
            outside.append(time.perf_counter() - started)
            inside.append(back["seconds"])
            if status not in {200, 204}:
                raise RuntimeError(f"a notice was answered with {status}")
    report("notice arrives to relay read back closed", outside)
    report("commit to relay read back closed", inside)


async def by_page(stage: Theatre, tenants: Tenants, shops: list[tuple[str, str]]) -> None:
    """Let the tenant pay at the gateway, and the page ask at once what became of it."""
    outside: list[float] = []
    async with stage.events("restored") as restored:
        for turn in range(ROUNDS):
            account, serial = shops[turn % len(shops)]
            await set_balance(stage, account, "-1")
            await wait_for_relay(stage, account, "open")
            async with tenants.visit(serial) as visit:
                order = await visit.order("101")
                await visit.pay(order)
                started = time.perf_counter()
                asking = asyncio.create_task(visit.check(order))
                await next_event(restored, account)
                outside.append(time.perf_counter() - started)
                await asking
    report("the page says ok to relay read back closed", outside)


async def main() -> None:
    """Run both on one stage."""
    async with theatre("--one-line", "24", with_site=False) as stage:
        tenants = await open_trial(stage.client, stage.document, stage.house.folders.config)
        await choose_pace(stage.client, at_once=1, spacing_s=0)  # no turns: each alone is measured
        shops = [
            (number, found["meters"][0]["serial"])
            for number in stage.document.accounts
            if (found := await stage.client.action("get_account", account=number))["policy"]
            == "Standard"
        ]
        await by_notice(stage, tenants, shops)
        await by_page(stage, tenants, shops)
        checked = await stage.client.action("verify_ledger")
        print(f"payments: ledger {checked}")


if __name__ == "__main__":
    asyncio.run(main())
