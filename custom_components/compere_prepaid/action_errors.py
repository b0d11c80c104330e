"""Core errors as Home Assistant's translated ones; the only place where that happens."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.translation import async_get_cached_translations

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


def in_words(hass: HomeAssistant, error: PrepaidError) -> str:
    """Return what an error says, in Home Assistant's language, for texts that quote it."""
    texts = async_get_cached_translations(hass, hass.config.language, "exceptions", DOMAIN)
    text = texts.get(f"component.{DOMAIN}.exceptions.{error.key}.message")
    if text is None:
        return str(error)
    with suppress(KeyError):  # rather a gap in a sentence than none
        text = text.format_map(error.placeholders)
    return text.rstrip(".。")
