"""Killed at every point of a trip, a try and a lock-out: never a try too many, never one forgotten.

A child process is forked for each point, dies there without a word, and another one goes on with
the same clock, as the program does after a restart.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
import json
from pathlib import Path
import sqlite3

import pytest

from custom_components.compere_prepaid.core.ledger.records import HoldKind
from tests.core.prepayment.desk import Desk
from tests.core.prepayment.guarded_shop import OVERLOAD, GuardedShop
from tests.core.prepayment.test_crash_points import KILLED, Crossing, Tracer, forked, traced

STEPS = 60
STEP_S = 30
"""Half an hour: ten times what two tries take."""


def _play(folder: Path, tracer: Tracer) -> None:
    """Overload the shop from the moment on that was reached, and die where the tracer says."""
    clock = folder / "clock"

    async def play() -> None:
        desk = Desk(folder / "ledger.db")
        if clock.exists():
            desk.clock.time = datetime.fromisoformat(clock.read_text("utf-8"))
            shop = GuardedShop(await desk.open())
            await desk.shop("1000000", policy="Guarded")
        else:
            shop = await GuardedShop.open(await desk.open(), OVERLOAD)
        shop.watts = 23_000
        with traced(tracer):
            for _ in range(STEPS):
                clock.write_text(desk.clock.now().isoformat(), "utf-8")
                await shop.read(STEP_S)
        await desk.ledger.close()

    asyncio.run(play())


def _holds(folder: Path) -> list[tuple[int, bool]]:
    """Return of each overload hold how many tries were used, and whether it stands."""
    raw = sqlite3.connect(folder / "ledger.db")
    try:
        rows = raw.execute(
            "SELECT reason, released_at FROM hold WHERE kind = ? ORDER BY number",
            [HoldKind.OVERLOAD],
        ).fetchall()
        demanded = raw.execute("SELECT closed FROM relay_demand").fetchall()
    finally:
        raw.close()
    assert demanded == [(0,)]
    return [(json.loads(text)["used"], ended is None) for text, ended in rows]


@pytest.mark.slow
def test_killed_at_every_point(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """At each point of the whole series, the tries come out as if nothing had happened."""
    whole = tmp_path / "whole"
    whole.mkdir()
    tracer = Tracer(None)
    _play(whole, tracer)
    wanted = [(0, False), (1, False), (2, True)]
    assert _holds(whole) == wanted
    points: list[Crossing] = [
        (name, turn)
        for name, times in sorted(tracer.passed.items())
        for turn in range(times)
        if any(word in name for word in ("hold", "set_demand", "seal", "commit"))
    ]
    for number, point in enumerate(points):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert forked(partial(_play, folder, Tracer(point))) == KILLED
        assert forked(partial(_play, folder, Tracer(None))) == 0
        assert _holds(folder) == wanted, point
    assert len(points) >= 30
    figure(f"protection: killed at {len(points)} points of trips and tries, {len(points)} right")
