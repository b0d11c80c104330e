"""The holds that people place on meters and release."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import InvalidInputError
from ..ids import MeterSerial
from ..ledger.ports import LedgerTransaction
from ..ledger.records import Hold, HoldKind, RelayDemand
from ..policy.holds import kinds, place, release, standing
from .batches import BatchCall, Kept
from .book import AccountBook

BY_HAND = (HoldKind.MANUAL, HoldKind.MAINTENANCE)
"""The holds that people place; all others are placed by rules."""

RELEASED_BY_HAND = (*BY_HAND, HoldKind.OVERLOAD, HoldKind.PROTECTION)
"""The holds that people release: money alone releases what money placed."""


class HeldNow(NamedTuple):
    """What was done to a meter's holds, and what follows from it."""

    before: tuple[HoldKind, ...]
    after: tuple[HoldKind, ...]
    demand: RelayDemand | None
    """What its relay must be now, if that changed."""
    kept: Kept | None
    """How it is undone; None if nothing changed."""


@dataclass(slots=True)
class HoldsByHand:
    """Places holds and releases them, always in the name of somebody.

    All raise `InvalidInputError`: `target_empty`, `meter_unknown`, and `hold_not_by_hand` for what
    only rules may do. A call that gathers refusals of meters has them instead.
    """

    book: AccountBook

    async def place_hold(
        self,
        meters: Iterable[str],
        kind: HoldKind,
        *,
        user: str,
        reason: str = "",
        call: BatchCall | None = None,
    ) -> Mapping[MeterSerial, HeldNow]:
        """Open relays by a hold until it is released; return what was done by serial."""
        _refuse_kind(kind, BY_HAND)
        at = self.book.clock.now()

        def act(tx: LedgerTransaction, serial: MeterSerial) -> tuple[RelayDemand | None, Kept]:
            hold = Hold(meter=serial, kind=kind, placed_at=at, placed_by=user, reason=reason)
            return place(tx, hold, f"hold:{kind}"), {"placed_at": at.isoformat()}

        return await self._act(meters, act, call)

    async def release_hold(
        self,
        meters: Iterable[str],
        kind: HoldKind,
        *,
        user: str,
        administrator: bool,
        call: BatchCall | None = None,
    ) -> Mapping[MeterSerial, HeldNow]:
        """Release a hold; the relay closes if no other stands. Return what was done by serial.

        A protection rule whose hold is released counts its tries from the beginning. A meter may be
        refused with `hold_of_another`.
        """
        _refuse_kind(kind, RELEASED_BY_HAND)
        at = self.book.clock.now()

        def act(tx: LedgerTransaction, serial: MeterSerial) -> tuple[RelayDemand | None, Kept]:
            hold = standing(tx, serial, kind)
            kept = {} if hold is None else {"by": hold.placed_by, "reason": hold.reason}
            cause = f"release:{kind}"
            demand = release(tx, serial, kind, at, user, cause, administrator=administrator)
            return demand, kept

        return await self._act(meters, act, call)

    async def take_back_holds(
        self,
        kind: HoldKind,
        changed: Mapping[str, Mapping[str, str]],
        *,
        user: str,
        administrator: bool,
        call: BatchCall,
    ) -> Mapping[MeterSerial, HeldNow]:
        """Release what a batch has placed and still stands, or place again what it released.

        `changed` is what the batch keeps of each meter.
        """
        at = self.book.clock.now()

        def act(tx: LedgerTransaction, serial: MeterSerial) -> tuple[RelayDemand | None, Kept]:
            was, cause = changed[serial], f"undo:{kind}"
            if "placed_at" not in was:
                _refuse_kind(kind, BY_HAND)
                hold = Hold(
                    meter=serial, kind=kind, placed_at=at, placed_by=user, reason=was["reason"]
                )
                return place(tx, hold, cause), {"placed_at": at.isoformat()}
            stands = standing(tx, serial, kind)
            if stands is None or stands.placed_at.isoformat() != was["placed_at"]:
                return None, {}
            demand = release(tx, serial, kind, at, user, cause, administrator=administrator)
            return demand, {"by": stands.placed_by, "reason": stands.reason}

        return await self._act(changed, act, call)

    async def _act(
        self,
        meters: Iterable[str],
        act: Callable[[LedgerTransaction, MeterSerial], tuple[RelayDemand | None, Kept]],
        call: BatchCall | None,
    ) -> Mapping[MeterSerial, HeldNow]:
        """Do the same to several meters in one transaction, then hand the demands on."""
        serials = self._meters(meters, call)
        call = BatchCall() if call is None else call

        def one(tx: LedgerTransaction, serial: MeterSerial) -> HeldNow:
            before = kinds(tx, serial)
            demand, kept = act(tx, serial)
            after = kinds(tx, serial)
            return HeldNow(before, after, demand, None if before == after else kept)

        def prepare(tx: LedgerTransaction) -> None:
            tx.prefetch((), serials)

        accounts = [account for one in serials if (account := self.book.meter(one).account)]
        items = {serial: serial for serial in serials}
        with self.book.doubting(accounts):
            done = await call.carry_out(
                self.book.ledger, items, prepare, one, lambda held: held.kept, self.book.clock.now()
            )
        if not call.dry_run:
            self._take_over(done)
        return done

    def _take_over(self, done: Mapping[MeterSerial, HeldNow]) -> None:
        for serial, held in done.items():
            meter = self.book.meter(serial)
            meter.holds = held.after
            if held.demand is not None:
                self.book.demand(held.demand)
            if meter.account is not None:
                self.book.changed(self.book.account(meter.account))

    def _meters(self, meters: Iterable[str], call: BatchCall | None) -> Sequence[MeterSerial]:
        names = list(dict.fromkeys(meters))
        if not names:
            raise InvalidInputError("target_empty")
        serials: list[MeterSerial] = []
        for name in names:
            try:
                serials.append(self.book.meter(name).serial)
            except InvalidInputError as error:
                if call is None:
                    raise
                call.refuse(name, error)
        return serials


def _refuse_kind(kind: HoldKind, allowed: Sequence[HoldKind]) -> None:
    if kind not in allowed:
        raise InvalidInputError("hold_not_by_hand", kind=kind, allowed=", ".join(allowed))
