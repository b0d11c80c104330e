"""Payments as staff sees them: what came to the bank is confirmed, what happened is listed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..account_view import local_iso
from ..authority import Duty, async_require_manager
from ..core.errors import InvalidInputError
from ..core.ledger.payment_rows import (
    Method,
    OrderState,
    PaymentSource,
    PayOrder,
    ProviderTxn,
)
from ..core.ledger.ports import LedgerTransaction
from ..core.money.amount import Amount
from ..core.payment.confirming import Confirmation, Confirming, reference_of
from ..core.payment.orders import UNFINISHED
from ..core.payment.suspense import waiting
from ..site import CompereSite
from .fields import WRITTEN, Action, written

_DAYS = 7


async def _confirm_payment(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    """Credit what a cashier saw on the bank's statement, once for the bank's own number."""
    user = await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    seen = Confirmation(
        order=call.data["order"],
        bank_reference=call.data["bank_reference"],
        amount=site.currency.parse_positive(written(call.data["amount"])),
        is_other_amount=call.data["other_amount"],
    )
    confirming = Confirming(site.ledger, site.currency, site.zone)
    order, paid = await confirming.seen(seen, site.clock.now())
    done = await site.payments.async_record(order.provider, paid, PaymentSource.CASHIER, user=user)
    if done.altered:  # somebody confirmed something else with it in the same moment
        raise InvalidInputError("bank_reference_used", reference=paid.txn)
    account = site.book.accounts.get(order.account)
    balance = None if account is None else site.currency.rounded_down(account.fund)
    return _payment(site, done.txn) | {
        "balance": None if balance is None else f"{balance:f}",
        "replayed": done.replayed,
    }


async def _list_payments(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    await async_require_manager(hass, site.entry, call.context, Duty.MONEY)
    chosen = {}
    if "account" in call.data:
        chosen = {"account": site.book.account(call.data["account"]).number}
    since = site.clock.now() - timedelta(days=call.data["days"])

    def look(tx: LedgerTransaction) -> dict[str, Any]:
        pending = [one for state in UNFINISHED for one in tx.rows(PayOrder, state=state, **chosen)]
        at_desk = {"state": OrderState.CLOSED, "method": Method.CASHIER}
        closed = tx.rows(PayOrder, **at_desk, **chosen)
        txns = tx.rows(ProviderTxn, **chosen)
        return {
            "open_orders": _newest(pending, lambda _: True, _order, site),
            "lapsed_orders": _newest(closed, lambda one: _may_still_come(one, since), _order, site),
            "payments": _newest(txns, lambda one: one.recorded_at >= since, _payment, site),
            "suspense": _newest(waiting(tx), lambda _: True, _payment, site),
        }

    return await site.ledger.read(look)


def _may_still_come(order: PayOrder, since: datetime) -> bool:
    """Tell whether a closed order ended unpaid lately: a cashier may have to confirm it still."""
    return not order.paid_txn and order.changed_at >= since


def _newest[R: (PayOrder, ProviderTxn)](
    rows: tuple[R, ...] | list[R],
    chosen: Callable[[R], bool],
    shown: Callable[[CompereSite, R], dict[str, Any]],
    site: CompereSite,
) -> list[dict[str, Any]]:
    """Return the rows that were chosen, the newest first."""
    when = attrgetter("created_at" if shown is _order else "recorded_at")
    found = sorted(filter(chosen, rows), key=when, reverse=True)
    return [shown(site, row) for row in found]


def _order(site: CompereSite, order: PayOrder) -> dict[str, Any]:
    at_desk = order.method is Method.CASHIER
    return {
        "order": order.id,
        "reference": reference_of(order.id) if at_desk else None,
        "account": order.account,
        "provider": order.provider,
        "method": order.method.value,
        "amount": _money(site, order.amount),
        "fund": order.fund,
        "state": order.state.value,
        "created_at": local_iso(site, order.created_at),
        "expires_at": local_iso(site, order.expires_at),
        "note": order.note,
    }


def _payment(site: CompereSite, txn: ProviderTxn) -> dict[str, Any]:
    return {
        "provider": txn.provider,
        "txn": txn.txn,
        "order": txn.order_id,
        "account": txn.account,
        "amount": _money(site, txn.amount),
        "verdict": txn.verdict.value,
        "reason": txn.reason,
        "source": txn.source.value,
        "paid_at": local_iso(site, txn.paid_at),
        "transfer": txn.transfer_id,
    }


def _money(site: CompereSite, amount: Amount) -> str:
    return f"{site.currency.rounded(amount):f}"


_TEXT = vol.All(cv.string, vol.Strip, vol.Length(min=1, max=64))

ACTIONS = {
    "confirm_payment": Action(
        _confirm_payment,
        {
            vol.Required("order"): _TEXT,
            vol.Required("bank_reference"): _TEXT,
            vol.Required("amount"): WRITTEN,
            vol.Optional("other_amount", default=False): cv.boolean,
        },
    ),
    "list_payments": Action(
        _list_payments,
        {
            vol.Optional("account"): cv.string,
            vol.Optional("days", default=_DAYS): vol.All(vol.Coerce(int), vol.Range(0, 366)),
        },
        SupportsResponse.ONLY,
    ),
}
