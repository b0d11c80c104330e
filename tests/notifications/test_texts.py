"""The texts of all messages: in every language, with the same gaps, none missing or unused."""

from collections.abc import Iterator
from pathlib import Path
import re

import pytest

from custom_components.compere_prepaid.core.metering.plausibility import Suspicion
from custom_components.compere_prepaid.core.policy.decision import Why
from custom_components.compere_prepaid.core.policy.protection import RuleKind
from custom_components.compere_prepaid.core.policy.protection_state import Move
from custom_components.compere_prepaid.core.prepayment.charging import OTHER_METER
from custom_components.compere_prepaid.notifications import wording
from custom_components.compere_prepaid.notifications.news import RULES, Audience, Kind
from custom_components.compere_prepaid.notifications.taps import Deed

PLACEHOLDER = re.compile(r"\{(\w+)\}")
SOURCE = "".join(
    path.read_text("utf-8") for path in sorted(Path(wording.__file__).parent.glob("*.py"))
)
TOPICS = ("warned", "off", "cut", "restored", "shadow_cut", "suspect", "offline")
MOVES = [f"_{move}" for move in Move if move is not Move.CLEARED]


def composed() -> Iterator[str]:
    """Yield the keys that code makes of what it tells."""
    for kind, rule in RULES.items():
        variants = MOVES if kind in {Kind.OVERLOAD, Kind.PROTECTION} else [""]
        for audience, is_told in (
            (Audience.TENANT, rule.tenants),
            (Audience.MANAGERS, rule.topic is not None),
        ):
            if not is_told:
                continue
            for variant in variants:
                yield from (f"{kind}_{audience}{variant}_{part}" for part in ("title", "text"))
            if kind in {Kind.CREDIT_WARNING, Kind.CUT_PUT_OFF, Kind.CUT_REMINDER}:
                yield f"{kind}_{audience}_dated_text"
            if kind is Kind.SHARED_COSTS:
                yield f"{kind}_{audience}_back_text"
            if kind is Kind.CREDIT_WARNING:
                yield f"{kind}_{audience}_days_text"
    yield from (f"reason_{reason}" for reason in (*Suspicion, OTHER_METER))
    yield from (f"rule_{kind}" for kind in RuleKind if kind is not RuleKind.OVERLOAD)
    yield from (f"button_{deed}" for deed in Deed)
    yield from (f"tap_{deed}_done" for deed in Deed)
    yield from (f"why_{why}" for why in Why)
    stale = SOURCE.partition("def _stale(")[2].partition("async def _do(")[0]
    words = re.findall(r'(?:return|else) "(\w+)"', stale)
    yield from (f"tap_stale_{reason}" for reason in words)
    yield from (f"digest_{topic}" for topic in TOPICS)


def test_every_text_is_used_and_there() -> None:
    """What code asks for is what the file has."""
    asked = set(composed())
    english = set(wording.texts("en"))
    literal = {key for key in english if f'"{key}"' in SOURCE}
    assert asked <= english, asked - english
    assert english == asked | literal, english - asked - literal


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_every_language_says_the_same(language: str) -> None:
    """Same keys, same gaps, nothing empty; and the language has a name of its own."""
    english, other = wording.texts("en"), wording.texts(language)
    assert list(other) == sorted(english)
    assert wording.NAMES[language]
    for key, text in other.items():
        assert text.strip() or key == "separator", key
        assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(english[key])), key
        assert text.count("{") == text.count("}") == len(PLACEHOLDER.findall(text)), key
