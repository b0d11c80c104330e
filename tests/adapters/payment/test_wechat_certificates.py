"""Certificates that are given out: what is believed of them."""

from datetime import UTC, datetime
import json

import pytest

from custom_components.compere_prepaid.adapters.clock import SystemClock
from custom_components.compere_prepaid.adapters.payment.sandbox_gateway.faults import Faults
from custom_components.compere_prepaid.adapters.payment.sandbox_gateway.keys import BEGINS, ENDS
from custom_components.compere_prepaid.adapters.payment.sandbox_gateway.voice import Voice
from custom_components.compere_prepaid.adapters.payment.wechat.certificates import (
    read_certificates,
)
from custom_components.compere_prepaid.adapters.payment.wechat.verifying import NotGenuineError
from tests.adapters.payment.shop import shared_keys

KEYS = shared_keys()
VOICE = Voice(KEYS, Faults(), SystemClock())
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def entry(content: str = KEYS.certificate, serial: str = KEYS.certificate_serial) -> object:
    """Return a certificate as it is given out."""
    return {"serial_no": serial, "encrypt_certificate": VOICE.encrypted(content)}


def read(*entries: object, now: datetime = NOW) -> set[str]:
    """Return the serials of those that are believed."""
    data = json.loads(json.dumps({"data": entries}))
    return set(read_certificates(data, KEYS.apiv3_key.encode(), now))


def test_those_that_are_valid_now() -> None:
    """A serial is the certificate's own; before and after its time it is no key."""
    assert read(entry()) == {KEYS.certificate_serial}
    assert read() == set()
    assert read(entry(), now=ENDS) == set()
    assert read(entry(), now=BEGINS.replace(year=2019)) == set()


@pytest.mark.parametrize(
    "wrong",
    [
        entry(serial="0123456789ABCDEF"),
        entry(serial=""),
        entry(content="no certificate"),
        entry(content=KEYS.public_key),
        {"serial_no": KEYS.certificate_serial},
        {"serial_no": KEYS.certificate_serial, "encrypt_certificate": "text"},
        {"serial_no": 1, "encrypt_certificate": VOICE.encrypted(KEYS.certificate)},
        "text",
        None,
    ],
)
def test_what_is_no_certificate(wrong: object) -> None:
    """One that cannot be believed makes the whole answer worthless."""
    with pytest.raises(NotGenuineError):
        read(entry(), wrong)


def test_what_is_no_list() -> None:
    """An answer without them is none."""
    with pytest.raises(NotGenuineError):
        read_certificates({}, KEYS.apiv3_key.encode(), NOW)
    with pytest.raises(NotGenuineError):
        read_certificates({"data": [entry()]}, b"0" * 32, NOW)
