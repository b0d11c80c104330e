"""A second person: what is too much for one at the cash desk waits until another agrees.

What is to be done is kept as it was asked for, and nothing moves before somebody else than who
asked has approved it. It is carried out first and marked after, under one lock; what is carried out
has a reference of its own, so that a crash between the two costs nothing: approved again, it is the
same. What nobody decides about in time expires, and may be asked for anew.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
import hashlib

from ..clock import Clock
from ..errors import InvalidInputError
from ..ledger.payment_rows import Approval, ApprovalState
from ..ledger.ports import Ledger, LedgerTransaction

VALID = timedelta(hours=24)
"""So long it waits for a second person."""

_ID_DIGITS = 12


class Standing(StrEnum):
    """How something that was asked for stands now."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"


@dataclass(slots=True)
class Approvals:
    """What waits at the cash desk of a site."""

    ledger: Ledger
    clock: Clock
    _deciding: asyncio.Lock = field(default_factory=asyncio.Lock)

    def standing(self, approval: Approval) -> Standing:
        """Return how an approval stands now."""
        if approval.state is ApprovalState.WAITING and self._is_over(approval):
            return Standing.EXPIRED
        return Standing(approval.state)

    def expires_at(self, approval: Approval) -> datetime:
        """Return until when somebody may decide about it."""
        return approval.asked_at + VALID

    async def ask(self, content: str, user: str) -> Approval:
        """Keep what is to be done; `content` is canonical JSON.

        The same asked again is the same as long as it waits, and once it was approved; what was
        refused or has expired is asked for anew.
        """
        at = self.clock.now()
        first = hashlib.sha256(f"{user}\0{content}".encode()).hexdigest()[:_ID_DIGITS]

        def work(tx: LedgerTransaction) -> Approval:
            number, name = 1, first
            while (found := tx.find(Approval, id=name)) is not None:
                if self.standing(found) in {Standing.WAITING, Standing.APPROVED}:
                    return found
                number += 1
                name = f"{first}-{number}"
            asked = Approval(id=name, content=content, asked_by=user, asked_at=at)
            tx.put(asked)
            return asked

        return await self.ledger.run(work)

    async def waiting(self) -> list[Approval]:
        """Return what waits for somebody now, the oldest first."""
        found = await self.ledger.read(lambda tx: tx.rows(Approval, state=ApprovalState.WAITING))
        waiting = (one for one in found if not self._is_over(one))
        return sorted(waiting, key=lambda one: (one.asked_at, one.id))

    async def approve[T](
        self, approval_id: str, user: str, carry_out: Callable[[Approval], Awaitable[T]]
    ) -> T:
        """Carry something out because a second person agrees.

        Raises `InvalidInputError`: `approval_unknown`, `approval_by_same`, `approval_decided` (it
        was refused), `approval_expired`, and what carrying it out raises; it waits on then.
        """
        async with self._deciding:
            approval = await self._open(approval_id, user, ApprovalState.APPROVED)
            done = await carry_out(approval)
            await self._decide(approval, user, ApprovalState.APPROVED)
            return done

    async def refuse(self, approval_id: str, user: str) -> Approval:
        """Never carry something out. Raises as `approve` does."""
        async with self._deciding:
            approval = await self._open(approval_id, user, ApprovalState.REFUSED)
            return await self._decide(approval, user, ApprovalState.REFUSED)

    async def _open(self, approval_id: str, user: str, wanted: ApprovalState) -> Approval:
        """Return what may be decided about; what was decided the same way before, too."""
        found = await self.ledger.read(lambda tx: tx.find(Approval, id=approval_id))
        if found is None:
            raise InvalidInputError("approval_unknown", approval=approval_id)
        if found.asked_by == user:
            raise InvalidInputError("approval_by_same")
        if found.state is wanted:
            return found
        if found.state is not ApprovalState.WAITING:
            raise InvalidInputError("approval_decided", approval=approval_id)
        if self._is_over(found):
            raise InvalidInputError("approval_expired", approval=approval_id)
        return found

    async def _decide(self, approval: Approval, user: str, state: ApprovalState) -> Approval:
        if approval.state is state:
            return approval
        decided = replace(approval, state=state, decided_by=user, decided_at=self.clock.now())
        await self.ledger.run(lambda tx: tx.put(decided))
        return decided

    def _is_over(self, approval: Approval) -> bool:
        return self.clock.now() >= approval.asked_at + VALID
