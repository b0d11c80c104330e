"""What we sign: requests to WeChat, and what the page hands to WeChat's bridge.

A signed message is lines that all end with a line feed, also the last: RSA, PKCS#1 v1.5, SHA-256,
in base64 (WeChat Pay API v3, "Signature generation").
"""

import base64
import secrets

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

SCHEME = "WECHATPAY2-SHA256-RSA2048"


def message(*lines: str | bytes) -> bytes:
    """Return lines as they are signed: each ended, a last one that ends itself once more."""
    return b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines)


class Signer:
    """Signs with the merchant's key."""

    def __init__(self, mchid: str, serial: str, key: RSAPrivateKey) -> None:
        """Sign as this merchant; `serial` is that of the certificate which the key belongs to."""
        self._mchid = mchid
        self._serial = serial.upper()
        self._key = key

    def authorization(
        self, method: str, target: str, body: bytes, timestamp: int, nonce: str = ""
    ) -> str:
        """Return the header of a request.

        `target` is path and query exactly as sent, `body` the very bytes (none for GET).
        """
        nonce = nonce or secrets.token_hex(16)
        signature = self._sign(message(method, target, str(timestamp), nonce, body))
        return (
            f'{SCHEME} mchid="{self._mchid}",nonce_str="{nonce}",timestamp="{timestamp}",'
            f'serial_no="{self._serial}",signature="{signature}"'
        )

    def bridge_parameters(
        self, appid: str, prepay_id: str, timestamp: int, nonce: str = ""
    ) -> dict[str, str]:
        """Return what `getBrandWCPayRequest` of WeChat's bridge is given; all of it is text."""
        nonce = nonce or secrets.token_hex(16)
        package = f"prepay_id={prepay_id}"
        return {
            "appId": appid,
            "timeStamp": str(timestamp),
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self._sign(message(appid, str(timestamp), nonce, package)),
        }

    def _sign(self, text: bytes) -> str:
        return base64.b64encode(self._key.sign(text, PKCS1v15(), SHA256())).decode()
