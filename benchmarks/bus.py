"""The line at its limit: our bus and its peers, side by side, on simulated lines.

    python -m benchmarks.bus [QUESTION ...]

Questions are the modules of `bus_cases`; without any: all of them, in about a quarter of an hour.
The lines are another process (`bus_line`), on a processor of its own where there is one. Each
figure that has a bar tells whether it is met; the last lines sum up. The machine should have
nothing else to do: what else runs on it shows in every figure, and the load is printed.
"""

import asyncio
from collections.abc import Callable, Coroutine
import logging
import os
import sys
import time

from benchmarks.bus_cases import dead, efficiency, load, pipeline, relay, trouble, wrong, zero
from benchmarks.bus_cases.stand import Tally
from benchmarks.bus_line.process import Simulator, simulator

type Question = Callable[[Simulator, Tally], Coroutine[None, None, None]]

QUESTIONS: dict[str, Question] = {
    "efficiency": efficiency.measure,
    "relay": relay.measure,
    "dead": dead.measure,
    "trouble": trouble.measure,
    "wrong": wrong.measure,
    "load": load.measure,
    "zero": zero.measure,
    "pipeline": pipeline.measure,
}
_AT_ONCE = ({"dead", "trouble"},)
"""Questions that wait most of their time and take nothing from each other."""


def main() -> None:
    """Answer the questions."""
    names = sys.argv[1:] or list(QUESTIONS)
    if unknown := set(names) - set(QUESTIONS):
        sys.exit(f"benchmarks.bus: no question is called {', '.join(sorted(unknown))}")
    logging.disable()  # peers tell at length what goes wrong, and much does
    tally = Tally()
    for group in _grouped(names):
        started = time.monotonic()
        with simulator() as lines:
            asyncio.run(_answer(group, lines, tally))
        took_s, load_now = time.monotonic() - started, os.getloadavg()[0]
        print(f"({', '.join(group)}: {took_s:.0f} s, the machine's load {load_now:.1f})")
    print(f"bars: {tally.met} met, {len(tally.missed)} missed")
    for missed in tally.missed:
        print(f"missed: {missed}")


def _grouped(names: list[str]) -> list[list[str]]:
    """Put those together that can be answered at the same time."""
    groups: list[list[str]] = []
    for name in names:
        together = next(({*group} for group in _AT_ONCE if name in group), {name})
        if groups and set(groups[-1]) <= together:
            groups[-1].append(name)
        else:
            groups.append([name])
    return groups


async def _answer(names: list[str], lines: Simulator, tally: Tally) -> None:
    await asyncio.gather(*(QUESTIONS[name](lines, tally) for name in names))


if __name__ == "__main__":
    main()
