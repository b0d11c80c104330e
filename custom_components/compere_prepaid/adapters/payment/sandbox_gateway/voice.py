"""How the gateway speaks: signing what it says, and encrypting what notices carry."""

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
import json
import secrets
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256

from ....core.clock import Clock
from .faults import Faults
from .keys import GatewayKeys, private_key

CHINA = timezone(timedelta(hours=8))


class Voice:
    """Speaks with the gateway's keys, wrongly where the faults say so."""

    def __init__(self, keys: GatewayKeys, faults: Faults, clock: Clock) -> None:
        """Read the keys. Blocks for some 100 ms."""
        self._keys = keys
        self._faults = faults
        self._clock = clock
        self.mchid, self.appid = keys.mchid, keys.appid
        self._by_kind = {
            True: (keys.public_key_id, private_key(keys.signing_key)),
            False: (keys.certificate_serial, private_key(keys.certificate_key)),
        }

    def now(self) -> datetime:
        """Return the time, in China."""
        return self._clock.now().astimezone(CHINA)

    def headers(self, body: bytes, asked: str | None = None) -> dict[str, str]:
        """Return what a body is signed with.

        `asked` is the serial that a request named, which decides about its answer's kind of key;
        notices are signed with the public key's, unless the faults say otherwise.
        """
        by_key = asked == self._keys.public_key_id
        if asked is None:
            by_key = not self._faults.by_certificate
        if self._faults.mixed_keys:
            by_key = secrets.randbelow(2) == 0
        serial, key = self._by_kind[by_key]
        if self._faults.strange_key:
            key = rsa.generate_private_key(65537, 2048)
        at = str(int(self._clock.now().timestamp()) - self._faults.age_s)
        nonce = secrets.token_urlsafe(24)
        signature = base64.b64encode(
            key.sign(f"{at}\n{nonce}\n".encode() + body + b"\n", padding.PKCS1v15(), SHA256())
        ).decode()
        if self._faults.takes_probe():
            signature = f"WECHATPAY/SIGNTEST/{signature[19:]}"
        return {
            "Wechatpay-Timestamp": at,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": signature,
            "Wechatpay-Serial": self._faults.serial or serial,
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        }

    def notice(self, number: str, event: str, kind: str, content: Mapping[str, Any]) -> bytes:
        """Return the body of a notice; `kind` is what it calls its content."""
        resource = {"original_type": kind, **self.encrypted(content)}
        if self._faults.associated_data is None:
            del resource["associated_data"]
        notice = {
            "id": number,
            "create_time": self.now().isoformat(timespec="seconds"),
            "event_type": event,
            "resource_type": "encrypt-resource",
            "summary": "支付成功" if event.startswith("TRANSACTION") else "退款",
            "resource": resource,
        }
        body = json.dumps(notice, ensure_ascii=False).encode()
        if missing := self._faults.notice_size - len(body):
            body += b" " * max(0, missing)
        return body

    def encrypted(self, content: Mapping[str, Any] | str) -> dict[str, str]:
        """Return encrypted content: AES-256 in counter mode with its tag at the end."""
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        nonce = secrets.token_hex(6)
        known = self._faults.associated_data or ""
        cipher = Cipher(
            algorithms.AES(self._keys.apiv3_key.encode()), modes.GCM(nonce.encode())
        ).encryptor()
        cipher.authenticate_additional_data(known.encode())
        data = cipher.update(text.encode()) + cipher.finalize() + cipher.tag
        if self._faults.ciphertext == "truncated":
            data = data[:-9]
        if self._faults.ciphertext == "flipped":
            data = bytes((data[0] ^ 1, *data[1:]))
        return {
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(data).decode(),
            "associated_data": known,
            "nonce": nonce,
        }
