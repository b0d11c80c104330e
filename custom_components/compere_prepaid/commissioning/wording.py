"""What checks and reports say, in the languages that we have.

Home Assistant's translations have no place for sentences of a printed page, so they lie here.
"""

from collections.abc import Mapping
from functools import lru_cache
import json
from pathlib import Path

from ..core.commissioning.verdict import Finding

_FOLDER = Path(__file__).parent / "texts"
ENGLISH = "en"
LANGUAGES = (ENGLISH, "zh-Hans")


def language_for(language: str) -> str:
    """Return the language that we have for one that is wanted; English if there is none."""
    if language.casefold().startswith("zh"):
        return "zh-Hans"
    return ENGLISH


@lru_cache(maxsize=len(LANGUAGES))
def texts(language: str) -> Mapping[str, str]:
    """Return all texts of a language that we have. Blocking at the first call."""
    found: Mapping[str, str] = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return found


def sentence(finding: Finding, language: str) -> str:
    """Return what a finding says. Blocking at the first call of a language."""
    return texts(language)[finding.finding].format_map(finding.values)
