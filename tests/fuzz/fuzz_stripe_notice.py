"""Fuzz target: Stripe's notices, as a stranger sends them and signed with the right secret.

The first byte chooses; the rest is the signature's header and the body, or the body alone.
"""

import tests.proof.without_home_assistant  # noqa: F401, I001  -- must come first

from contextlib import suppress
from datetime import UTC, datetime
import sys

import atheris

with atheris.instrument_imports(include=["custom_components.compere_prepaid.adapters.payment"]):
    from custom_components.compere_prepaid.adapters.payment.stripe.notices import read_notice
    from custom_components.compere_prepaid.adapters.payment.stripe.objects import Reader
    from custom_components.compere_prepaid.adapters.payment.stripe.settings import StripeSettings
    from custom_components.compere_prepaid.adapters.payment.stripe.signature import sign

from custom_components.compere_prepaid.core.money.amount import Currency
from custom_components.compere_prepaid.core.payment.provider import BadNoticeError, Notice

NOW = datetime(2026, 9, 21, 8, tzinfo=UTC)
AT = int(NOW.timestamp())
SECRET = "whsec_test_secret"  # noqa: S105  # published for trying
SETTINGS = StripeSettings(secret_key="sk_test_12345678", webhook_secrets=(SECRET,))  # noqa: S106
READER = Reader("mall", Currency.of("SGD"), is_test=True)


def one_input(data: bytes) -> None:
    """Feed one input."""
    provider = atheris.FuzzedDataProvider(data)
    genuine = provider.ConsumeBool()
    header = "" if genuine else provider.ConsumeUnicodeNoSurrogates(80)
    body = provider.ConsumeBytes(sys.maxsize)
    if genuine:
        header = f"t={AT},v1={sign(SECRET, AT, body)}"
    with suppress(BadNoticeError):
        notice = read_notice(SETTINGS, READER, {"stripe-signature": header}, body, NOW)
        if not genuine:
            raise AssertionError(f"a stranger is believed: {notice}")
        if not isinstance(notice, Notice):
            raise TypeError(notice)


def main() -> None:
    """Run with libFuzzer's options."""
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
