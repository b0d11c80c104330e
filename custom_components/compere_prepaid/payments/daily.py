"""After the payment: daily bills, and refunds that are under way.

Every quarter of an hour it is looked whether a provider has a bill of a day that is not laid beside
the book yet; so days that were missed while nobody was there are caught up with. What could not be
explained is looked at again, for it may be by now. Refunds that are not at their end are asked for.
"""

import asyncio
from datetime import date, datetime, timedelta
import logging
from typing import TYPE_CHECKING

from ..core.errors import InvalidInputError, PrepaidError
from ..core.ledger.payment_rows import (
    BillKind,
    PaymentSource,
    PayOrder,
    ProviderTxn,
    Reconciliation,
)
from ..core.ledger.ports import LedgerTransaction
from ..core.payment.events import PaymentDisputed, ReconciliationFault
from ..core.payment.provider import (
    BillEntry,
    BillMissingError,
    Capability,
    Dispute,
    PaymentProvider,
    RejectedError,
    RetryableError,
)
from ..core.payment.reconciling import DayBook, Laid, latest
from ..core.payment.refunding import PayerRefunds

if TYPE_CHECKING:
    from ..site import CompereSite

_LOGGER = logging.getLogger(__name__)

EVERY = timedelta(minutes=15)
LONGEST = timedelta(days=90)
"""So far back bills are asked for: providers keep them about as long."""


class Daily:
    """Looks after what follows from the payments of one site."""

    def __init__(self, site: CompereSite) -> None:
        """Serve a site; the providers tell of refunds and disputes from now on."""
        self._site = site
        self._next: datetime | None = None
        self._round: asyncio.Task[None] | None = None
        self._laying = asyncio.Lock()
        self._refused: set[tuple[str, date]] = set()
        """The bills that were refused, each told once."""
        self.refunds = PayerRefunds(site.book, site.payments.providers)
        site.payments.on_refund = self.refunds.on_news
        site.payments.on_dispute = self._disputed

    def on_clock(self) -> None:
        """Look whether something is to be done, in the background."""
        if self._round is not None and not self._round.done():
            return
        now = self._site.clock.now()
        if self._next is None or now >= self._next:
            self._next = now + EVERY
            self._round = self._site.spawn(self.async_work_off(), "daily bills")

    async def async_work_off(self) -> None:
        """Do everything that is due; the trouble of one provider is its own."""
        for key in list(self._site.payments.providers):
            await self._guarded(key)
        try:
            await self.refunds.resume()
            await self._site.standing.async_look_at_bills()
        except PrepaidError as error:
            _LOGGER.warning("Refunds could not be followed, it is tried again: %s", error)

    async def async_missing(self, provider: PaymentProvider) -> list[date]:
        """Return the days of which a provider's bill should be there and is not looked at yet."""
        if Capability.BILL not in provider.capabilities:
            return []
        today = provider.today(self._site.clock.now())

        def look(tx: LedgerTransaction) -> list[date]:
            done = {row.day for row in tx.rows(Reconciliation, provider=provider.key)}
            first = min(done) if done else _first_day(tx, provider, today)
            days = (today - timedelta(days=ago) for ago in range(LONGEST.days, 0, -1))
            return [
                day
                for day in days
                if day not in done
                and (day >= first or tx.rows(ProviderTxn, provider=provider.key, day=day))
            ]

        return await self._site.ledger.read(look)

    async def async_reconcile(self, provider: PaymentProvider, day: date, user: str = "") -> Laid:
        """Fetch a day's bill, credit what nobody told of, and lay it beside the book.

        Raises `InvalidInputError` (`bill_unsupported`, `bill_of_running_day`), and what the ledger
        and the provider raise; nothing but payments was booked then.
        """
        if Capability.BILL not in provider.capabilities:
            raise InvalidInputError("bill_unsupported", provider=provider.key)
        if day >= provider.today(self._site.clock.now()):
            raise InvalidInputError("bill_of_running_day", day=day.isoformat())
        async with self._laying:
            entries: list[BillEntry] = []
            try:
                async for entry in provider.bill(day):
                    entries.append(entry)  # noqa: PERF401  # half of it is worth nothing
            except BillMissingError:
                entries.clear()
            for entry in entries:
                await self._credit(provider, entry)
            return await self._lay(provider, day, entries, user)

    async def _credit(self, provider: PaymentProvider, entry: BillEntry) -> None:
        """Credit a payment of which nobody but the bill told."""
        if entry.kind is not BillKind.PAYMENT or entry.payment is None:
            return
        key = {"provider": provider.key, "txn": entry.ref}
        known = await self._site.ledger.read(lambda tx: tx.find(ProviderTxn, **key))
        if known is None:
            await self._site.payments.async_record(provider.key, entry.payment, PaymentSource.BILL)

    async def _lay(
        self,
        provider: PaymentProvider,
        day: date,
        entries: list[BillEntry] | None,
        user: str = "",
    ) -> Laid:
        """Lay a day beside the book; without entries, as the bill was read before."""
        site = self._site
        at = site.clock.now()

        def work(tx: LedgerTransaction) -> Laid:
            book = DayBook(tx, provider.key, day, site.currency.code, at, provider.today)
            if entries is None:
                book.remember(tx.last(Reconciliation, provider=provider.key, day=day))
            else:
                book.take(entries)
            return book.lay(user)

        laid = await site.ledger.run(work)
        if laid.is_new and laid.faults:
            site.emit(
                ReconciliationFault(
                    at=at,
                    provider=provider.key,
                    day=day.isoformat(),
                    faults=len(laid.faults),
                    unexplained=laid.row.unexplained,
                )
            )
        return laid

    async def _guarded(self, key: str) -> None:
        """Catch up with one provider; what it cannot tell now is asked for again."""
        provider = self._site.payments.providers.get(key)
        if provider is None:
            return
        try:
            for day in await self.async_missing(provider):
                try:
                    await self.async_reconcile(provider, day)
                except RetryableError as error:
                    _LOGGER.info("The bill of %s for %s is not there yet: %s", key, day, error)
                    break
                except RejectedError as error:
                    if (key, day) not in self._refused:
                        _LOGGER.warning("%s refuses the bill for %s: %s", key, day, error)
                    self._refused.add((key, day))
            await self.async_look_again(provider)
        except PrepaidError as error:
            _LOGGER.warning("The bills of %s could not be looked at: %s", key, error)
        except Exception:
            _LOGGER.exception("The bill of %s could not be looked at, it is tried again", key)

    async def async_look_again(self, provider: PaymentProvider) -> None:
        """Lay the days once more of which something was left over."""
        oldest = provider.today(self._site.clock.now()) - LONGEST
        found = await self._site.ledger.read(lambda tx: latest(tx, oldest, provider=provider.key))
        async with self._laying:
            for row in found:
                if '"faults":[]' not in row.content:
                    await self._lay(provider, row.day, None)

    async def _disputed(self, provider: str, dispute: Dispute) -> None:
        """Tell of a dispute; the money is the provider's business, and the bill will say so.

        One about a payment that is not known here is another business's, with the same account.
        """
        key = {"provider": provider, "txn": dispute.txn}
        txn = await self._site.ledger.read(lambda tx: tx.find(ProviderTxn, **key))
        if txn is None:
            return
        self._site.emit(
            PaymentDisputed(
                at=self._site.clock.now(),
                account=txn.account,
                provider=provider,
                txn=dispute.txn,
                amount=dispute.amount or txn.amount,
                reason=dispute.reason,
            )
        )


def _first_day(tx: LedgerTransaction, provider: PaymentProvider, today: date) -> date:
    """Return the first day on which something may stand on a provider's bill."""
    days = [txn.day for txn in tx.rows(ProviderTxn, provider=provider.key)]
    days += [provider.today(order.created_at) for order in tx.rows(PayOrder, provider=provider.key)]
    return min(days, default=today - timedelta(days=1))
