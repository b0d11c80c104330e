"""What WeChat's objects say, in the core's words.

All functions raise `NotGenuineError` (`CONTENT`) for what is not as it should be.
"""

from datetime import UTC, datetime, timedelta, timezone
import json
from typing import Any

from ....core.money.amount import MAX_AMOUNT, Amount, Currency
from ....core.payment.provider import (
    Paid,
    PaymentState,
    RefundOutcome,
    RefundState,
    Unpaid,
)
from .verifying import Doubt, NotGenuineError

CHINA = timezone(timedelta(hours=8))
"""WeChat's days and bills; there is no summer time."""

_ENDED = frozenset({"CLOSED", "REVOKED", "PAYERROR"})
_PAID = frozenset({"SUCCESS", "REFUND"})
"""`REFUND` was paid once, and some of it went back."""

_OUTCOMES = {
    "SUCCESS": RefundOutcome.SUCCEEDED,
    "PROCESSING": RefundOutcome.PROCESSING,
    "CLOSED": RefundOutcome.CLOSED,
    "ABNORMAL": RefundOutcome.ABNORMAL,
}
_LONGEST = 64


def read_json(body: bytes) -> dict[str, Any]:
    """Return an object of JSON; raises `NotGenuineError`, whatever the bytes are."""
    try:
        data = json.loads(body)
    except ValueError, RecursionError:
        raise NotGenuineError(Doubt.CONTENT) from None
    if not isinstance(data, dict):
        raise NotGenuineError(Doubt.CONTENT)
    return data


def text_of(data: Any, name: str) -> str:
    """Return a field that is text of a sensible length."""
    value = data.get(name) if isinstance(data, dict) else None
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        raise NotGenuineError(Doubt.CONTENT)
    return value


def payment_state(
    data: dict[str, Any], *, mchid: str, appid: str, currency: Currency
) -> PaymentState:
    """Read a transaction, as queries answer and notices tell it."""
    order_id = text_of(data, "out_trade_no")
    state = text_of(data, "trade_state")
    if state not in _PAID:
        return Unpaid(order_id=order_id, is_final=state in _ENDED, reason=state)
    total = data.get("amount")
    named = text_of(total, "currency")
    paid_at = _instant(text_of(data, "success_time"))
    return Paid(
        txn=text_of(data, "transaction_id"),
        order_id=order_id,
        amount=_amount(total, currency) if named == currency.code else None,
        currency=named,
        paid_at=paid_at,
        day=paid_at.astimezone(CHINA).date(),
        foreign=foreign(text_of(data, "mchid"), text_of(data, "appid"), mchid=mchid, appid=appid),
    )


def foreign(their_mchid: str, their_appid: str, *, mchid: str, appid: str) -> str:
    """Say why a payment is not ours; empty if it is."""
    if their_mchid != mchid:
        return f"mchid {their_mchid}"
    return "" if their_appid == appid else f"appid {their_appid}"


def refund_state(data: dict[str, Any], status: str) -> RefundState:
    """Read a refund; `status` is the field's name (queries and notices spell it differently)."""
    word = text_of(data, status)
    return RefundState(
        refund_id=text_of(data, "out_refund_no"),
        outcome=_OUTCOMES.get(word, RefundOutcome.UNKNOWN),
        provider_ref=text_of(data, "refund_id"),
        reason=word,
    )


def _amount(data: Any, currency: Currency) -> Amount:
    """Return the ordered total; what the payer really gave may be less, by a coupon."""
    total = data.get("total")
    if not isinstance(total, int) or isinstance(total, bool) or total < 1:
        raise NotGenuineError(Doubt.CONTENT)
    amount = total * currency.minor
    if amount >= MAX_AMOUNT:
        raise NotGenuineError(Doubt.CONTENT)
    return Amount(amount)


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise NotGenuineError(Doubt.CONTENT)
        return at.astimezone(UTC)
    except ValueError, OverflowError:
        raise NotGenuineError(Doubt.CONTENT) from None
