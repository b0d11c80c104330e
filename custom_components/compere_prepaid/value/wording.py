"""What the value report says, in the languages that its page has."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
import json
from pathlib import Path
import re
from typing import Any

from ..core.value.figure import Figure, Given

_FOLDER = Path(__file__).parent / "texts"
LANGUAGES = ("en", "zh-Hans")

_DIGITS = {"count": 0, "money_per_kwh": 4, "ratio": 4}
"""How many decimals are shown by unit; of all others two, of money the currency's."""

_SIGNS = {"*": "×", "/": "÷", "-": "−"}
_SHORTEST = 6
"""Digits behind the point of inputs that are shown."""


@lru_cache(maxsize=len(LANGUAGES))
def texts(language: str) -> Mapping[str, Any]:
    """Return all texts of a language that we have. Blocking at the first call."""
    found: Mapping[str, Any] = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return found


def shown(one: Figure, digits: int) -> str | None:
    """Return a figure's value rounded as people want it; None for one without."""
    if one.value is None:
        return None
    places = digits if one.unit == "money" else _DIGITS.get(one.unit, 2)
    rounded = one.value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return f"{rounded or abs(rounded):f}"  # no minus before nothing


def unit_text(unit: str, currency: str, language: str) -> str:
    """Return the name of a unit."""
    return str(texts(language)["units"][unit].format(currency=currency))


def note_text(note: str, language: str) -> str:
    """Return what a note says."""
    words = texts(language)
    key, _, about = note.partition(":")
    if key == "missing":
        about = words["inputs"].get(about, about)
    return str(words["notes"][key].format(about=about))


def formula_text(one: Figure, language: str) -> str:
    """Return a formula with the names of its inputs in a language."""
    names = texts(language)["inputs"]
    words = re.sub(r"[a-z_0-9]+", lambda name: names.get(name[0], name[0]), one.formula)
    return re.sub(r" ([*/-]) ", lambda sign: f" {_SIGNS[sign[1]]} ", words)


def input_text(name: str, language: str) -> str:
    """Return the name of an input; a meter's serial number is one itself."""
    return str(texts(language)["inputs"].get(name, name))


def given_text(given: Given) -> str:
    """Return an input as it is shown: exact, unless it has no end."""
    if not isinstance(given, Decimal):
        return "–" if given is None else str(given)
    exponent = given.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -_SHORTEST:
        given = given.quantize(Decimal(1).scaleb(-_SHORTEST), rounding=ROUND_HALF_UP)
    text = f"{given or abs(given):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
