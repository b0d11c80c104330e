"""Stripe's objects, read into what the core understands.

A payment is named by its PaymentIntent, whatever speaks of it: a checkout session, the intent
itself, a charge. What was not asked for by this site (an account may serve a web shop, too, or
several sites) bears no name of ours in its metadata, and is nobody's business here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
import json
from typing import Any

from ....core.money.amount import Amount, Currency
from ....core.payment.provider import (
    Paid,
    PaymentState,
    RefundOutcome,
    RefundState,
    Unknown,
    Unpaid,
)
from .minor_units import from_minor

ORDER, SITE, REFUND = "compere_order", "compere_site", "compere_refund"
"""What our requests leave in an object's metadata."""

_LATEST = 1 << 33
_ENDED = frozenset(
    {"canceled", "requires_payment_method", "requires_action", "requires_confirmation"}
)
_REFUND_OUTCOMES = {
    "pending": RefundOutcome.PROCESSING,
    "succeeded": RefundOutcome.SUCCEEDED,
    "canceled": RefundOutcome.CLOSED,
    "failed": RefundOutcome.CLOSED,
    "requires_action": RefundOutcome.ABNORMAL,
}

type Json = Mapping[str, Any]


class UnreadableError(ValueError):
    """An object that is not as Stripe's objects are."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the objects of one account for one site, whose book has one currency."""

    site: str
    currency: Currency
    is_test: bool

    def is_ours(self, thing: Json) -> bool:
        """Tell whether an object came from an order of this site."""
        metadata = child(thing, "metadata")
        return bool(metadata.get(ORDER)) and metadata.get(SITE) == self.site

    def session(self, session: Json, at: datetime | None = None) -> PaymentState:
        """Return what a checkout session says; `at` is when that was so, where it is known."""
        order = text(child(session, "metadata"), ORDER)
        intent = session.get("payment_intent")
        if session.get("payment_status") == "paid":
            if isinstance(intent, dict):
                return self._paid(order, text(intent, "id"), intent, session, "amount_total", at)
            return self._paid(
                order, text(session, "payment_intent"), {}, session, "amount_total", at
            )
        status = session.get("status")
        if status == "expired":
            return Unpaid(order_id=order, is_final=True, reason="expired")
        if status == "complete" and isinstance(intent, dict):
            return self.intent(intent, order)
        if status in {"open", "complete"}:
            return Unpaid(order_id=order, is_final=False)
        return Unknown(order_id=order, reason=f"session {status}")

    def intent(self, intent: Json, order: str = "", at: datetime | None = None) -> PaymentState:
        """Return what a payment intent says."""
        order = order or text(child(intent, "metadata"), ORDER)
        status = intent.get("status")
        if status == "succeeded":
            return self._paid(order, text(intent, "id"), intent, intent, "amount_received", at)
        if status == "processing":
            return Unpaid(order_id=order, is_final=False, reason="processing")
        if status in _ENDED:
            failure = child(intent, "last_payment_error")
            reason = failure.get("decline_code") or failure.get("code") or status
            return Unpaid(order_id=order, is_final=True, reason=str(reason))
        return Unknown(order_id=order, reason=f"intent {status}")

    def _paid(
        self, order: str, txn: str, intent: Json, priced: Json, field: str, at: datetime | None
    ) -> Paid:
        currency = text(priced, "currency").upper()
        amount = whole(priced, field)
        paid_at = _booked_at(intent) or at or instant(priced, "created")
        return Paid(
            txn=txn,
            order_id=order,
            amount=self.amount(amount) if currency == self.currency.code else None,
            currency=currency,
            paid_at=paid_at,
            day=paid_at.date(),
            foreign=self.foreign(priced),
            means=_means(priced),
        )

    def foreign(self, thing: Json) -> str:
        """Return why an object cannot be ours although it says so; empty if it can."""
        if thing.get("livemode") is not (not self.is_test):
            return "test money" if not self.is_test else "real money"
        return ""

    def refund(self, refund: Json) -> RefundState:
        """Return what a refund of ours says."""
        return RefundState(
            refund_id=text(child(refund, "metadata"), REFUND),
            outcome=_REFUND_OUTCOMES.get(str(refund.get("status")), RefundOutcome.UNKNOWN),
            provider_ref=text(refund, "id"),
            reason=str(refund.get("failure_reason") or ""),
        )

    def amount(self, minor: int) -> Amount:
        """Return an amount in the book's currency."""
        try:
            return from_minor(self.currency, minor)
        except ValueError as error:
            raise UnreadableError(str(error)) from error


def child(thing: Json, name: str) -> Json:
    """Return an object within an object; an empty one if there is none."""
    value = thing.get(name)
    return value if isinstance(value, dict) else {}


def text(thing: Json, name: str) -> str:
    """Return a text that must be there; raises `UnreadableError`."""
    value = thing.get(name)
    if not isinstance(value, str) or not value or len(value) > 255 or not value.isprintable():
        raise UnreadableError(f"{name} is no text")
    return value


def whole(thing: Json, name: str) -> int:
    """Return a whole number that must be there; raises `UnreadableError`."""
    value = thing.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise UnreadableError(f"{name} is no whole number")
    return value


def instant(thing: Json, name: str) -> datetime:
    """Return an instant that must be there; raises `UnreadableError`."""
    seconds = whole(thing, name)
    if not 0 <= seconds < _LATEST:
        raise UnreadableError(f"{name} is no time")
    return datetime.fromtimestamp(seconds, UTC)


def _booked_at(intent: Json) -> datetime | None:
    """Return when a payment came onto Stripe's books: on that day's bill it stands."""
    charge = child(intent, "latest_charge")
    booked = child(charge, "balance_transaction")
    for thing in (booked, charge):
        if thing:
            return instant(thing, "created")
    return None


def _means(thing: Json) -> str:
    """Return whose means can be charged again, if the payer agreed to it; else nothing.

    Only then a customer is made for a payment, whose means Stripe keeps.
    """
    customer = thing.get("customer")
    return canonical({"customer": customer}) if isinstance(customer, str) and customer else ""


def canonical(thing: Mapping[str, Any]) -> str:
    """Return JSON that is the same for the same content."""
    return json.dumps(thing, sort_keys=True, separators=(",", ":"))
