"""All that happens between 2048 meters and the ledger, in a real Home Assistant."""

import asyncio
from collections import defaultdict
from decimal import Decimal
import json
import math
import os
import time

from benchmarks.bus_cases.home import Home, document, home
from benchmarks.bus_cases.stand import Line, Tally
from benchmarks.bus_line.plan import LinePlan, Way
from benchmarks.bus_line.process import Simulator

LINES = int(os.environ.get("BENCH_LINES", "32"))
METERS = int(os.environ.get("BENCH_METERS", "64"))
IDLE_S = 10.0
SETTLE_S = float(os.environ.get("BENCH_SETTLE_S", "40"))
WINDOW_S = float(os.environ.get("BENCH_WINDOW_S", "40"))
_IMPORT_LIMIT_S = 400.0


async def measure(simulator: Simulator, tally: Tally) -> None:
    """Import a site of 32 lines with 64 meters and accounts each, and watch it at work."""
    plan = LinePlan(way=Way.RTU_TCP, meters=METERS, watts=2000)
    lines = [Line.make(simulator, plan) for _ in range(LINES)]
    name = f"pipeline: {LINES} lines of {METERS} meters in Home Assistant"
    async with home() as house:
        await house.rest(IDLE_S)
        idle_mb = house.memory_mb()
        began_at = time.monotonic()
        if not await _is_imported(house, lines):
            text = f"{name}: not imported within {_IMPORT_LIMIT_S:.0f} s"
            tally.judge(text, math.inf, most=_IMPORT_LIMIT_S)
            return
        tally.tell(f"{name}: imported in {time.monotonic() - began_at:.0f} s")
        await house.rest(SETTLE_S)
        await _watch(house, lines, tally, name)
        more_mb = house.memory_mb() - idle_mb
        tally.judge(f"{name}: {more_mb:.0f} MB over idle ({idle_mb:.0f} MB)", more_mb, most=400)
        ledger = await house.client.action("verify_ledger")
        tally.judge(f"{name}: ledger {ledger}", int(ledger["ok"]), least=1)


async def _is_imported(house: Home, lines: list[Line]) -> bool:
    site = document(lines, balances=defaultdict(lambda: "5000"), price=Decimal("0.6"))
    try:
        async with asyncio.timeout(_IMPORT_LIMIT_S):
            result = await house.client.action("import_site", content=site.text)
    except TimeoutError:
        return False
    if result["faults"]:
        raise RuntimeError(json.dumps(result["faults"][:3]))
    return True


async def _watch(house: Home, lines: list[Line], tally: Tally, name: str) -> None:
    await house.probe()
    for line in lines:
        line.simulator.counts(line.number)
    began_at, cpu_s = time.monotonic(), house.cpu_s()
    await house.rest(WINDOW_S)
    share = (house.cpu_s() - cpu_s) / (time.monotonic() - began_at)
    lag = await house.probe()
    counts = [line.simulator.counts(line.number) for line in lines]
    answers = sum(count.answered for count in counts)
    tally.tell(
        f"{name}: {sum(len(count.by_unit) for count in counts)} meters read, "
        f"{answers / WINDOW_S:.0f} answers/s, "
        f"{sum(count.broken_silences for count in counts)} silences broken"
    )
    tally.judge(f"{name}: {share:.1%} of a core", share, most=0.5)
    told = f"p50 {lag['p50_ms']:.1f}, p99 {lag['p99_ms']:.1f}, max {lag['max_ms']:.0f} ms"
    tally.judge(f"{name}: loop late {told}: p99", lag["p99_ms"], most=20)
