"""Money at the size of a mall: sweeps of 2 000 meters, and top-ups, on this disk.

A sweep reads 2 000 meters of 2 000 accounts once and posts what they used, durably. Everything
that charging does is in it: plausibility, rating, credit policy, charges, hash chain, commit.
Beside it stands the raw cost of the same rows in plain sqlite3, inserted in one transaction with
`synchronous=FULL`, measured in the same run, for machines and disks differ.
"""

import asyncio
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
import gc
import os
from pathlib import Path
import sqlite3
from statistics import median
import tempfile
from time import perf_counter
from zoneinfo import ZoneInfo

from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.core.clock import Clock
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.metering.reading import MeterReading, Quantity
from custom_components.compere_prepaid.core.money.amount import Currency
from custom_components.compere_prepaid.core.prepayment.book import AccountBook
from custom_components.compere_prepaid.core.prepayment.cashier import Cashier
from custom_components.compere_prepaid.core.prepayment.charging import Charging
from custom_components.compere_prepaid.core.prepayment.rules import load_rules
from custom_components.compere_prepaid.core.prepayment.state import AccountSetup
from custom_components.compere_prepaid.core.tenancy.opening import Opening
from custom_components.compere_prepaid.core.tenancy.supplies import MeterSetup, Supplies

METERS = 2000
SWEEPS = 7
TOP_UPS = 500
MANY_SWEEPS = 40
BAR_SWEEP_MS = 250
BAR_TOP_UP_MS = 10


class _Clock(Clock):
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, 2, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the time that was set."""
        return self.time

    def monotonic(self) -> float:
        """Return seconds of the same clock."""
        return self.time.timestamp()


async def _mall(path: Path, clock: Clock) -> AccountBook:
    """Open accounts with a meter each."""
    currency = Currency.of("CNY")
    ledger = await DatabaseLedger.open(
        place=path, site="mall", currency=currency, clock=clock, holder="benchmark"
    )
    book = AccountBook(
        ledger=ledger,
        clock=clock,
        currency=currency,
        zone=ZoneInfo("Asia/Shanghai"),
        emit=lambda _event: None,
        demand=lambda _demand: None,
    )
    await load_rules(book, "0.6173")
    supplies, opening = Supplies(book), Opening(book)
    for number in range(METERS):
        serial, account = MeterSerial(f"33B025{number:07}"), AccountNumber(f"A-{number:04}")
        await supplies.add_meter(MeterSetup(serial=serial, max_power_w=60_000))
        await opening.open_account(
            AccountSetup(
                number=account,
                name=f"Shop {number}",
                tariff="Standard",
                policy="Standard",
                opening_balance=currency.parse(1000),
            )
        )
        await supplies.attach(account, serial)
    return book


async def _sweep(book: AccountBook, charging: Charging, wh: int) -> tuple[float, float]:
    """Read all meters, post all accounts; return the milliseconds of both parts."""
    at = book.clock.now()
    began = perf_counter()
    for serial in book.meters:
        values = {Quantity.ENERGY_IMPORT: wh, Quantity.POWER: 1_000_000}
        await charging.on_reading(MeterReading(serial=serial, at=at, values=values))
    read = perf_counter()
    await charging.settle_all("benchmark")
    return (read - began) * 1000, (perf_counter() - read) * 1000


def _raw(path: Path, since: int) -> Callable[[Path], float]:
    """Return what inserts the rows that came after a transfer into an empty copy of the tables."""
    with closing(sqlite3.connect(path)) as raw:
        transfers = raw.execute("SELECT * FROM transfer WHERE seq > ?", (since,)).fetchall()
        ids = {row[1] for row in transfers}
        charges = [row for row in raw.execute("SELECT * FROM charge") if row[-2] in ids]
        schema = [
            row[0]
            for row in raw.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")
            if "TRIGGER" not in row[0]
        ]

    def insert(folder: Path) -> float:
        copy = folder / "raw.db"
        copy.unlink(missing_ok=True)
        with closing(sqlite3.connect(copy, isolation_level=None)) as raw:
            raw.execute("PRAGMA journal_mode=WAL")
            raw.execute("PRAGMA synchronous=FULL")
            for statement in schema:
                raw.execute(statement)
            began = perf_counter()
            raw.execute("BEGIN IMMEDIATE")
            for table, rows in (("transfer", transfers), ("charge", charges)):
                marks = ",".join("?" * len(rows[0]))
                raw.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608
            raw.execute("COMMIT")
            return (perf_counter() - began) * 1000

    return insert


async def _sweeps(path: Path, book: AccountBook, clock: _Clock) -> None:
    charging = Charging(book)
    wh, times = 1000, []
    await _sweep(book, charging, wh)
    for _ in range(SWEEPS):
        clock.time += timedelta(minutes=10)
        wh += 150
        before = (await book.ledger.read(lambda tx: tx.head())).seq
        read_ms, post_ms = await _sweep(book, charging, wh)
        raw_ms = await asyncio.to_thread(_raw(path, before), path.parent)
        times.append((read_ms + post_ms, read_ms, post_ms, raw_ms))
    total, read, post, raw = (median(column) for column in zip(*times, strict=True))
    worst = max(row[0] for row in times)
    print(
        f"sweep: {METERS} meters read and posted durably: median {total:.0f} ms"
        f" (reading {read:.0f}, posting {post:.0f}), max {worst:.0f} ms;"
        f" bar {BAR_SWEEP_MS} ms"
    )
    print(f"sweep: the same rows in plain sqlite3: median {raw:.0f} ms, ratio {total / raw:.1f}")


async def _top_ups(book: AccountBook, folder: Path) -> None:
    cashier, currency = Cashier(book), book.currency
    numbers = list(book.accounts)
    times = []
    for turn in range(TOP_UPS):
        began = perf_counter()
        await cashier.top_up([numbers[turn]], currency.parse(50), reference=f"desk-{turn}")
        times.append((perf_counter() - began) * 1000)
    raw = await asyncio.to_thread(_raw_commits, folder)
    times.sort()
    raw.sort()
    p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
    raw50, raw99 = raw[len(raw) // 2], raw[len(raw) * 99 // 100]
    print(
        f"top-up: {TOP_UPS} durable: p50 {p50:.2f} ms, p99 {p99:.2f} ms, max {times[-1]:.2f} ms;"
        f" bar p99 {BAR_TOP_UP_MS} ms"
    )
    print(
        f"top-up: one insert and commit in plain sqlite3: p50 {raw50:.2f} ms, p99 {raw99:.2f} ms,"
        f" ratio of p50 {p50 / raw50:.1f}"
    )


async def _memory(book: AccountBook, clock: _Clock) -> None:
    """Let history grow, and see that memory does not."""
    charging, wh = Charging(book), 10_000
    sizes = []
    for turn in range(MANY_SWEEPS + 1):
        clock.time += timedelta(hours=1)
        wh += 10
        await _sweep(book, charging, wh)
        if turn % (MANY_SWEEPS // 4) == 0:
            gc.collect()
            sizes.append(_resident_mb())
    shown = ", ".join(f"{size:.0f}" for size in sizes)
    head = await book.ledger.read(lambda tx: tx.head())
    print(f"memory: MB after each {MANY_SWEEPS // 4} hours: {shown}; {head.seq} transfers by then")


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _raw_commits(folder: Path) -> list[float]:
    """Return the milliseconds of single inserts, each committed durably."""
    times = []
    with closing(sqlite3.connect(folder / "commits.db", isolation_level=None)) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("PRAGMA synchronous=FULL")
        raw.execute("CREATE TABLE t (id TEXT PRIMARY KEY, content TEXT)")
        for number in range(TOP_UPS):
            began = perf_counter()
            raw.execute("INSERT INTO t VALUES (?, ?)", (f"desk-{number}", "x" * 400))
            times.append((perf_counter() - began) * 1000)
    return times


async def _main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, clock = Path(name), _Clock()
        path = folder / "ledger.db"
        book = await _mall(path, clock)
        try:
            await _sweeps(path, book, clock)
            await _top_ups(book, folder)
            await _memory(book, clock)
            found = await book.ledger.verify()
            print(f"ledger: ok {found.ok}, {found.transfers} transfers, faults {found.faults}")
        finally:
            await book.ledger.close()  # type: ignore[attr-defined]  # a DatabaseLedger


if __name__ == "__main__":
    asyncio.run(_main())
