"""Printing statements: how long, how much memory, and what the event loop pays for it.

Each statement has lines of 40 pools, six prices' worth of other lines, a comparison and two charts,
and differs from all others. They are printed as a batch is, by two processes; what is measured is
the whole way from a statement's text to its files on the disk. Memory is the sum of the peaks of
the printing processes, and beside it that of this one, which has Home Assistant's modules loaded.
The printing processes let others go first: on a machine that is busy their own time says more.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
import json
import os
from pathlib import Path
import re
import tempfile
import time

from custom_components.compere_prepaid.adapters.statement_paper.order import Order
from custom_components.compere_prepaid.adapters.statement_paper.workshop import Printing
from tests.adapters.paper_statements import ISSUED, sample

SIZES = tuple(map(int, os.environ.get("BENCH_STATEMENTS", "500,5000,50000").split(",")))
PDF_SIZES = tuple(map(int, os.environ.get("BENCH_PDFS", "500,5000").split(",")))
"""A PDF takes twenty times as long as a page; 50000 can be asked for."""
POOLS = 40

BAR_OF = 5000
BAR_HTML_S, BAR_PDF_S, BAR_MB, BAR_STALL_MS = 30, 180, 500, 20


class Stalls:
    """Watches how late the event loop is."""

    worst_ms = 0.0

    async def watch(self) -> None:
        """Look every few milliseconds."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + 0.005
            await asyncio.sleep(0.005)
            self.worst_ms = max(self.worst_ms, (loop.time() - due) * 1000)


async def orders(count: int, form: str, folder: Path) -> AsyncIterator[Order]:
    """Yield so many statements, all of them different."""
    text = json.dumps(sample(POOLS), ensure_ascii=False)
    for number in range(count):
        content = text.replace("A-101", f"A-{number}").replace("345678", f"{300_000 + number}")
        content = content.replace('"amount":"-460', f'"amount":"-{400 + number % 90}')
        yield Order(
            site="Riverside Mall",
            account=f"A-{number}",
            content=content,
            number=1,
            issued_at=ISSUED,
            language=("en", "zh-Hans", "ms")[number % 3],
            files={form: folder / f"{number}.{form}"} if form in {"html", "pdf"} else {},
        )


def children() -> list[int]:
    """Return the processes that this one has started and that run."""
    listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text("utf-8")
    return [int(child) for child in listed.split()]


def peak_mb(process: int | str) -> float:
    """Return a running process's largest memory."""
    status = Path(f"/proc/{process}/status").read_text("utf-8")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def children_s() -> float:
    """Return the processors' time of the children that ended."""
    times = os.times()
    return times.children_user + times.children_system


async def measured(count: int, form: str) -> None:
    """Print so many statements in a form, and say what it took."""
    stalls = Stalls()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peaks: dict[int, float] = {}
        size = 0

        def on_done(order: Order, error: str) -> None:
            nonlocal size
            if error:
                raise AssertionError(error)
            for path in order.files.values():
                size += path.stat().st_size
                path.unlink()
            if int(order.account.removeprefix("A-")) % 100 == 0 or count < 1000:
                for child in children():
                    with suppress(OSError):
                        peaks[child] = peak_mb(child)

        tables = {} if form in {"html", "pdf"} else {form: folder / f"lines.{form}"}
        printing = Printing(orders=orders(count, form, folder), tables=tables, on_done=on_done)
        watching = asyncio.create_task(stalls.watch())
        began, worked = time.perf_counter(), children_s()
        await printing.run()
        took, worked = time.perf_counter() - began, children_s() - worked
        watching.cancel()
        size += sum(path.stat().st_size for path in tables.values())
    bars = {("html", BAR_OF): f" (bar {BAR_HTML_S})", ("pdf", BAR_OF): f" (bar {BAR_PDF_S})"}
    print(
        f"{form}: {count} statements in {took:.1f} s{bars.get((form, count), '')}, "
        f"processors' time {worked / count * 1000:.2f} ms each, {size / count / 1024:.0f} KB each; "
        f"memory {sum(peaks.values()):.0f} MB (bar {BAR_MB}) + {peak_mb('self'):.0f} MB; "
        f"event loop late by {stalls.worst_ms:.1f} ms at most (bar {BAR_STALL_MS})",
        flush=True,
    )


async def main() -> None:
    """Measure all forms and sizes."""
    for form, sizes in (("html", SIZES), ("pdf", PDF_SIZES), ("csv", SIZES), ("xlsx", SIZES)):
        for count in sizes:
            await measured(count, form)


if __name__ == "__main__":
    asyncio.run(main())
