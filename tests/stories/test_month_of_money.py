"""A month of money: tenants pay by phone and in cash, and in the end every fen is explained.

Notices are lost, come late or twice, refunds take days or fail, bills come late; two cashiers take
turns at a desk that is counted every evening. What the bank keeps and pays out is in the book.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
import random
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.core.ledger.accounts import (
    BANK,
    CASH,
    CASH_DIFFERENCE,
    gateway_fee,
)
from custom_components.compere_prepaid.core.payment.provider import Paid, RefundOutcome
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.mall import Mall
from tests.payment.billing import BilledBank, billed_site, moved
from tests.payment.paying import notify, order
from tests.people import anna, bob
from tests.site_fixtures import MONDAY_NOON, all_begun
from tests.stories.telling import ask

__all__ = ["anna", "bob"]

DAYS = 30
SHOPS = ("A-101", "A-102")


@dataclass(slots=True)
class Month:
    """What happens, and what it must come to."""

    hass: HomeAssistant
    site: CompereSite
    mall: Mall
    bank: BilledBank
    cashiers: tuple[str, str]
    chance: random.Random = field(default_factory=lambda: random.Random(20260302))
    number: int = 0
    late: list[Paid] = field(default_factory=list)
    refundable: list[tuple[str, Paid]] = field(default_factory=list)
    online: Decimal = Decimal()
    given_back: Decimal = Decimal()
    cash: Decimal = Decimal()
    short: Decimal = Decimal()
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("payments", "lost", "refunds", "failed", "cash"), 0)
    )

    def next(self, what: str) -> str:
        """Return a new reference."""
        self.number += 1
        return f"{what}-{self.number}"

    async def day(self, number: int) -> None:
        """Live through a day."""
        for _ in range(self.chance.randrange(2, 5)):
            await self.pay()
        await self.deliver_late()
        if self.refundable and self.chance.random() < 0.4:
            await self.give_back()
        for _ in range(self.chance.randrange(1, 4)):
            await self.take_cash(self.cashiers[number % 2])
        await self.count_cash(self.cashiers[number % 2])
        self.bank.bill_is_there = self.chance.random() < 0.8
        assert isinstance(self.mall.clock, ManualClock)
        self.mall.clock.advance(seconds=int(timedelta(days=1) / timedelta(seconds=1)))
        moved(self.mall, self.bank)
        await self.site.async_tick()
        assert self.site.daily._round is not None
        await self.site.daily._round

    async def pay(self) -> None:
        """Pay by phone; the notice arrives once, twice, later or never."""
        shop, yuan = self.chance.choice(SHOPS), self.chance.randrange(10, 300)
        ordered = await order(self.site, shop, str(yuan), self.next("page"))
        payment = self.bank.pay(ordered.order.id)
        self.online += yuan
        self.counts["payments"] += 1
        how = self.chance.random()
        if how < 0.7:
            for _ in range(self.chance.randrange(1, 4)):
                assert (await notify(self.site, self.bank, payment)).status == 204
            self.refundable.append((shop, payment))
        elif how < 0.85:
            self.late.append(payment)
        else:
            self.counts["lost"] += 1
            self.site.payments.watcher._watches.pop(ordered.order.id)  # nobody asks, either

    async def deliver_late(self) -> None:
        """Let the notices of before arrive at last, whoever told of it meanwhile."""
        for payment in self.late:
            assert (await notify(self.site, self.bank, payment)).status == 204
        self.late.clear()

    async def give_back(self) -> None:
        """Give some of a payment back; the bank does it at once, later, or not at all."""
        shop, payment = self.refundable.pop(self.chance.randrange(len(self.refundable)))
        amount = self.site.currency.exact(payment.amount or self.site.currency.parse(0)) // 2
        self.bank.outcome = self.chance.choice(
            (RefundOutcome.SUCCEEDED, RefundOutcome.PROCESSING, RefundOutcome.CLOSED)
        )
        refund = {"account": shop, "amount": str(amount), "reason": "asked"}
        reference = self.next("RF")
        done = await ask(
            self.hass, "refund", **refund, reference=reference, payment=payment.order_id
        )
        self.counts["refunds"] += 1
        if done["state"] == "closed":
            self.counts["failed"] += 1
        else:
            self.given_back += amount
        self.bank.outcome = RefundOutcome.SUCCEEDED

    async def take_cash(self, cashier: str) -> None:
        """Take cash, sometimes wrongly, and take that back."""
        yuan = self.chance.randrange(5, 200)
        top_up: dict[str, Any] = {
            "account": self.chance.choice(SHOPS),
            "amount": yuan,
            "reference": self.next("R"),
        }
        await ask(self.hass, "top_up", cashier, **top_up)
        self.cash += yuan
        self.counts["cash"] += 1
        if self.chance.random() < 0.1:
            del top_up["amount"]
            await ask(self.hass, "reverse_top_up", cashier, **top_up, reason="typo")
            self.cash -= yuan

    async def count_cash(self, cashier: str) -> None:
        """Count the drawer, where a coin is missing now and then."""
        drawer = (await ask(self.hass, "get_cash_desk"))["drawer"]
        missing = Decimal("0.50") if self.chance.random() < 0.1 else Decimal()
        counted = max(Decimal(), Decimal(drawer["expected"]) - missing)
        self.short += Decimal(drawer["expected"]) - counted
        count = await ask(self.hass, "close_cash_desk", cashier, counted=str(counted))
        assert count["receipts"] == drawer["receipts"]

    async def held(self, account: str) -> Decimal:
        """Return what a debit-normal ledger account holds."""
        found = await self.site.ledger.read(lambda tx: tx.balance(account))
        return -self.site.currency.exact(found)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_month_of_money(
    hass: HomeAssistant,
    mall: Mall,
    tmp_path: Path,
    anna: str,
    bob: str,
    figure: Callable[[str], None],
) -> None:
    """Nothing is lost, nothing is there twice, and what the bank owes is what it pays out."""
    bank = BilledBank(MONDAY_NOON)
    for meter in mall.meters:
        meter.set_load(0)
    async with billed_site(hass, mall, tmp_path, bank) as site:
        hass.config_entries.async_update_entry(site.entry, options={"cashiers": [anna, bob]})
        await all_begun(site)
        month = Month(hass, site, mall, bank, (anna, bob))
        for number in range(DAYS):
            await month.day(number)
        bank.bill_is_there = True
        await ask(hass, "reconcile")
        found = await ask(hass, "get_reconciliation")
        paper = found["providers"]["paper"]
        assert (found["unexplained"], found["in_suspense"]) == ("0.00", "0.00")
        assert (paper["missing"], len(paper["days"])) == ([], DAYS)
        paid = sum(Decimal(day["payment"]["amount"]) for day in paper["days"])
        back = sum(Decimal(day["refund"]["amount"]) for day in paper["days"])
        assert (paid, back) == (month.online, month.given_back)
        fees = await month.held(gateway_fee("paper"))
        owed = Decimal(paper["clearing"])
        assert owed == month.online - month.given_back - fees
        payout = {"provider": "paper", "amount": str(owed), "reference": "B-1"}
        assert (await ask(hass, "record_payout", **payout))["left"] == "0.00"
        sides = [await month.held(name) for name in (CASH, CASH_DIFFERENCE, BANK)]
        assert sides == [0, month.short, owed + month.cash - month.short]
        balances = [(await ask(hass, "get_account", account=one))["balance"] for one in SHOPS]
        assert sum(map(Decimal, balances)) == 400 + month.online - month.given_back + month.cash
        assert (await ask(hass, "verify_ledger"))["ok"]
        counts = month.counts
        figure(
            f"a month: {counts['payments']} payments by phone ({counts['lost']} told by the bill "
            f"alone), {counts['refunds']} refunds ({counts['failed']} given up), {counts['cash']} "
            f"cash top-ups, {DAYS} counts, fees {fees:.2f}: unexplained {found['unexplained']}"
        )
