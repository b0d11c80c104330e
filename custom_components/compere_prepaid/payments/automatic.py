"""Charges kept means of payment in a running site, as the clock and credit ask for it."""

import asyncio
from datetime import datetime, timedelta
import logging
from typing import TYPE_CHECKING

from ..core.errors import PrepaidError
from ..core.ids import AccountNumber
from ..core.ledger.payment_rows import AutoTopUp, Method
from ..core.money.amount import Amount
from ..core.payment.automatic import Automatic, Step
from ..core.payment.crediting import Recorded
from ..core.payment.events import AutoTopUpStopped
from ..core.payment.orders import OrderRequest
from ..core.payment.provider import Paid, Payer

if TYPE_CHECKING:
    from ..site import CompereSite

_LOGGER = logging.getLogger(__name__)

_HOPELESS = frozenset({"top_up_too_small", "top_up_too_large", "means_missing", "stripe_amount"})
"""Refusals that time does not mend: the tenant has to choose anew."""

_PAUSE = timedelta(minutes=2)


class AutomaticTopUps:
    """The automatic top-ups of one site."""

    def __init__(self, site: CompereSite) -> None:
        """Serve a site."""
        self._site = site
        self._book = Automatic(site.book)
        self._kept: dict[AccountNumber, AutoTopUp] = {}
        self._above: set[AccountNumber] = set()
        """Accounts whose next fall is known to be a new one."""
        self._not_before: dict[AccountNumber, datetime] = {}
        """Until when accounts are left alone after trouble."""
        self._round: asyncio.Task[None] | None = None

    # What tenants choose

    async def get(self, number: str) -> AutoTopUp | None:
        """Return what an account let be kept, and whether that is charged; None if nothing."""
        return await self._book.get(number)

    async def switch_on(self, number: str, threshold: Amount, amount: Amount) -> AutoTopUp:
        """Charge from now on; raises as `Automatic.switch_on`."""
        return self._remember(await self._book.switch_on(number, threshold, amount))

    async def switch_off(self, number: str) -> AutoTopUp:
        """Charge no more; raises as `Automatic.switch_off`."""
        return self._remember(await self._book.switch_off(number))

    async def on_paid(self, done: Recorded, paid: Paid) -> None:
        """Keep the means of a payment whose payer agreed to it."""
        if paid.means and done.order is not None and done.order.method is not Method.AUTOMATIC:
            order = done.order
            self._remember(
                await self._book.keep(order.account, order.provider, paid.means, order.amount)
            )

    # What runs

    async def load(self) -> None:
        """Read what is kept in the ledger."""
        self._kept = {kept.account: kept for kept in await self._book.everything()}

    def on_clock(self) -> None:
        """Look at the accounts whose credit may ask for something, in the background."""
        if self._round is not None and not self._round.done():
            return
        if due := [number for number in self._kept if self._asks(number)]:
            self._round = self._site.spawn(self.work_off(due), "automatic top-ups")

    def _asks(self, number: AccountNumber) -> bool:
        """Tell whether an account has to be looked at closely."""
        kept, account = self._kept[number], self._site.book.accounts.get(number)
        if account is None or not account.is_open or not kept.enabled:
            return False
        if self._site.book.restored:  # a payment may be missing from what it has
            return False
        if account.available > kept.threshold:
            return number not in self._above
        self._above.discard(number)
        not_before = self._not_before.get(number)
        return not_before is None or self._site.clock.now() >= not_before

    async def work_off(self, due: list[AccountNumber]) -> None:
        """Do for each account what is to be done; the trouble of one is its own."""
        for number in due:
            try:
                await self._look(number)
            except PrepaidError as error:
                if error.key in _HOPELESS:
                    await self._stop(number, error.key)
                    continue
                _LOGGER.warning("An automatic top-up of %s has to wait: %s", number, error)
                self._not_before[number] = self._site.clock.now() + _PAUSE

    async def _look(self, number: AccountNumber) -> None:
        standing = await self._book.standing(number)
        account = self._site.book.accounts.get(number)
        if standing is None or account is None:
            return
        match standing.step(account.available, self._site.clock.now()):
            case Step.CHARGE:
                await self._charge(standing.kept, standing.key, standing.kept.amount)
            case Step.AGAIN if standing.latest is not None:
                await self._charge(standing.kept, standing.latest.key, standing.latest.amount)
            case Step.STOP:
                await self._stop(number, "failed")
            case Step.READY:
                await self._book.ready(standing)
                self._above.add(number)
            case Step.NOTHING if account.available > standing.kept.threshold:
                self._above.add(number)

    async def _charge(self, kept: AutoTopUp, key: str, amount: Amount) -> None:
        """Order; what comes of it, the order says."""
        request = OrderRequest(account=kept.account, amount=amount, provider=kept.provider, key=key)
        payer = Payer(method=Method.AUTOMATIC, means=kept.means)
        await self._site.payments.async_order(request, payer)

    async def _stop(self, number: AccountNumber, reason: str) -> None:
        """Switch off, and tell the tenant and the managers."""
        self._remember(await self._book.switch_off(number))
        account = self._site.book.account(number)
        self._site.emit(
            AutoTopUpStopped(
                at=self._site.clock.now(),
                account=number,
                available=account.available,
                reason=reason,
            )
        )

    def _remember(self, kept: AutoTopUp) -> AutoTopUp:
        self._kept[kept.account] = kept
        self._above.discard(kept.account)
        self._not_before.pop(kept.account, None)
        return kept
