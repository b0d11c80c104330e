"""Calls on many accounts or meters at once: all or nothing, rehearsed, or as far as it goes.

A call is one transaction with a result for each account, and is carried out as a whole or not at
all. It may be rehearsed: the very same work is done and then taken back by the database, so that a
rehearsal can say nothing that the call would not do. And it may leave out those that are refused:
then all refusals are found first, in a transaction that is taken back, and the others are done in
one of their own. What it changed is kept as a `Batch` in the same transaction, to be undone.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
import json
from time import perf_counter_ns
from typing import Any, NamedTuple
from uuid import uuid4

from ..errors import InvalidInputError
from ..events import Event
from ..ledger.account_rows import Batch
from ..ledger.ports import Ledger, LedgerTransaction
from ..ledger.records import RelayDemand
from .state import AccountState

SLICE_NS = 4_000_000
"""So long is worked on one after the other before others have their turn on the event loop."""

type Kept = Mapping[str, object]
"""What has to be known of one account or meter to undo what a call did to it."""


class Outlook(NamedTuple):
    """How an account was, how it is after a call, and what follows from it."""

    before: Mapping[str, str]
    after: Mapping[str, str]
    events: tuple[Event, ...] = ()
    demands: tuple[RelayDemand, ...] = ()


class _RefusedError(Exception):
    """Some are refused: nothing of this attempt is kept."""

    def __init__(self, refused: Mapping[str, InvalidInputError]) -> None:
        super().__init__()
        self.refused = refused


class _RehearsedError(Exception):
    """Everything was done, and nothing is to be kept of it."""

    def __init__(self, done: Mapping[Any, Any]) -> None:
        super().__init__()
        self.done = done


@dataclass(slots=True, kw_only=True)
class BatchCall:
    """How a call on many is to be carried out, and then what came of it.

    Without an `action` no batch is kept. `asked` says in plain data what was asked, for whoever
    looks at the batch later. With a `reference` the batch's id is made of it. `look` says how an
    account is seen from outside.
    """

    action: str = ""
    user: str = ""
    asked: Mapping[str, str] = field(default_factory=dict)
    reference: str = field(default_factory=lambda: str(uuid4()))
    dry_run: bool = False
    skip_refused: bool = False
    look: Callable[[AccountState], Mapping[str, str]] = lambda _account: {}

    batch: str | None = None
    """The batch that was kept; None if nothing was changed."""
    refused: dict[str, InvalidInputError] = field(default_factory=dict)
    """Who was left out and why, or (in a rehearsal) would be refused."""
    outlooks: dict[str, Outlook] = field(default_factory=dict)
    """By account number."""

    @property
    def gathers(self) -> bool:
        """Whether refusals are told together at the end, and not by an error."""
        return self.dry_run or self.skip_refused

    @property
    def ok(self) -> bool:
        """Whether it is (or would be) carried out as it was asked for."""
        return self.skip_refused or not self.refused

    def refuse(self, name: str, error: InvalidInputError) -> None:
        """Leave one out, or raise its error if that ends the whole call."""
        if not self.gathers:
            raise error
        self.refused[name] = error

    async def carry_out[K: str, I, D](
        self,
        ledger: Ledger,
        items: Mapping[K, I],
        prepare: Callable[[LedgerTransaction], None],
        one: Callable[[LedgerTransaction, I], D],
        kept: Callable[[D], Kept | None],
        at: datetime,
    ) -> Mapping[K, D]:
        """Do something to each of many in one transaction; return what was done by name.

        `kept` says of what was done how it is undone, or None if nothing was changed. Raises the
        error of the first who is refused, unless this gathers them.
        """
        waiting = dict(items)
        while waiting:
            attempt = _Attempt(self, waiting, prepare, one, kept, at)
            try:
                self.batch, done = await ledger.run(attempt.run)
            except _RehearsedError as rehearsed:
                return {name: rehearsed.done[name] for name in waiting}
            except _RefusedError as refusal:
                self.refused |= refusal.refused
                waiting = {name: waiting[name] for name in waiting if name not in self.refused}
            else:
                return done
        return {}


@dataclass(slots=True, frozen=True)
class _Attempt[K: str, I, D]:
    """One transaction; it may run again after a conflict, so it changes nothing outside."""

    call: BatchCall
    items: Mapping[K, I]
    prepare: Callable[[LedgerTransaction], None]
    one: Callable[[LedgerTransaction, I], D]
    kept: Callable[[D], Kept | None]
    at: datetime

    def run(self, tx: LedgerTransaction) -> tuple[str | None, Mapping[K, D]]:
        """Do it to each, and keep the batch."""
        self.prepare(tx)
        done: dict[K, D] = {}
        refused: dict[str, InvalidInputError] = {}
        for name, item in self.items.items():
            try:
                done[name] = self.one(tx, item)
            except InvalidInputError as error:
                if not self.call.gathers:
                    raise
                refused[name] = error
        if refused:
            raise _RefusedError(refused)
        if self.call.dry_run:
            raise _RehearsedError(done)
        return self._keep(tx, done), done

    def _keep(self, tx: LedgerTransaction, done: Mapping[K, D]) -> str | None:
        """Store the batch; a call that was repeated has the one that it had before."""
        if not self.call.action:
            return None
        changed = {
            name: kept for name, result in done.items() if (kept := self.kept(result)) is not None
        }
        first = f"{self.call.action}:{self.call.reference}"
        batch_id, number = first, 1
        while (found := tx.find(Batch, id=batch_id)) is not None:
            if not changed and any(name in done for name in batch_content(found)["changed"]):
                return batch_id
            number += 1
            batch_id = f"{first}#{number}"
        if not changed:
            return None
        content = {"asked": dict(self.call.asked), "changed": changed}
        tx.add(
            Batch(
                id=batch_id,
                action=self.call.action,
                at=self.at,
                user=self.call.user,
                content=json.dumps(
                    content, ensure_ascii=False, sort_keys=True, separators=(",", ":")
                ),
            )
        )
        return batch_id


async def sliced[T](items: Iterable[T]) -> AsyncIterator[T]:
    """Yield items, with a turn for others on the event loop whenever a slice of time is used up."""
    began = perf_counter_ns()
    for item in items:
        yield item
        if perf_counter_ns() - began >= SLICE_NS:
            await asyncio.sleep(0)
            began = perf_counter_ns()


def batch_content(batch: Batch) -> dict[str, Any]:
    """Return what a batch keeps: `asked`, and `changed` by account number or meter serial."""
    found: dict[str, Any] = json.loads(batch.content)
    return found
