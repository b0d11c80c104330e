"""That nothing is charged twice: no day of a pool, and no more than all of what it cost.

Pools have names, and another version of a pool, or another pool, may count what one counted that
day. So what was counted is looked at too: meters, losses of feeders, bills.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from ..errors import InvalidInputError
from ..ledger.allocation_rows import RunHead
from ..ledger.ports import LedgerTransaction
from .content import results_of
from .inputs import CostLine, PoolResult
from .pool import WHOLE_PPM
from .standing import posted_runs

type _Source = tuple[str | int, ...]
"""What a cost was made of: a kind, and its name."""


def refuse_overlap(
    tx: LedgerTransaction,
    since: date,
    until: date,
    pools: frozenset[str],
    results: Sequence[PoolResult] = (),
) -> None:
    """Refuse a time that shares a day with a posted run of one of these pools.

    If it is known what they cost, also more than all of something on a day. Raises
    `InvalidInputError`: `allocation_overlaps`, `allocation_counted_twice`.
    """
    taken: list[tuple[RunHead, Mapping[_Source, int]]] = []
    for head in posted_runs(tx, since, until):
        posted = results_of(tx.run_result(head.id))
        if both := pools & {result.pool for result in posted}:
            raise InvalidInputError(
                "allocation_overlaps", run=head.id, pools=", ".join(sorted(both))
            )
        taken.append((head, _counted(posted)))
    for source, ppm in sorted(_counted(results).items()):
        others = [(head, parts[source]) for head, parts in taken if source in parts]
        for day in sorted({max(since, head.since) for head, _ in others}):
            on_day = [(head, part) for head, part in others if head.since <= day < head.until]
            if ppm + sum(part for _, part in on_day) > WHOLE_PPM:
                raise InvalidInputError(
                    "allocation_counted_twice",
                    source=source[1],
                    runs=", ".join(head.id for head, _ in on_day),
                )


def _counted(results: Iterable[PoolResult]) -> Mapping[_Source, int]:
    """Return how much of each source pools have together, in millionths.

    What is taken off frees nothing for others: it may be taken back.
    """
    parts = {
        (source, ppm, result.pool, line.fixed, line.detail.get("tariff", line.detail.get("price")))
        for result in results
        for line in result.lines
        for source, ppm in _part_of(line)
    }  # periods, tiers and generations of a meter are lines of one part
    found: dict[_Source, int] = {}
    for source, ppm, *_ in parts:
        found[source] = found.get(source, 0) + ppm
    return found


def _part_of(line: CostLine) -> Iterator[tuple[_Source, int]]:
    """Yield of what a line is a part, and of how much of it."""
    detail = line.detail
    ppm = int(detail.get("ppm", WHOLE_PPM))
    if "missing" in detail or ppm <= 0:
        return
    for kind in ("meter", "feeder"):
        if kind in detail:
            yield (kind, detail[kind]), ppm
    if "supplier" in detail:
        yield ("bill", detail["number"], detail["supplier"], detail["revision"]), ppm
