"""Questions that may be spoken: how shops stand, who is off, what an area draws.

Home Assistant knows what was meant from sentences in its configuration folder, which the action
`install_voice_sentences` writes there. All of it is looking: no intent moves money or a relay.
"""

from abc import abstractmethod
from typing import override

from homeassistant.core import HomeAssistant
from homeassistant.helpers import intent

from .voice.answers import Answer, Answering
from .voice.finding import async_asked
from .voice.saying import Speech, load_texts

SLOT_SHOP = "compere_shop"
SLOT_PLACE = "compere_place"
"""The sentences' names for what was said; no other integration's sentences use them."""


async def async_setup_intents(hass: HomeAssistant) -> None:
    """Register the questions."""
    await hass.async_add_executor_job(load_texts)
    for question in QUESTIONS:
        intent.async_register(hass, question())


class Question(intent.IntentHandler):
    """A question; it changes nothing."""

    @abstractmethod
    async def answer(self, answering: Answering, said: str | None) -> Answer:
        """Return the answer; `said` is what the slot holds, if the question has one."""

    @override
    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        """Answer in the language of the question, of what its user may see."""
        slots = self.async_validate_slots(intent_obj.slots)
        said = next((slots[key]["value"] for key in self.slot_schema or {} if key in slots), None)
        asked = await async_asked(intent_obj.hass, intent_obj.context)
        answer = await self.answer(Answering(asked, Speech(intent_obj.language)), said)
        response = intent_obj.create_response()
        if answer.found:
            response.response_type = intent.IntentResponseType.QUERY_ANSWER
            response.async_set_speech(answer.speech)
        else:
            code = intent.IntentResponseErrorCode.NO_VALID_TARGETS
            response.async_set_error(code, answer.speech)
        return response


class ShopQuestion(Question):
    """A question about one shop."""

    @property
    @override
    def slot_schema(self) -> dict[str, object]:
        """The shop, as it was said."""
        return {SLOT_SHOP: intent.non_empty_string}


class BalanceQuestion(ShopQuestion):
    """How much a shop has left."""

    intent_type = "ComperePrepaidBalance"
    description = "Tells the balance of a shop, and how long it lasts"

    @override
    async def answer(self, answering: Answering, said: str | None) -> Answer:
        """Tell the balance."""
        return answering.balance(said or "")


class DaysLeftQuestion(ShopQuestion):
    """How long the credit of a shop lasts."""

    intent_type = "ComperePrepaidDaysLeft"
    description = "Tells how long the credit of a shop lasts"

    @override
    async def answer(self, answering: Answering, said: str | None) -> Answer:
        """Tell how long."""
        return answering.days_left(said or "")


class LastTopUpQuestion(ShopQuestion):
    """When a shop paid last."""

    intent_type = "ComperePrepaidLastTopUp"
    description = "Tells the last top-up of a shop"

    @override
    async def answer(self, answering: Answering, said: str | None) -> Answer:
        """Tell when, and how much."""
        return await answering.last_top_up(said or "")


class OffQuestion(Question):
    """Who has no power."""

    intent_type = "ComperePrepaidOff"
    description = "Tells which shops are off, and why"

    @override
    async def answer(self, answering: Answering, said: str | None) -> Answer:
        """Tell who."""
        return answering.off()


class WarnedQuestion(Question):
    """Whose credit is low."""

    intent_type = "ComperePrepaidWarned"
    description = "Tells how many shops are warned of low credit, and which"

    @override
    async def answer(self, answering: Answering, said: str | None) -> Answer:
        """Tell how many, and who."""
        return answering.warned()


class LoadQuestion(Question):
    """What an area, a floor or the whole mall draws."""

    intent_type = "ComperePrepaidLoad"
    description = "Tells the electric load of an area, a floor or the whole mall"

    @property
    @override
    def slot_schema(self) -> dict[object, object]:
        """The place, as it was said; everything if there is none."""
        return {SLOT_PLACE: intent.non_empty_string}

    @override
    async def answer(self, answering: Answering, said: str | None) -> Answer:
        """Tell the load."""
        return answering.load(said)


QUESTIONS = (
    BalanceQuestion,
    DaysLeftQuestion,
    LastTopUpQuestion,
    OffQuestion,
    WarnedQuestion,
    LoadQuestion,
)
