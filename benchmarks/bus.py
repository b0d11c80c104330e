"""The line at its limit: our bus and its peers, side by side, on simulated lines.

    python -m benchmarks.bus [QUESTION ...]

Questions are the modules of `bus_cases`; without any: all of them. The lines are another process
(`bus_line`), on a processor of its own where there is one. Each figure that has a bar tells whether
it is met; the last line counts them.
"""

import asyncio
from collections.abc import Awaitable, Callable
import logging
import sys
import time

from benchmarks.bus_cases import dead, efficiency, load, pipeline, relay, trouble, wrong, zero
from benchmarks.bus_cases.stand import Tally
from benchmarks.bus_line.process import Simulator, simulator

QUESTIONS: dict[str, Callable[[Simulator, Tally], Awaitable[None]]] = {
    "efficiency": efficiency.measure,
    "relay": relay.measure,
    "dead": dead.measure,
    "trouble": trouble.measure,
    "wrong": wrong.measure,
    "load": load.measure,
    "zero": zero.measure,
    "pipeline": pipeline.measure,
}


def main() -> None:
    """Answer the questions."""
    names = sys.argv[1:] or list(QUESTIONS)
    if unknown := set(names) - set(QUESTIONS):
        sys.exit(f"benchmarks.bus: no question is called {', '.join(sorted(unknown))}")
    logging.disable()  # peers tell at length what goes wrong, and much does
    tally = Tally()
    for name in names:
        started = time.monotonic()
        with simulator() as lines:
            asyncio.run(QUESTIONS[name](lines, tally))
        print(f"({name} took {time.monotonic() - started:.0f} s)")
    print(f"bars: {tally.met} met, {len(tally.missed)} missed")
    for missed in tally.missed:
        print(f"missed: {missed}")


if __name__ == "__main__":
    main()
