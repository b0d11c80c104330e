"""Killed at every point of every step of a day: nothing is lost, nothing doubled.

The points are named: each call that the core makes to the ledger, before and after it, and the
commit. A child process is forked for each, dies there without a word, and another one starts as the
program does, takes the step that was not answered again, and goes on to the end of the day.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
import inspect
import os
from pathlib import Path
import shutil
from typing import Any, NoReturn

import pytest

from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.adapters.ledger_database.transaction import (
    DatabaseTransaction,
)
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.prepayment.book import AccountBook
from tests.core.prepayment.business_day import STEPS, end_state, open_desk, play

KILLED = 137
PARTS = 8
"""So many tests share the kills, so that all cores have some of them."""

READS = {
    "find",
    "last",
    "last_hold",
    "rows",
    "fees",
    "totals",
    "holds",
    "demand",
    "documents",
    "term",
    "announcement",
}
"""Calls that only look: dying there is dying at the next call that does something."""

POINTS = tuple(
    name
    for name in dir(LedgerTransaction)
    if not name.startswith("_") and name not in READS and hasattr(DatabaseTransaction, name)
)
type Crossing = tuple[str, int]
"""A point's name, and how often it was passed before."""


class Tracer:
    """Counts the points as they are passed, and dies at one."""

    def __init__(self, target: Crossing | None) -> None:
        """Die at this point, or nowhere."""
        self.target = target
        self.passed: Counter[str] = Counter()
        self.step = "start"
        self.first: dict[tuple[str, str], Crossing] = {}
        """By name and step: where a point was passed first."""

    def cross(self, name: str) -> None:
        """Pass a point."""
        place = name, self.passed[name]
        if place == self.target:
            os._exit(KILLED)
        self.passed[name] += 1
        self.first.setdefault((name, self.step), place)


@contextmanager
def traced(tracer: Tracer) -> Iterator[None]:
    """Let the ledger's calls pass through a tracer."""
    patch = pytest.MonkeyPatch()

    def around(owner: type, method: str, name: str) -> None:
        original = getattr(owner, method)
        if inspect.iscoroutinefunction(original):

            async def later(*args: Any, **more: Any) -> Any:
                tracer.cross(f"before {name}")
                result = await original(*args, **more)
                tracer.cross(f"after {name}")
                return result

            patch.setattr(owner, method, later)
            return

        def now(*args: Any, **more: Any) -> Any:
            tracer.cross(f"before {name}")
            result = original(*args, **more)
            tracer.cross(f"after {name}")
            return result

        patch.setattr(owner, method, now)

    try:
        for point in (*POINTS, "seal"):
            around(DatabaseTransaction, point, point)
        around(DatabaseLedger, "run", "commit")
        around(AccountBook, "_remember", "remembering")
        yield
    finally:
        patch.undo()


def forked(work: Callable[[], object]) -> int:
    """Run something in a child process; return how it ended."""
    child = os.fork()
    if child == 0:
        _end(work)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _end(work: Callable[[], object]) -> NoReturn:
    """Work and leave without cleaning up what belongs to the parent."""
    code = 1
    with suppress(BaseException):
        work()
        code = 0
    os._exit(code)


def _day(path: Path, tracer: Tracer, answered: Path) -> dict[str, Any]:
    """Play the day from the first step that was not answered on."""
    first = int(answered.read_text("utf-8")) if answered.exists() else 0

    def taken(number: int) -> None:
        answered.write_text(str(number), "utf-8")
        tracer.step = STEPS[number].name if number < len(STEPS) else "end"

    async def day() -> dict[str, Any]:
        with traced(tracer):
            desk = await open_desk(path)
            await play(desk, first, taken)
        state = await end_state(desk)
        found = await desk.ledger.verify()
        assert found.ok, found.faults
        assert found.charged_wh == found.register_wh
        await desk.ledger.close()
        return state

    return asyncio.run(day())


def _differs(folder: Path, crossing: Crossing | None, wanted: dict[str, Any]) -> str:
    """Kill a day at a point, let another process finish it; return what is wrong, if anything."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    book, answered, told = folder / "ledger.db", folder / "answered", folder / "told"
    killed = forked(lambda: _day(book, Tracer(crossing), answered))
    if killed != KILLED:
        return f"{crossing}: was not killed but ended with {killed}"

    def finish() -> None:
        state = _day(book, Tracer(None), answered)
        wrong = {key: state[key] for key in wanted if state[key] != wanted[key]}
        told.write_text(f"{wrong}" if wrong else "", "utf-8")

    if forked(finish) != 0:
        return f"{crossing}: the next start did not come to the end of the day"
    return f"{crossing}: {wrong}" if (wrong := told.read_text("utf-8")) else ""


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_every_point(tmp_path: Path, figure: Callable[[str], None], part: int) -> None:
    """Whatever is done when the program dies: the day ends as if it had not."""
    tracer = Tracer(None)
    wanted = _day(tmp_path / "calm.db", tracer, tmp_path / "calm")
    everything = list(tracer.first.items())
    first, last = (len(everything) * which // PARTS for which in (part, part + 1))
    folder, wrong = tmp_path / "run", []
    for (_, step), crossing in everything[first:last]:
        if fault := _differs(folder, crossing, wanted):
            wrong.append(f"in {step}: {fault}")
    names = {name for name, _ in tracer.first}
    figure(
        f"{len(names)} named points in {len(STEPS)} scenarios and the start, "
        f"kills {first + 1} to {last} of {len(everything)}: {len(wrong)} days ended differently"
    )
    assert wrong == []
