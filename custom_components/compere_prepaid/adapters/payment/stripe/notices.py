"""Stripe's events: genuine ones, read. Pure, whatever bytes come."""

from collections.abc import Callable, Mapping
from datetime import datetime
import json
from typing import Any

from ....core.payment.provider import (
    BadNoticeError,
    Dispute,
    Notice,
    NoticeFault,
    PaymentState,
    RefundState,
    Unpaid,
)
from .objects import REFUND, SITE, Json, Reader, UnreadableError, child, instant, text, whole
from .settings import StripeSettings
from .signature import verify

LARGEST = 65_536
"""Bytes; Stripe's own events stay far below."""


def read_notice(
    settings: StripeSettings,
    reader: Reader,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> Notice:
    """Verify and read an event; raises `BadNoticeError` and nothing else."""
    if len(body) > LARGEST:
        raise BadNoticeError("its body is too long", NoticeFault.NOISE)
    named = {name.lower(): value for name, value in headers.items()}
    verify(named.get("stripe-signature", ""), body, settings.webhook_secrets, now)
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadNoticeError("its body is no JSON", NoticeFault.NOISE) from error
    if not isinstance(event, dict):
        raise BadNoticeError("its body is no event", NoticeFault.NOISE)
    try:
        return Notice(id=text(event, "id"), news=_news(reader, event))
    except UnreadableError as error:
        raise BadNoticeError(f"its event cannot be read: {error}", NoticeFault.NOISE) from error


def _news(reader: Reader, event: Json) -> PaymentState | RefundState | Dispute | None:
    kind, thing = str(event.get("type")), child(child(event, "data"), "object")
    if (about_money_back := _MONEY_BACK.get(kind)) is not None:
        return about_money_back(reader, thing)
    if reader.is_ours(thing) and (about_payment := _PAYMENTS.get(kind)) is not None:
        return about_payment(reader, thing, instant(event, "created"))
    return None


def _refund(reader: Reader, refund: Json) -> RefundState | None:
    metadata = child(refund, "metadata")
    ours = bool(metadata.get(REFUND)) and metadata.get(SITE) == reader.site
    return reader.refund(refund) if ours else None


def _latest_refund(reader: Reader, charge: Json) -> RefundState | None:
    """Read a charge's newest refund, where the event brings it: newest first."""
    refunds: Any = child(charge, "refunds").get("data")
    newest = refunds[0] if isinstance(refunds, list) and refunds else None
    return _refund(reader, newest) if isinstance(newest, dict) else None


def _dispute(reader: Reader, dispute: Json) -> Dispute | None:
    """Read a dispute; whose payment it is about, the core knows by the transaction.

    One without a payment intent is about a charge that another business made in an older way.
    """
    if reader.foreign(dispute) or not isinstance(dispute.get("payment_intent"), str):
        return None
    same = text(dispute, "currency").upper() == reader.currency.code
    return Dispute(
        txn=text(dispute, "payment_intent"),
        amount=reader.amount(whole(dispute, "amount")) if same else None,
        reason=str(dispute.get("reason") or "")[:100],
    )


def _failed(reader: Reader, session: Json, _at: datetime) -> PaymentState:
    order = reader.session(session).order_id
    return Unpaid(order_id=order, is_final=True, reason="payment failed")


_PAYMENTS: Mapping[str, Callable[[Reader, Json, datetime], PaymentState]] = {
    "checkout.session.completed": Reader.session,
    "checkout.session.async_payment_succeeded": Reader.session,
    "checkout.session.async_payment_failed": _failed,
    "checkout.session.expired": Reader.session,
    "payment_intent.succeeded": lambda reader, intent, at: reader.intent(intent, at=at),
}
_MONEY_BACK: Mapping[str, Callable[[Reader, Json], RefundState | Dispute | None]] = {
    "refund.updated": _refund,
    "refund.failed": _refund,
    "charge.refunded": _latest_refund,
    "charge.dispute.created": _dispute,
}
EVENTS = (*_PAYMENTS, *_MONEY_BACK)
"""The types of events that an endpoint is to be sent; all others concern nobody."""
