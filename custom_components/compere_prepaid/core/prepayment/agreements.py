"""What is agreed with accounts, and the holds that people place and release."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from ..errors import InvalidInputError
from ..ids import AccountNumber, MeterSerial
from ..ledger.ports import LedgerTransaction
from ..ledger.records import Hold, HoldKind, RelayDemand, Term, TermKind
from ..money.amount import Amount
from ..policy.credit import Policy
from ..policy.holds import kinds, place, release, standing
from ..tariff.model import Used
from ..tariff.rating import quote
from .batches import BatchCall, Kept
from .book import AccountBook
from .settlement import AccountDue, fund_of
from .slip import Slip

BY_HAND = (HoldKind.MANUAL, HoldKind.MAINTENANCE)
"""The holds that people place; all others are placed by rules."""

RELEASED_BY_HAND = (*BY_HAND, HoldKind.OVERLOAD, HoldKind.PROTECTION)
"""The holds that people release: money alone releases what money placed."""

OF_THE_POLICY = ""
"""The value of a credit limit's term that leaves it to the policy again."""


class Agreed(NamedTuple):
    """What was agreed with an account, and what was before; the same if nothing changed."""

    before: Term | None
    now: Term

    def kept(self) -> Kept | None:
        """Return what is needed to agree again on what was before."""
        before = OF_THE_POLICY if self.before is None else self.before.value
        if before == self.now.value:
            return None
        since = self.now.valid_from.isoformat()
        return {"value": self.now.value, "since": since, "before": before}


class HeldNow(NamedTuple):
    """What was done to a meter's holds, and what follows from it."""

    before: tuple[HoldKind, ...]
    after: tuple[HoldKind, ...]
    demand: RelayDemand | None
    """What its relay must be now, if that changed."""
    kept: Kept | None
    """How it is undone; None if nothing changed."""


@dataclass(slots=True)
class Agreements:
    """Changes the terms of accounts and the holds on meters, always in the name of somebody.

    All raise `InvalidInputError`: `target_empty`, `account_unknown` and `account_closed`, or
    `meter_unknown` and `hold_not_by_hand`. A call that gathers refusals has them instead.
    """

    book: AccountBook

    async def set_credit_limit(
        self, numbers: Sequence[str], limit: Amount, user: str, call: BatchCall | None = None
    ) -> None:
        """Agree on a credit limit from now on (`credit_limit_negative` if below 0)."""
        if limit < 0:
            raise InvalidInputError("credit_limit_negative")
        text = f"{self.book.currency.exact(limit):f}"
        await self._agree_on(numbers, TermKind.CREDIT_LIMIT, text, user, call)

    async def apply_policy(
        self, numbers: Sequence[str], policy: str, user: str, call: BatchCall | None = None
    ) -> None:
        """Give accounts a policy from now on; a credit limit of their own stays."""
        self.book.policy(policy)
        await self._agree_on(numbers, TermKind.POLICY, policy, user, call)

    async def assign_tariff(
        self, numbers: Sequence[str], tariff: str, user: str, call: BatchCall | None = None
    ) -> None:
        """Give accounts a tariff from now on; what was used until now is posted first."""
        self._in_force(tariff)
        await self._agree_on(numbers, TermKind.TARIFF, tariff, user, call)

    async def take_back(
        self, kind: TermKind, changed: Mapping[str, Mapping[str, str]], user: str, call: BatchCall
    ) -> None:
        """Agree again on what was before a batch, where it still holds what the batch agreed.

        `changed` is what the batch keeps of each account. Besides the usual an account is refused
        with `term_changed_since`, and with what its earlier term is refused with by now.
        """

        def before(tx: LedgerTransaction, number: AccountNumber, at: datetime) -> str:
            was = changed[number]
            now = tx.term(number, kind, at)
            since = "" if now is None else now.valid_from.isoformat()
            if now is None or (now.value, since) != (was["value"], was["since"]):
                raise InvalidInputError("term_changed_since", account=number)
            if kind is TermKind.TARIFF:
                self._in_force(was["before"])
            return was["before"]

        await self._agree(list(changed), kind, before, user, call)

    async def reconnect(
        self, numbers: Sequence[str], user: str, call: BatchCall | None = None
    ) -> None:
        """Confirm that supply may come back where the policy waits for a person.

        Raises `InvalidInputError` (`credit_exhausted`) while credit does not allow it for all.
        """
        accounts = self._meant(numbers, call)

        def work(slip: Slip, due: AccountDue) -> None:
            credit = fund_of(slip.tx, due.number) + due.credit_limit + slip.tenancy.emergency
            if credit <= due.policy.cut_off and not due.never_cut:
                raise InvalidInputError("credit_exhausted", account=due.number)

        def confirm(_tx: LedgerTransaction, due: AccountDue) -> AccountDue:
            return replace(due, reconnect=True)

        async with self.book.locked(accounts):
            await self.book.transact_locked(
                accounts, f"reconnect:{user}", work, revise=confirm, call=call
            )

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

    async def renew(self) -> None:
        """Put changed policies into force for all accounts that have them."""
        for number in list(self.book.accounts):
            async with self.book.locked([number]):
                account = self.book.accounts.get(number)
                if account and account.policy != self.book.policies.get(account.policy.name):
                    cause = f"policy:{account.policy.name}"
                    await self._settle_under_terms([number], self.book.clock.now(), cause)

    async def _agree_on(
        self,
        numbers: Sequence[str],
        kind: TermKind,
        value: str,
        user: str,
        call: BatchCall | None,
    ) -> None:
        await self._agree(numbers, kind, lambda *_: value, user, call)

    async def _agree(
        self,
        numbers: Sequence[str],
        kind: TermKind,
        value_of: Callable[[LedgerTransaction, AccountNumber, datetime], str],
        user: str,
        call: BatchCall | None,
    ) -> None:
        """Settle under the old terms, write the new ones, and settle under them: one commit."""
        accounts = self._meant(numbers, call)
        at = self.book.clock.now()

        def agree(slip: Slip) -> Agreed:
            value = value_of(slip.tx, slip.account, at)
            before = slip.tx.term(slip.account, kind, at)
            term = Term(account=slip.account, kind=kind, value=value, valid_from=at, user=user)
            slip.tx.add_term(term)
            return Agreed(before, term)

        async with self.book.locked(accounts):
            await self._settle_under_terms(accounts, at, f"{kind}", agree, call)

    async def _settle_under_terms(
        self,
        accounts: Sequence[AccountNumber],
        at: datetime,
        cause: str,
        agree: Callable[[Slip], Agreed | None] = lambda _: None,
        call: BatchCall | None = None,
    ) -> None:
        """Settle accounts under the terms in force, after agreeing on new ones; hold the locks."""

        def work(slip: Slip, _due: AccountDue) -> Agreed | None:
            return agree(slip)

        def cause_of(agreed: Agreed | None) -> str:
            return cause if agreed is None else f"{agreed.now.kind}:{agreed.now.value}"

        def revise(tx: LedgerTransaction, due: AccountDue) -> AccountDue:
            tariff, policy, limit = terms_of(self.book, tx, due.number, at)
            never_cut = policy.never_cut or self.book.account(due.number).owner
            return replace(
                due,
                tariff=self.book.tariff(tariff),
                policy=policy,
                credit_limit=limit,
                never_cut=never_cut,
            )

        await self.book.transact_locked(
            accounts,
            cause_of,
            work,
            revise=revise,
            call=call,
            kept=_kept,
        )

    def _meant(self, numbers: Iterable[str], call: BatchCall | None) -> list[AccountNumber]:
        numbers = list(numbers)
        if not numbers:
            raise InvalidInputError("target_empty")
        return self.book.known(numbers, call)

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

    def _in_force(self, tariff: str) -> None:
        """Refuse a tariff that has no prices yet."""
        now = self.book.clock.now()
        quote(self.book.tariff(tariff), now, zone=self.book.zone, used=Used())


def _kept(agreed: Agreed | None) -> Kept | None:
    return agreed and agreed.kept()


def terms_of(
    book: AccountBook, tx: LedgerTransaction, number: AccountNumber, at: datetime
) -> tuple[str, Policy, Amount]:
    """Return tariff name, policy and credit limit of an account at an instant."""
    tariff = tx.term(number, TermKind.TARIFF, at)
    policy = tx.term(number, TermKind.POLICY, at)
    limit = tx.term(number, TermKind.CREDIT_LIMIT, at)
    if tariff is None or policy is None:
        raise InvalidInputError("account_without_terms", account=number)
    rules = book.policy(policy.value)
    is_own = limit is not None and limit.value != OF_THE_POLICY
    agreed = book.currency.parse(limit.value) if limit and is_own else rules.credit_limit
    return tariff.value, rules, agreed


def _refuse_kind(kind: HoldKind, allowed: Sequence[HoldKind]) -> None:
    if kind not in allowed:
        raise InvalidInputError("hold_not_by_hand", kind=kind, allowed=", ".join(allowed))
