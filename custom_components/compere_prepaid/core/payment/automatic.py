"""Automatic top-ups: a kept means of payment is charged when credit runs low.

A means is kept when a tenant pays and agrees to it, and is charged only once they have switched
that on. What was charged, and what failed, is read from the orders themselves, so that a crash
between any two steps leaves nothing to be made good: the order is there before the provider is
asked, its key says the how-manieth it is, and while it is under way there is no other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ..errors import InvalidInputError
from ..ids import AccountNumber
from ..ledger.payment_rows import AutoTopUp, Method, OrderState, PayOrder
from ..ledger.ports import LedgerTransaction
from ..money.amount import ZERO, Amount
from ..prepayment.book import AccountBook
from ..prepayment.pouring import refuse_outside_limits
from .orders import UNFINISHED

MOST_A_DAY = 3
"""So often an account is charged within 24 hours, whatever happens to its credit."""

MOST_FAILURES = 3
"""After so many charges in a row that failed it is switched off."""

AGAIN_AFTER_FAILURE = timedelta(hours=1)
STILL_LOW_AFTER = timedelta(days=1)
"""Credit that stays low so long after a charge counts as having fallen anew."""

_DAY = timedelta(days=1)


class Step(StrEnum):
    """What to do about an account now."""

    NOTHING = "nothing"
    CHARGE = "charge"
    AGAIN = "again"
    """Ask for the order that is under way once more: whether the provider heard of it is unknown.

    That is harmless, for it is the same order.
    """
    READY = "ready"
    """Credit is above the threshold again: the next fall is a new one."""
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What an account let be kept, and what was charged so far, the oldest first."""

    kept: AutoTopUp
    orders: Sequence[PayOrder]

    @property
    def latest(self) -> PayOrder | None:
        """The last automatic order."""
        return self.orders[-1] if self.orders else None

    @property
    def key(self) -> str:
        """What the next order is known by; the same until there is one."""
        return f"auto:{self.kept.account}:{len(self.orders) + 1}"

    @property
    def failures(self) -> int:
        """How many charges in a row failed since the tenant last chose."""
        count = 0
        for order in reversed(self.orders):
            if order.state is not OrderState.CLOSED or order.created_at < self.kept.changed_at:
                break
            count += 1
        return count

    def step(self, available: Amount, now: datetime) -> Step:
        """Return what to do with this much available credit."""
        kept, latest = self.kept, self.latest
        if not kept.enabled:
            return Step.NOTHING
        if latest is not None and latest.state in UNFINISHED:
            unheard = latest.state is OrderState.NEW and now < latest.expires_at
            return Step.AGAIN if unheard else Step.NOTHING
        if self.failures >= MOST_FAILURES:
            return Step.STOP
        is_dealt_with = latest is not None and latest.id != kept.last_order
        if available > kept.threshold:
            return Step.READY if is_dealt_with else Step.NOTHING
        if latest is not None and is_dealt_with:
            failed = latest.state is OrderState.CLOSED
            if now < latest.changed_at + (AGAIN_AFTER_FAILURE if failed else STILL_LOW_AFTER):
                return Step.NOTHING
        lately = sum(order.created_at > now - _DAY for order in self.orders)
        return Step.CHARGE if lately < MOST_A_DAY else Step.NOTHING


@dataclass(slots=True)
class Automatic:
    """What tenants chose about automatic top-ups, in the book."""

    book: AccountBook

    async def get(self, number: str) -> AutoTopUp | None:
        """Return what an account let be kept; None if nothing. Raises `account_unknown`."""
        account = self.book.account(number).number
        return await self.book.ledger.read(lambda tx: tx.find(AutoTopUp, account=account))

    async def everything(self) -> tuple[AutoTopUp, ...]:
        """Return what all accounts let be kept."""
        return await self.book.ledger.read(lambda tx: tx.rows(AutoTopUp))

    async def standing(self, account: AccountNumber) -> Standing | None:
        """Return where an account stands; None if it let nothing be kept."""

        def look(tx: LedgerTransaction) -> Standing | None:
            kept = tx.find(AutoTopUp, account=account)
            if kept is None:
                return None
            orders = tx.rows(PayOrder, account=account, method=Method.AUTOMATIC)
            in_order = sorted(orders, key=lambda order: (order.created_at, order.id))
            return Standing(kept=kept, orders=in_order)

        return await self.book.ledger.read(look)

    async def keep(
        self, account: AccountNumber, provider: str, means: str, paid: Amount
    ) -> AutoTopUp:
        """Keep a means that a tenant has just paid with; switched on or off it stays as it was.

        Until they choose, what they paid and their first warning level stand there to begin with.
        """
        at, state = self.book.clock.now(), self.book.accounts.get(account)
        levels = state.policy.warning_levels if state is not None else ()

        def work(tx: LedgerTransaction) -> AutoTopUp:
            before = tx.find(AutoTopUp, account=account)
            if before is not None and (before.provider, before.means) == (provider, means):
                return before
            kept = AutoTopUp(
                account=account,
                provider=provider,
                means=means,
                enabled=before is not None and before.enabled,
                threshold=before.threshold if before is not None else (*levels, ZERO)[0],
                amount=before.amount if before is not None else paid,
                changed_at=at,
                last_order=before.last_order if before is not None else "",
            )
            tx.put(kept)
            return kept

        return await self.book.ledger.run(work)

    async def switch_on(self, number: str, threshold: Amount, amount: Amount) -> AutoTopUp:
        """Charge the kept means with `amount` whenever available credit falls to `threshold`.

        Raises `InvalidInputError`: `account_unknown`, `means_missing` (nothing was kept),
        `amount_not_positive`, `amount_too_precise`, `top_up_too_small`, `top_up_too_large`.
        """
        account, currency = self.book.account(number), self.book.currency
        currency.parse_positive(currency.exact(amount))
        if currency.parse(currency.exact(threshold)) < 0:
            raise InvalidInputError("amount_not_positive", amount=currency.exact(threshold))
        refuse_outside_limits(currency, account.policy, account.number, amount)
        at = self.book.clock.now()

        def work(tx: LedgerTransaction) -> AutoTopUp:
            kept = _needed(tx, account.number)
            chosen = replace(
                kept,
                enabled=True,
                threshold=threshold,
                amount=amount,
                changed_at=at,
            )
            tx.put(chosen)
            return chosen

        return await self.book.ledger.run(work)

    async def switch_off(self, number: str) -> AutoTopUp:
        """Charge no more; what is under way is not called back.

        Raises `InvalidInputError`: `account_unknown`, `means_missing`.
        """
        account, at = self.book.account(number).number, self.book.clock.now()

        def work(tx: LedgerTransaction) -> AutoTopUp:
            kept = _needed(tx, account)
            chosen = replace(kept, enabled=False, changed_at=at)
            tx.put(chosen)
            return chosen

        return await self.book.ledger.run(work)

    async def ready(self, standing: Standing) -> None:
        """Remember that credit was above the threshold after the last charge."""
        latest = standing.latest
        if latest is None:
            return

        def work(tx: LedgerTransaction) -> None:
            kept = tx.find(AutoTopUp, account=standing.kept.account)
            if kept is not None:
                tx.put(replace(kept, last_order=latest.id))

        await self.book.ledger.run(work)


def _needed(tx: LedgerTransaction, account: AccountNumber) -> AutoTopUp:
    kept = tx.find(AutoTopUp, account=account)
    if kept is None:
        raise InvalidInputError("means_missing")
    return kept
