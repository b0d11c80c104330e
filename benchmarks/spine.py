"""From money to power: what a tenant waits for, and what Home Assistant's event loop pays for it.

Three measurements, each with Home Assistant and the mall as processes of their own:

1. A story on one paced 9600-baud line with 24 meters, all polled: a tenant's use takes the account
   through 50 (warned) and through 0 (cut), and a top-up brings power back.
2. The same line, many times: from the call of `top_up` to the relay read back closed.
3. The mall of 24 + 4 meters on four lines: stalls of the event loop, beside those of the same Home
   Assistant without a site, in one run, because the machine itself stalls too.
"""

import asyncio
from decimal import Decimal
import os
import time
from typing import Any

import aiohttp

from benchmarks.stage.theatre import Theatre, choose_pace, theatre

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "96"))
QUIET_S = float(os.environ.get("BENCH_QUIET_S", "60"))
LIMIT_S = 180
STORY_WATTS = 24_000


async def next_event(socket: aiohttp.ClientWebSocketResponse, account: str) -> dict[str, Any]:
    """Return the data of the next event that is about this account."""
    while True:
        message = await socket.receive_json(timeout=LIMIT_S)
        if message.get("type") == "event":
            data: dict[str, Any] = message["event"]["data"]
            if data["account"] == account:
                return data


async def set_balance(stage: Theatre, account: str, balance: str) -> None:
    """Bring an account to a balance, as of a reading made now, by an adjustment."""
    await stage.client.action("read_now", account=account)
    now = Decimal((await stage.client.action("get_account", account=account))["balance"])
    difference = Decimal(balance) - now
    if difference:
        await stage.client.action(
            "adjust_balance", account=account, amount=f"{difference:f}", reason="benchmark"
        )


def percentile(values: list[float], share: float) -> float:
    """Return the value below which this share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def story() -> None:
    """Let one tenant fall through 50 and through 0 by use alone, and top them up."""
    async with theatre("--one-line", "24") as stage:
        account = stage.document.accounts[0]
        await stage.tell_mall("load", account, value=str(STORY_WATTS))
        await set_balance(stage, account, "51")
        async with (
            stage.events("credit_warning") as warnings,
            stage.events("cut_off") as cuts,
            stage.events("restored") as restored,
        ):
            await set_balance(stage, account, "50.03")
            warned = await next_event(warnings, account)
            while warned["level"] != "50.00":
                warned = await next_event(warnings, account)
            print(f"story: warned at level {warned['level']}, available {warned['available']}")
            await set_balance(stage, account, "0.03")
            cut = await next_event(cuts, account)
            print(f"story: cut when available credit was {cut['available']}")
            await wait_for_relay(stage, account, "open")
            started = time.perf_counter()
            await stage.client.action("top_up", account=account, amount="20", reference="story")
            told = time.perf_counter() - started
            back = await next_event(restored, account)
            seen = time.perf_counter() - started
            print(
                f"story: top-up acknowledged after {told * 1000:.0f} ms, relay read back closed "
                f"{back['seconds'] * 1000:.0f} ms after the commit, seen outside after "
                f"{seen * 1000:.0f} ms"
            )
        checked = await stage.client.action("verify_ledger")
        print(f"story: ledger {checked}")


async def wait_for_relay(stage: Theatre, account: str, state: str) -> None:
    """Return when an account's relay is as wanted."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        found = await stage.client.action("get_account", account=account)
        if found["meters"][0]["relay"] == state:
            return
        await asyncio.sleep(0.02)
    raise TimeoutError(f"the relay of {account} did not become {state}")


async def reclose() -> None:
    """Cut and top up the shops of a crowded line in turn, all that have no credit limit."""
    async with theatre("--one-line", "24") as stage:
        await choose_pace(stage.client, at_once=1, spacing_s=0)  # no turns: each alone is measured
        inside: list[float] = []
        outside: list[float] = []
        shops = [
            number
            for number in stage.document.accounts
            if (await stage.client.action("get_account", account=number))["policy"] == "Standard"
        ]
        async with stage.events("restored") as restored:
            for turn in range(ROUNDS):
                account = shops[turn % len(shops)]
                await set_balance(stage, account, "-1")
                await wait_for_relay(stage, account, "open")
                started = time.perf_counter()
                await stage.client.action(
                    "top_up", account=account, amount="101", reference=f"round {turn}"
                )
                back = await next_event(restored, account)
                outside.append((time.perf_counter() - started) * 1000)
                inside.append(back["seconds"] * 1000)
        for name, values in (("commit to read-back", inside), ("call to event", outside)):
            print(
                f"reclose: {name}, {len(values)} top-ups, 24 meters polled at 9600 baud: "
                f"p50 {percentile(values, 0.5):.0f} ms, p95 {percentile(values, 0.95):.0f} ms, "
                f"max {max(values):.0f} ms"
            )
        checked = await stage.client.action("verify_ledger")
        print(f"reclose: ledger {checked}")


async def stalls() -> None:
    """Compare the event loop of Home Assistant with and without the mall's site."""
    for with_site in (False, True):
        async with theatre(with_site=with_site) as stage:
            await asyncio.sleep(5)
            await stage.probe()
            await asyncio.sleep(QUIET_S)
            lag = await stage.probe()
            name = "24 + 4 meters" if with_site else "no site"
            print(
                f"loop: {name}, {QUIET_S:.0f} s, {lag['samples']} samples: "
                f"p50 {lag['p50_ms']:.1f} ms, p99 {lag['p99_ms']:.1f} ms, "
                f"max {lag['max_ms']:.1f} ms, {lag['stalls']} stalls over 50 ms"
            )


async def main() -> None:
    """Run the three measurements."""
    await story()
    await reclose()
    await stalls()


if __name__ == "__main__":
    asyncio.run(main())
