"""A payment provider on paper: all of the port, and a bank in memory that tests pay at.

It is a real provider, not a mock: what it tells of orders is what was paid at its bank, and its
notices are signed. What networks and gateways of vendors do is tested with their own adapters.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
import hashlib
import hmac
import json
from typing import override

from custom_components.compere_prepaid.core.ledger.payment_rows import (
    BillKind,
    Method,
    PayOrder,
    ProviderRefund,
)
from custom_components.compere_prepaid.core.money.amount import Amount
from custom_components.compere_prepaid.core.payment.provider import (
    BadNoticeError,
    BillEntry,
    Capability,
    Charged,
    Checkout,
    HttpReply,
    Notice,
    NoticeFault,
    Outcome,
    Paid,
    Payer,
    PaymentProvider,
    PaymentState,
    Redirect,
    RefundOutcome,
    RefundState,
    RejectedError,
    RetryableError,
    Unknown,
    Unpaid,
)

_REPLIES = {Outcome.ACCEPTED: 204, Outcome.REFUSED: 400, Outcome.FAILED: 500}
SIGNATURE = "Paper-Signature"


@dataclass(slots=True)
class PaperBank:
    """What was ordered and paid at a provider, and how it misbehaves."""

    now: datetime
    secret: bytes = b"paper"
    ordered: dict[str, Amount] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    payments: dict[str, Paid] = field(default_factory=dict)
    """By transaction."""
    asked: list[str] = field(default_factory=list)
    """The orders that were asked for."""
    is_down: bool = False
    refuses: bool = False
    wrong_key: str = ""
    """What is said of the keys when they are tried out."""
    fault: NoticeFault = NoticeFault.SIGNATURE
    """What notices whose signature does not fit are told to be."""
    refund_outcome: RefundOutcome = RefundOutcome.SUCCEEDED
    """What it says of refunds."""
    pays_at_once: bool = False
    """Whether an order is paid by the time its answer comes, as with a kept means of payment."""

    def pay(
        self,
        order: str,
        amount: Amount | None = None,
        *,
        txn: str = "",
        currency: str = "CNY",
        foreign: str = "",
    ) -> Paid:
        """Take money for an order; nobody is told yet."""
        txn = txn or f"T{len(self.payments) + 1:08}"
        taken = self.ordered.get(order) if amount is None else amount
        paid = Paid(
            txn=txn,
            order_id=order,
            amount=taken if currency == "CNY" else None,
            currency=currency,
            paid_at=self.now,
            day=self.now.date(),
            foreign=foreign,
        )
        self.payments[txn] = paid
        return paid

    def paid_for(self, order: str) -> Paid | None:
        """Return the first payment for an order."""
        return next((one for one in self.payments.values() if one.order_id == order), None)

    def notice(self, paid: Paid, *, secret: bytes | None = None) -> tuple[dict[str, str], bytes]:
        """Return headers and body of the notice about a payment."""
        body = json.dumps(
            {
                "txn": paid.txn,
                "order": paid.order_id,
                "amount": paid.amount,
                "currency": paid.currency,
                "at": paid.paid_at.isoformat(),
                "day": paid.day.isoformat(),
                "foreign": paid.foreign,
            }
        ).encode()
        return {SIGNATURE: self.signature(body, secret)}, body

    def signature(self, body: bytes, secret: bytes | None = None) -> str:
        """Return the signature of a body, with the bank's secret or somebody's guess."""
        return hmac.new(self.secret if secret is None else secret, body, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class PaperProvider(PaymentProvider):
    """Takes money at a bank on paper."""

    name: str
    bank: PaperBank
    for_trying: bool = False
    can: frozenset[Capability] = frozenset(
        {Capability.NOTIFY, Capability.QUERY, Capability.CLOSE, Capability.REFUND}
    )

    @property
    @override
    def key(self) -> str:
        return self.name

    @property
    @override
    def capabilities(self) -> frozenset[Capability]:
        return self.can

    @property
    @override
    def methods(self) -> frozenset[Method]:
        return frozenset({Method.REDIRECT, Method.AUTOMATIC})

    @property
    @override
    def is_sandbox(self) -> bool:
        return self.for_trying

    @override
    def today(self, now: datetime) -> date:
        return now.date()

    @override
    def parameters(self, order: PayOrder, payer: Payer) -> str:
        return json.dumps({"order": order.id, "to": payer.return_url}, sort_keys=True)

    @override
    async def create(self, order: PayOrder) -> Checkout:
        if self.bank.refuses:
            raise RejectedError("provider_refused", detail="paper")
        self.bank.ordered[order.id] = order.amount
        if self.bank.is_down:  # it has heard of it, and its answer is lost
            raise RetryableError("provider_unreachable", detail="paper")
        if self.bank.pays_at_once:
            return Charged(payment=self.bank.paid_for(order.id) or self.bank.pay(order.id))
        return Redirect(url=f"https://paper.example/{order.id}")

    @override
    async def query(self, order: PayOrder) -> PaymentState:
        self.bank.asked.append(order.id)
        if self.bank.is_down:
            return Unknown(order_id=order.id, reason="down")
        if (paid := self.bank.paid_for(order.id)) is not None:
            return paid
        return Unpaid(order_id=order.id, is_final=order.id in self.bank.closed)

    @override
    async def close(self, order: PayOrder) -> PaymentState:
        if self.bank.is_down:
            return Unknown(order_id=order.id, reason="down")
        if (paid := self.bank.paid_for(order.id)) is not None:
            return paid
        self.bank.closed.add(order.id)
        return Unpaid(order_id=order.id, is_final=True, reason="closed")

    @override
    def parse_notice(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        if not hmac.compare_digest(self.bank.signature(body), headers.get(SIGNATURE, "")):
            raise BadNoticeError("signature", self.bank.fault)
        said = json.loads(body)
        paid = Paid(
            txn=said["txn"],
            order_id=said["order"],
            amount=None if said["amount"] is None else Amount(said["amount"]),
            currency=said["currency"],
            paid_at=datetime.fromisoformat(said["at"]),
            day=date.fromisoformat(said["day"]),
            foreign=said["foreign"],
        )
        return Notice(id=said["txn"], news=paid)

    @override
    def ack(self, outcome: Outcome) -> HttpReply:
        return HttpReply(status=_REPLIES[outcome])

    @override
    async def refund(self, refund: ProviderRefund, paid: Amount) -> RefundState:
        return RefundState(refund_id=refund.id, outcome=self.bank.refund_outcome)

    @override
    async def query_refund(self, refund: ProviderRefund) -> RefundState:
        return RefundState(refund_id=refund.id, outcome=self.bank.refund_outcome)

    @override
    async def bill(self, day: date) -> AsyncIterator[BillEntry]:
        for paid in self.bank.payments.values():
            if paid.day == day and paid.amount is not None:
                yield BillEntry(
                    kind=BillKind.PAYMENT,
                    ref=paid.txn,
                    order_id=paid.order_id,
                    amount=paid.amount,
                    currency=paid.currency,
                    at=paid.paid_at,
                    payment=paid,
                )

    @override
    async def try_out(self) -> None:
        if self.bank.is_down:
            raise RetryableError("provider_unreachable", detail="paper")
        if self.bank.wrong_key:
            raise RejectedError(self.bank.wrong_key)


def altered(paid: Paid, amount: Amount) -> Paid:
    """Return a payment of which another amount is told."""
    return replace(paid, amount=amount)
