"""What reaches a Stripe account: its secret key and the secrets of its notices."""

from dataclasses import dataclass, field
import re
from typing import Self

from ....core.errors import InvalidInputError

BASE_URL = "https://api.stripe.com"

_SECRET_KEY = re.compile(r"[sr]k_(test|live)_[A-Za-z0-9_]{8,240}")
_WEBHOOK_SECRET = re.compile(r"whsec_[A-Za-z0-9_+/=-]{8,240}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeSettings:
    """The settings of a Stripe account. What is secret is never shown.

    `secret_key` is a secret (`sk_…`) or restricted (`rk_…`) key; two `webhook_secrets` are valid
    while one is being replaced. Build it with `of` to have what people typed checked.
    """

    secret_key: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)
    base_url: str = BASE_URL

    @classmethod
    def of(
        cls, secret_key: str, webhook_secrets: tuple[str, ...], base_url: str = BASE_URL
    ) -> Self:
        """Return settings as they were typed.

        Raises `InvalidInputError`: `stripe_key_wrong` (e.g. the publishable key),
        `stripe_webhook_secret_wrong`.
        """
        secrets = tuple(secret.strip() for secret in webhook_secrets if secret.strip())
        if not _SECRET_KEY.fullmatch(secret_key.strip()):
            raise InvalidInputError("stripe_key_wrong")
        if not secrets or not all(map(_WEBHOOK_SECRET.fullmatch, secrets)):
            raise InvalidInputError("stripe_webhook_secret_wrong")
        return cls(
            secret_key=secret_key.strip(),
            webhook_secrets=secrets,
            base_url=base_url.strip().rstrip("/") or BASE_URL,
        )

    @property
    def is_test(self) -> bool:
        """Whether the key moves no real money."""
        return self.secret_key.startswith(("sk_test_", "rk_test_"))
