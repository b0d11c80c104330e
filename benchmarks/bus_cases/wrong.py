"""Wrong values: answers that come after the time-out, and a long run with everything going wrong.

In the first part one read is answered some time after its asker gave up, and the next read of the
same meter is asked at once. What comes back for it is right, wrong, or nothing. In the second, one
per cent of the answers are late, one per cent have a wrong checksum, one per cent are lost.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
import random
import time
from typing import override

from benchmarks.bus_cases.clients import Client, Ours, Pymodbus, SharedUnit
from benchmarks.bus_cases.stand import Line, Tally, opened
from benchmarks.bus_line.plan import LATE_ADDRESS, LinePlan, Way, coded
from benchmarks.bus_line.process import Simulator

LATE_ANSWERS = 1000
LINES_EACH = 5
LATEST_S = 0.8
"""How long after the time-out an answer comes, at most."""
SOAK_REQUESTS = 100_000
SOAK_LINES = 24
SOAK_METERS = 4
SOAK_LIMIT_S = 120.0
CONTROL_LIMIT_S = 15.0
_LIMIT_S = 100.0
_LATE_METERS = 4
_TOO_LATE_ANSWERS = 6
_TOO_LATE_S = (1.0, 1.5)
_PEERS_ANSWERS = 12
_COUNT, _ADDRESS = 10, 0x100
_COUNTS = {_COUNT: "a block of the same length", 12: "a block of another length"}


@dataclass(slots=True)
class Outcomes:
    """What became of reads."""

    late: int = 0
    right: int = 0
    wrong: int = 0
    lost: int = 0

    @override
    def __str__(self) -> str:
        return f"{self.late} late; next {self.right} right, {self.wrong} WRONG, {self.lost} missed"

    def add(self, other: Outcomes) -> None:
        """Count another's, too."""
        self.late += other.late
        self.right += other.right
        self.wrong += other.wrong
        self.lost += other.lost

    def take(self, unit: int, address: int, values: list[int] | None, count: int) -> None:
        """Judge what was read."""
        if values is None:
            self.lost += 1
        elif values == [coded(unit, address + place) for place in range(count)]:
            self.right += 1
        else:
            self.wrong += 1


async def measure(simulator: Simulator, tally: Tally) -> None:
    """Answer late, then soak."""
    await _measure_late(simulator, tally)
    await _measure_late_peers(simulator, tally)
    await _soak(simulator, tally, Ours, SOAK_LIMIT_S)
    await _soak(simulator, tally, _quick, CONTROL_LIMIT_S)


def _plans() -> dict[str, LinePlan]:
    return {
        "tty": LinePlan(way=Way.PTY, baudrate=115_200),
        "rtu": LinePlan(way=Way.RTU_TCP, baudrate=115_200),
        "tcp, patient gateway": LinePlan(way=Way.MODBUS_TCP, baudrate=115_200, patience_s=4.0),
        "tcp, gateway gives up": LinePlan(way=Way.MODBUS_TCP, baudrate=115_200, patience_s=0.2),
    }


async def _measure_late(simulator: Simulator, tally: Tally) -> None:
    """Let our bus be answered late by each way, on several lines of each at the same time."""
    share = -(-LATE_ANSWERS // (len(_plans()) * len(_COUNTS) * LINES_EACH))
    cases = [(name, plan, count) for name, plan in _plans().items() for count in _COUNTS]
    lines = [(plan, count) for _, plan, count in cases for _ in range(LINES_EACH)]
    results = await asyncio.gather(
        *(_late(Line.make(simulator, plan), Ours, share, count) for plan, count in lines)
    )
    total = Outcomes()
    for number, (name, _, count) in enumerate(cases):
        outcomes = Outcomes()
        for result in results[number * LINES_EACH : (number + 1) * LINES_EACH]:
            outcomes.add(result)
        total.add(outcomes)
        tally.tell(f"late answers: {name}, ours, then {_COUNTS[count]}: {outcomes}")
    text = f"late answers: {total.late} after the time-out, ours: {total.wrong} taken for another's"
    tally.judge(text, total.wrong, most=0)
    tally.judge(f"late answers: ours: {total.late} made", total.late, least=LATE_ANSWERS)
    await _measure_too_late(simulator, tally)


async def _measure_too_late(simulator: Simulator, tally: Tally) -> None:
    """Let answers come later than the settings of the line allow."""
    plan = _plans()["rtu"]
    for count, what in _COUNTS.items():
        outcomes = Outcomes()
        lines = [Line.make(simulator, plan) for _ in range(LINES_EACH)]
        for result in await asyncio.gather(
            *(_late(line, Ours, _TOO_LATE_ANSWERS, count, _TOO_LATE_S) for line in lines)
        ):
            outcomes.add(result)
        told = f"later than the settings allow, rtu, ours, then {what}: {outcomes}"
        tally.tell(f"late answers: {told}")


async def _measure_late_peers(simulator: Simulator, tally: Tally) -> None:
    cases = [
        (name, plan, peer, count)
        for name, plan in _plans().items()
        for peer in (_quick, _shared)
        if plan.way is not Way.PTY or peer is not _quick
        for count in _COUNTS
    ]
    results = await asyncio.gather(
        *(
            _late(Line.make(simulator, plan), peer, _PEERS_ANSWERS, count)
            for _, plan, peer, count in cases
        )
    )
    for (name, _, peer, count), outcomes in zip(cases, results, strict=True):
        who = "pymodbus" if peer is _quick else "modbus-connection"
        tally.tell(f"late answers: {name}, {who}, then {_COUNTS[count]}: {outcomes}")


def _quick(plan: LinePlan, place: str) -> Client:
    return Pymodbus(plan, place, tuned=True)


def _shared(plan: LinePlan, place: str) -> Client:
    client = SharedUnit(plan, place)
    client.be_quick()
    return client


async def _late(
    line: Line,
    peer: Callable[[LinePlan, str], Client],
    wanted: int,
    count: int,
    after_s: tuple[float, float] = (0.0, LATEST_S),
) -> Outcomes:
    """Have answers come so long after the time-out, and read on at once each time.

    When a client gives up is seen from when it gave up before. A meter that still thinks does not
    hear the next question, as real ones do not: what comes then is the answer to the first.
    """
    outcomes, chance, client = Outcomes(), random.Random(line.number), peer(line.plan, line.place)
    given_up_after_s = dict.fromkeys(range(1, _LATE_METERS + 1), 0.2)
    end = time.monotonic() + _LIMIT_S
    async with opened(client):
        while outcomes.late < wanted and time.monotonic() < end:
            unit = chance.randint(1, _LATE_METERS)
            await _values(client, unit, _ADDRESS, _COUNT)  # it shows what patience it needs
            late_s, began_at = given_up_after_s[unit] + chance.uniform(*after_s), time.monotonic()
            address = LATE_ADDRESS + int(late_s * 1000)
            if await _values(client, unit, address, _COUNT) is not None:
                given_up_after_s[unit] += 0.1
                continue  # that was in time
            given_up_after_s[unit] = time.monotonic() - began_at
            outcomes.late += 1
            outcomes.take(unit, _ADDRESS, await _values(client, unit, _ADDRESS, count), count)
            if not isinstance(client, Ours):
                await asyncio.sleep(2 * LATEST_S)  # what is late must not spoil the next trial
    return outcomes


async def _values(client: Client, unit: int, address: int, count: int) -> list[int] | None:
    try:
        return await client.read(unit, address, count)
    except Exception:  # noqa: BLE001  # each library has its own
        return None


async def _soak(
    simulator: Simulator,
    tally: Tally,
    peer: Callable[[LinePlan, str], Client],
    limit_s: float,
) -> None:
    """Read from many unpaced lines at the same time, until there were enough requests."""
    plan = LinePlan(
        way=Way.RTU_TCP,
        meters=SOAK_METERS,
        baudrate=1_000_000,
        turnaround_s=0.001,
        late_share=0.01,
        crc_share=0.01,
        lost_share=0.01,
    )
    end = time.monotonic() + limit_s
    lines = [Line.make(simulator, plan) for _ in range(SOAK_LINES)]
    total = Outcomes()
    for result in await asyncio.gather(*(_soak_line(line, peer, end) for line in lines)):
        total.add(result)
    requests = total.right + total.wrong + total.lost
    name = "ours" if peer is Ours else "pymodbus, as a control"
    text = (
        f"soak: {name}: {requests} requests, 1 % late, 1 % wrong checksum, 1 % lost: "
        f"{total.right} right, {total.lost} not answered, {total.wrong} wrong"
    )
    if peer is Ours:
        tally.judge(text, total.wrong, most=0)
        tally.judge(f"soak: ours: {requests} requests", requests, least=SOAK_REQUESTS)
    else:
        tally.tell(text)


async def _soak_line(line: Line, peer: Callable[[LinePlan, str], Client], end: float) -> Outcomes:
    outcomes = Outcomes()
    left = iter(range(SOAK_REQUESTS // SOAK_LINES + 1))
    client = peer(line.plan, line.place)

    async def read_on(unit: int) -> None:
        chance = random.Random(unit)
        for _ in left:
            if time.monotonic() > end:
                return
            address, count = chance.randrange(0x100, 0x800), chance.choice((8, 10, 12))
            values = await _values(client, unit, address, count)
            outcomes.take(unit, address, values, count)

    async with opened(client):
        await asyncio.gather(*(read_on(unit) for unit in range(1, line.plan.meters + 1)))
    return outcomes
