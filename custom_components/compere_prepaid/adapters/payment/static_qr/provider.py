"""A code to pay with by a bank's app, of which nobody is told: a cashier confirms what came.

The code carries the amount and a reference. The payer tells the reference, or the cashier finds it
on the bank's statement, and confirms the payment under the bank's own number for it. This provider
has nobody to ask: it says what it does not know.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime
import json

from ....core.errors import InvalidInputError
from ....core.ledger.payment_rows import Method, PayOrder, ProviderRefund
from ....core.money.amount import Amount, Currency
from ....core.payment.confirming import reference_of
from ....core.payment.provider import (
    AwaitCashier,
    BadNoticeError,
    BillEntry,
    Capability,
    Checkout,
    HttpReply,
    Notice,
    Outcome,
    Payer,
    PaymentState,
    RefundOutcome,
    RefundState,
    RejectedError,
    Unknown,
    Unpaid,
)
from .schemes import Scheme


class StaticQrProvider:
    """Codes of one payee."""

    capabilities: frozenset[Capability] = frozenset()
    methods = frozenset({Method.CASHIER})
    is_sandbox = False

    def __init__(self, key: str, settings: Scheme, *, currency: Currency) -> None:
        """Serve a site; raises `InvalidInputError` (`qr_other_currency`)."""
        if settings.currency != currency.code:
            raise InvalidInputError(
                "qr_other_currency", currency=currency.code, needed=settings.currency
            )
        self.key = key
        self._settings = settings
        self._currency = currency

    def today(self, now: datetime) -> date:
        """Return the day where the bank is."""
        return now.astimezone(self._settings.zone).date()

    def parameters(self, order: PayOrder, payer: Payer) -> str:
        """Return the code and its reference."""
        reference = reference_of(order.id)
        amount = self._currency.rounded(order.amount)
        text = self._settings.text(amount, reference, order.expires_at)
        return json.dumps({"reference": reference, "text": text}, sort_keys=True)

    async def create(self, order: PayOrder) -> Checkout:
        """Return the code."""
        said = json.loads(order.params)
        return AwaitCashier(text=said["text"], reference=said["reference"])

    async def query(self, order: PayOrder) -> PaymentState:
        """Tell that only the bank's statement knows."""
        return Unknown(order_id=order.id, reason="cashier")

    async def close(self, order: PayOrder) -> PaymentState:
        """Nobody waits for it any more; what comes after all, a cashier may still confirm."""
        return Unpaid(order_id=order.id, is_final=True, reason="expired")

    def parse_notice(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Refuse: there is nobody who could send one."""
        raise BadNoticeError("nobody sends notices about these codes")

    def ack(self, outcome: Outcome) -> HttpReply:
        """Answer who sends one all the same."""
        return HttpReply(status=404)

    async def refund(self, refund: ProviderRefund, paid: Amount) -> RefundState:
        """Refuse: money goes back by a transfer at the bank, or at the cash desk."""
        raise RejectedError("refund_by_hand")

    async def query_refund(self, refund: ProviderRefund) -> RefundState:
        """Tell that there is none: nobody could be asked for one."""
        return RefundState(refund_id=refund.id, outcome=RefundOutcome.MISSING)

    def bill(self, day: date) -> AsyncIterator[BillEntry]:
        """Refuse: there is no bill but the bank's statement."""
        raise RejectedError("no_bill")

    async def try_out(self) -> None:
        """Nothing to try: the settings were checked when they were read."""
