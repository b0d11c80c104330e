"""Arbitrary bytes as notices of WeChat: unsigned, signed, and as what was encrypted in them.

A notice comes out, or `BadNoticeError`, and nothing else; without the right key nothing is ever
believed. Run by `test_fuzz`, or by hand with libFuzzer's options.
"""

import tests.proof.without_home_assistant  # noqa: F401, I001  -- must come first

import base64
from datetime import UTC, datetime
import json
import sys
from typing import Any, cast

import atheris
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

with atheris.instrument_imports(include=["custom_components.compere_prepaid.adapters.payment"]):
    from custom_components.compere_prepaid.adapters.payment.wechat.provider import WeChatProvider
    from custom_components.compere_prepaid.adapters.payment.wechat.settings import WeChatSettings
from custom_components.compere_prepaid.core.money.amount import MAX_AMOUNT, Currency
from custom_components.compere_prepaid.core.payment.provider import (
    BadNoticeError,
    Notice,
    Paid,
)

NOW = datetime(2026, 11, 26, tzinfo=UTC)
API_KEY = b"0123456789abcdef0123456789abcdef"
KEY = generate_private_key(65537, 1024)  # noqa: S505  # for speed: it keeps nothing
PROVIDER = WeChatProvider(
    "wechat",
    WeChatSettings(
        mchid="1900009191",
        appid="wx0123456789abcdef",
        merchant_serial="1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C",
        merchant_key=KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        apiv3_key=API_KEY.decode(),
        public_key_id="PUB_KEY_ID_1",
        public_key=KEY.public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode(),
    ),
    session=cast("Any", None),  # reading asks nobody
    currency=Currency.of("CNY"),
    notify_url=lambda: "https://pay.example/notify/wechat",
)
EVENTS = ("TRANSACTION.SUCCESS", "REFUND.SUCCESS")


def signed(body: bytes) -> dict[str, str]:
    """Return the headers of a body that is really signed."""
    at = str(int(NOW.timestamp()))
    signature = KEY.sign(f"{at}\nn\n".encode() + body + b"\n", PKCS1v15(), SHA256())
    return {
        "wechatpay-timestamp": at,
        "wechatpay-nonce": "n",
        "wechatpay-serial": "PUB_KEY_ID_1",
        "wechatpay-signature": base64.b64encode(signature).decode(),
    }


def carrying(content: bytes, event: str) -> bytes:
    """Return a notice with this content, encrypted."""
    resource = {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(AESGCM(API_KEY).encrypt(b"0" * 12, content, b"")).decode(),
        "nonce": "0" * 12,
    }
    return json.dumps({"id": "1", "event_type": event, "resource": resource}).encode()


def outcome_of(headers: dict[str, str], body: bytes) -> Notice | None:
    """Return what is read, None of what is not believed."""
    try:
        return PROVIDER.parse_notice(headers, body, NOW)
    except BadNoticeError:
        return None


def test_one_input(data: bytes) -> None:
    """Read one input: a byte that says as what, then the bytes."""
    if not data:
        return
    kind, rest = data[0] % 4, data[1:]
    if kind == 0:
        pieces = [piece.decode("latin-1") for piece in rest.split(b"\x00", 4)]
        names = ("Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Serial")
        headers = dict(zip((*names, "Wechatpay-Signature"), pieces, strict=False))
        assert outcome_of(headers, rest) is None
        return
    body = rest if kind == 1 else carrying(rest, EVENTS[kind - 2])
    notice = outcome_of(signed(body), body)
    if notice is not None and isinstance(paid := notice.news, Paid):
        assert paid.amount is None or 0 < paid.amount < MAX_AMOUNT
        assert paid.txn
        assert paid.paid_at.tzinfo is not None


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()
