"""What people are told, in the languages that we have.

Home Assistant's translations know one language, that of the system; a tenant may read another.
"""

from collections.abc import Mapping
from functools import lru_cache
import json
from pathlib import Path

from ..commissioning.wording import LANGUAGES, language_for

__all__ = ["LANGUAGES", "NAMES", "language_for", "load_texts", "text", "texts"]

NAMES: Mapping[str, str] = {"en": "English", "zh-Hans": "简体中文"}
"""What each language calls itself."""

_FOLDER = Path(__file__).parent / "texts"


@lru_cache(maxsize=len(LANGUAGES))
def texts(language: str) -> Mapping[str, str]:
    """Return all texts of a language that we have. Blocking at the first call."""
    found: Mapping[str, str] = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return found


def load_texts() -> None:
    """Read all languages, so that nothing blocks later. Blocking."""
    for language in LANGUAGES:
        texts(language)


def text(language: str, key: str, values: Mapping[str, str]) -> str:
    """Return a text with its gaps filled."""
    return texts(language)[key].format_map(values)
