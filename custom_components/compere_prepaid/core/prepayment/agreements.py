"""What is agreed with accounts, and the holds that people place and release."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from ..errors import InvalidInputError
from ..ids import AccountNumber
from ..ledger.ports import LedgerTransaction
from ..ledger.records import Term, TermKind
from ..money.amount import Amount
from ..policy.credit import Policy
from ..tariff.model import Used
from ..tariff.rating import quote
from .batches import BatchCall, Kept
from .book import AccountBook
from .holds_by_hand import HoldsByHand
from .rules import begin_policies
from .settlement import AccountDue, fund_of
from .slip import Slip
from .state import AccountState

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
        return {"value": self.now.value, "before": before}


RENEWED_AT_ONCE = 100
"""So many accounts are settled under a changed policy in one transaction."""


@dataclass(slots=True)
class Agreements(HoldsByHand):
    """Changes the terms of accounts, too, and lets supply come back.

    All raise `InvalidInputError`: `target_empty`, `account_unknown`, `account_closed`. A call that
    gathers refusals has them instead.
    """

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
        """Agree again on what was before a batch, with who still has what it agreed.

        `changed` is what the batch keeps of each account. Besides the usual an account is refused
        with `term_changed_since`, and with what its earlier term is refused with by now.
        """

        def before(tx: LedgerTransaction, number: AccountNumber, at: datetime) -> str:
            was, now = changed[number], tx.term(number, kind, at)
            if now is None or now.value != was["value"]:
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
            accounts = [each.number for each in known if each and self._is_stale(each)]
            if accounts:
                at = self.book.clock.now()
                await self._settle_under_terms(accounts, at, f"policy:{policy}")

    def _is_stale(self, account: AccountState) -> bool:
        """Tell whether an account has a policy that is not the one in force."""
        return account.is_open and account.policy != self.book.policies.get(account.policy.name)

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
