"""What a transfer of an allocation run is made of: the account's shares of its pools.

A run never changes and its digest says what is in it, so what statements need of a run is read
once: the run's inputs are large, and there is a statement for each of its accounts.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
import json

from ..allocation.content import share_lines_of
from ..allocation.plain import record
from ..allocation.pool import Pool, PoolKind
from ..ids import AccountNumber, TransferId
from ..ledger.allocation_rows import AllocationRun
from ..ledger.ports import LedgerTransaction
from ..ledger.records import Transfer
from ..money.amount import Amount
from ..tariff.model import Tax
from .chain import first_to_tell
from .model import AllocationDetail, Group
from .sources import Sources

_REVERSED = ":reversed"
_REMEMBERED = 12
"""So many runs are remembered: those of a year."""


@dataclass(frozen=True, slots=True)
class Share:
    """A line of a share, where it belongs and how it is taxed."""

    detail: AllocationDetail
    group: Group
    tax: Tax


@dataclass(frozen=True, slots=True)
class _Run:
    """What statements need of a run."""

    since: date
    until: date
    pools: Mapping[str, Pool]


_runs: OrderedDict[str, _Run] = OrderedDict()
"""By digest."""


def share_lines(sources: Sources, transfer: Transfer, account: AccountNumber) -> Iterator[Share]:
    """Yield what a transfer of a run is made of; nothing if there is no such run or share."""
    posted = transfer.id.removesuffix(_REVERSED)
    is_reversed = posted != transfer.id
    name = posted.removeprefix("alloc:").removesuffix(f":{account}")
    tx, share = sources.tx, sources.share(account, name)
    run = _run(tx, name, transfer.detail)
    if share is None or run is None:
        return
    told = _told(tx, TransferId(posted), account) if is_reversed else None
    for line in share_lines_of(share.content):
        pool = run.pools[line.pool]
        yield Share(
            AllocationDetail(
                run=name,
                since=run.since,
                until=run.until,
                pool=line.pool,
                kind=pool.kind,
                basis=line.basis,
                weight=line.weight,
                total=line.total,
                cost=line.cost,
                amount=Amount(-line.amount if is_reversed else line.amount),
                days=line.days,
                why=line.why,
                reversed=is_reversed,
                statement=told,
            ),
            Group.SHARED_ENERGY if pool.kind is PoolKind.ENERGY else Group.SHARED_SERVICE,
            Tax(pool.tax_ppm, pool.tax_included),
        )


def _told(tx: LedgerTransaction, posted: TransferId, account: AccountNumber) -> int | None:
    """Return the number of the statement that charged what is given back now."""
    charged = tx.find_transfer(posted)
    if charged is None:
        return None
    return first_to_tell(tx, account, charged.seq, charged.effective_at)


def _run(tx: LedgerTransaction, name: str, digest: str) -> _Run | None:
    """Return what statements need of a run, if it is the one with this digest."""
    if (known := _runs.get(digest)) is not None:
        _runs.move_to_end(digest)
        return known
    row = tx.find(AllocationRun, id=name)
    if row is None or row.digest != digest:
        return None
    pools = (record(Pool, data) for data in json.loads(row.inputs)["pools"])
    found = _runs[digest] = _Run(row.since, row.until, {pool.name: pool for pool in pools})
    if len(_runs) > _REMEMBERED:
        _runs.popitem(last=False)
    return found
