"""Templates say what a policy says, in each language, and leave out what it does not have."""

import pytest

from custom_components.compere_prepaid.core.announcement.template_texts import LANGUAGES, WORDS
from custom_components.compere_prepaid.core.announcement.templates import (
    TEMPLATES,
    write_template,
)
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.policy.credit import Policy, Reconnect
from custom_components.compere_prepaid.core.policy.protected_times import ProtectedTimes
from tests.core.prepayment.desk import CNY, money

NIGHTS = ((1080, 480),)
RICH = Policy(
    name="Rich",
    warning_levels=(money(100), money("49.50")),
    warning_days=(3, 1),
    cut_off=money(-5),
    credit_limit=money(20),
    emergency_credit=money(30),
    notice_hours=24,
    protected=ProtectedTimes(
        week={
            0: NIGHTS,
            1: NIGHTS,
            2: NIGHTS,
            3: NIGHTS,
            4: NIGHTS,
            5: ((0, 1440),),
            6: ((0, 1440),),
        },
        special={"holiday": ((0, 1440),)},
    ),
    adaptation_days=21,
    reconnect=Reconnect.CONFIRM,
)
PLAIN = Policy(name="Plain", warning_levels=())

ENGLISH = """\
Electricity is paid in advance. What you use is taken off your balance.
You are told when your available credit falls to 100.00 CNY, 49.50 CNY.
You are told when your credit will last for about so many days only: 3, 1.
When your available credit is at -5.00 CNY or below, your electricity is cut off.
Your available credit includes a credit limit of 20.00 CNY.
When credit is low you can use emergency credit of 30.00 CNY once; your next top-ups repay it first.
Nothing is cut off before you have known for 24 hours that credit is low.
Nothing is cut off at these times: Mon–Fri 18:00–08:00; Sat, Sun all day; on special days (holiday) all day. If credit is still missing when they end, it is cut off then.
In the first 3 weeks nothing is cut off: you are told what would have happened.
After you top up, the management switches your electricity on again."""  # noqa: E501  -- as it is sent


def test_rules_of_power_cuts() -> None:
    """All that a policy says, with its numbers."""
    text = write_template("power_cut_rules", RICH, CNY)["en"]
    assert (text.title, text.message) == ("When electricity is cut off", ENGLISH)


def test_what_a_policy_does_not_have_is_left_out() -> None:
    """A plain one cuts at zero and comes back by itself; who is never cut has no more rules."""
    assert write_template("power_cut_rules", PLAIN, CNY)["en"].message.splitlines() == [
        "Electricity is paid in advance. What you use is taken off your balance.",
        "When your available credit is at 0.00 CNY or below, your electricity is cut off.",
        "As soon as you top up, your electricity comes back by itself.",
    ]
    pump = Policy(name="Pump", warning_levels=(), never_cut=True)
    assert write_template("power_cut_rules", pump, CNY)["zh-Hans"].message.splitlines() == [
        "电费须预先支付，所用电费从您的余额中扣除。",
        "您的供电不会因余额不足而中断。",
    ]


@pytest.mark.parametrize(
    ("days", "span"), [(7, "week"), (14, "2 weeks"), (28, "4 weeks"), (10, "10 days")]
)
def test_adaptation_period(days: int, span: str) -> None:
    """How long it is, in weeks where it is whole weeks; the rules follow."""
    policy = Policy(name="New", warning_levels=(), adaptation_days=days)
    text = write_template("adaptation_period", policy, CNY)["en"].message
    assert text.startswith(f"For the first {span} you can get used to prepaid electricity.")
    assert text.endswith("As soon as you top up, your electricity comes back by itself.")
    none = write_template("adaptation_period", PLAIN, CNY)["en"].message
    assert none.startswith("The rules hold from now on")


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("policy", [RICH, PLAIN])
def test_every_language_says_it_all(name: str, policy: Policy) -> None:
    """As many sentences in each, with the same numbers and nothing left to fill in."""
    texts = write_template(name, policy, CNY)
    assert tuple(texts) == LANGUAGES
    lines = {language: text.message.splitlines() for language, text in texts.items()}
    assert len({len(each) for each in lines.values()}) == 1
    for text in texts.values():
        assert text.title
        assert "{" not in text.message
        for amount in policy.warning_levels:
            assert f"{CNY.rounded(amount)} CNY" in text.message


def test_languages_have_the_same_words() -> None:
    """None is missing, and each name of a weekday is there."""
    for words in WORDS.values():
        assert set(words) == set(WORDS["en"])
        assert len(words["weekdays"].split()) == 7


def test_unknown_template() -> None:
    """The refusal names those that there are."""
    with pytest.raises(InvalidInputError, match="known=power_cut_rules, adaptation_period"):
        write_template("greeting", PLAIN, CNY)
