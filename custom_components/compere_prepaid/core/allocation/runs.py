"""Allocation runs: worked out, looked at, posted, taken back.

A run is worked out once, of one snapshot of the ledger, and kept with all that it was worked out
of. Approving it posts what was kept; rejecting lays it aside; reversing books counter-transfers, so
that the same days can be run again. What was worked out never changes.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
import json

from ..errors import InvalidInputError
from ..ids import AccountNumber
from ..ledger.allocation_rows import (
    AllocationRun,
    AllocationShare,
    RunHead,
    RunState,
)
from ..ledger.ports import LedgerTransaction
from ..money.amount import Amount
from ..prepayment.batches import sliced
from ..prepayment.book import AccountBook
from ..prepayment.calendar import day_of, days_name
from .content import inputs_of, results_of, share_lines_of
from .document import POOL
from .events import AllocationPosted, AllocationReversed, SharedCosts
from .gathering import Gathering, Setting, gather, read_gathering
from .inputs import Inputs, PoolResult
from .overlaps import refuse_overlap
from .pool import Pool
from .pools import POOL_AUTHOR, pools_on
from .posting import (
    Booked,
    Shares,
    Step,
    post_run,
    reject_run,
    reverse_run,
)
from .working import Share, WorkedOut, Worker, nets_of, work_out_here

ALL_DAYS = (date.min, date.max)
"""Whatever the days of a run are, they lie within."""

type _Booking = Callable[[LedgerTransaction, Step, Shares], Mapping[AccountNumber, Booked]]
"""Books a step of a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be allocated: the days from `since` to before `until`, of some pools or of all."""

    since: date
    until: date
    pools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """A run with all that it was worked out of; without a `head` it was only looked at."""

    head: RunHead | None = None
    inputs: Inputs
    results: tuple[PoolResult, ...]
    shares: Shares

    @property
    def pools(self) -> Mapping[str, Pool]:
        """Its pools by name."""
        return {pool.name: pool for pool in self.inputs.pools}


@dataclass(slots=True)
class Allocations:
    """Works out runs and takes steps with them, in the name of somebody."""

    book: AccountBook
    worker: Worker = work_out_here

    async def preview(self, asked: Asked) -> Worked:
        """Work out a run and keep nothing.

        Raises `InvalidInputError`: `time_order`, `allocation_not_over`, `allocation_overlaps`,
        `allocation_counted_twice`, and what gathering and working out raise.
        """
        inputs = await self._gathered(asked)
        looked = _looked_at(inputs, await self.worker(inputs))
        pools, results = frozenset(looked.pools), looked.results
        await self.book.ledger.read(
            lambda tx: refuse_overlap(tx, asked.since, asked.until, pools, results)
        )
        return looked

    async def propose(self, asked: Asked, *, user: str, charged: bool = False) -> Worked:
        """Work out a run and keep it, to be approved; the very same one that waits is that one.

        Raises as `preview`, `allocation_incomplete` if a register is not known, and if `charged` is
        asked for `allocation_behind` where energy counts that is not charged yet; then nothing is
        worked out.
        """
        inputs = await self._gathered(asked)
        if missing := missing_of(inputs):
            raise InvalidInputError("allocation_incomplete", missing=", ".join(missing))
        if charged and (behind := behind_of(inputs)):
            raise InvalidInputError("allocation_behind", units=behind)
        worked = await self.worker(inputs)
        looked = _looked_at(inputs, worked)
        pools, results = frozenset(looked.pools), looked.results
        at = self.book.clock.now()

        def keep(tx: LedgerTransaction) -> RunHead:
            heads = tx.run_heads(asked.since, asked.until)
            same = [one for one in heads if (one.since, one.until) == (asked.since, asked.until)]
            for head in same:
                if head.state is RunState.PROPOSED and head.digest == worked.digest:
                    return head
            refuse_overlap(tx, asked.since, asked.until, pools, results)
            run = AllocationRun(
                id=run_id(asked.since, asked.until, len(same) + 1),
                since=asked.since,
                until=asked.until,
                at=at,
                user=user,
                inputs=worked.inputs,
                result=worked.result,
                digest=worked.digest,
            )
            tx.add(run)
            for account, share in worked.shares.items():
                tx.add(
                    AllocationShare(
                        run=run.id, account=account, amount=share.amount, content=share.content
                    )
                )
            return _head_of(run)

        head = await self.book.ledger.run(keep)
        return replace(looked, head=head)

    async def approve(self, run: str, *, user: str, reason: str = "") -> Worked:
        """Post a run that waits; one that is posted stays as it is.

        Raises `InvalidInputError`: `allocation_unknown`, `allocation_over`, `allocation_overlaps`,
        `allocation_counted_twice`, `allocation_bill_cancelled`, `allocation_closed`.
        """
        worked = await self.get(run)
        if (head := _head(worked)).state is RunState.POSTED:
            return worked
        booked = await self._step(worked, post_run, user=user, reason=reason)
        posted = AllocationPosted(
            at=self.book.clock.now(),
            run=head.id,
            since=head.since.isoformat(),
            until=head.until.isoformat(),
            amount=Amount(sum(share.amount for share in worked.shares.values())),
            accounts=len(booked),
            user=user,
        )
        self.book.emit(posted)
        return replace(worked, head=await self.head(run))

    async def reverse(self, run: str, *, user: str, reason: str) -> Worked:
        """Take back a posted run; one that was taken back stays so.

        Raises `InvalidInputError`: `reason_missing`, `allocation_unknown`, `allocation_over`,
        `allocation_closed`.
        """
        if not reason.strip():
            raise InvalidInputError("reason_missing")
        worked = await self.get(run)
        if (head := _head(worked)).state is RunState.REVERSED:
            return worked
        await self._step(worked, reverse_run, user=user, reason=reason.strip())
        self.book.emit(
            AllocationReversed(
                at=self.book.clock.now(),
                run=head.id,
                since=head.since.isoformat(),
                until=head.until.isoformat(),
                user=user,
                reason=reason.strip(),
            )
        )
        return replace(worked, head=await self.head(run))

    async def reject(self, run: str, *, user: str, reason: str = "") -> RunHead:
        """Lay a run that waits aside; one that was rejected stays so.

        Raises `InvalidInputError`: `allocation_unknown`, `allocation_over`.
        """
        head = await self.head(run)
        if head.state is RunState.REJECTED:
            return head
        step = self._as_step(head, user, reason)
        await self.book.ledger.run(lambda tx: reject_run(tx, step))
        return await self.head(run)

    async def heads(
        self, since: date | None = None, until: date | None = None
    ) -> tuple[RunHead, ...]:
        """Return the runs of a time, in the order of their making."""
        first, last = since or ALL_DAYS[0], until or ALL_DAYS[1]
        return await self.book.ledger.read(lambda tx: tx.run_heads(first, last))

    async def left(self, since: date, until: date, known_at: datetime) -> tuple[str, ...]:
        """Return the pools that nobody has dealt with yet for these days.

        Not among them are those of any run of exactly these days, whatever became of it, those of a
        posted run that shares a day with them, and those that were first set after `known_at`.
        """

        def look(tx: LedgerTransaction) -> tuple[str, ...]:
            pools = pools_on(tx.documents(POOL), since, self.book.currency)
            names = {pool.name for pool in pools} - _set_after(tx, known_at)
            for head in tx.run_heads(since, until) if names else ():
                if head.state is RunState.POSTED or (head.since, head.until) == (since, until):
                    names -= {result.pool for result in results_of(tx.run_result(head.id))}
            return tuple(sorted(names))

        return await self.book.ledger.survey(look)

    async def head(self, run: str) -> RunHead:
        """Return where a run stands. Raises `InvalidInputError` (`allocation_unknown`)."""
        for head in await self.heads():
            if head.id == run:
                return head
        raise InvalidInputError("allocation_unknown", run=run)

    async def get(self, run: str) -> Worked:
        """Return a run as it was kept. Raises `InvalidInputError` (`allocation_unknown`)."""
        head = await self.head(run)
        row, shares = await self.book.ledger.survey(
            lambda tx: (tx.find(AllocationRun, id=run), tx.rows(AllocationShare, run=run))
        )
        if row is None:  # rows of runs are never taken away
            raise AssertionError(run)
        return await asyncio.to_thread(_as_kept, head, row, shares)

    async def _gathered(self, asked: Asked) -> Inputs:
        """Read all that a run is worked out of, in one snapshot."""
        book = self.book
        if asked.until <= asked.since:
            raise InvalidInputError("time_order")
        if asked.until > day_of(book.clock.now(), book.zone):
            raise InvalidInputError("allocation_not_over", until=asked.until)
        setting = Setting(
            zone=book.zone,
            currency=book.currency,
            owner=None if book.owner is None else book.owner.number,
            accounts=frozenset(book.accounts),
            meters=frozenset(book.meters),
            tariffs=dict(book.tariffs),
        )

        def read(tx: LedgerTransaction) -> Gathering:
            gathered = read_gathering(tx, asked.since, asked.until, asked.pools, setting)
            names = frozenset(pool.name for pool in gathered.pools)
            refuse_overlap(tx, asked.since, asked.until, names)
            return gathered

        gathered = await book.ledger.survey(read)
        return await asyncio.to_thread(gather, gathered)

    async def _step(
        self, worked: Worked, book: _Booking, *, user: str, reason: str
    ) -> Mapping[AccountNumber, Booked]:
        """Book a step of a run, and let the accounts be as they are in the ledger then."""
        numbers = list(worked.shares)
        async with self.book.locked(numbers):
            step = self._as_step(_head(worked), user, reason)
            with self.book.doubting(numbers):
                booked = await self.book.ledger.run(lambda tx: book(tx, step, worked.shares))
            waiting = iter(booked.items())
            try:
                async for number, one in sliced(waiting):
                    self._told(step, number, one)
            finally:  # whoever ends this half-way ends none of the telling
                for number, one in waiting:
                    self._told(step, number, one)
        return booked

    def _told(self, step: Step, number: AccountNumber, booked: Booked) -> None:
        """Let an account be as it is in the ledger, and tell what it was charged."""
        account, currency = self.book.accounts.get(number), self.book.currency
        if account is None:
            return
        account.service_fund = booked.fund
        if booked.charged and not account.owner:
            self.book.emit(
                SharedCosts(
                    at=step.at,
                    account=number,
                    available=account.available,
                    run=step.run.id,
                    since=step.run.since.isoformat(),
                    until=step.run.until.isoformat(),
                    amount=currency.parse(currency.rounded(booked.charged)),
                )
            )
        self.book.changed(account)

    def _as_step(self, head: RunHead, user: str, reason: str) -> Step:
        now, zone = self.book.clock.now(), self.book.zone
        return Step(run=head, at=now, user=user, reason=reason, zone=zone)


def missing_of(inputs: Inputs) -> tuple[str, ...]:
    """Return the meters whose registers are not known at the end of a run's time."""
    found = {
        str(line.detail["meter"])
        for lines in inputs.costs.values()
        for line in lines
        if line.detail.get("missing") == "register"
    }
    return tuple(sorted(found))


def behind_of(inputs: Inputs) -> int:
    """Return of how many units energy counts that is not charged to the end of a run's time."""
    found = (
        int(line.detail["units"])
        for lines in inputs.costs.values()
        for line in lines
        if line.detail.get("missing") == "charges"
    )
    return max(found, default=0)


def run_id(since: date, until: date, number: int = 1) -> str:
    """Name a run by its days (see `days_name`); `#2` is a second one of these days."""
    days = days_name(since, until)
    return days if number == 1 else f"{days}#{number}"


def _set_after(tx: LedgerTransaction, at: datetime) -> set[str]:
    """Return the names of the pools that were first set after an instant."""
    first: dict[str, datetime] = {}
    for author in tx.documents(POOL_AUTHOR):
        set_at = datetime.fromisoformat(json.loads(author.content)["at"])
        first[author.name] = min(first.get(author.name, set_at), set_at)
    return {name for name, set_at in first.items() if set_at > at}


def _looked_at(inputs: Inputs, worked: WorkedOut) -> Worked:
    return Worked(inputs=inputs, results=results_of(worked.result), shares=worked.shares)


def _as_kept(head: RunHead, row: AllocationRun, shares: Sequence[AllocationShare]) -> Worked:
    inputs = inputs_of(row.inputs)
    pools = {pool.name: pool for pool in inputs.pools}
    return Worked(
        head=head,
        inputs=inputs,
        results=results_of(row.result),
        shares={
            share.account: Share(
                share.amount, nets_of(share_lines_of(share.content), pools), share.content
            )
            for share in shares
        },
    )


def _head(worked: Worked) -> RunHead:
    if worked.head is None:  # only what was never kept has none
        raise AssertionError(worked)
    return worked.head


def _head_of(run: AllocationRun) -> RunHead:
    return RunHead(
        id=run.id,
        since=run.since,
        until=run.until,
        at=run.at,
        user=run.user,
        digest=run.digest,
    )
