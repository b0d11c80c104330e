"""What the portal refuses, always in the same form: a status, a code and a sentence."""

from collections.abc import Mapping
from typing import Any

from ..core.errors import InvalidInputError, LedgerReadOnlyError, PrepaidError
from ..core.payment.provider import RejectedError
from .wording import has_text, text

NOT_FOUND = frozenset(
    {"announcement_unknown", "announcement_not_for_account", "device_unknown", "order_unknown"}
)
"""Keys of the core that here only say that there is no such thing for this tenant."""

CONFLICT = frozenset(
    {"provider_unknown", "means_missing", "order_key_reused", "order_closed", "too_many_orders"}
)

MISCONFIGURED = frozenset(
    {"return_address_missing", "public_address_missing", "wechat_method_missing"}
)
"""What keeps a provider from taking anything: no tenant can do anything about it."""


class PortalError(Exception):
    """Something that is refused. `code` is also the key of its text."""

    def __init__(
        self,
        status: int,
        code: str,
        *,
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
        values: Mapping[str, str] | None = None,
    ) -> None:
        """Say what is refused; `retry_after` is in seconds."""
        super().__init__(code)
        self.status = status
        self.code = code
        self.retry_after = retry_after
        self.headers = dict(headers or {})
        self.values = values

    def body(self, language: str) -> dict[str, Any]:
        """Return what is answered."""
        error: dict[str, Any] = {"code": self.code, "message": self.message(language)}
        if self.retry_after is not None:
            error["retry_after"] = self.retry_after
        return {"error": error}

    def message(self, language: str) -> str:
        """Return what people read."""
        key = f"error_{self.code}"
        return text(language, key if has_text(key) else "error_refused", self.values)


def too_many(wait_s: int) -> PortalError:
    """Return the refusal of who asks too often."""
    return PortalError(429, "too_many", retry_after=wait_s, headers={"Retry-After": str(wait_s)})


def not_found() -> PortalError:
    """Return the one answer for everything that is not there, or not for who asks."""
    return PortalError(404, "not_found")


def portal_error_of(error: PrepaidError) -> PortalError:
    """Return how an error of the core is told to a tenant."""
    if error.key in NOT_FOUND:
        return not_found()
    if isinstance(error, RejectedError) or error.key in MISCONFIGURED:
        return PortalError(409, "provider_refused")
    if isinstance(error, InvalidInputError):
        status = 409 if error.key in CONFLICT else 400
        return PortalError(status, error.key, values=error.placeholders)
    if isinstance(error, LedgerReadOnlyError):
        return PortalError(503, "book_closed")
    return PortalError(503, "try_later")
