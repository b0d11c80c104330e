"""What the hourly registers of a mall cost: readings, an hour's transaction, disk, and surveys.

Five hundred meters are read every hour for eight days, a real ledger takes their hours in, and the
energy balance of all of them is worked out. Beside each figure stands what it was measured on.

    python -m benchmarks.balance
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
import os
from pathlib import Path
from statistics import median
import tempfile
import time
from zoneinfo import ZoneInfo

from custom_components.compere_prepaid.adapters.clock import SystemClock
from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.core.balance.feeders import Feeder, feeder_document
from custom_components.compere_prepaid.core.balance.hour_log import HourLog
from custom_components.compere_prepaid.core.balance.hours import NOBODYS
from custom_components.compere_prepaid.core.balance.survey import (
    Neighbourhood,
    Surveyed,
    read_survey,
    survey,
)
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.metering.reading import MeterReading, Quantity
from custom_components.compere_prepaid.core.money.amount import Currency

METERS = int(os.environ.get("BENCH_METERS", "500"))
DAYS = int(os.environ.get("BENCH_DAYS", "8"))
ZONE = ZoneInfo("Asia/Shanghai")
FIRST = date(2026, 3, 2)
MIDNIGHT = datetime(2026, 3, 1, 16, tzinfo=UTC)
NIGHT = (60, 300)
MAX_W = 10**9


async def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="balance-") as folder:
        path = Path(folder) / "ledger.db"
        costs, log = Costs(), HourLog(ZONE)
        for hours in (range(25), range(25, 24 * DAYS + 1)):
            async with _opened(path) as ledger:
                await _fill(ledger, log, hours, costs)
            costs.sizes.append(os.path.getsize(path))  # noqa: ASYNC240, PTH202  -- nothing else runs
        a_year = (costs.sizes[1] - costs.sizes[0]) * 365 // (DAYS - 1)
        print("processor time, so that a busy machine does not count:")
        print(f"taking a reading behind an hour: {median(costs.taking) * 1e6:.0f} µs")
        print(f"an hour of {METERS} meters in the ledger: {median(costs.writing) * 1e3:.0f} ms")
        print(f"disk: {a_year / 1e6:.0f} MB a year for {METERS} meters")
        async with _opened(path) as ledger:
            await _survey(ledger)


@dataclass(slots=True)
class Costs:
    """What was measured, in seconds and bytes."""

    taking: list[float] = field(default_factory=list)
    writing: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)


@asynccontextmanager
async def _opened(path: Path) -> AsyncIterator[DatabaseLedger]:
    ledger = await DatabaseLedger.open(
        place=path, site="bench", currency=Currency.of("CNY"), clock=SystemClock(), holder="bench"
    )
    try:
        yield ledger
    finally:
        await ledger.close()


def _serials() -> list[MeterSerial]:
    return [MeterSerial(f"33B0250{number:06}") for number in range(METERS)]


async def _fill(ledger: DatabaseLedger, log: HourLog, hours: range, costs: Costs) -> None:
    """Let hours pass, and write each of them."""
    serials = _serials()
    if hours.start == 0:
        feeder = feeder_document(Feeder(name="Main", main=(serials[0],)))
        await ledger.run(lambda tx: tx.insert_document(feeder))
    for hour in hours:
        at = MIDNIGHT + timedelta(hours=hour, seconds=20)
        began = time.process_time()
        for serial, wh in zip(serials, _registers(hour), strict=True):
            values = {Quantity.ENERGY_IMPORT: wh}
            log.take(MeterReading(serial=serial, at=at, values=values), NOBODYS, MAX_W)
        costs.taking.append((time.process_time() - began) / METERS)
        began = time.process_time()
        snapshot = log.snapshot()
        await ledger.run(snapshot.write)
        log.written(snapshot)
        costs.writing.append(time.process_time() - began)


def _registers(hour: int) -> Sequence[int]:
    """Return the registers at an hour: the first meter counts what all the others do, and 2 %."""
    powers = [500 + number for number in range(1, METERS)]
    main = 3_000_000 + sum(powers) * hour * 102 // 100
    return [main, *(3_000_000 + power + hour * power for power in powers)]


async def _survey(ledger: DatabaseLedger) -> None:
    """Work out the balance of two days, as each hour does, and of all, as each day does."""
    serials = _serials()
    nights = dict.fromkeys(serials, NIGHT)
    around = Neighbourhood(present=serials, areas={}, nights=nights, let=serials)
    until = FIRST + timedelta(days=DAYS)
    for days in (2, DAYS):
        since = until - timedelta(days=days)
        began = time.process_time()
        read = await ledger.read(partial(_read, since=since, until=until))
        read_s, began = time.process_time() - began, time.process_time()
        found = survey(read, around, ZONE, MIDNIGHT + timedelta(days=DAYS))
        worked_s = time.process_time() - began
        loss = found.balance("Main", ZONE).loss_ppm or 0
        print(
            f"survey of {days} days: read in {read_s:.2f} s, worked out in {worked_s:.2f} s,"
            f" loss {loss / 10_000:.2f} %, {len(found.findings)} findings"
        )


def _read(tx: LedgerTransaction, *, since: date, until: date) -> Surveyed:
    return read_survey(tx, since, until, ZONE, _serials())


if __name__ == "__main__":
    asyncio.run(main())
