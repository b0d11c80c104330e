"""Stripe Checkout: one page for cards, Alipay, WeChat Pay, PayNow, FPX, GrabPay and more.

An order becomes a checkout session on Stripe's own page, which ends when the order does. A means of
payment that the payer agreed to keep may be charged later while nobody is there. What was asked is
found again by our order's id in the metadata, so that an answer that was lost is no riddle: a
session is looked for among those made about then, a charge among its customer's. A charge is asked
for under the order's id as idempotency key, and never again once Stripe may have forgotten it.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
import json
import re

import aiohttp

from ....core.clock import Clock
from ....core.errors import InvalidInputError
from ....core.ledger.payment_rows import Method, PayOrder, ProviderRefund
from ....core.money.amount import Amount, Currency
from ....core.payment.provider import (
    BillEntry,
    Capability,
    Charged,
    Checkout,
    HttpReply,
    Notice,
    Outcome,
    Paid,
    Payer,
    PaymentState,
    Redirect,
    RefundOutcome,
    RefundState,
    RejectedError,
    RetryableError,
    Unknown,
    Unpaid,
)
from ...clock import SystemClock
from .bill import StripeBill
from .client import StripeClient, StripeFailedError, segment
from .minor_units import to_minor
from .notices import read_notice
from .objects import ORDER, REFUND, SITE, Json, Reader, UnreadableError, canonical, child
from .settings import StripeSettings

FORGOTTEN_AFTER = timedelta(hours=23)
"""Stripe keeps what it answered to an idempotency key for 24 hours at least."""

SESSION_LASTS = timedelta(hours=1)
"""Stripe allows no less than 30 minutes from the call; an order that ends sooner ends it."""

_CLOCKS_APART = timedelta(hours=1)
"""So far our clock and Stripe's may differ when something is looked for by its time."""

_SESSION_ID = re.compile(r"cs_(?:test|live)_[A-Za-z0-9]+")
_EXPANDED = {"expand[]": "payment_intent.latest_charge.balance_transaction"}
_LISTS = ("checkout/sessions", "payment_intents", "customers", "refunds", "balance_transactions")
"""What is read to try a key out."""
_LOCALES = {"en": "en", "zh-Hans": "zh", "ms": "ms"}
_STATUS = {Outcome.ACCEPTED: 200, Outcome.REFUSED: 400, Outcome.FAILED: 500}


class StripeProvider:
    """One Stripe account."""

    def __init__(
        self,
        key: str,
        settings: StripeSettings,
        *,
        session: aiohttp.ClientSession,
        currency: Currency,
        site: str = "",
        clock: Clock | None = None,
    ) -> None:
        """Serve a site; `site` tells its payments from others that the same account takes."""
        self.key = key
        self.is_sandbox = settings.is_test
        self.capabilities = frozenset(Capability)
        self.methods = frozenset({Method.REDIRECT, Method.AUTOMATIC})
        self._settings = settings
        self._currency = currency
        self._clock = clock or SystemClock()
        self._client = StripeClient(settings, session)
        self._reader = Reader(site, currency, settings.is_test)
        self._bill = StripeBill(self._client, self._reader)

    def today(self, now: datetime) -> date:
        """Return the day in UTC, as Stripe's reports have it."""
        return now.astimezone(UTC).date()

    # Orders

    def parameters(self, order: PayOrder, payer: Payer) -> str:
        """Return the form that will be sent, as canonical JSON.

        Raises `RejectedError` (`stripe_amount`) and `InvalidInputError` (`means_missing`,
        `return_address_missing`).
        """
        minor = str(to_minor(self._currency, order.amount))
        currency = order.currency.lower()
        ours = {ORDER: order.id, SITE: self._reader.site}
        if order.method is Method.AUTOMATIC:
            return canonical(_intent_form(payer, currency, minor, ours))
        if not payer.return_url:
            raise InvalidInputError("return_address_missing")
        form = {
            "mode": "payment",
            "client_reference_id": order.id,
            "line_items[0][quantity]": "1",
            "line_items[0][price_data][currency]": currency,
            "line_items[0][price_data][unit_amount]": minor,
            "line_items[0][price_data][product_data][name]": f"Electricity {order.account}",
            "success_url": payer.return_url,
            "cancel_url": payer.return_url,
            "expires_at": str(int((order.created_at + SESSION_LASTS).timestamp())),
            "locale": _LOCALES.get(payer.language, "auto"),
        }
        for name, value in ours.items():
            form[f"metadata[{name}]"] = value
            form[f"payment_intent_data[metadata][{name}]"] = value
        if payer.keep_means:
            form["customer_creation"] = "always"
            form["payment_intent_data[setup_future_usage]"] = "off_session"
        return canonical(form)

    async def create(self, order: PayOrder) -> Checkout:
        """Make the checkout session, or charge the means that was kept."""
        if order.method is Method.AUTOMATIC:
            return await self._charge(order)
        session = await self._made_session(order)
        url = session.get("url")
        if not isinstance(url, str) or not url.startswith("https://"):
            raise RejectedError("stripe_refused", reason="no page to pay on")
        return Redirect(url=url)

    async def _made_session(self, order: PayOrder) -> Json:
        form = _form(order)
        if not self._is_forgotten(order.created_at):
            try:
                return await self._client.post("checkout/sessions", form, order.id)
            except StripeFailedError:
                # It would answer the same to this key for a day. A session that nobody was sent to
                # takes no money, so another may be made if there is none to be found.
                found = await self._find_session(order)
                return found or await self._client.post("checkout/sessions", form, f"{order.id}-2")
        found = await self._find_session(order)
        if found is None:
            raise RejectedError("stripe_refused", reason="the order is too old")
        return found

    async def _charge(self, order: PayOrder) -> Charged:
        """Charge once: what Stripe may have forgotten is only asked about."""
        if self._is_forgotten(order.created_at):
            intent = await self._find_intent(order)
            if intent is None:
                raise RejectedError("stripe_refused", reason="the order is too old")
        else:
            form = _form(order)
            form["payment_method"] = await self._means_of(form["customer"])
            intent = await self._client.post("payment_intents", form, order.id)
        state = self._readable(self._reader.intent, intent)
        if isinstance(state, Paid):
            return Charged(payment=state)
        if isinstance(state, Unpaid) and state.is_final:
            raise RejectedError("stripe_refused", reason=state.reason)
        raise RetryableError("stripe_unreachable", reason=state.reason or "processing")

    async def _means_of(self, customer: str) -> str:
        """Return the means that a customer has: one, for each payment makes its own customer."""
        path = f"customers/{segment(customer)}/payment_methods"
        async for method in self._client.every(path, {}):
            return str(method.get("id", ""))
        raise RejectedError("means_missing")

    async def query(self, order: PayOrder) -> PaymentState:
        """Ask what became of an order."""
        try:
            return await self._state(order)
        except (RetryableError, RejectedError) as error:
            return Unknown(order_id=order.id, reason=str(error))

    async def close(self, order: PayOrder) -> PaymentState:
        """End the session, or cancel the charge; one that was never made can't be paid."""
        try:
            return await self._closed(order)
        except (RetryableError, RejectedError) as error:
            return Unknown(order_id=order.id, reason=str(error))

    async def _closed(self, order: PayOrder) -> PaymentState:
        if order.method is Method.AUTOMATIC:
            return await self._closed_charge(order)
        session = await self._find_session(order)
        if session is None:
            return Unpaid(order_id=order.id, is_final=True, reason="never made")
        if session.get("status") == "open":
            path = f"checkout/sessions/{segment(str(session.get('id')))}"
            with suppress(RejectedError):  # paid or expired meanwhile: it is asked again
                await self._client.post(f"{path}/expire", {})
            session = await self._client.get(path, _EXPANDED)
        return self._readable(self._reader.session, session)

    async def _closed_charge(self, order: PayOrder) -> PaymentState:
        intent = await self._find_intent(order)
        if intent is None:
            return Unpaid(order_id=order.id, is_final=True, reason="never made")
        state = self._readable(self._reader.intent, intent)
        if isinstance(state, Unpaid) and state.is_final and intent.get("status") != "canceled":
            await self._client.post(f"payment_intents/{segment(str(intent.get('id')))}/cancel", {})
        return state

    async def _state(self, order: PayOrder) -> PaymentState:
        if order.method is Method.AUTOMATIC:
            intent = await self._find_intent(order)
            if intent is not None:
                return self._readable(self._reader.intent, intent)
        else:
            session = await self._find_session(order)
            if session is not None:
                return self._readable(self._reader.session, session)
        return Unpaid(order_id=order.id, is_final=False, reason="not there")

    async def _find_session(self, order: PayOrder) -> Json | None:
        """Return an order's session: by the id that its page's address has, else by its time."""
        named = _SESSION_ID.search(order.checkout)
        if named is not None:
            session = await self._client.get(f"checkout/sessions/{named[0]}", _EXPANDED)
            if self._is_of(order, session):
                return session
        query = _made_about(order) | {"expand[]": "data.payment_intent.latest_charge"}
        async for session in self._client.every("checkout/sessions", query):
            if self._is_of(order, session):
                return session
        return None

    async def _find_intent(self, order: PayOrder) -> Json | None:
        """Return an order's charge, among all of its customer: no clock may hide one."""
        query = {
            "customer": _form(order).get("customer", ""),
            "expand[]": "data.latest_charge.balance_transaction",
        }
        async for intent in self._client.every("payment_intents", query):
            if self._is_of(order, intent):
                return intent
        return None

    def _is_of(self, order: PayOrder, thing: Json) -> bool:
        return self._reader.is_ours(thing) and child(thing, "metadata").get(ORDER) == order.id

    def _is_forgotten(self, asked_at: datetime) -> bool:
        return self._clock.now() - asked_at > FORGOTTEN_AFTER

    def _readable[T](self, read: Callable[[Json], T], thing: Json) -> T:
        """Read an answer; one that is not as it should be may be better the next time."""
        try:
            return read(thing)
        except UnreadableError as error:
            raise RetryableError("stripe_unreachable", reason=str(error)) from error

    # Notices

    def parse_notice(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Verify and read an event."""
        return read_notice(self._settings, self._reader, headers, body, now)

    def ack(self, outcome: Outcome) -> HttpReply:
        """Answer an event; what is not 2xx comes again for days."""
        return HttpReply(status=_STATUS[outcome], body=b"{}")

    # Refunds

    async def refund(self, refund: ProviderRefund, paid: Amount) -> RefundState:
        """Ask for money to go back; after a day it is looked first whether that was asked."""
        if self._is_forgotten(refund.created_at):
            found = await self._find_refund(refund)
            if found is not None:
                return self._readable(self._reader.refund, found)
        form = {
            "payment_intent": refund.txn,
            "amount": str(to_minor(self._currency, refund.amount)),
            f"metadata[{REFUND}]": refund.id,
            f"metadata[{SITE}]": self._reader.site,
        }
        answer = await self._client.post("refunds", form, refund.id)
        return self._readable(self._reader.refund, answer)

    async def query_refund(self, refund: ProviderRefund) -> RefundState:
        """Ask what became of a refund."""
        try:
            found = await self._find_refund(refund)
            if found is not None:
                return self._readable(self._reader.refund, found)
        except (RetryableError, RejectedError) as error:
            reason = str(error)
            return RefundState(refund_id=refund.id, outcome=RefundOutcome.UNKNOWN, reason=reason)
        return RefundState(refund_id=refund.id, outcome=RefundOutcome.MISSING, reason="not there")

    async def _find_refund(self, refund: ProviderRefund) -> Json | None:
        async for found in self._client.every("refunds", {"payment_intent": refund.txn}):
            if child(found, "metadata").get(REFUND) == refund.id:
                return found
        return None

    # Bills and trying out

    async def bill(self, day: date) -> AsyncIterator[BillEntry]:
        """Yield the lines of a day, once it is over."""
        if day >= self.today(self._clock.now()):
            raise RetryableError("stripe_unreachable", reason="the day is not over")
        async for line in self._bill.lines(day):
            yield line

    async def try_out(self) -> None:
        """Read a list of each kind that is needed: a restricted key may lack the right."""
        for path in _LISTS:
            await self._client.get(path, {"limit": "1"})


def _intent_form(
    payer: Payer, currency: str, minor: str, ours: Mapping[str, str]
) -> dict[str, str]:
    """Return the form of a charge while nobody is there."""
    means = json.loads(payer.means or "{}")
    if not means.get("customer"):
        raise InvalidInputError("means_missing")
    return {
        "amount": minor,
        "currency": currency,
        "customer": means["customer"],
        "off_session": "true",
        "confirm": "true",
        "expand[]": "latest_charge.balance_transaction",
    } | {f"metadata[{name}]": value for name, value in ours.items()}


def _form(order: PayOrder) -> dict[str, str]:
    """Return the form that was stored with an order."""
    form: dict[str, str] = json.loads(order.params)
    return form


def _made_about(order: PayOrder) -> dict[str, str]:
    """Return the times between which what an order asked for was made."""
    since, until = order.created_at - _CLOCKS_APART, order.expires_at + _CLOCKS_APART
    return {
        "created[gte]": str(int(since.timestamp())),
        "created[lte]": str(int(until.timestamp())),
    }
