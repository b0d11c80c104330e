"""The sentences about policies: the same ones in every language, with the same gaps."""

from datetime import date
from string import Formatter

import pytest

from custom_components.compere_prepaid.commissioning.wording import LANGUAGES
from custom_components.compere_prepaid.core.policy.advice import Advice, advice
from custom_components.compere_prepaid.core.policy.credit import Policy
from custom_components.compere_prepaid.core.policy.protected_times import ProtectedTimes
from custom_components.compere_prepaid.policy_texts import TEXTS, summary, warnings

TODAY = date(2026, 3, 2)
ALWAYS = dict.fromkeys(range(7), ((0, 1440),))


def gaps(text: str) -> list[str]:
    """Return what a sentence is filled in with."""
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name)


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages_say_the_same(language: str) -> None:
    """Each sentence is there and takes the same words; so is one for each piece of advice."""
    assert set(TEXTS[language]) == set(TEXTS["en"])
    for key, text in TEXTS[language].items():
        assert gaps(text) == gaps(TEXTS["en"][key]), key
    assert set(Advice) <= set(TEXTS[language])


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        (Policy(name="P", warning_levels=()), [Advice.NO_WARNING]),
        (Policy(name="P", warning_levels=(), warning_days=(3,)), []),
        (Policy(name="P", warning_levels=(), never_cut=True), []),
        (
            Policy(name="P", warning_levels=(), protected=ProtectedTimes(week=ALWAYS)),
            [Advice.NEVER_ALLOWS_CUT, Advice.NO_WARNING],
        ),
        (
            Policy(
                name="P",
                warning_levels=(),
                warning_days=(3,),
                protected=ProtectedTimes(special={"holiday": ()}, calendar="C"),
            ),
            [Advice.NO_SPECIAL_DAY],
        ),
    ],
)
def test_advice(policy: Policy, found: list[Advice]) -> None:
    """What is allowed and hardly meant, and nothing of what is spared from cuts anyway."""
    assert list(advice(policy, TODAY)) == found
    assert [one["warning"] for one in warnings(policy, TODAY, "fr")] == found


def test_advice_follows_the_calendar() -> None:
    """A day to come is enough, also today; a day that is over is not."""
    protected = ProtectedTimes(special={"holiday": ((0, 60),)}, calendar="C")
    for day, found in ((TODAY, []), (date(2026, 3, 1), [Advice.NO_SPECIAL_DAY])):
        policy = Policy(
            name="P", warning_levels=(), warning_days=(1,), protected=protected.on({day: "holiday"})
        )
        assert list(advice(policy, TODAY)) == found


def test_nobody_is_told_in_words() -> None:
    """A policy that nobody has means nothing to anybody."""
    totals, text = summary("P", [], "en")
    assert set(totals.values()) == {0}
    assert text == "With the policy P, no account would be warned and no account cut now."
