"""Rating speed: a million intervals with three periods a day and three tiers, in one process.

Once as they come when meters are read at the borders, once when each goes over one or two borders.
Beside them, in the same run, a loop that does nothing but multiply Wh by a price: the ratio says
what looking up period, tier and version costs, whatever the machine is busy with.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
import os
from random import Random
import time
from zoneinfo import ZoneInfo

from custom_components.compere_prepaid.core.money.amount import Currency
from custom_components.compere_prepaid.core.tariff.document import tariff_version_from
from custom_components.compere_prepaid.core.tariff.model import Tariff, Used
from custom_components.compere_prepaid.core.tariff.rating import Interval, rate

INTERVALS = int(os.environ.get("BENCH_INTERVALS", "1000000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
ZONE = ZoneInfo("Asia/Shanghai")
SPANS = {"within a period": timedelta(minutes=15), "over borders": timedelta(hours=7)}
YEARS = timedelta(days=1800)


def tariff() -> Tariff:
    """Return a tariff of periods × tiers."""
    data = {
        "name": "Retail",
        "valid_from": "2020-01-01",
        "prices": {"peak": "0.9876", "flat": "0.6173", "valley": "0.2915"},
        "schedule": [
            {
                "days": ["mon-fri"],
                "slots": {
                    "00:00": "valley",
                    "08:00": "flat",
                    "10:00": "peak",
                    "12:00": "flat",
                    "14:00": "peak",
                    "21:00": "flat",
                },
            },
            {"slots": {"00:00": "valley", "08:00": "flat"}},
        ],
        "tiers": [{"up_to": 2000}, {"up_to": 5000, "adder": Decimal("0.05")}, {"adder": "0.10"}],
    }
    return Tariff.of([tariff_version_from(data, Currency.of("CNY"))])


def intervals(span: timedelta) -> list[Interval]:
    """Return what meters counted in so long a time each, over years."""
    random = Random(7)
    since = datetime(2021, 1, 1, tzinfo=UTC)
    found = []
    register = 0
    for number in range(INTERVALS):
        energy = random.randrange(50, 6000)
        at = since + number % (YEARS // span) * span
        found.append(Interval(register, register + energy, at, at + span))
        register += energy
    return found


def rated(work: list[Interval]) -> int:
    """Rate all intervals as an account does that climbs its ladder month by month."""
    of = tariff()
    total = used_wh = 0
    month = (0, 0)
    for interval in work:
        here = (interval.from_at.year, interval.from_at.month)
        if here != month:
            month, used_wh = here, 0
        for line in rate(of, interval, zone=ZONE, used=Used(used_wh)):
            total += line.amount
        used_wh += interval.to_wh - interval.from_wh
    return total


def multiplied(work: list[Interval]) -> int:
    """Do nothing but multiply and add."""
    total = 0
    for from_wh, to_wh, _, _, _ in work:
        total += (to_wh - from_wh) * 617_300
    return total


def best(do: Callable[[list[Interval]], int], work: list[Interval]) -> float:
    """Return the shortest of some runs, in seconds."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        do(work)
        times.append(time.perf_counter() - started)
    return min(times)


def main() -> None:
    """Measure all."""
    for name, span in SPANS.items():
        work = intervals(span)
        raw, ours = best(multiplied, work), best(rated, work)
        print(
            f"rating: {INTERVALS} intervals {name}, periods × tiers: "
            f"{INTERVALS / ours:,.0f} per second ({ours:.2f} s), "
            f"{ours / raw:.0f} times a loop that only multiplies ({raw:.3f} s)"
        )


if __name__ == "__main__":
    main()
