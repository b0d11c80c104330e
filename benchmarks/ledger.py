"""The ledger's database alone: sweeps, top-ups, and a year of a large mall.

1. The ledger's part of a sweep: transfer, charge and bill mark of 2 000 meters in one durable
   transaction, beside the same rows written by plain sqlite3 (same tables, one commit).
2. One durable top-up after the other, on SQLite and on PostgreSQL on loopback, beside one insert
   and commit in plain sqlite3.
3. A year of hourly charges of 500 meters: how long it takes to verify, in how much memory, and to
   read a month of one account for a statement, and what all accounts spent day by day.
   `BENCH_METERS` and `BENCH_DAYS` change the size.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import timedelta
import os
from pathlib import Path
import resource
import shutil
import sqlite3
from statistics import median
import tempfile
from time import perf_counter
from zoneinfo import ZoneInfo

from benchmarks.stage import big_book
from custom_components.compere_prepaid.adapters.ledger_checker.apart import LARGE
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.ledger.accounts import tenant
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.ledger.posting import post_new
from custom_components.compere_prepaid.core.ledger.records import TransferCode
from custom_components.compere_prepaid.core.prepayment.spending import KEPT_DAYS, read_spending
from tests.adapters.ledger_books import (
    install,
    next_charge,
    opened,
    request_for,
    top_up,
)
from tests.adapters.postgresql_server import postgresql_server

METERS = 2000
SWEEPS = 9
TOP_UPS = 1000
BAR_SWEEP_MS, BAR_TOP_UP_MS, BAR_VERIFY_S, BAR_STATEMENT_MS = 120, 10, 60, 100
YEAR_METERS = int(os.environ.get("BENCH_METERS", "500"))
YEAR_DAYS = int(os.environ.get("BENCH_DAYS", "365"))
ROW_BYTES = 1600
"""What an hourly charge takes on the disk, with its transfer and all indexes, at most."""


def fleet(size: int) -> list[tuple[AccountNumber, MeterSerial]]:
    """Return accounts with a meter each."""
    return [(AccountNumber(f"A-{n:04}"), MeterSerial(f"33B025{n:07}")) for n in range(size)]


def sweep(tx: LedgerTransaction) -> float:
    """Charge every meter for the next Wh; return when all was said but nothing written."""
    mall = fleet(METERS)
    tx.prefetch([account for account, _ in mall], [meter for _, meter in mall])
    for account, meter in mall:
        mark = tx.mark(meter)
        assert mark is not None
        charge, after = next_charge(mark, 150, "flat", account)
        post_new(tx, request_for(charge), charge.to_at)
        tx.insert_charge(charge)
        tx.move_mark(mark, after)
    return perf_counter()


async def sweeps(folder: Path) -> None:
    """Measure the ledger's part of sweeps beside the same rows in plain sqlite3."""
    path = folder / "sweeps.db"
    times = []
    async with opened(path) as ledger:
        for _, meter in fleet(METERS):
            await ledger.run(install(meter))
        for _ in range(SWEEPS + 1):
            began = perf_counter()
            said = await ledger.run(sweep)
            ended = perf_counter()
            raw = await asyncio.to_thread(plain_sweep, path, folder / "plain.db")
            times.append(((ended - began) * 1000, (said - began) * 1000, raw))
    first, *times = times  # reads what the later ones remember
    total, said, raw = (median(column) for column in zip(*times, strict=True))
    print(
        f"sweep: {METERS} meters posted durably: median {total:.0f} ms ({said:.0f} until all was "
        f"said, {total - said:.0f} to write and commit it), the first {first[0]:.0f} ms; "
        f"bar {BAR_SWEEP_MS} ms"
    )
    print(f"sweep: the same rows in plain sqlite3: median {raw:.0f} ms, ratio {total / raw:.1f}")


def plain_sweep(path: Path, copy: Path) -> float:
    """Write the last sweep's rows anew into a copy of the book; return the milliseconds."""
    for file in copy.parent.glob(f"{copy.name}*"):
        file.unlink()
    with closing(sqlite3.connect(path)) as book:
        book.execute("VACUUM INTO ?", (str(copy),))
    with closing(sqlite3.connect(copy, isolation_level=None)) as raw:
        triggers = raw.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for (trigger,) in triggers:
            raw.execute(f"DROP TRIGGER {trigger}")
        (since,) = raw.execute("SELECT seq - ? FROM chain_head", (METERS,)).fetchone()
        transfers = raw.execute("SELECT * FROM transfer WHERE seq > ?", (since,)).fetchall()
        last = "transfer_id IN (SELECT id FROM transfer WHERE seq > ?)"
        charges = raw.execute(f"SELECT * FROM charge WHERE {last}", (since,)).fetchall()  # noqa: S608
        raw.execute(f"DELETE FROM charge WHERE {last}", (since,))  # noqa: S608
        raw.execute("DELETE FROM transfer WHERE seq > ?", (since,))
        marks = raw.execute("SELECT wh, at, site, meter, generation FROM bill_mark").fetchall()
        totals = raw.execute("SELECT dr, cr, version, site, id FROM account").fetchall()
        for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=1"):
            raw.execute(f"PRAGMA {setting}").close()
        began = perf_counter()
        raw.execute("BEGIN IMMEDIATE")
        for table, rows in (("transfer", transfers), ("charge", charges)):
            places = ",".join("?" * len(rows[0]))
            raw.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608
        raw.executemany(
            "UPDATE bill_mark SET wh = ?, at = ? WHERE site = ? AND meter = ? AND generation = ?",
            marks,
        )
        raw.executemany(
            "UPDATE account SET dr = ?, cr = ?, version = ? WHERE site = ? AND id = ?", totals
        )
        raw.execute("COMMIT")
        return (perf_counter() - began) * 1000


async def top_ups(name: str, place: Path | str) -> float:
    """Measure top-ups, each durable before the next; return the median in milliseconds."""
    times = []
    async with opened(place) as ledger:
        for number in range(TOP_UPS):
            work = top_up(f"desk-{number}", 50, AccountNumber(f"A-{number % 500:04}"))
            began = perf_counter()
            await ledger.run(work)
            times.append((perf_counter() - began) * 1000)
        engine = ledger.engine_version
    return tell(f"top-up: {name} ({engine})", times, f"; bar p99 {BAR_TOP_UP_MS} ms")


def plain_commits(folder: Path) -> float:
    """Measure single inserts in plain sqlite3, each committed durably."""
    times = []
    with closing(sqlite3.connect(folder / "commits.db", isolation_level=None)) as raw:
        for setting in ("journal_mode=WAL", "synchronous=FULL"):
            raw.execute(f"PRAGMA {setting}").close()
        raw.execute("CREATE TABLE t (id TEXT PRIMARY KEY, content TEXT)")
        for number in range(TOP_UPS):
            began = perf_counter()
            raw.execute("INSERT INTO t VALUES (?, ?)", (f"desk-{number}", "x" * 400))
            times.append((perf_counter() - began) * 1000)
    return tell("top-up: one insert and commit in plain sqlite3", times)


def tell(what: str, times: list[float], more: str = "") -> float:
    """Print how long something took, time after time; return the median."""
    times.sort()
    p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
    print(f"{what}: {len(times)} times, p50 {p50:.2f} ms, p99 {p99:.2f} ms{more}")
    return p50


async def year(folder: Path) -> None:
    """Measure what a year of hourly charges costs to check, and to look a month up in."""
    charges = YEAR_METERS * YEAR_DAYS * 24
    free = shutil.disk_usage(folder).free
    if free < 2 * charges * ROW_BYTES:
        print(f"year: left out, {free / 1e9:.0f} GB are free and {charges} charges need more")
        return
    path = folder / "year.db"
    began = perf_counter()
    await asyncio.to_thread(big_book.write_big_book, path, YEAR_METERS, YEAR_DAYS)
    size = path.stat().st_size
    print(
        f"year: {YEAR_METERS} meters, {YEAR_DAYS} days, {charges} charges: {size / 1e9:.2f} GB, "
        f"{size / charges:.0f} bytes each; written in {perf_counter() - began:.0f} s"
    )
    async with opened(path) as ledger:
        times = []
        for meter in range(50):
            account = AccountNumber(big_book.number(meter * YEAR_METERS // 50))
            began = perf_counter()
            lines = await ledger.read(month(account))
            times.append((perf_counter() - began) * 1000)
        name = f"year: a month of one account ({lines} lines)"
        tell(name, times, f"; bar {BAR_STATEMENT_MS} ms")
        last = (big_book.START + timedelta(days=YEAR_DAYS - 1)).date()
        first = last - timedelta(days=KEPT_DAYS - 1)
        funds = [tenant(AccountNumber(big_book.number(meter))) for meter in range(YEAR_METERS)]
        began = perf_counter()
        await ledger.read(
            lambda tx: [read_spending(tx, fund, first, last, ZoneInfo("UTC")) for fund in funds]
        )
        took = perf_counter() - began
        print(f"year: {KEPT_DAYS} days of spending of {len(funds)} accounts read in {took:.2f} s")
        began = perf_counter()
        found = await ledger.verify()
        took = perf_counter() - began
        apart = found.transfers > LARGE
        who = resource.RUSAGE_CHILDREN if apart else resource.RUSAGE_SELF
        used = resource.getrusage(who).ru_maxrss / 1024
        where = "each process of its own" if apart else "this process"
        print(
            f"year: verified in {took:.1f} s, ok {found.ok}, {found.transfers} transfers, "
            f"{found.charged_wh} Wh; at most {used:.0f} MB in {where}; bar {BAR_VERIFY_S} s"
        )


def month(account: AccountNumber) -> Callable[[LedgerTransaction], int]:
    """Return the query for the last whole month of an account's statement; it counts the lines."""
    until = big_book.START + timedelta(days=YEAR_DAYS)
    since = until - timedelta(days=min(30, YEAR_DAYS))

    def read(tx: LedgerTransaction) -> int:
        fund = tenant(account)
        lines: list[Sequence[object]] = [
            list(tx.charges(account, since, until)),
            tx.fees(account, since.date(), until.date()),
            tx.transfers_of([fund], since, until, but=TransferCode.CHARGE)[fund],
        ]
        tx.totals(fund, since, until)
        tx.charged_wh(account, since, until)
        return sum(map(len, lines))

    return read


async def main() -> None:
    """Run the three measurements."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        await sweeps(folder)
        ours = await top_ups("a file", folder / "top-ups.db")
        print(f"top-up: ratio of p50 {ours / await asyncio.to_thread(plain_commits, folder):.1f}")
        with postgresql_server() as server:
            await top_ups("a server on loopback", server.url("postgres"))
        await year(folder)


if __name__ == "__main__":
    asyncio.run(main())
