"""What is agreed with accounts, and the holds that people place and release."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ..errors import InvalidInputError
from ..ids import AccountNumber, MeterSerial
from ..ledger.ports import LedgerTransaction
from ..ledger.records import Hold, HoldKind, RelayDemand, Term, TermKind
from ..money.amount import Amount
from ..policy.credit import Policy
from ..policy.holds import kinds, place, release
from ..tariff.model import Used
from ..tariff.rating import quote
from .book import AccountBook
from .rules import begin_policies
from .settlement import AccountDue
from .slip import Slip
from .state import AccountState

BY_HAND = (HoldKind.MANUAL, HoldKind.MAINTENANCE)
"""The holds that people place; all others are placed by rules."""

RELEASED_BY_HAND = (*BY_HAND, HoldKind.OVERLOAD, HoldKind.PROTECTION)
"""The holds that people release: money alone releases what money placed."""


RENEWED_AT_ONCE = 100
"""So many accounts are settled under a changed policy in one transaction."""


@dataclass(slots=True)
class Agreements:
    """Changes the terms of accounts and the holds on meters, always in the name of somebody."""

    book: AccountBook

    async def set_credit_limit(self, numbers: Sequence[str], limit: Amount, user: str) -> None:
        """Agree on a credit limit from now on (`credit_limit_negative` if below 0)."""
        if limit < 0:
            raise InvalidInputError("credit_limit_negative")
        text = f"{self.book.currency.exact(limit):f}"
        await self._agree(numbers, TermKind.CREDIT_LIMIT, text, user)

    async def apply_policy(self, numbers: Sequence[str], policy: str, user: str) -> None:
        """Give accounts a policy from now on; a credit limit of their own stays."""
        self.book.policy(policy)
        await self._agree(numbers, TermKind.POLICY, policy, user)

    async def assign_tariff(self, numbers: Sequence[str], tariff: str, user: str) -> None:
        """Give accounts a tariff from now on; what was used until now is posted first."""
        now = self.book.clock.now()
        quote(self.book.tariff(tariff), now, zone=self.book.zone, used=Used())  # in force by now?
        await self._agree(numbers, TermKind.TARIFF, tariff, user)

    async def reconnect(self, numbers: Sequence[str], user: str) -> None:
        """Confirm that supply may come back where the policy waits for a person.

        Raises `InvalidInputError` (`credit_exhausted`) while credit does not allow it for all.
        """
        accounts = [self.book.account(number) for number in dict.fromkeys(numbers)]
        names = [account.number for account in accounts]
        async with self.book.locked(names):
            for account in accounts:
                if account.available <= account.policy.cut_off and not account.never_cut:
                    raise InvalidInputError("credit_exhausted", account=account.number)
            cause = f"reconnect:{user}"
            await self.book.transact_locked(names, cause, lambda *_: None, reconnect=True)

    async def place_hold(
        self, meters: Iterable[str], kind: HoldKind, *, user: str, reason: str = ""
    ) -> None:
        """Open relays by a hold until it is released (`hold_not_by_hand` for automatic kinds)."""
        serials = self._meant(meters, kind, BY_HAND)
        at = self.book.clock.now()

        def act(tx: LedgerTransaction, serial: MeterSerial) -> RelayDemand | None:
            hold = Hold(meter=serial, kind=kind, placed_at=at, placed_by=user, reason=reason)
            return place(tx, hold, f"hold:{kind}")

        await self._act(serials, act)

    async def release_hold(
        self, meters: Iterable[str], kind: HoldKind, *, user: str, administrator: bool
    ) -> None:
        """Release a hold; the relay closes if no other hold stands.

        A protection rule whose hold is released counts its tries from the beginning.

        Raises `InvalidInputError`: `hold_not_by_hand`, `hold_of_another`, `meter_unknown`.
        """
        serials = self._meant(meters, kind, RELEASED_BY_HAND)
        at = self.book.clock.now()

        def act(tx: LedgerTransaction, serial: MeterSerial) -> RelayDemand | None:
            cause = f"release:{kind}"
            return release(tx, serial, kind, at, user, cause, administrator=administrator)

        await self._act(serials, act)

    def _meant(
        self, meters: Iterable[str], kind: HoldKind, allowed: Sequence[HoldKind]
    ) -> list[MeterSerial]:
        if kind not in allowed:
            raise InvalidInputError("hold_not_by_hand", kind=kind, allowed=", ".join(allowed))
        serials = [self.book.meter(serial).serial for serial in dict.fromkeys(meters)]
        if not serials:
            raise InvalidInputError("target_empty")
        return serials

    async def _act(
        self,
        serials: Sequence[MeterSerial],
        act: Callable[[LedgerTransaction, MeterSerial], RelayDemand | None],
    ) -> None:
        """Do the same to several meters in one transaction, then hand the demands on."""

        def work(
            tx: LedgerTransaction,
        ) -> list[tuple[RelayDemand | None, tuple[HoldKind, ...]]]:
            return [(act(tx, serial), kinds(tx, serial)) for serial in serials]

        accounts = [account for one in serials if (account := self.book.meter(one).account)]
        with self.book.doubting(accounts):
            results = await self.book.ledger.run(work)
        for serial, (demand, held) in zip(serials, results, strict=True):
            self.book.meter(serial).holds = held
            if demand is not None:
                self.book.demand(demand)
            if (account := self.book.meter(serial).account) is not None:
                self.book.changed(self.book.account(account))

    async def _agree(self, numbers: Sequence[str], kind: TermKind, value: str, user: str) -> None:
        """Settle under the old terms, write the new ones, and settle under them: one commit.

        Raises `InvalidInputError`: `target_empty`, `account_unknown`.
        """
        accounts = [self.book.account(number) for number in dict.fromkeys(numbers)]
        if not accounts:
            raise InvalidInputError("target_empty")
        at = self.book.clock.now()

        def agree(slip: Slip) -> None:
            slip.tx.add_term(
                Term(account=slip.account, kind=kind, value=value, valid_from=at, user=user)
            )

        async with self.book.locked(account.number for account in accounts):
            await self._settle_under_terms(accounts, at, f"{kind}:{value}", agree)

    async def renew(self) -> None:
        """Put changed policies, and those whose day has come, into force for all who have them."""
        begin_policies(self.book)
        stale: dict[str, list[AccountNumber]] = {}
        for account in self.book.accounts.values():
            if self._is_stale(account):
                stale.setdefault(account.policy.name, []).append(account.number)
        for policy, numbers in stale.items():
            for start in range(0, len(numbers), RENEWED_AT_ONCE):
                await self._renew(policy, numbers[start : start + RENEWED_AT_ONCE])

    async def _renew(self, policy: str, numbers: Sequence[AccountNumber]) -> None:
        async with self.book.locked(numbers):
            known = (self.book.accounts.get(number) for number in numbers)
            accounts = [account for account in known if account and self._is_stale(account)]
            if accounts:
                at = self.book.clock.now()
                await self._settle_under_terms(accounts, at, f"policy:{policy}")

    def _is_stale(self, account: AccountState) -> bool:
        """Tell whether an account has a policy that is not the one in force."""
        return account.is_open and account.policy != self.book.policies.get(account.policy.name)

    async def _settle_under_terms(
        self,
        accounts: Sequence[AccountState],
        at: datetime,
        cause: str,
        agree: Callable[[Slip], None] = lambda _: None,
    ) -> None:
        """Settle accounts under the terms in force, after agreeing on new ones; hold the locks."""

        def work(slip: Slip, _due: AccountDue) -> tuple[str, Policy, Amount]:
            agree(slip)
            return terms_of(self.book, slip.tx, slip.account, at)

        def revise(tx: LedgerTransaction, due: AccountDue) -> AccountDue:
            _, policy, limit = terms_of(self.book, tx, due.number, at)
            never_cut = policy.never_cut or self.book.account(due.number).owner
            return replace(due, policy=policy, credit_limit=limit, never_cut=never_cut)

        numbers = [account.number for account in accounts]
        found = await self.book.transact_locked(numbers, cause, work, revise=revise)
        for account in accounts:
            account.tariff, account.policy, account.credit_limit = found[account.number]
            self.book.changed(account)


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
    agreed = rules.credit_limit if limit is None else book.currency.parse(limit.value)
    return tariff.value, rules, agreed
