"""Issuing and printing statements: how long, how much memory, what the event loop pays for it.

1. From the ledger to the files, as an issued month is: the statements of a mall with 40 pools are
   made in the ledger and printed as HTML, the next ones while some are printed; those of two
   months, for the second ones go on from the first. A shop has a charge for every `BENCH_HOURS`
   (8) hours of the month: with 1 it is as the program posts them, and the book takes long to write.
   `BENCH_ISSUED` has the sizes (500,5000; 50000 can be asked for).
2. Printing alone, of statements that are there.

Of the second: each statement has lines of 40 pools, six prices' worth of other lines, a comparison
and two charts, and differs from all others. They are printed as a batch is, by two processes; what
is measured is the whole way from a statement's text to its files on the disk.

The event loop also waits for Python's garbage collector, whose longest run is told beside how late
it was at most: a full one looks at all objects of the process, and thousands of statements bring
some about.

Memory is the sum of the peaks of the printing processes, and beside it that of this one, which has
Home Assistant's modules loaded. The printing processes let others go first: on a machine that is
busy their own time says more.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import date
import gc
import json
import os
from pathlib import Path
import re
import tempfile
import time

from benchmarks.stage.billed_mall import MONTHS, open_mall
from custom_components.compere_prepaid.adapters.statement_paper.order import Order
from custom_components.compere_prepaid.adapters.statement_paper.workshop import Printing
from custom_components.compere_prepaid.core.prepayment.book import AccountBook
from custom_components.compere_prepaid.core.statement.issuing import Asked
from custom_components.compere_prepaid.core.tenancy.moves import Moves
from custom_components.compere_prepaid.statements.press import Group, Paper, ahead
from tests.adapters.paper_statements import ISSUED, sample

ISSUED_SIZES = tuple(map(int, os.environ.get("BENCH_ISSUED", "500,5000").split(",")))
HOURS = int(os.environ.get("BENCH_HOURS", "8"))
SIZES = tuple(map(int, os.environ.get("BENCH_STATEMENTS", "500,5000,50000").split(",")))
PDF_SIZES = tuple(map(int, os.environ.get("BENCH_PDFS", "500,5000").split(",")))
"""A PDF takes twenty times as long as a page; 50000 can be asked for."""
POOLS = 40

BAR_OF = 5000
BAR_HTML_S, BAR_PDF_S, BAR_MB, BAR_STALL_MS = 30, 180, 500, 20


class Stalls:
    """Watches how late the event loop is."""

    worst_ms = 0.0
    collection_ms = 0.0
    """The longest run of the garbage collector, for which all threads wait."""
    _collecting_since = 0.0

    async def watch(self) -> None:
        """Look every few milliseconds."""
        loop = asyncio.get_running_loop()
        gc.callbacks.append(self._collects)
        try:
            while True:
                due = loop.time() + 0.005
                await asyncio.sleep(0.005)
                self.worst_ms = max(self.worst_ms, (loop.time() - due) * 1000)
        finally:
            gc.callbacks.remove(self._collects)

    def _collects(self, phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            self._collecting_since = time.perf_counter()
            return
        took = (time.perf_counter() - self._collecting_since) * 1000
        self.collection_ms = max(self.collection_ms, took)

    def __str__(self) -> str:
        """Say how late it was, and how long the longest collection took, which is part of it."""
        return (
            f"event loop late by {self.worst_ms:.1f} ms at most (bar {BAR_STALL_MS}), "
            f"longest garbage collection {self.collection_ms:.1f} ms"
        )


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


async def issued_orders(groups: AsyncIterator[Group], folder: Path) -> AsyncIterator[Order]:
    """Yield statements as the press does."""
    async for group in groups:
        for account, row in group.items():
            yield Order(
                site="Riverside Mall",
                account=account,
                content=row.content,
                number=row.number,
                issued_at=row.issued_at,
                language="en",
                files={"html": folder / f"{account}.html"},
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


def note_peaks(peaks: dict[int, float]) -> None:
    """Note the largest memory of each process that this one has started and that runs."""
    for child in children():
        with suppress(OSError):
            peaks[child] = peak_mb(child)


def begin_anew() -> float:
    """Let this process's largest memory be what it has now; return that."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    return peak_mb("self")


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
                note_peaks(peaks)

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
        f"{stalls}",
        flush=True,
    )


async def issued(count: int) -> None:
    """Issue the statements of a mall's months and print them, and say what it took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        book = await open_mall(folder / "ledger.db", count, POOLS, HOURS)
        for month in MONTHS:
            await issued_month(book, month, folder)
        await book.ledger.close()  # type: ignore[attr-defined]  # a DatabaseLedger


async def issued_month(book: AccountBook, month: date, folder: Path) -> None:
    """Issue the statements of a month and print them, and say what it took."""
    count, before, stalls = len(book.accounts), begin_anew(), Stalls()
    watching = asyncio.create_task(stalls.watch())
    began, worked = time.perf_counter(), time.process_time()
    papers: list[Paper] = []
    groups = ahead(await Moves(book).issuing(book.accounts, "anna", Asked(month=month)), papers)
    peaks: dict[int, float] = {}
    size = 0

    def on_done(order: Order, error: str) -> None:
        nonlocal size
        if error:
            raise AssertionError(error)
        size += len(order.content)
        order.files["html"].unlink()
        if int(order.account.removeprefix("A-")) % 100 == 0:
            note_peaks(peaks)

    printed = children_s()
    await Printing(orders=issued_orders(groups, folder), on_done=on_done).run()
    took, printed = time.perf_counter() - began, children_s() - printed
    making = time.process_time() - worked
    watching.cancel()
    if len(papers) != count:
        raise AssertionError(papers)
    bar = f" (bar {BAR_HTML_S})" if count == BAR_OF else ""
    print(
        f"issued {month:%Y-%m}: {count} accounts, {POOLS} pools, a charge for {HOURS} h: ledger to "
        f"HTML in {took:.1f} s{bar}; processors' time {making + printed:.1f} s: making "
        f"{making / count * 1000:.2f} ms each, printing {printed / count * 1000:.2f} ms; "
        f"{size / count / 1024:.0f} KB each; memory {sum(peaks.values()):.0f} MB (bar {BAR_MB}) + "
        f"{peak_mb('self'):.0f} MB ({before:.0f} before); {stalls}",
        flush=True,
    )


async def main() -> None:
    """Measure all forms and sizes."""
    for count in ISSUED_SIZES:
        await issued(count)
    for form, sizes in (("html", SIZES), ("pdf", PDF_SIZES), ("csv", SIZES), ("xlsx", SIZES)):
        for count in sizes:
            await measured(count, form)


if __name__ == "__main__":
    asyncio.run(main())
