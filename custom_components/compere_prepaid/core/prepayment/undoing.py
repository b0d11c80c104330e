"""Undoing what a call did to many accounts, as a whole and in somebody's name.

Nothing is wiped out: top-ups are taken back by counter-transfers, terms are agreed on anew as they
were, holds are released or placed again. An account whose terms somebody has changed since is left
to them. The batch `undo:<id>` says that a batch was undone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import InvalidInputError
from ..ids import AccountNumber, MeterSerial, TransferId
from ..ledger.account_rows import Batch
from ..ledger.ports import LedgerTransaction
from ..ledger.records import HoldKind, TermKind
from .agreements import Agreements
from .batches import BatchCall, batch_content
from .book import AccountBook
from .cashier import Credited
from .holds_by_hand import HeldNow
from .refunds import Refunds

UNDO = "undo"
"""The action of a batch that undid another one."""

TERMS = {
    "set_credit_limit": TermKind.CREDIT_LIMIT,
    "apply_policy": TermKind.POLICY,
    "assign_tariff": TermKind.TARIFF,
}
"""The actions that change terms, and what kind they change."""

TOP_UP, PLACE_HOLD, RELEASE_HOLD = "top_up", "place_hold", "release_hold"

UNDONE = frozenset({TOP_UP, PLACE_HOLD, RELEASE_HOLD, *TERMS})
"""The actions that can be undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A batch, and the one that undid it."""

    batch: Batch
    undone: Batch | None

    @property
    def content(self) -> Mapping[str, Any]:
        """What was asked, and what was changed."""
        return batch_content(self.batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What undoing a batch came to: by account for money, by meter for holds."""

    credited: Mapping[AccountNumber, Credited]
    held: Mapping[MeterSerial, HeldNow]
    replayed: bool = False
    """Whether it had been undone before."""


@dataclass(slots=True)
class Undoing:
    """Lists the batches of a site and undoes them."""

    book: AccountBook
    agreements: Agreements
    refunds: Refunds

    async def find(self, batch_id: str) -> Batch:
        """Return a batch; raises `InvalidInputError` (`batch_unknown`)."""
        batch = await self.book.ledger.read(lambda tx: tx.find(Batch, id=batch_id))
        if batch is None:
            raise InvalidInputError("batch_unknown", batch=batch_id)
        return batch

    async def latest(self, limit: int, action: str | None = None) -> list[Listed]:
        """Return the batches that were kept last, newest first."""

        def read(tx: LedgerTransaction) -> list[Listed]:
            found = tx.rows(Batch) if action is None else tx.rows(Batch, action=action)
            wanted = (batch for batch in found if batch.action != UNDO)
            newest = sorted(wanted, key=lambda batch: (batch.at, batch.id), reverse=True)
            return [
                Listed(batch=batch, undone=tx.find(Batch, id=f"{UNDO}:{batch.id}"))
                for batch in newest[:limit]
            ]

        return await self.book.ledger.read(read)

    async def undo(
        self,
        batch: Batch,
        *,
        reason: str,
        user: str,
        administrator: bool,
        call: BatchCall,
        approver: str = "",
    ) -> Undone:
        """Take back what a batch changed; doing it again changes nothing.

        `call` is of the action `UNDO`, with the batch's id as reference. Raises
        `InvalidInputError`: `reason_missing`, `batch_not_undone` (of its kind), and what `call`
        does not gather: `account_unknown`, `account_closed`, `term_changed_since`, …
        """
        if not reason.strip():
            raise InvalidInputError("reason_missing")
        if batch.action not in UNDONE:
            raise InvalidInputError("batch_not_undone", batch=batch.id, action=batch.action)
        before = await self.book.ledger.read(lambda tx: tx.find(Batch, id=f"{UNDO}:{batch.id}"))
        if before is not None:
            call.batch = before.id
            return Undone(credited={}, held={}, replayed=True)
        content = batch_content(batch)
        changed = content["changed"]
        credited: Mapping[AccountNumber, Credited] = {}
        held: Mapping[MeterSerial, HeldNow] = {}
        if batch.action == TOP_UP:
            top_ups = {number: TransferId(kept["transfer"]) for number, kept in changed.items()}
            credited = await self.refunds.reverse_top_ups(
                top_ups, reason=reason, user=user, call=call, approver=approver
            )
        elif (kind := TERMS.get(batch.action)) is not None:
            await self.agreements.take_back(kind, changed, user, call)
        else:
            held = await self.agreements.take_back_holds(
                HoldKind(content["asked"]["kind"]),
                changed,
                user=user,
                administrator=administrator,
                call=call,
            )
        return Undone(credited=credited, held=held)
