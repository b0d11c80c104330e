"""A Stripe account on loopback, with a memory: sessions, charges, refunds, events, the balance.

It is written from Stripe's documentation and shares nothing with our client: it refuses requests
that the real one would refuse (key, version, form, unknown fields, an idempotency key that says
something else), and signs what it tells. A test plays the payer (`pay`) and the bank.

    async with FakeStripe() as stripe:
        ...  # stripe.url, stripe.secret_key, stripe.webhook_secret
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
import hashlib
import itertools
import json
import re
from typing import Any, Self
from urllib.parse import parse_qsl

from aiohttp import web

from tests.payment.fake_stripe_forms import CHECKED, as_int, nested

VERSION = "2024-06-20"

type Thing = dict[str, Any]


class RefusedError(Exception):
    """What Stripe answers with an error object."""

    def __init__(self, status: int, code: str, message: str, **more: str) -> None:
        """Remember what is answered."""
        super().__init__(message)
        kind = "card_error" if status == 402 else "invalid_request_error"
        self.status = status
        self.error = {"type": kind, "code": code, "message": message} | more


@dataclass
class Faults:
    """What goes wrong: each counts down with the requests that it hits."""

    refuse_with: list[int] = field(default_factory=list)
    """Statuses answered before anything is done, in turn."""
    pages_with: list[int] = field(default_factory=list)
    """The same, by somebody in between."""
    fail_after: int = 0
    """So many requests are carried out and answered with 500, and so again for the same key."""
    lose_answers: int = 0
    """So many requests are carried out, and the connection ends without an answer."""
    lose_posts: int = 0
    """The same, of those that ask for something to be done."""
    raw_answers: list[bytes] = field(default_factory=list)
    """Bodies answered in place of the right ones."""
    redirect_to: str = ""
    decline: str = ""
    """Why cards are declined, e.g. `insufficient_funds` or `authentication_required`."""


@dataclass
class FakeStripe:
    """The account."""

    now: Callable[[], int] = lambda: 1_790_000_000
    secret_key: str = "sk_test_abcdefghij0123456789"  # noqa: S105  # opens nothing
    webhook_secret: str = "whsec_fake0123456789abcdef"  # noqa: S105  # opens nothing
    livemode: bool = False
    settles_in: str = ""
    """The currency of its balance; empty for that of each payment."""
    faults: Faults = field(default_factory=Faults)
    events: list[Thing] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    """The verb and path of each request that came."""
    sessions: dict[str, Thing] = field(default_factory=dict)
    intents: dict[str, Thing] = field(default_factory=dict)
    charges: dict[str, Thing] = field(default_factory=dict)
    refunds: dict[str, Thing] = field(default_factory=dict)
    balance: dict[str, Thing] = field(default_factory=dict)
    answers: dict[str, tuple[Any, int, bytes]] = field(default_factory=dict)
    """What was answered to each idempotency key, and to which form."""
    passing: Callable[[str], None] = lambda _point: None
    """Called where a test may want to end the world: before and after each request is carried out,
    e.g. `before POST payment_intents`."""
    url: str = ""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        assert self._runner is not None
        await self._runner.cleanup()

    # What payers and banks do

    def pay(self, session_id: str, *, later: bool = False, method: str = "card") -> Thing:
        """Let the payer pay a session's page; `later` is a bank that takes its time."""
        session = self.sessions[session_id]
        assert session["status"] == "open", "the page is closed"
        assert self.now() < session["expires_at"], "the page is over"
        form = session["_form"]
        keep = form["payment_intent_data"].get("setup_future_usage")
        intent = self._intent(
            amount=session["amount_total"],
            currency=session["currency"],
            metadata=form["payment_intent_data"]["metadata"],
            customer=self._id("cus") if form.get("customer_creation") == "always" else None,
            setup_future_usage=keep,
            payment_method=self._id("pm"),
            status="processing",
        )
        session |= {
            "status": "complete",
            "payment_intent": intent["id"],
            "customer": intent["customer"],
        }
        if not later:
            self._succeed(intent, method)
            session["payment_status"] = "paid"
        self._tell("checkout.session.completed", session)
        return session

    def arrive(self, session_id: str) -> Thing:
        """Let the money of a bank that took its time arrive."""
        session = self.sessions[session_id]
        self._succeed(self.intents[session["payment_intent"]], "fpx")
        session["payment_status"] = "paid"
        self._tell("checkout.session.async_payment_succeeded", session)
        return session

    def fail(self, session_id: str) -> None:
        """Let the bank say no in the end."""
        session = self.sessions[session_id]
        self.intents[session["payment_intent"]]["status"] = "requires_payment_method"
        self._tell("checkout.session.async_payment_failed", session)

    def run_out(self, session_id: str) -> None:
        """Let a page's time end."""
        self.sessions[session_id]["status"] = "expired"
        self._tell("checkout.session.expired", self.sessions[session_id])

    def dispute(self, intent_id: str, reason: str = "fraudulent") -> Thing:
        """Let a payer's bank take the money back."""
        intent = self.intents[intent_id]
        dispute = {
            "id": self._id("dp"),
            "object": "dispute",
            "amount": intent["amount"],
            "currency": intent["currency"],
            "payment_intent": intent_id,
            "charge": intent["latest_charge"],
            "reason": reason,
            "created": self.now(),
            "livemode": self.livemode,
        }
        self._book("adjustment", dispute, -intent["amount"], fee=1500)
        self._tell("charge.dispute.created", dispute)
        return dispute

    def finish_refund(self, refund_id: str, status: str) -> None:
        """Let a refund that was pending end."""
        self.refunds[refund_id]["status"] = status
        self._tell("refund.updated", self.refunds[refund_id])

    # What it tells

    def signed(self, event: Thing, *, at: int | None = None) -> tuple[dict[str, str], bytes]:
        """Return an event's headers and body."""
        body = json.dumps(event, indent=2).encode()
        at = self.now() if at is None else at
        return {"Stripe-Signature": f"t={at},v1={self.mac(at, body)},v0=00"}, body

    def mac(self, at: int, body: bytes) -> str:
        """Return an HMAC-SHA256, made by hand from its definition (RFC 2104)."""
        key = self.webhook_secret.encode().ljust(64, b"\0")
        inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + f"{at}.".encode() + body)
        outer = bytes(byte ^ 0x5C for byte in key) + inner.digest()
        return hashlib.sha256(outer).hexdigest()

    def _tell(self, kind: str, thing: Thing) -> None:
        self.events.append(
            {
                "id": self._id("evt"),
                "object": "event",
                "type": kind,
                "created": self.now(),
                "livemode": self.livemode,
                "data": {"object": json.loads(json.dumps(_public(thing)))},
            }
        )

    # What happens inside

    def _id(self, prefix: str) -> str:
        mode = {"cs": "_live" if self.livemode else "_test"}.get(prefix, "")
        return f"{prefix}{mode}_{next(self._numbers):012d}"

    def _intent(self, **values: Any) -> Thing:
        intent: Thing = {
            "id": self._id("pi"),
            "object": "payment_intent",
            "created": self.now(),
            "livemode": self.livemode,
            "amount_received": 0,
            "latest_charge": None,
            "last_payment_error": None,
        } | values
        self.intents[intent["id"]] = intent
        return intent

    def _succeed(self, intent: Thing, method: str) -> None:
        charge = {
            "id": self._id("ch"),
            "object": "charge",
            "amount": intent["amount"],
            "currency": intent["currency"],
            "created": self.now(),
            "livemode": self.livemode,
            "metadata": dict(intent["metadata"]),
            "payment_intent": intent["id"],
            "balance_transaction": None,
        }
        self.charges[charge["id"]] = charge
        fee = intent["amount"] * 34 // 1000 + 50
        kind = "charge" if method == "card" else "payment"
        line = self._book(kind, charge, intent["amount"], fee=fee)
        charge["balance_transaction"] = line["id"]
        intent |= {
            "status": "succeeded",
            "amount_received": intent["amount"],
            "latest_charge": charge["id"],
        }
        self._tell("payment_intent.succeeded", intent)

    def _book(self, kind: str, source: Thing, amount: int, *, fee: int) -> Thing:
        line = {
            "id": self._id("txn"),
            "object": "balance_transaction",
            "type": kind,
            "amount": amount,
            "fee": fee,
            "net": amount - fee,
            "currency": self.settles_in or source["currency"],
            "created": self.now(),
            "source": source["id"],
            "_source": source,
        }
        self.balance[line["id"]] = line
        return line

    # What is asked

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.asked.append((request.method, request.path))
        faults = self.faults
        if faults.redirect_to:
            return web.Response(status=302, headers={"Location": faults.redirect_to})
        if faults.refuse_with:
            return web.Response(status=faults.refuse_with.pop(0), text='{"error": {}}')
        if faults.pages_with:
            return web.Response(status=faults.pages_with.pop(0), text="<html>a proxy's page</html>")
        if faults.raw_answers:
            return web.Response(body=faults.raw_answers.pop(0))
        point = f"{request.method} {request.path.rpartition('/')[2]}"
        self.passing(f"before {point}")
        status, answer = self._kept(request, body)
        self.passing(f"after {point}")
        lost = "lose_posts" if request.method == "POST" and faults.lose_posts else "lose_answers"
        if getattr(faults, lost):
            setattr(faults, lost, getattr(faults, lost) - 1)
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=status, body=answer, content_type="application/json")

    def _kept(self, request: web.Request, body: bytes) -> tuple[int, bytes]:
        """Answer as before to a key that was there before, if it comes with the same form."""
        key = request.headers.get("Idempotency-Key", "")
        asked = (request.method, request.path, body)
        if key in self.answers:
            first, status, answer = self.answers[key]
            if first != asked:
                return 400, json.dumps({"error": {"type": "idempotency_error"}}).encode()
            return status, answer
        try:
            status, thing = 200, self._done(request, body)
        except RefusedError as refusal:
            status, thing = refusal.status, {"error": refusal.error}
        if self.faults.fail_after and request.method == "POST":
            self.faults.fail_after -= 1
            status, thing = 500, {"error": {"type": "api_error", "message": "oops"}}
        answer = json.dumps(thing).encode()
        if key and status != 401:
            self.answers[key] = (asked, status, answer)
        return status, answer

    def _done(self, request: web.Request, body: bytes) -> Thing:
        if request.headers.get("Authorization") != f"Bearer {self.secret_key}":
            raise RefusedError(401, "invalid_api_key", "Invalid API Key provided")
        assert request.headers["Stripe-Version"] == VERSION
        if request.method == "GET":
            query = dict(request.query)
            return self._got(request.path.removeprefix("/v1/").split("/"), query)
        if body and request.content_type != "application/x-www-form-urlencoded":
            raise RefusedError(400, "content_type", "Send a form")
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body))
        path = request.path.removeprefix("/v1/")
        pattern = re.sub(r"[a-z]+(?:_test|_live)?_[0-9]+", "ID", path)
        if pattern not in CHECKED:
            raise RefusedError(404, "resource_missing", f"Unrecognized request URL {path}")
        for name, value in pairs:
            if not any(re.fullmatch(known, name) for known in CHECKED[pattern]):
                raise RefusedError(400, "parameter_unknown", f"Received unknown parameter: {name}")
            if not value:
                raise RefusedError(400, "parameter_invalid_empty", f"{name} is empty")
        return self._posted(path.split("/"), nested(pairs))

    def _posted(self, path: list[str], form: Thing) -> Thing:
        match path:
            case ["checkout", "sessions"]:
                return self._made_session(form)
            case ["checkout", "sessions", name, "expire"]:
                session = self._one(self.sessions, name)
                if session["status"] != "open":
                    raise RefusedError(400, "", "Only open sessions can be expired")
                self.run_out(name)
                return _public(session)
            case ["payment_intents"]:
                return self._charged(form)
            case ["payment_intents", name, "cancel"]:
                intent = self._one(self.intents, name)
                if intent["status"] == "succeeded":
                    raise RefusedError(400, "payment_intent_unexpected_state", "It succeeded")
                intent["status"] = "canceled"
                return intent
            case _:
                return self._refunded(form)

    def _made_session(self, form: Thing) -> Thing:
        item = form["line_items"]["0"]
        price = item["price_data"]
        lasts = as_int(form["expires_at"]) - self.now()
        if not 30 * 60 <= lasts <= 24 * 3600:
            raise RefusedError(400, "", "expires_at must be between 30 minutes and 24 hours ahead")
        if not form["success_url"].startswith(("https://", "http://")):
            raise RefusedError(400, "url_invalid", "Not a valid URL")
        name = self._id("cs")
        self.sessions[name] = session = {
            "id": name,
            "object": "checkout.session",
            "amount_total": as_int(price["unit_amount"]) * as_int(item["quantity"]),
            "currency": price["currency"],
            "client_reference_id": form["client_reference_id"],
            "customer": None,
            "metadata": form["metadata"],
            "payment_intent": None,
            "payment_status": "unpaid",
            "status": "open",
            "created": self.now(),
            "expires_at": as_int(form["expires_at"]),
            "livemode": self.livemode,
            "url": f"https://checkout.stripe.com/c/pay/{name}#fidkdWxOYHwnPyd1",
            "_form": form,
        }
        return _public(session)

    def _charged(self, form: Thing) -> Thing:
        assert (form["off_session"], form["confirm"]) == ("true", "true")
        known = {intent["customer"]: intent["payment_method"] for intent in self.intents.values()}
        if known.get(form["customer"]) != form["payment_method"]:
            raise RefusedError(400, "resource_missing", "No such PaymentMethod of this customer")
        intent = self._intent(
            amount=as_int(form["amount"]),
            currency=form["currency"],
            metadata=form["metadata"],
            customer=form["customer"],
            payment_method=form["payment_method"],
            setup_future_usage=None,
            status="requires_payment_method",
        )
        if decline := self.faults.decline:
            code = decline if decline == "authentication_required" else "card_declined"
            intent["last_payment_error"] = {"code": code, "decline_code": decline}
            raise RefusedError(402, code, "Your card was declined.", decline_code=decline)
        self._succeed(intent, "card")
        return self._expanded(intent, "latest_charge.balance_transaction")

    def _refunded(self, form: Thing) -> Thing:
        intent = self._one(self.intents, form["payment_intent"])
        amount = as_int(form["amount"])
        before = sum(
            refund["amount"]
            for refund in self.refunds.values()
            if refund["payment_intent"] == intent["id"] and refund["status"] != "failed"
        )
        if before + amount > intent["amount_received"]:
            raise RefusedError(400, "charge_already_refunded", "More than what is left")
        refund = {
            "id": self._id("re"),
            "object": "refund",
            "amount": amount,
            "currency": intent["currency"],
            "created": self.now(),
            "metadata": form.get("metadata", {}),
            "payment_intent": intent["id"],
            "charge": intent["latest_charge"],
            "status": "pending" if self.faults.decline == "slow_refund" else "succeeded",
        }
        self.refunds[refund["id"]] = refund
        self._book("refund", refund, -amount, fee=0)
        self._tell("charge.refunded", self.charges[intent["latest_charge"]])
        self._tell("refund.created", refund)
        return refund

    def _got(self, path: list[str], query: dict[str, str]) -> Thing:
        expand = query.pop("expand[]", "")
        lists: Mapping[str, dict[str, Thing]] = {
            "checkout/sessions": self.sessions,
            "payment_intents": self.intents,
            "customers": {},
            "refunds": self.refunds,
            "balance_transactions": self.balance,
        }
        if (things := lists.get("/".join(path))) is not None:
            return self._listed(things, query, expand.removeprefix("data."))
        if path[0] == "customers" and path[2:] == ["payment_methods"]:
            kept = {
                intent["payment_method"]: {"id": intent["payment_method"], "created": 0}
                for intent in self.intents.values()
                if intent["customer"] == path[1] and intent["setup_future_usage"] == "off_session"
            }
            return self._listed(kept, query, "")
        things = lists["/".join(path[:-1])]
        return self._expanded(self._one(things, path[-1]), expand)

    def _listed(self, things: dict[str, Thing], query: dict[str, str], expand: str) -> Thing:
        limit = as_int(query.pop("limit", "10"))
        after = query.pop("starting_after", "")
        since, until = query.pop("created[gte]", "0"), query.pop("created[lte]", "99999999999")
        before = query.pop("created[lt]", "99999999999")
        assert set(query) <= {"customer", "payment_intent", "status"}, query
        found = [
            thing
            for thing in reversed(things.values())
            if as_int(since) <= thing["created"] <= as_int(until)
            and thing["created"] < as_int(before)
            and all(thing[name] == value for name, value in query.items())
        ]
        if after:
            names = [thing["id"] for thing in found]
            found = found[names.index(after) + 1 :]
        page = [self._expanded(thing, expand) for thing in found[:limit]]
        return {"object": "list", "data": page, "has_more": len(found) > limit}

    def _expanded(self, thing: Thing, expand: str) -> Thing:
        """Return an object with what a field names in place of its name, and so on within."""
        first, _, rest = expand.partition(".")
        shown = _public(thing)
        if first == "source":
            shown["source"] = _public(thing["_source"])
        elif first and (name := shown.get(first)) is not None:
            known = self.intents | self.charges | self.balance
            shown[first] = self._expanded(known[name], rest)
        return shown

    def _one(self, things: dict[str, Thing], name: str) -> Thing:
        if name not in things:
            raise RefusedError(404, "resource_missing", f"No such object: {name}")
        return things[name]

    @contextmanager
    def failing(self, **faults: Any) -> Iterator[None]:
        """Let things go wrong in the block."""
        self.faults = Faults(**faults)
        try:
            yield
        finally:
            self.faults = Faults()


def _public(thing: Thing) -> Thing:
    return {name: value for name, value in thing.items() if not name.startswith("_")}
