"""How soon a manager is told: from the decision on a reading to the call of the notify action.

Home Assistant and the mall are processes of their own; one paced 9600-baud line with 24 meters is
polled all the time, and every shop draws power. In turn a shop's credit is brought right above its
warning level, and its own use takes it through. The bar is 1 s.
"""

import asyncio
from datetime import datetime
import os
from typing import Any

import aiohttp

from benchmarks.spine import LIMIT_S, next_event, percentile, set_balance
from benchmarks.stage.theatre import Theatre, theatre
from script.demo.home_assistant import log_in
from script.demo.seeding import USER

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "24"))
WATTS = 3000
"""Less than any shop's breaker carries."""

CHANNEL = "notify.persistent_notification"
"""Every Home Assistant has it."""


async def choose_channel(stage: Theatre) -> None:
    """Choose the managers' channel, as an owner does in the site's options."""
    (entry,) = [
        one
        for one in await stage.client.get("/api/config/config_entries/entry")
        if one["domain"] == "compere_prepaid"
    ]
    flow = "/api/config/config_entries/options/flow"
    menu = await stage.client.post(flow, {"handler": entry["entry_id"]})
    page = f"{flow}/{menu['flow_id']}"
    await stage.client.post(page, {"next_step_id": "notifications"})
    done = await stage.client.post(page, {"channels": [CHANNEL], "grace_hours": 24})
    if done["type"] != "create_entry":
        raise RuntimeError(str(done))


async def next_call(socket: aiohttp.ClientWebSocketResponse, account: str) -> datetime:
    """Return when the notify action was called next with a message about this account."""
    while True:
        message = await socket.receive_json(timeout=LIMIT_S)
        if message.get("type") != "event":
            continue
        event: dict[str, Any] = message["event"]
        title = event["data"]["service_data"].get("title", "")
        if event["data"]["domain"] == "notify" and f"({account})" in title:
            return datetime.fromisoformat(event["time_fired"])


async def main() -> None:
    """Let one shop after the other fall through its warning level."""
    async with theatre("--one-line", "24") as stage:
        await choose_channel(stage)
        shops = [
            number
            for number in stage.document.accounts
            if (await stage.client.action("get_account", account=number))["policy"] == "Standard"
        ]
        took: list[float] = []
        async with (
            stage.events("credit_warning") as warnings,
            log_in(stage.house.url, USER, stage.house.password) as listener,
        ):
            await listener.command("subscribe_events", event_type="call_service")
            for turn in range(ROUNDS):
                account = shops[turn % len(shops)]
                await set_balance(stage, account, "150")
                await stage.tell_mall("load", account, value=str(WATTS))
                await set_balance(stage, account, "100.01")
                warned = await next_event(warnings, account)
                called = await next_call(listener.socket, account)
                took.append((called - datetime.fromisoformat(warned["at"])).total_seconds())
                await stage.tell_mall("load", account, value="0")
    print(
        f"notice: {len(took)} warnings, 24 meters polled at 9600 baud, from the decision to the "
        f"notify action: p50 {percentile(took, 0.5) * 1000:.0f} ms, "
        f"p95 {percentile(took, 0.95) * 1000:.0f} ms, max {max(took) * 1000:.0f} ms (bar: 1000 ms)"
    )


if __name__ == "__main__":
    asyncio.run(main())
