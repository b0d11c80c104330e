"""The merchant's own API certificate: which one signs, and when it has to be replaced."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from ....core.errors import InvalidInputError
from .settings import read_private_key, tidy


@dataclass(frozen=True, slots=True, kw_only=True)
class MerchantCertificate:
    """What is in a certificate that concerns us."""

    serial: str
    """Hexadecimal, as requests name it."""
    ends: datetime


def merchant_certificate(pem: str) -> MerchantCertificate:
    """Read a certificate; raises `InvalidInputError` (`wechat_certificate_unreadable`)."""
    certificate = _certificate(pem)
    return MerchantCertificate(
        serial=f"{certificate.serial_number:X}", ends=certificate.not_valid_after_utc
    )


def check_key(pem: str, key: str) -> None:
    """Refuse a private key that is not the certificate's.

    Raises `InvalidInputError`: `wechat_certificate_unreadable`, `wechat_merchant_key_unreadable`,
    `wechat_key_of_another_certificate`.
    """
    if read_private_key(key).public_key() != _certificate(pem).public_key():
        raise InvalidInputError("wechat_key_of_another_certificate")


def _certificate(pem: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(tidy(pem))
    except ValueError:
        raise InvalidInputError("wechat_certificate_unreadable") from None
