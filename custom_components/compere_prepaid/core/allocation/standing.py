"""What pools cost last, and day by day: out of the runs that were posted."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from ..ledger.allocation_rows import RunHead, RunState
from ..ledger.ports import LedgerTransaction
from ..money.amount import Amount
from ..prepayment.calendar import day_share
from .content import results_of
from .inputs import PoolResult


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolStanding:
    """What a pool came to in the last of its runs that stand."""

    run: str
    since: date
    until: date
    cost: Amount
    tenants: Amount
    owner: Amount


class BookedRun(NamedTuple):
    """A run that was posted, whether it was taken back or not, and what its pools came to."""

    head: RunHead
    results: tuple[PoolResult, ...]

    @property
    def stands(self) -> bool:
        """Whether it was not taken back."""
        return self.head.state is RunState.POSTED


def posted_runs(tx: LedgerTransaction, since: date, until: date) -> tuple[RunHead, ...]:
    """Return the runs that stand and share a day with a time, in the order of their making."""
    return tuple(head for head in tx.run_heads(since, until) if head.state is RunState.POSTED)


def booked_runs(tx: LedgerTransaction) -> tuple[BookedRun, ...]:
    """Return all runs that were ever posted, in the order of their days."""
    heads = tx.run_heads(date.min, date.max)
    booked = [one for one in heads if one.state in {RunState.POSTED, RunState.REVERSED}]
    booked.sort(key=lambda head: (head.since, head.until, head.at))
    return tuple(BookedRun(head, results_of(tx.run_result(head.id))) for head in booked)


def standings(runs: Iterable[BookedRun]) -> Mapping[str, PoolStanding]:
    """Return what each pool came to last."""
    found: dict[str, PoolStanding] = {}
    for run in runs:
        for result in run.results if run.stands else ():
            found[result.pool] = PoolStanding(
                run=run.head.id,
                since=run.head.since,
                until=run.head.until,
                cost=result.cost,
                tenants=result.tenants,
                owner=result.owner,
            )
    return found


def daily_costs(runs: Iterable[BookedRun]) -> Mapping[str, Mapping[date, Amount]]:
    """Return what each pool cost on each day of its runs, shared out evenly.

    The days of a run add up to its cost. Days of runs that were all taken back cost nothing.
    """
    found: dict[str, dict[date, Amount]] = {}
    for run in runs:
        for result in run.results:
            days = found.setdefault(result.pool, {})
            cost = result.cost if run.stands else 0
            for day, amount in _by_day(run.head, cost):
                days[day] = Amount(days.get(day, 0) + amount)
    return {pool: dict(sorted(days.items())) for pool, days in found.items()}


def _by_day(head: RunHead, cost: int) -> Iterator[tuple[date, int]]:
    days = (head.until - head.since).days
    for number in range(1, days + 1):
        yield head.since + timedelta(days=number - 1), day_share(cost, number, days)
