"""What people decide about credit: a grace, a dispute, an adaptation period. And its report."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from ..errors import InvalidInputError
from ..events import DisputeClosed, DisputeOpened, Event, GraceGranted, GraceRevoked
from ..ids import AccountNumber
from ..ledger.account_rows import CreditWatch, Decision, DecisionKind
from ..ledger.accounts import tenant
from ..ledger.ports import LedgerTransaction
from ..money.amount import Amount
from ..policy.decision import adapts_until
from .book import AccountBook
from .pouring import available_of
from .settlement import AccountDue, Settled, fund_of
from .slip import Slip
from .state import AccountState

LONGEST_GRACE = timedelta(days=7)
"""So long a grace may a cashier grant."""

LONGEST_GRACE_OF_ADMINISTRATOR = timedelta(days=90)
"""And an administrator; for longer there are credit limits, and policies."""

LONGEST_ADAPTATION = timedelta(days=366)

LONGEST_INTERVAL = timedelta(days=31)
"""A charge takes effect when its interval began: no longer ago than this, as a rule."""

MANY = 100_000
"""More transfers than an account has in any adaptation period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptation:
    """How an account came through its adaptation period so far.

    `cuts` counts how often it would have been cut, `off_for` is how long it would have been off in
    all. `worst_balance` is the lowest of the electricity fund since the first of these cuts, None
    without one.
    """

    account: AccountNumber
    adapting: bool
    until: datetime | None
    """When it ends or ended; None where it never had one."""
    shadow_cut_since: datetime | None
    cuts: int
    off_for: timedelta
    worst_balance: Amount | None


class _Decision(NamedTuple):
    """What is recorded of a person's decision."""

    kind: DecisionKind
    user: str
    reason: str
    until: datetime | None = None


@dataclass(slots=True)
class CreditDesk:
    """Changes when credit may cut accounts, always in the name of somebody."""

    book: AccountBook

    async def grant_grace(
        self,
        numbers: Sequence[str],
        until: datetime,
        *,
        user: str,
        reason: str,
        administrator: bool = False,
    ) -> None:
        """Let credit cut nobody of these before an instant; who is off has supply until then.

        The grace replaces an earlier one. Raises `InvalidInputError`: `account_unknown`,
        `reason_missing`, `grace_past`, `grace_too_long`.
        """
        now, reason = self.book.clock.now(), _needed(reason)
        longest = LONGEST_GRACE_OF_ADMINISTRATOR if administrator else LONGEST_GRACE
        if until <= now:
            raise InvalidInputError("grace_past")
        if until - now > longest:
            raise InvalidInputError("grace_too_long", days=longest.days)

        def change(watch: CreditWatch) -> CreditWatch:
            return replace(watch, grace_until=until)

        def told(settled: Settled, due: AccountDue) -> Event:
            return GraceGranted(
                at=now,
                account=due.number,
                available=available_of(settled, due),
                until=until,
                reason=reason,
                user=user,
            )

        decision = _Decision(DecisionKind.GRACE, user, reason, until)
        await self._decide(numbers, decision, change, told)

    async def revoke_grace(self, numbers: Sequence[str], *, user: str, reason: str = "") -> None:
        """Take back what grace accounts have; one without any stays as it is."""
        now = self.book.clock.now()
        graced = [
            number
            for number in numbers
            if (until := self.book.account(number).watch.grace_until) is not None and until > now
        ]

        def told(settled: Settled, due: AccountDue) -> Event:
            available = available_of(settled, due)
            return GraceRevoked(
                at=now, account=due.number, available=available, reason=reason, user=user
            )

        if not graced:
            return
        decision = _Decision(DecisionKind.GRACE, user, reason)
        await self._decide(graced, decision, lambda one: replace(one, grace_until=None), told)

    async def open_dispute(self, number: str, *, user: str, reason: str) -> None:
        """Let credit not cut an account while somebody disputes what it owes.

        One that is off stays off: a grace brings supply back. Raises `InvalidInputError`:
        `account_unknown`, `reason_missing`, `dispute_open`.
        """
        now, reason = self.book.clock.now(), _needed(reason)

        def change(watch: CreditWatch) -> CreditWatch:
            if watch.disputed_at is not None:
                raise InvalidInputError("dispute_open", account=number)
            return replace(watch, disputed_at=now, dispute_reason=reason)

        def told(settled: Settled, due: AccountDue) -> Event:
            available = available_of(settled, due)
            return DisputeOpened(
                at=now, account=due.number, available=available, reason=reason, user=user
            )

        decision = _Decision(DecisionKind.DISPUTE_OPENED, user, reason)
        await self._decide([number], decision, change, told)

    async def close_dispute(self, number: str, *, user: str, reason: str) -> None:
        """End a dispute; from now on credit cuts the account as its policy says.

        Raises `InvalidInputError`: `account_unknown`, `reason_missing`, `dispute_not_open`.
        """
        now, reason = self.book.clock.now(), _needed(reason)

        def change(watch: CreditWatch) -> CreditWatch:
            if watch.disputed_at is None:
                raise InvalidInputError("dispute_not_open", account=number)
            return replace(watch, disputed_at=None, dispute_reason="")

        def told(settled: Settled, due: AccountDue) -> Event:
            available = available_of(settled, due)
            return DisputeClosed(
                at=now, account=due.number, available=available, reason=reason, user=user
            )

        decision = _Decision(DecisionKind.DISPUTE_CLOSED, user, reason)
        await self._decide([number], decision, change, told)

    async def set_adaptation(self, numbers: Sequence[str], until: datetime, *, user: str) -> None:
        """Let accounts be only shadow-cut before an instant; a past one ends that now.

        Raises `InvalidInputError`: `account_unknown`, `adaptation_too_long`.
        """
        now = self.book.clock.now()
        if until - now > LONGEST_ADAPTATION:
            raise InvalidInputError("adaptation_too_long", days=LONGEST_ADAPTATION.days)
        until = max(until, now)
        decision = _Decision(DecisionKind.ADAPTATION, user, "", until)
        await self._decide(numbers, decision, lambda one: replace(one, adapts_until=until))

    async def adaptation_report(self, numbers: Iterable[str]) -> list[Adaptation]:
        """Return how accounts came through their adaptation periods, by number."""
        accounts = [self.book.account(number) for number in sorted(set(numbers))]
        now = self.book.clock.now()
        return await self.book.ledger.read(
            lambda tx: [self._adaptation(tx, account, now) for account in accounts]
        )

    def adapts_until(self, account: AccountState) -> datetime:
        """Return when an account's adaptation period ends or ended."""
        return adapts_until(
            account.policy, account.watch, account.tenancy.opened_at, self.book.zone
        )

    def _adaptation(
        self, tx: LedgerTransaction, account: AccountState, now: datetime
    ) -> Adaptation:
        ends = self.adapts_until(account)
        had_one = account.watch.adapts_until is not None or account.policy.adaptation_days > 0
        since: datetime | None = None
        first: datetime | None = None
        cuts, off_for = 0, timedelta()
        for row in tx.rows(Decision, account=account.number):
            if row.kind is DecisionKind.SHADOW_CUT:
                cuts, since, first = cuts + 1, row.at, first or row.at
            elif row.kind is DecisionKind.SHADOW_RESTORED and since is not None:
                off_for, since = off_for + (row.at - since), None
        if since is not None:
            off_for += max(min(now, ends), since) - since
        return Adaptation(
            account=account.number,
            adapting=now < ends,
            until=ends if had_one else None,
            shadow_cut_since=account.watch.shadow_cut_at,
            cuts=cuts,
            off_for=off_for,
            worst_balance=None if first is None else _worst(tx, account, first),
        )

    async def _decide(
        self,
        numbers: Sequence[str],
        decision: _Decision,
        change: Callable[[CreditWatch], CreditWatch],
        told: Callable[[Settled, AccountDue], Event] | None = None,
    ) -> None:
        """Change when credit may cut accounts, record it, and bring supply in line with it."""

        def work(slip: Slip, due: AccountDue) -> None:
            slip.watch = change(slip.watch)
            credit = fund_of(slip.tx, due.number) + due.credit_limit + slip.tenancy.emergency
            kind, user, reason, until = decision
            slip.decide(kind, Amount(credit), until=until, user=user, detail=reason)

        def tell(_: None, settled: Settled, due: AccountDue) -> Iterable[Event]:
            return [told(settled, due)] if told else []

        await self.book.transact(numbers, f"{decision.kind}:{decision.user}", work, tell)


def _needed(reason: str) -> str:
    """Return a reason; raises `InvalidInputError` (`reason_missing`)."""
    if not reason.strip():
        raise InvalidInputError("reason_missing")
    return reason.strip()


def _worst(tx: LedgerTransaction, account: AccountState, since: datetime) -> Amount:
    """Return the lowest balance of the electricity fund since an instant, with what accrued."""
    fund = tenant(account.number)
    balance = tx.balance(fund)
    lowest = min(balance, account.balance)
    found = tx.transfers(fund, MANY, since=since - LONGEST_INTERVAL)
    for transfer in sorted(found, key=lambda one: one.seq, reverse=True):
        if transfer.recorded_at <= since:
            break
        balance = Amount(
            balance + (transfer.amount if transfer.debit == fund else -transfer.amount)
        )
        lowest = min(lowest, balance)
    return lowest
