"""Every sentence that we install is understood by Home Assistant's own agent, and answered."""

from collections.abc import Callable, Iterator
from pathlib import Path

from hassil.intents import Intents
from hassil.sample import sample_intents
from homeassistant.core import HomeAssistant
import pytest
import yaml

from custom_components.compere_prepaid.intent import QUESTIONS
from custom_components.compere_prepaid.site import CompereSite
from custom_components.compere_prepaid.voice.installing import NAME, SENTENCES
from tests.voice.talking import CHINESE, ENGLISH, say

EACH = 20
"""So many of the ways to say one template, evenly over all of them."""

ANSWERS = {
    "ComperePrepaidBalance": ("has 200 yuan", "余额200元"),
    "ComperePrepaidDaysLeft": ("lasts is not known yet", "余额能用多久"),
    "ComperePrepaidLastTopUp": ("was never topped up", "还没有充值过"),
    "ComperePrepaidOff": ("No shop is off", "没有商铺断电"),
    "ComperePrepaidWarned": ("No shop is warned", "没有商铺处于预警状态"),
    "ComperePrepaidLoad": (" draws ", "当前功率"),
}
"""What each answer says, of shops that have used nothing yet."""


def ways_to_say(folder: str) -> Iterator[tuple[str, str]]:
    """Yield intents with sentences, the slots filled."""
    content = yaml.safe_load((SENTENCES / folder / NAME).read_text("utf-8"))
    for intent, data in content["intents"].items():
        for group in data["data"]:
            for template in group["sentences"]:
                one = {**content, "intents": {intent: {"data": [{"sentences": [template]}]}}}
                samples = sample_intents(
                    Intents.from_dict(one), exclude_sentences_with_wildcards=False
                )
                said = sorted({" ".join(text.split()) for _, text in samples})
                for sentence in said[:: max(1, -(-len(said) // EACH))]:
                    yield intent, sentence.format(compere_shop="A-101", compere_place="Food court")


def test_every_question_has_sentences() -> None:
    """In every language there are sentences for every intent, and for no other."""
    for folder in SENTENCES.iterdir():
        intents = {intent for intent, _ in ways_to_say(folder.name)}
        assert intents == {question.intent_type for question in QUESTIONS} == set(ANSWERS)


@pytest.mark.parametrize(("folder", "language"), [("en", ENGLISH), ("zh-CN", CHINESE)])
async def test_every_sentence_is_answered(
    hass: HomeAssistant,
    site: CompereSite,
    folder: str,
    language: str,
    figure: Callable[[str], None],
) -> None:
    """Each sentence gets the answer of its own question, in its own language."""
    count = 0
    for intent, sentence in ways_to_say(folder):
        reply = await say(hass, sentence, language=language)
        expected = ANSWERS[intent][language != ENGLISH]
        assert expected in reply.speech, (sentence, reply)
        assert reply.kind == "query_answer"
        count += 1
    figure(f"voice: {count} spoken sentences in {folder}, each answered by the agent")


async def test_the_agent_needs_them(hass: HomeAssistant, site: CompereSite, tmp_path: Path) -> None:
    """Without our file the agent answers something else, so it is ours that it understands."""
    (tmp_path / "custom_sentences" / "en" / NAME).unlink()
    await hass.services.async_call("conversation", "reload", {}, blocking=True)
    assert "shop" not in (await say(hass, "who is off")).speech
    assert (await say(hass, "how much credit does A-101 have left")).code == "no_intent_match"
