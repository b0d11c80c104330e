"""Refunds of payments, which go back through the provider that took them."""

from collections.abc import Mapping
from typing import Any

from homeassistant.core import ServiceCall

from ..core.errors import InvalidInputError
from ..core.ledger.accounts import Fund
from ..core.ledger.payment_rows import ProviderRefund
from ..core.payment.refunding import RefundRequest
from ..site import CompereSite
from .fields import written


def refuse_clash(data: Mapping[str, Any]) -> None:
    """Refuse fields of the other way of giving back; raises `refund_fields_clash`.

    Passed over, they would pay out what was to wait, or book cash that never moved.
    """
    to_payer = "payment" in data
    others = ("reserve_only",) if to_payer else ("provider", "already_paid")
    if any(data.get(name) for name in others):
        raise InvalidInputError("refund_fields_clash")


async def refund_to_payer(site: CompereSite, call: ServiceCall, user: str) -> dict[str, Any]:
    """Ask the provider of a payment to give back some of it, or note that it did."""
    refunds = site.daily.refunds
    payment = await refunds.payment(call.data["payment"], call.data.get("provider", ""))
    row = await refunds.refund(
        RefundRequest(
            account=call.data["account"],
            amount=site.currency.parse_positive(written(call.data["amount"])),
            provider=payment.provider,
            txn=payment.txn,
            reference=call.data["reference"],
            reason=call.data["reason"],
            user=user,
            outside=call.data["already_paid"],
        )
    )
    await site.standing.async_look()
    return _answer(site, row)


async def resolve_to_payer(
    site: CompereSite, row: ProviderRefund, user: str, *, paid: bool
) -> dict[str, Any]:
    """Say what became of a refund that a provider could not finish."""
    row = await site.daily.refunds.resolve(row, paid=paid, note=f"said by {user}")
    await site.standing.async_look()
    return _answer(site, row)


def _answer(site: CompereSite, row: ProviderRefund) -> dict[str, Any]:
    account = site.book.account(row.account)
    held = account.service_fund if row.fund == Fund.SERVICE else account.fund
    return {
        "state": row.state.value,
        "refund": row.id,
        "provider": row.provider,
        "payment": row.txn,
        "amount": f"{site.currency.rounded(row.amount):f}",
        "balance": f"{site.currency.rounded_down(held):f}",
        "note": row.note,
    }
