"""WeChat's platform certificates, as `/v3/certificates` gives them out, encrypted."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from .resource import decrypt
from .verifying import Doubt, NotGenuineError


def read_certificates(
    data: Mapping[str, Any], key: bytes, now: datetime
) -> dict[str, RSAPublicKey]:
    """Return the keys that are valid now, by serial; raises `NotGenuineError`.

    Who can encrypt them knows the merchant's APIv3 key, which is all the proof that there is of the
    very first ones.
    """
    entries = data.get("data")
    if not isinstance(entries, list):
        raise NotGenuineError(Doubt.CONTENT)
    found: dict[str, RSAPublicKey] = {}
    for entry in entries:
        if not isinstance(entry, dict):
            raise NotGenuineError(Doubt.CONTENT)
        try:
            certificate = x509.load_pem_x509_certificate(
                decrypt(key, entry.get("encrypt_certificate"))
            )
            public = certificate.public_key()
        except ValueError:
            raise NotGenuineError(Doubt.CONTENT) from None
        serial = f"{certificate.serial_number:X}"
        if not isinstance(public, RSAPublicKey) or serial != _hexadecimal(entry.get("serial_no")):
            raise NotGenuineError(Doubt.CONTENT)
        if certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
            found[str(entry["serial_no"])] = public
    return found


def _hexadecimal(serial: object) -> str:
    """Return a serial without the zeros it may begin with."""
    return serial.upper().lstrip("0") if isinstance(serial, str) else ""
