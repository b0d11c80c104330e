"""Telling whether an answer or a notice really is from WeChat.

The signature covers the time, a nonce and the raw bytes of the body. `Wechatpay-Serial` names the
key: WeChat's public key or one of its certificates, and during a move both occur side by side.
WeChat also sends messages whose signature is wrong on purpose (`WECHATPAY/SIGNTEST/…`), to see
whether anybody looks: they must fail like any other. (WeChat Pay API v3, "Signature verification".)
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from .signing import SCHEME, message

AGE_LIMIT_S = 300
"""A message this far from our clock, to either side, is refused."""

_PROBE = "WECHATPAY/SIGNTEST/"


class Doubt(StrEnum):
    """Why a message is not believed."""

    UNSIGNED = "unsigned"
    PROBE = "probe"
    KEY_UNKNOWN = "key_unknown"
    SIGNATURE = "signature"
    TIME = "time"
    CONTENT = "content"
    """It is signed, but cannot be decrypted or read."""


class NotGenuineError(Exception):
    """A message that is not to be believed."""

    def __init__(self, doubt: Doubt) -> None:
        """Remember why."""
        self.doubt = doubt
        super().__init__(doubt.value)


class Verifier:
    """Knows WeChat's keys by their serials."""

    def __init__(self, keys: Mapping[str, RSAPublicKey]) -> None:
        """Believe these keys."""
        self._keys = dict(keys)
        self.is_key_missing = False
        """Whether a message named a key that is not here: certificates may have changed."""

    def __bool__(self) -> bool:
        """Tell whether any key is known."""
        return bool(self._keys)

    def with_keys(self, keys: Mapping[str, RSAPublicKey]) -> Verifier:
        """Return a verifier that believes these keys as well."""
        return Verifier({**self._keys, **keys})

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Return if the message is genuine and of now; raises `NotGenuineError` otherwise.

        `headers` may be spelled in any case; `body` is raw, empty of an answer without one.
        """
        found = {name.lower(): value for name, value in headers.items()}
        timestamp, nonce, signature, serial = (
            found.get(f"wechatpay-{name}", "")
            for name in ("timestamp", "nonce", "signature", "serial")
        )
        parts = (timestamp, nonce, signature, serial)
        if not all(parts) or not all(part.isascii() and part.isprintable() for part in parts):
            raise NotGenuineError(Doubt.UNSIGNED)
        if signature.startswith(_PROBE):
            raise NotGenuineError(Doubt.PROBE)
        if found.get("wechatpay-signature-type", SCHEME) != SCHEME:
            raise NotGenuineError(Doubt.SIGNATURE)
        if (key := self._keys.get(serial)) is None:
            self.is_key_missing = True
            raise NotGenuineError(Doubt.KEY_UNKNOWN)
        try:
            key.verify(
                _exact_bytes(signature), message(timestamp, nonce, body), PKCS1v15(), SHA256()
            )
        except InvalidSignature, ValueError:
            raise NotGenuineError(Doubt.SIGNATURE) from None
        if not timestamp.isdecimal() or len(timestamp) > 12:
            raise NotGenuineError(Doubt.TIME)
        if abs(int(now.timestamp()) - int(timestamp)) >= AGE_LIMIT_S:
            raise NotGenuineError(Doubt.TIME)


def _exact_bytes(text: str) -> bytes:
    """Decode base64 that has only one spelling; raises `ValueError`."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise binascii.Error("spare bits are set")
    return data
