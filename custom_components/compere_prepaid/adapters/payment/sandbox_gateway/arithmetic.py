"""Checking a merchant's signature without a library for it: RFC 8017, 8.2.2, by hand.

The signature is raised to the public exponent; what comes out must be the padded SHA-256 of the
message, all of it, as it would be built here.
"""

import base64
import hashlib
import re

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

_SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
_SCHEME = "WECHATPAY2-SHA256-RSA2048"
_FIELD = re.compile(r'\s*([a-z_]+)\s*=\s*"([^"]*)"\s*')
_FIELDS = {"mchid", "nonce_str", "timestamp", "serial_no", "signature"}


def is_signed(numbers: RSAPublicNumbers, message: bytes, signature: bytes) -> bool:
    """Tell whether the signature is of this message by the owner of this key."""
    length = (numbers.n.bit_length() + 7) // 8
    if len(signature) != length:
        return False
    opened = pow(int.from_bytes(signature), numbers.e, numbers.n).to_bytes(length)
    content = _SHA256_PREFIX + hashlib.sha256(message).digest()
    return opened == b"\x00\x01" + b"\xff" * (length - 3 - len(content)) + b"\x00" + content


def authorization_fields(header: str) -> dict[str, str] | None:
    """Return the fields of an `Authorization` header, None if it is not of this kind."""
    scheme, _, rest = header.partition(" ")
    if scheme != _SCHEME:
        return None
    found: dict[str, str] = {}
    for part in rest.split(","):
        if not (field := _FIELD.fullmatch(part)) or field[1] in found:
            return None
        found[field[1]] = field[2]
    return found if set(found) == _FIELDS else None


def request_text(method: str, raw_path: str, fields: dict[str, str], body: bytes) -> bytes:
    """Return what a request's signature is of."""
    text = bytearray()
    for line in (method.upper(), raw_path, fields["timestamp"], fields["nonce_str"]):
        text += line.encode("latin-1", "replace")
        text.append(10)
    text += body
    text.append(10)
    return bytes(text)


def decoded(text: str) -> bytes:
    """Decode base64; nothing comes of what is none."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""
