"""Core errors as Home Assistant's translated ones; the only place where that happens."""

from collections.abc import Iterator
from contextlib import contextmanager

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .const import DOMAIN
from .core.errors import InvalidInputError, PrepaidError


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn the caller's mistakes into validation errors, everything else into failures."""
    try:
        yield
    except PrepaidError as error:
        kind = (
            ServiceValidationError if isinstance(error, InvalidInputError) else HomeAssistantError
        )
        raise kind(
            translation_domain=DOMAIN,
            translation_key=error.key,
            translation_placeholders=error.placeholders,
        ) from error
