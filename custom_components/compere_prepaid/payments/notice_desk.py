"""Takes the notices of payment providers.

What is genuine is worked on and durable before it is acknowledged; whatever goes wrong is answered
so that the provider sends it again. What is not genuine changes nothing: some of it is kept as
evidence, and the log says what it was by its hash alone.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
import hashlib
import json
import logging

from ..core.clock import Clock
from ..core.errors import PrepaidError
from ..core.ledger.payment_rows import PaymentNotice
from ..core.ledger.ports import Ledger, LedgerTransaction
from ..core.payment.provider import (
    BadNoticeError,
    HttpReply,
    Notice,
    NoticeFault,
    Outcome,
    PaymentProvider,
)

_LOGGER = logging.getLogger(__name__)

MAX_BODY = 65536
"""Bytes; a longer notice is refused unread."""

KEPT_A_DAY = 20
"""So many refused notices of a provider are kept of a day."""

KEPT_OF_BODY = 4096
"""So many bytes of a refused notice are kept."""

_GENUINE, _REFUSED = "genuine", "refused"
_OF_INTEREST = ("wechatpay-", "stripe-signature", "content-type", "user-agent")
"""How the names of headers begin that signatures need."""

type Handle = Callable[[PaymentProvider, Notice, PaymentNotice], Awaitable[None]]

type Told = Callable[[str, NoticeFault | None], None]
"""Takes a provider's key and what was wrong with a notice; None of a genuine one."""


class NoticeDesk:
    """Receives notices for one site."""

    def __init__(self, ledger: Ledger, clock: Clock, handle: Handle, told: Told) -> None:
        """Hand genuine notices to `handle`, which returns once what they say is durable.

        `told` learns of every notice whether it was genuine.
        """
        self._ledger = ledger
        self._clock = clock
        self._handle = handle
        self._told = told
        self._day: date | None = None
        self._refused: dict[str, int] = {}

    async def take(
        self, provider: PaymentProvider, headers: Mapping[str, str], body: bytes
    ) -> HttpReply:
        """Verify a notice, act on it, and return the answer to its sender. Never raises."""
        now = self._clock.now()
        if len(body) > MAX_BODY:
            return HttpReply(status=413)
        digest = hashlib.sha256(body).hexdigest()
        try:
            notice = provider.parse_notice(headers, body, now)
        except BadNoticeError as error:
            _LOGGER.warning("Notice %s for %s was refused: %s", digest, provider.key, error)
            self._told(provider.key, error.fault)
            await self._keep_refused(provider.key, self._row(provider.key, headers, body, _REFUSED))
            return provider.ack(Outcome.REFUSED)
        except Exception:
            _LOGGER.exception("Notice %s for %s could not be read", digest, provider.key)
            return provider.ack(Outcome.FAILED)
        self._told(provider.key, None)
        try:
            await self._handle(provider, notice, self._row(provider.key, headers, body, _GENUINE))
        except PrepaidError as error:
            _LOGGER.warning("Notice %s for %s could not be kept: %s", digest, provider.key, error)
            return provider.ack(Outcome.FAILED)
        except Exception:
            _LOGGER.exception("Notice %s for %s could not be kept", digest, provider.key)
            return provider.ack(Outcome.FAILED)
        return provider.ack(Outcome.ACCEPTED)

    def _row(
        self, provider: str, headers: Mapping[str, str], body: bytes, verdict: str
    ) -> PaymentNotice:
        """Return a notice as it is kept."""
        named = {name.lower(): value for name, value in headers.items()}
        shown = {name: named[name] for name in sorted(named) if name.startswith(_OF_INTEREST)}
        kept = body[:KEPT_OF_BODY] if verdict == _REFUSED else body
        return PaymentNotice(
            provider=provider,
            id=hashlib.sha256(body).hexdigest(),
            received_at=self._clock.now(),
            verdict=verdict,
            headers=json.dumps(shown, sort_keys=True, separators=(",", ":"))[:KEPT_OF_BODY],
            body=kept.decode("utf-8", "backslashreplace").replace("\0", "\\x00"),
        )

    async def _keep_refused(self, provider: str, row: PaymentNotice) -> None:
        """Keep a refused notice, if not too many of this day are kept already."""
        today = row.received_at.date()
        if today != self._day:
            self._day, self._refused = today, {}
        if self._refused.get(provider, 0) >= KEPT_A_DAY:
            return
        self._refused[provider] = self._refused.get(provider, 0) + 1

        def keep(tx: LedgerTransaction) -> None:
            if tx.find(PaymentNotice, provider=row.provider, id=row.id) is None:
                tx.add(row)

        try:
            await self._ledger.run(keep)
        except PrepaidError as error:
            _LOGGER.warning("A refused notice could not be kept: %s", error)
