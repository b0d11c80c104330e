"""A shop, a bank that writes bills and gives money back, and what is done between them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from custom_components.compere_prepaid.core.ledger.accounts import clearing, gateway_fee
from custom_components.compere_prepaid.core.ledger.payment_rows import (
    OrderState,
    PaymentSource,
    ProviderRefund,
    Reconciliation,
)
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.money.amount import Amount
from custom_components.compere_prepaid.core.payment.provider import BillEntry, Paid
from custom_components.compere_prepaid.core.payment.reconciling import DayBook, Laid
from custom_components.compere_prepaid.core.payment.refunding import PayerRefunds, RefundRequest
from tests.core.prepayment.desk import SHOP, START, Desk, money
from tests.payment.billing import CAN, BilledBank, BilledProvider
from tests.payment.till import Till

DAY = START.date()


@dataclass(slots=True)
class Bench:
    """Use `open` to make one."""

    till: Till
    bank: BilledBank
    refunds: PayerRefunds

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open a shop that has 20 yuan."""
        desk = await Desk(path).open()
        await desk.shop("20")
        bank = BilledBank(desk.clock.now())
        bench = cls(Till(desk, bank), bank, PayerRefunds(desk.book, {}))
        bench.serve()
        return bench

    def serve(self) -> None:
        """Serve the desk's book, as it is now."""
        self.till.serve()
        provider = BilledProvider("paper", self.bank, can=CAN)
        self.refunds = PayerRefunds(self.till.desk.book, {"paper": provider})

    async def restart(self) -> None:
        """Lose all memory; the bank remembers."""
        await self.till.desk.restart()
        await self.till.desk.shop("20")
        self.serve()

    async def paid(self, yuan: int, *, told: bool = True) -> Paid:
        """Have something ordered and paid, and told to the book or not."""
        order = await self.till.order(yuan)
        paid = self.bank.pay(order.id)
        if told:
            await self.till.crediting.record("paper", paid, PaymentSource.NOTICE)
        else:  # nothing more is expected, and late money comes after all
            await self.till.orders.move(order.id, OrderState.CLOSED)
        return paid

    async def refund(self, paid: Paid, yuan: str | int, **more: Any) -> ProviderRefund:
        """Ask for some of a payment to go back."""
        request: dict[str, Any] = {
            "account": SHOP,
            "amount": money(yuan),
            "provider": "paper",
            "txn": paid.txn,
            "reference": f"back of {paid.txn}",
            "reason": "asked",
        }
        return await self.refunds.refund(RefundRequest(**(request | more)))

    def line(self, ref: str) -> BillEntry:
        """Return the bank's line of a payment or refund."""
        return next(one for one in self.bank.entries(DAY) if one.ref == ref)

    async def lay(self, entries: list[BillEntry] | None, *, credit: bool = True) -> Laid:
        """Lay a bill beside the book, as is done every day."""
        desk = self.till.desk
        for entry in entries or ():
            if credit and entry.payment is not None:
                await self.till.crediting.record("paper", entry.payment, PaymentSource.BILL)

        def work(tx: LedgerTransaction) -> Laid:
            book = DayBook(tx, "paper", DAY, "CNY", desk.clock.now(), lambda at: at.date())
            if entries is None:
                book.remember(tx.last(Reconciliation, provider="paper", day=DAY))
            else:
                book.take(entries)
            return book.lay("")

        return await desk.ledger.run(work)

    @property
    def balance(self) -> Amount:
        """What the shop has."""
        return self.till.desk.book.account(SHOP).balance

    async def clearing(self) -> Amount:
        """Return what the provider owes."""
        return await self._held(clearing("paper"))

    async def fees(self) -> Amount:
        """Return what the provider kept, by the book."""
        return await self._held(gateway_fee("paper"))

    async def _held(self, account: str) -> Amount:
        return await self.till.desk.ledger.read(lambda tx: Amount(-tx.balance(account)))
