"""Payments that no gateway tells of: a cashier confirms what came to the bank.

The payer's code carries a short reference, made of the order's number. The cashier finds it on the
bank's statement and confirms it under the bank's own number for the payment, which can be used only
once: two people with the same line on their screens credit it once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
import re
from zoneinfo import ZoneInfo

from ..errors import InvalidInputError
from ..ledger.payment_rows import Method, PayOrder, ProviderTxn
from ..ledger.ports import Ledger, LedgerTransaction
from ..money.amount import Amount, Currency
from .provider import Paid

_REFERENCE_LENGTH = 10
_SEPARATORS = re.compile(r"[^0-9A-Z]+")
_BANK_REFERENCE = re.compile(r"[0-9A-Za-z][0-9A-Za-z ./_#+-]{2,63}")


def reference_of(order_id: str) -> str:
    """Return what a payer tells a cashier of an order: the random end of its ULID."""
    return order_id[-_REFERENCE_LENGTH:]


def bank_reference(text: str) -> str:
    """Return a bank's number for a payment, spelled in one way: capitals, without separators.

    Banks show the same number with blanks or hyphens and without. Raises `InvalidInputError`
    (`bank_reference_wrong`).
    """
    text = " ".join(text.split())
    if not _BANK_REFERENCE.fullmatch(text):
        raise InvalidInputError("bank_reference_wrong", reference=text[:40])
    return _SEPARATORS.sub("", text.upper())


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What a cashier saw on the bank's statement."""

    order: str
    """The order's number, or its reference."""
    bank_reference: str
    amount: Amount
    is_other_amount: bool = False
    """Whether the cashier said that it is another amount than was ordered, and meant it."""


@dataclass(slots=True)
class Confirming:
    """Finds the orders that cashiers confirm."""

    ledger: Ledger
    currency: Currency
    zone: ZoneInfo

    async def seen(self, seen: Confirmation, at: datetime) -> tuple[PayOrder, Paid]:
        """Return the order and the payment that a cashier confirms; record it with this.

        It stands on the day on which it was confirmed, for the bank is not asked. Raises
        `InvalidInputError`: `order_unknown`, `order_not_at_desk` (its provider tells by itself),
        `bank_reference_wrong`, `bank_reference_used` (for another payment), `order_paid_already`
        (with another reference), `amount_not_ordered`.
        """
        txn = bank_reference(seen.bank_reference)
        if seen.amount <= 0:
            raise InvalidInputError("amount_not_positive", amount=self.currency.exact(seen.amount))

        def look(tx: LedgerTransaction) -> PayOrder:
            order = _order_of(tx, seen.order.strip().upper())
            known = tx.find(ProviderTxn, provider=order.provider, txn=txn)
            if known is not None and (known.order_id, known.amount) != (order.id, seen.amount):
                raise InvalidInputError("bank_reference_used", reference=txn)
            if order.paid_txn not in {"", txn}:
                raise InvalidInputError("order_paid_already", reference=order.paid_txn)
            return order

        order = await self.ledger.read(look)
        if order.amount != seen.amount and not seen.is_other_amount:
            shown = self.currency.rounded
            raise InvalidInputError(
                "amount_not_ordered", ordered=shown(order.amount), amount=shown(seen.amount)
            )
        return order, Paid(
            txn=txn,
            order_id=order.id,
            amount=seen.amount,
            currency=self.currency.code,
            paid_at=at,
            day=at.astimezone(self.zone).date(),
        )


def _order_of(tx: LedgerTransaction, text: str) -> PayOrder:
    """Return the order that a cashier named."""
    order = tx.find(PayOrder, id=text)
    if order is None:
        found: Sequence[PayOrder] = [
            one for one in tx.rows(PayOrder, method=Method.CASHIER) if reference_of(one.id) == text
        ]
        if len(found) != 1:
            raise InvalidInputError("order_unknown")
        order = found[0]
    if order.method is not Method.CASHIER:
        raise InvalidInputError("order_not_at_desk")
    return order
