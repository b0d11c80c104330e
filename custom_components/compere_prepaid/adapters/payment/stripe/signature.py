"""Stripe's signature of a notice: `Stripe-Signature: t=<unix>,v1=<hex>[,v1=<hex>][,v0=…]`.

HMAC-SHA256 under the whole text of the endpoint's secret, over `t`, a dot and the raw body
(docs.stripe.com/webhooks, "Verify manually"). Any `v1` may match, for two are sent while a secret
is being replaced; other schemes say nothing.
"""

from collections.abc import Iterable
from datetime import datetime
import hashlib
import hmac

from ....core.payment.provider import BadNoticeError, NoticeFault

TOLERANCE_S = 300
"""So far a notice's time may be off, in the past and in the future (seconds)."""

_MOST_ITEMS = 20


def sign(secret: str, at: int, body: bytes) -> str:
    """Return the signature of a body at an instant (unix seconds), in hexadecimal."""
    return hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()


def verify(header: str, body: bytes, secrets: Iterable[str], now: datetime) -> None:
    """Return if a notice is genuine and of now.

    Raises `BadNoticeError`: unreadable header, no signature that matches, or a time too far off.
    """
    at, signatures = _read(header)
    expected = [sign(secret, at, body).encode() for secret in secrets]
    matches = [
        hmac.compare_digest(signature, right) for signature in signatures for right in expected
    ]
    if not any(matches):
        raise BadNoticeError("no signature matches")
    if abs(int(now.timestamp()) - at) > TOLERANCE_S:
        raise BadNoticeError("its time is too far off", NoticeFault.TIME)


def _read(header: str) -> tuple[int, list[bytes]]:
    """Return the time and the signatures of the scheme that counts."""
    items = [item.partition("=") for item in header.split(",", _MOST_ITEMS)]
    times = [value for name, _, value in items if name.strip() == "t"]
    signatures = [value.strip().encode() for name, _, value in items if name.strip() == "v1"]
    if len(times) != 1 or not signatures:
        raise BadNoticeError("its signature cannot be read", NoticeFault.NOISE)
    text = times[0].strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise BadNoticeError("its signature has no time", NoticeFault.NOISE)
    return int(text), signatures
