"""What a policy would mean for accounts now, by the same rules as the real thing; nobody notices.

The policy is put in the place of each account's own, with the credit limit that would hold then,
and its decision is asked for at this instant.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ..errors import InvalidInputError
from ..ids import AccountNumber
from ..ledger.records import TermKind
from ..money.amount import Amount
from ..policy.credit import Policy, Reconnect, SupplyState, supply_state
from ..policy.decision import Step, Verdict, decide
from .book import AccountBook
from .state import AccountState

AT_ONCE = 10
"""After so many accounts everything else has its turn."""


class Fate(StrEnum):
    """What becomes of an account's supply."""

    STAYS_ON = "stays_on"
    STAYS_OFF = "stays_off"
    CUT = "cut"
    PUT_OFF = "put_off"
    """It is due to be cut, which waits."""
    SHADOW_CUT = "shadow_cut"
    """It would be cut if it were not adapting."""
    RECONNECTED = "reconnected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an account stands under a policy."""

    state: SupplyState
    available: Amount
    level: Amount | None
    """The lowest warning level in money that it is at or below."""
    days: int | None
    """The lowest warning level in days left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What a policy would mean for an account: how it stands now and then, and what happens."""

    account: AccountNumber
    name: str
    policy: str
    """The policy that it has."""
    now: Standing
    then: Standing
    fate: Fate
    is_warned: bool
    """Whether it would be told a level that it was not told yet."""
    until: datetime | None = None
    """Until when a cut waits; None if nobody knows, or nothing waits."""
    why: str = ""
    """Why it waits."""


@dataclass(slots=True)
class PolicyPreviewer:
    """Tries policies."""

    book: AccountBook

    def who_has(self, policy: str) -> list[AccountNumber]:
        """Return the open accounts that have a policy."""
        accounts = self.book.accounts.values()
        return [one.number for one in accounts if one.is_open and one.policy.name == policy]

    def everybody(self) -> list[AccountNumber]:
        """Return the open accounts."""
        return [one.number for one in self.book.accounts.values() if one.is_open]

    async def preview(self, numbers: Sequence[str], policy: Policy) -> list[Prospect]:
        """Return what a policy would mean for accounts at this instant.

        Raises `InvalidInputError`: `account_unknown`, `target_empty`.
        """
        accounts = [self.book.account(number) for number in dict.fromkeys(numbers)]
        if not accounts:
            raise InvalidInputError("target_empty")
        now, zone = self.book.clock.now(), self.book.zone
        limits = await self.book.ledger.read(
            lambda tx: [tx.term(one.number, TermKind.CREDIT_LIMIT, now) for one in accounts]
        )
        found = []
        for index, (account, term) in enumerate(zip(accounts, limits, strict=True)):
            if index % AT_ONCE == 0:
                await asyncio.sleep(0)
            limit = self.book.currency.parse(term.value) if term else policy.credit_limit
            available = Amount(account.available - account.credit_limit + limit)
            left = Amount(available - policy.cut_off)
            standing = replace(
                account.standing(now),
                available=available,
                days_left=account.days_left(now, left),
                never_cut=policy.never_cut or account.owner,
            )
            verdict = decide(policy, standing, now, zone)
            fate = _fate(account, policy, verdict, may_open=not self.book.restored)
            found.append(_prospect(account, policy, verdict, fate, available))
        return found


def _prospect(
    account: AccountState, policy: Policy, verdict: Verdict, fate: Fate, available: Amount
) -> Prospect:
    why, until = verdict.waits or ("", None)
    if verdict.step is Step.CUT and fate is Fate.PUT_OFF:
        why = "reading"
    emergency = account.tenancy.emergency
    told = verdict.warned
    return Prospect(
        account=account.number,
        name=account.name,
        policy=account.policy.name,
        now=Standing(
            state=supply_state(
                account.policy, account.available, off=account.off, emergency=emergency
            ),
            available=account.available,
            level=account.announced,
            days=account.watch.days_told,
        ),
        then=Standing(
            state=supply_state(
                policy,
                available,
                off=fate in {Fate.CUT, Fate.STAYS_OFF},
                emergency=emergency,
            ),
            available=available,
            level=told.told,
            days=told.days_told,
        ),
        fate=fate,
        is_warned=told.level is not None or told.days is not None,
        until=until,
        why=str(why),
    )


def _fate(account: AccountState, policy: Policy, verdict: Verdict, *, may_open: bool) -> Fate:
    """Return what becomes of the supply; without a fresh reading nobody is cut yet."""
    if verdict.step is Step.CUT and not account.off:
        is_read = any(meter.may_open for meter in account.meters.values())
        return Fate.CUT if may_open and is_read else Fate.PUT_OFF
    if verdict.step in {Step.CUT, Step.KEEP}:
        return Fate.STAYS_OFF
    if verdict.step is Step.ALLOW:
        never_cut = policy.never_cut or account.owner
        if account.off and not (policy.reconnect is Reconnect.AUTO or never_cut):
            return Fate.STAYS_OFF
        return Fate.RECONNECTED if account.off else Fate.STAYS_ON
    if account.off:
        return Fate.RECONNECTED
    return Fate.PUT_OFF if verdict.waits else Fate.SHADOW_CUT
