"""Payments in any order against a model of plain numbers.

People order and pay; notices come late, twice, mixed up or never; providers go down; orders expire;
the program restarts; a tenant moves out. After every step the book says what the model says, and
the independent checker finds nothing. In the end the bank's bill is read, and nothing that it took
is missing.
"""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
import tempfile
from typing import Any

from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
)
import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ledger.accounts import SUSPENSE, clearing, tenant
from custom_components.compere_prepaid.core.ledger.payment_rows import (
    OrderState,
    PaymentSource,
    PayOrder,
    ProviderTxn,
    TxnVerdict,
)
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.payment.provider import Paid
from custom_components.compere_prepaid.payments.watcher import Watcher
from tests.core.prepayment.desk import SHOP, Desk, money
from tests.payment.paper import PaperBank, altered
from tests.payment.till import Till

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

OPENING = 20
KNOWN_MINUTES = 120
"""So long after the last order everything about it is over, if the provider answers."""


class PaymentMachine(RuleBasedStateMachine):
    """A shop, a bank, and what the book must say."""

    orders: Bundle[str] = Bundle("orders")
    payments: Bundle[str] = Bundle("payments")

    def __init__(self) -> None:
        """Open the shop."""
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.desk = self.do(Desk(Path(self.folder.name) / "ledger.db").open())
        self.do(self.desk.shop(str(OPENING)))
        self.till = Till(self.desk, PaperBank(self.desk.clock.now()))
        self.is_closed = False
        self.ordered: dict[str, int] = {}
        self.told: dict[str, tuple[TxnVerdict, int]] = {}
        """By transaction: what must have become of it, and how much it is."""
        self._watch()

    def do[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Let something be done to its end."""
        return self.runner.run(work)

    def _watch(self) -> None:
        self.watcher = Watcher(
            self.till.orders,
            self.desk.clock,
            {"paper": self.till.provider},
            self._take,
            lambda work, name: asyncio.get_running_loop().create_task(work, name=name),
        )

    async def _take(self, _: str, paid: Paid) -> PayOrder | None:
        return await self._record(paid, PaymentSource.QUERY)

    async def _record(self, paid: Paid, source: PaymentSource) -> PayOrder | None:
        """Tell of a payment, and note what must become of it if it is news."""
        assert paid.amount is not None
        if paid.txn not in self.told:
            fits = self.ordered.get(paid.order_id) == paid.amount and not self.is_closed
            verdict = TxnVerdict.CREDITED if fits else TxnVerdict.SUSPENSE
            self.told[paid.txn] = verdict, paid.amount
        notice = self.till.notice_of(paid) if source is PaymentSource.NOTICE else None
        done = await self.till.crediting.record("paper", paid, source, notice)
        if done.order is not None:
            self.watcher.follow(done.order)
        return done.order

    @precondition(lambda self: not self.is_closed)
    @rule(target=orders, yuan=st.integers(1, 3))
    def order(self, yuan: int) -> Any:
        """Order, unless too many are waiting."""
        try:
            order = self.do(self.till.order(yuan))
        except InvalidInputError as error:
            if error.key != "too_many_orders":
                raise
            return multiple()
        self.watcher.follow(order)
        self.ordered[order.id] = order.amount
        return order.id

    @rule(target=payments, order=orders)
    def pay(self, order: str) -> str:
        """Pay an order, perhaps once more; nobody is told yet."""
        return self.till.bank.pay(order).txn

    @rule(target=payments, order=st.one_of(orders, st.just("never")), yuan=st.integers(1, 4))
    def pay_anything(self, order: str, yuan: int) -> str:
        """Pay what nobody ordered."""
        return self.till.bank.pay(order, money(yuan)).txn

    @rule(txn=payments, times=st.integers(1, 3))
    def notice(self, txn: str, times: int) -> None:
        """Send a notice, late or early, once or in copies at the same time."""
        paid = self.till.bank.payments[txn]

        async def all_at_once() -> None:
            telling = (self._record(paid, PaymentSource.NOTICE) for _ in range(times))
            await asyncio.gather(*telling)

        self.do(all_at_once())

    @rule(txn=payments, yuan=st.integers(1, 4))
    def other_story(self, txn: str, yuan: int) -> None:
        """Have a genuine notice say something else of what is known: nothing changes."""
        paid = altered(self.till.bank.payments[txn], money(yuan))
        if txn in self.told and self.told[txn][1] != paid.amount:
            done = self.do(self.till.crediting.record("paper", paid, PaymentSource.NOTICE))
            assert done.altered

    @rule(order=orders)
    def close(self, order: str) -> None:
        """Give an order up."""
        self.do(self.watcher.close(order))

    @rule(minutes=st.sampled_from([0, 1, 3, 16, 40]))
    def tick(self, minutes: int) -> None:
        """Let time pass, and ask the provider for what is due."""
        self.till.bank.now = self.desk.clock.forward(minutes=minutes)
        self.do(self.watcher.work_off())

    @rule()
    def outage(self) -> None:
        """Let the provider go down, or come back."""
        self.till.bank.is_down = not self.till.bank.is_down

    @rule()
    def restart(self) -> None:
        """Let the program die and start again."""
        self.do(self.desk.restart())
        if not self.is_closed:
            self.do(self.desk.shop(str(OPENING)))
        self.till.serve()
        self._watch()

    @precondition(lambda self: not self.is_closed and len(self.ordered) > 2)
    @rule()
    def move_out(self) -> None:
        """Let the tenant leave."""
        self.do(self.desk.supplies.close_account(SHOP))
        self.is_closed = True

    @invariant()
    def the_book_says_so(self) -> None:
        """Compare every amount and every order."""

        def look(tx: LedgerTransaction) -> tuple[Any, ...]:
            names = (tenant(SHOP), SUSPENSE, clearing("paper"))
            return (
                [tx.balance(name) for name in names],
                {row.txn: (row.verdict, int(row.amount)) for row in tx.rows(ProviderTxn)},
                {row.id: (row.state, row.paid_txn) for row in tx.rows(PayOrder)},
            )

        balances, payments, orders = self.do(self.desk.ledger.read(look))
        assert payments == self.told
        sums = {
            verdict: sum(amount for each, amount in self.told.values() if each is verdict)
            for verdict in TxnVerdict
        }
        credited, suspense = sums[TxnVerdict.CREDITED], sums[TxnVerdict.SUSPENSE]
        assert balances == [money(OPENING) + credited, suspense, -credited - suspense]
        paid = {
            self.till.bank.payments[txn].order_id
            for txn, (verdict, _) in self.told.items()
            if verdict is TxnVerdict.CREDITED
        }
        assert {name for name, (state, _) in orders.items() if state is OrderState.PAID} == paid
        found = self.do(self.desk.ledger.verify())
        assert found.ok, found.faults

    def teardown(self) -> None:
        """Come to the end: no order stays open, and nothing that was paid is lost."""
        try:
            self._conclude()
        finally:
            self.do(self.desk.ledger.close())
            self.runner.close()
            self.folder.cleanup()

    def _conclude(self) -> None:
        self.till.bank.is_down = False
        for _ in range(3):
            self.tick(KNOWN_MINUTES)
        assert self.do(self.till.orders.unfinished()) == ()

        async def read_bill() -> None:
            for paid in list(self.till.bank.payments.values()):
                await self._record(paid, PaymentSource.BILL)

        self.do(read_bill())
        self.the_book_says_so()
        assert self.told.keys() == self.till.bank.payments.keys()


TestPayments = PaymentMachine.TestCase
TestPayments.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
