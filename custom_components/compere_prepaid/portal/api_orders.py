"""Paying: what can be paid how, and what becomes of it.

Whoever knows a meter's number may pay for it; an order is seen by the session that made it, and by
who proved more of its account.
"""

import re
from typing import Any
from urllib.parse import quote

from ..account_view import local_iso
from ..core.errors import InvalidInputError
from ..core.ids import AccountNumber
from ..core.ledger.payment_rows import Method, OrderState, PayOrder, ProviderTxn
from ..core.money.amount import Amount
from ..core.payment.crediting import Unmatched
from ..core.payment.orders import OrderRequest
from ..core.payment.provider import AwaitCashier, Charged, Checkout, Jsapi, Payer, Qr, Redirect
from ..core.policy.credit import Reconnect
from ..core.prepayment.state import AccountState
from ..core.prepayment.top_up_preview import preview_top_up
from .call import Call, Json
from .errors import PortalError, not_found
from .gate import Route
from .limits import Limit
from .qr_code import svg_of
from .sessions import Level
from .supply_view import power_of, supply
from .waterfall_view import steps_of
from .wording import text

_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")

NOT_OFFERED = frozenset({Method.AUTOMATIC})
"""Nobody is there when these are used."""


async def terms(call: Call) -> Json:
    """Tell how much can be paid, and how."""
    currency, policy = call.site.currency, call.account.policy
    least = max(policy.minimum_top_up, currency.minor)
    highest = policy.maximum_top_up
    known = [_parsed(call, each) for each in call.portal.settings.amounts]
    fits = [
        amount
        for amount in known
        if amount is not None and least <= amount and (highest is None or amount <= highest)
    ]
    return {
        "amounts": [f"{currency.rounded(amount):f}" for amount in fits],
        "minimum": f"{currency.rounded(Amount(least)):f}",
        "maximum": None if highest is None else f"{currency.rounded(highest):f}",
        "currency": currency.code,
        "providers": [
            {
                "key": offer.key,
                "title": offer.title,
                "kind": offer.kind,
                "methods": sorted(offer.methods - NOT_OFFERED),
                "sandbox": offer.is_sandbox,
                "automatic": offer.automatic,
            }
            for offer in call.site.payments.offers()
            if offer.methods - NOT_OFFERED
        ],
    }


async def preview(call: Call) -> Json:
    """Tell where an amount would go, before anything is paid."""
    fields = await call.text_fields("amount")
    amount, account = call.site.currency.parse_positive(fields["amount"]), call.account
    steps = await preview_top_up(call.site.book, account.number, amount)
    after = steps.after + account.credit_limit
    returns = (
        account.off
        and after > account.policy.cut_off
        and account.policy.reconnect is Reconnect.AUTO
        and all(len(meter.holds) <= 1 for meter in account.meters.values())
    )
    currency = call.site.currency
    return {
        "amount": f"{currency.rounded(amount):f}",
        "steps": steps_of(currency, steps),
        "before": f"{currency.rounded_down(steps.before):f}",
        "after": f"{currency.rounded_down(steps.after):f}",
        "reconnects": returns,
    }


async def order(call: Call) -> Json:
    """Order a payment; the same key orders once."""
    data = await call.json()
    keep = data.pop("keep_means", False)
    names = {"key", "amount", "provider", "method"}
    if data.keys() != names or not isinstance(keep, bool):
        raise PortalError(400, "bad_request")
    if any(not isinstance(value, str) for value in data.values()):
        raise PortalError(400, "bad_request")
    method = _method(data["method"])
    if not _KEY.fullmatch(data["key"]):
        raise PortalError(400, "bad_request")
    amount, session = call.site.currency.parse_positive(data["amount"]), call.session
    call.count(Limit.ORDER)
    ordered = await call.site.payments.async_order(
        OrderRequest(
            account=call.account.number,
            amount=amount,
            provider=data["provider"][:64],
            key=data["key"],
            meter=session.meter,
        ),
        Payer(
            method=method,
            client_ip=str(call.client.address),
            openid=session.openid,
            device=_device(call.request.headers.get("User-Agent", "")),
            return_url=f"{call.base_url}/pay/{quote(data['key'])}",
            keep_means=keep and session.level >= Level.PAPERS,
            language=call.language,
        ),
    )
    session.remember_order(ordered.order.id)
    return {
        "id": ordered.order.id,
        "state": ordered.order.state.value,
        "amount": f"{call.site.currency.rounded(ordered.order.amount):f}",
        "expires_at": local_iso(call.site, ordered.order.expires_at),
        "checkout": await _checkout(call, ordered.checkout),
    }


async def show(call: Call) -> Json:
    """Tell what became of an order, as far as it is known here."""
    return await _told(call, await _own_order(call))


async def check(call: Call) -> Json:
    """Ask the provider what became of an order."""
    await call.json()
    call.count(Limit.CHECK)
    known = await _own_order(call)
    return await _told(call, await call.site.payments.async_check(known.id))


async def _own_order(call: Call) -> PayOrder:
    """Return the order that is asked for, by its id or by the key that it was made with."""
    name, session = call.request.match_info["id"], call.session
    rows: tuple[PayOrder, ...] = ()
    found = await call.site.payments.async_find(name)
    if found is None:
        rows = await call.site.ledger.read(lambda tx: tx.rows(PayOrder, key=name))
        found = next(iter(rows), None)
    if found is None:
        raise not_found()
    if found.id in session.orders:
        return found
    if session.level >= Level.METER and found.account == session.account:
        return found
    raise not_found()


async def payment_of(call: Call, order_: PayOrder) -> ProviderTxn | None:
    """Return the payment that paid an order, once there is one."""
    if not order_.paid_txn:
        return None
    return await call.site.ledger.read(
        lambda tx: tx.find(ProviderTxn, provider=order_.provider, txn=order_.paid_txn)
    )


async def _told(call: Call, order_: PayOrder) -> Json:
    site = call.site
    account = site.book.accounts.get(AccountNumber(order_.account))
    power = power_of(site, account) if account is not None else "unknown"
    payment = await payment_of(call, order_)
    return {
        "id": order_.id,
        "state": order_.state.value,
        "amount": f"{site.currency.rounded(order_.amount):f}",
        "paid_at": None if payment is None else local_iso(site, payment.paid_at),
        "power": power,
        "receipt": order_.id if payment is not None and payment.transfer_id else None,
        "note": _note(call, order_, account, power),
    }


def _note(call: Call, order_: PayOrder, account: AccountState | None, power: str) -> str:
    language = call.language
    if order_.state is OrderState.PAID:
        if account is not None and account.may_confirm:
            return text(language, "note_confirm")
        if account is not None and power == "off" and call.session.level >= Level.METER:
            todo = supply(call.site, account, language)["what_to_do"]
            return f"{text(language, 'note_off')} {todo}"
        return text(language, f"note_{power}")
    if order_.state is OrderState.CLOSED:
        is_unmatched = order_.note in set(Unmatched)
        return text(language, "note_unmatched" if is_unmatched else "note_closed")
    return text(language, "note_cashier" if order_.method is Method.CASHIER else "note_open")


async def _checkout(call: Call, checkout: Checkout) -> dict[str, Any]:
    match checkout:
        case Jsapi(parameters=parameters):
            return {"kind": "jsapi", "parameters": dict(parameters)}
        case Redirect(url=url):
            return {"kind": "redirect", "url": url}
        case Qr(text=code):
            return {"kind": "qr", "text": code, "svg": svg_of(code)}
        case AwaitCashier(text=code, reference=reference):
            svg = svg_of(code) if code else ""
            return {"kind": "cashier", "text": code, "svg": svg, "reference": reference}
        case Charged():
            return {"kind": "charged"}


def _method(name: str) -> Method:
    try:
        method = Method(name)
    except ValueError:
        raise PortalError(400, "bad_request") from None
    if method in NOT_OFFERED:
        raise PortalError(400, "bad_request")
    return method


def _parsed(call: Call, written: str) -> Amount | None:
    try:
        return call.site.currency.parse_positive(written)
    except InvalidInputError:
        return None


def _device(agent: str) -> str:
    """Return what kind of telephone a browser runs on, as WeChat's payment page asks for it."""
    if "iPhone" in agent or "iPad" in agent:
        return "iOS"
    return "Android" if "Android" in agent else "Wap"


ROUTES = (
    Route("GET", "/api/terms", terms, Level.NUMBER),
    Route("POST", "/api/preview", preview, Level.METER),
    Route("POST", "/api/orders", order, Level.NUMBER, status=201),
    Route("GET", "/api/orders/{id}", show, Level.NUMBER, needs_meter=False),
    Route("POST", "/api/orders/{id}/check", check, Level.NUMBER, needs_meter=False),
)
