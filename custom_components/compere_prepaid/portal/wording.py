"""What the portal's server says to tenants, in their language."""

from collections.abc import Mapping, Sequence
from functools import cache
import json
from pathlib import Path
import re

LANGUAGES = ("en", "zh-Hans", "ms")

_TEXTS = Path(__file__).parent / "texts"
_LONGEST = 200
_RANGE = re.compile(r"\s*([A-Za-z-]+)\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*")


@cache
def _texts_of(language: str) -> Mapping[str, str]:
    texts: dict[str, str] = json.loads((_TEXTS / f"{language}.json").read_text("utf-8"))
    return texts


def load_texts() -> None:
    """Read all texts; what is said later then reads no file."""
    for language in LANGUAGES:
        _texts_of(language)


def text(language: str, key: str, values: Mapping[str, str] | None = None) -> str:
    """Return a text in one of `LANGUAGES`."""
    return _texts_of(language)[key].format_map(values or {})


def has_text(key: str) -> bool:
    """Tell whether there is such a text."""
    return key in _texts_of(LANGUAGES[0])


def known_language(name: str) -> str:
    """Return which of our languages a name means; empty for none."""
    parts = name.lower().split("-")
    match parts[0]:
        case "zh":
            return "zh-Hans"
        case "en" | "ms":
            return parts[0]
        case _:
            return ""


def accepted_language(header: str, otherwise: Sequence[str]) -> str:
    """Return the language that somebody's browser asks for, or the first of ours of others."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(header[:_LONGEST].split(",")):
        if found := _RANGE.fullmatch(part):
            weight = float(found[2]) if found[2] else 1.0
            if weight > 0 and (language := known_language(found[1])):
                wanted.append((-weight, place, language))
    if wanted:
        return min(wanted)[2]
    return next((known for each in otherwise if (known := known_language(each))), LANGUAGES[0])
