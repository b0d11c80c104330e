"""How a site's payments stand: what came today, what providers still hold, what nobody can explain.

Payments of the day are counted as they come, and read from the ledger when a day or the site
begins; all else is read from the ledger soon after a payment, and with the site's clock.
"""

from asyncio import TimerHandle
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import callback

from .. import devices, issues
from ..const import PROVIDER_PREFIX, SUBENTRY_PROVIDER
from ..coordinator import PacedCoordinator
from ..core.ledger.accounts import SUSPENSE, clearing
from ..core.ledger.payment_rows import PayOrder
from ..core.ledger.ports import LedgerTransaction
from ..core.ledger.records import TransferCode
from ..core.money.amount import ZERO, Amount
from ..core.payment.crediting import Recorded
from ..core.payment.orders import UNFINISHED
from ..core.payment.provider import Paid
from ..core.payment.reconciling import latest
from ..core.prepayment.calendar import day_of, day_start
from ..runtimes import ProviderRuntime
from .building import key_of

if TYPE_CHECKING:
    from ..site import CompereSite

_MOST_OF_A_DAY = 1_000_000
_SOON_S = 1.0
"""Payments that come together are told together."""
_OFTEN_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """The payments of a day of the site, credited or in suspense."""

    day: date
    count: int = 0
    amount: Amount = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Sums over all providers, and what each of them holds."""

    clearing: Mapping[str, Amount] = field(default_factory=dict)
    """What each provider took and has not settled yet, by key."""
    suspense: Amount = ZERO
    open_orders: Mapping[str, int] = field(default_factory=dict)


class PaymentStanding:
    """Keeps the standing of one site, the devices of its providers, and the issues about money."""

    def __init__(self, site: CompereSite) -> None:
        """Look after a site; nothing is known until it starts."""
        self._site = site
        self.data = Standing()
        self.unexplained = ZERO
        """What nobody can explain of the days that were laid beside their bills."""
        self.today = Today(day=date.min)
        self.providers: dict[str, ProviderRuntime] = {}
        """By key, whether they could be built or not."""
        self._gone: set[str] = set()
        """Providers that were removed while money of theirs was under way."""
        self._looked_at = 0.0
        self._planned: TimerHandle | None = None

    async def async_start(self) -> None:
        """Begin, before payments can come: count those of the day, and follow what comes."""
        site = self._site
        self._gone = issues.removed_providers(site)
        site.payments.on_paid.append(self._on_paid)
        site.entry.async_on_unload(self._stop)
        await self._read_bills()
        await self.async_apply()
        await self._begin_day()

    async def async_apply(self) -> None:
        """Make the providers' devices agree with the site's subentries."""
        site = self._site
        wanted = {
            key_of(subentry.data): subentry
            for subentry in site.entry.subentries.values()
            if subentry.subentry_type == SUBENTRY_PROVIDER
        }
        self._gone |= self.providers.keys() - wanted.keys()
        self._gone -= wanted.keys()
        for key in self.providers.keys() - wanted.keys():
            del self.providers[key]
            site.provider_health.forget(key)
        for key in wanted:
            issues.clear(site, issues.PROVIDER_REMOVED, key)
        news = [self._take(key, subentry) for key, subentry in wanted.items()]
        await site.reading_path.guarded(self.async_look())
        for runtime in news:
            if runtime is not None:
                site.announce(runtime)

    def _take(self, key: str, subentry: ConfigSubentry) -> ProviderRuntime | None:
        """Take in a provider; return what is new."""
        site, present = self._site, self.providers.get(key)
        if present is not None and present.subentry_id == subentry.subentry_id:
            if present.title != subentry.title:
                identifier = f"{site.key}_{PROVIDER_PREFIX}{key}"
                devices.rename(site, identifier, subentry.title, site.device_id)
                present.title = subentry.title
            return None
        runtime = self.providers[key] = ProviderRuntime(
            subentry_id=subentry.subentry_id,
            key=key,
            title=subentry.title,
            coordinator=PacedCoordinator(site.hass, site.entry, key, ZERO, site.clock),
        )
        return runtime

    async def async_on_clock(self) -> None:
        """Begin a new day, and look from time to time: money also moves by hand."""
        if self.today.day != day_of(self._site.clock.now(), self._site.zone):
            await self._begin_day()
        if self._site.clock.monotonic() - self._looked_at >= _OFTEN_S:
            await self.async_look()

    async def async_look_at_bills(self) -> None:
        """Read anew also what the bills left unexplained, which only laying them changes."""
        await self._read_bills()
        await self.async_look()

    async def async_look(self) -> None:
        """Read anew what moves, tell who shows it, and raise or take back issues."""
        site, keys = self._site, frozenset({*self.providers, *self._gone})
        self._looked_at = site.clock.monotonic()
        self.data = found = await site.ledger.read(lambda tx: _standing(tx, keys))
        for key, provider in self.providers.items():
            if key in found.clearing:  # it may have come while we read
                provider.coordinator.push(found.clearing[key], news=True)
        site.totals.push(None, news=True)
        issues.keep_money(site, suspense=found.suspense, unexplained=self.unexplained)
        for key in self._gone & keys:
            if found.clearing[key] == ZERO and not found.open_orders[key]:
                self._gone.discard(key)
                issues.clear(site, issues.PROVIDER_REMOVED, key)
            else:
                held, orders = found.clearing[key], found.open_orders[key]
                issues.raise_provider_removed(site, key, held, orders)

    async def _read_bills(self) -> None:
        rows = await self._site.ledger.read(lambda tx: list(latest(tx)))
        self.unexplained = Amount(sum(row.unexplained for row in rows))

    async def _begin_day(self) -> None:
        site, keys = self._site, (*self.providers, *self._gone)
        day = day_of(site.clock.now(), site.zone)
        since = day_start(day, site.zone)
        amounts = await site.ledger.read(lambda tx: list(_came(tx, keys, since)))
        self.today = Today(day=day, count=len(amounts), amount=Amount(sum(amounts)))
        site.totals.push(None, news=True)

    async def _on_paid(self, recorded: Recorded, _paid: Paid) -> None:
        """Count a payment that is new, and look soon at what it changed."""
        txn = recorded.txn
        if recorded.replayed or txn.transfer_id is None:
            return
        today, day = self.today, day_of(txn.recorded_at, self._site.zone)
        if day == today.day:
            amount = Amount(today.amount + txn.amount)
            self.today = replace(today, count=today.count + 1, amount=amount)
        if self._planned is None:
            loop = self._site.hass.loop
            self._planned = loop.call_later(_SOON_S, self._look_now)

    @callback
    def _look_now(self) -> None:
        self._planned = None
        self._site.spawn(self._site.reading_path.guarded(self.async_look()), "payments' standing")

    @callback
    def _stop(self) -> None:
        if self._planned is not None:
            self._planned.cancel()
            self._planned = None


def _came(tx: LedgerTransaction, keys: Iterable[str], since: datetime) -> Iterator[Amount]:
    """Yield the payments since an instant."""
    for key in keys:
        for code in (TransferCode.TOP_UP, TransferCode.SUSPENSE):
            for one in tx.transfers(clearing(key), _MOST_OF_A_DAY, since=since, only=code):
                yield one.amount


def _standing(tx: LedgerTransaction, keys: Iterable[str]) -> Standing:
    return Standing(
        clearing={key: Amount(-tx.balance(clearing(key))) for key in keys},
        suspense=tx.balance(SUSPENSE),
        open_orders={
            key: sum(len(tx.rows(PayOrder, provider=key, state=each)) for each in UNFINISHED)
            for key in keys
        },
    )
