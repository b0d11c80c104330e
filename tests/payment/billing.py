"""A bank on paper that gives money back and writes a bill of every day, as it is told to."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, override
from unittest.mock import patch

from homeassistant.core import HomeAssistant

from custom_components.compere_prepaid.core.ledger.payment_rows import BillKind, ProviderRefund
from custom_components.compere_prepaid.core.money.amount import Amount
from custom_components.compere_prepaid.core.payment.provider import (
    BillEntry,
    BillMissingError,
    Capability,
    RefundOutcome,
    RefundState,
    RejectedError,
    RetryableError,
)
from custom_components.compere_prepaid.payments.building import BUILDERS
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import moment_of
from simulator.mall import Mall
from tests.payment.paper import PaperBank, PaperProvider
from tests.payment.paying import paper_subentry
from tests.site_fixtures import running_site

CAN = frozenset(Capability) - {Capability.AUTOMATIC}


@dataclass(slots=True)
class BilledBank(PaperBank):
    """A bank that keeps a share of every payment, and gives money back as a test wants."""

    fee_ppm: int = 6_000
    outcome: RefundOutcome = RefundOutcome.SUCCEEDED
    refunds: dict[str, RefundState] = field(default_factory=dict)
    gone: dict[str, tuple[ProviderRefund, datetime]] = field(default_factory=dict)
    """Refunds that left the bank, and when."""
    asked_refunds: list[str] = field(default_factory=list)
    loses_answers: bool = False
    refuses_refunds: bool = False
    tells_of_refunds: bool = True
    """Whether it answers what became of a refund, as it does not with a key that it refuses."""
    bill_is_there: bool = True
    refuses_bills: set[date] = field(default_factory=set)
    read: list[date] = field(default_factory=list)
    """The days of which a bill was asked for."""

    def fee(self, amount: Amount) -> Amount:
        """Return what is kept of a payment, in whole fen."""
        return Amount(amount * self.fee_ppm // 10**13 * 10**7)

    def give_back(self, refund: ProviderRefund) -> RefundState:
        """Give money back, once for a refund's number."""
        known = self.refunds.get(refund.id)
        if known is None or known.outcome is RefundOutcome.PROCESSING:
            reference = f"B-{refund.id}"
            state = RefundState(refund_id=refund.id, outcome=self.outcome, provider_ref=reference)
            self.refunds[refund.id] = state
            if self.outcome is RefundOutcome.SUCCEEDED:
                self.gone[refund.id] = (refund, self.now)
        return self.refunds[refund.id]

    def entries(self, day: date) -> Iterator[BillEntry]:
        """Yield the lines of a day."""
        for paid in self.payments.values():
            if paid.day == day and paid.amount is not None:
                yield BillEntry(
                    kind=BillKind.PAYMENT,
                    ref=paid.txn,
                    order_id=paid.order_id,
                    amount=paid.amount,
                    currency=paid.currency,
                    at=paid.paid_at,
                    fee=self.fee(paid.amount),
                    payment=paid,
                )
        for refund, at in self.gone.values():
            if at.date() == day:
                yield BillEntry(
                    kind=BillKind.REFUND,
                    ref=refund.id,
                    order_id=refund.order_id,
                    amount=refund.amount,
                    currency="CNY",
                    at=at,
                    fee=self.fee(refund.amount),
                )


@dataclass(frozen=True, slots=True)
class BilledProvider(PaperProvider):
    """Takes money at such a bank."""

    bank: BilledBank

    @override
    async def refund(self, refund: ProviderRefund, paid: Amount) -> RefundState:
        self.bank.asked_refunds.append(refund.id)
        if self.bank.is_down:
            raise RetryableError("provider_unreachable", detail="paper")
        if self.bank.refuses_refunds:
            raise RejectedError("provider_refused", detail="paper")
        state = self.bank.give_back(refund)
        if self.bank.loses_answers:
            raise RetryableError("provider_unreachable", detail="paper")
        return state

    @override
    async def query_refund(self, refund: ProviderRefund) -> RefundState:
        if self.bank.is_down or not self.bank.tells_of_refunds:
            return RefundState(refund_id=refund.id, outcome=RefundOutcome.UNKNOWN)
        if refund.id not in self.bank.refunds:
            return RefundState(refund_id=refund.id, outcome=RefundOutcome.MISSING)
        return self.bank.give_back(refund)

    @override
    async def bill(self, day: date) -> AsyncIterator[BillEntry]:
        if self.bank.is_down or not self.bank.bill_is_there:
            raise RetryableError("provider_unreachable", detail="paper")
        if day in self.bank.refuses_bills:
            raise RejectedError("provider_refused", detail="paper")
        self.bank.read.append(day)
        lines = list(self.bank.entries(day))
        if not lines:
            raise BillMissingError("provider_refused", detail="paper")
        for line in lines:
            yield line


@contextmanager
def billed_accepted(bank: BilledBank) -> Iterator[None]:
    """Let sites have providers at a bank that writes bills."""

    def make(_: CompereSite, key: str, _data: Mapping[str, Any]) -> BilledProvider:
        return BilledProvider(key, bank, can=CAN)

    with patch.dict(BUILDERS, {"paper": make}):
        yield


@asynccontextmanager
async def billed_site(
    hass: HomeAssistant, mall: Mall, folder: Path, bank: BilledBank, **how: Any
) -> AsyncIterator[CompereSite]:
    """Run a site whose tenants pay there; `how` is as for `site_entry`."""
    with billed_accepted(bank):
        async with running_site(hass, mall, folder, **how) as site:
            hass.config_entries.async_add_subentry(site.entry, paper_subentry())
            await hass.async_block_till_done()
            yield site


def moved(mall: Mall, bank: BilledBank) -> datetime:
    """Let the bank live at the mall's time; return it."""
    bank.now = moment_of(mall.clock.now_us())
    return bank.now
