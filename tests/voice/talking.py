"""Talking with Home Assistant's conversation agent, as the companion app does."""

from dataclasses import dataclass

from homeassistant.components.conversation import HOME_ASSISTANT_AGENT, async_converse
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers.llm import LLM_API_ASSIST, APIInstance, LLMContext, async_get_api

ENGLISH, CHINESE = "en", "zh-Hans"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the agent said, and whether it had understood."""

    speech: str
    kind: str
    code: str | None


async def say(
    hass: HomeAssistant, text: str, *, language: str = ENGLISH, user: str | None = None
) -> Reply:
    """Say something to the agent and return what it answers."""
    result = await async_converse(
        hass,
        text,
        None,
        Context(user_id=user),
        language=language,
        agent_id=HOME_ASSISTANT_AGENT,
    )
    response = result.response
    return Reply(
        speech=response.speech["plain"]["speech"],
        kind=response.response_type.value,
        code=None if response.error_code is None else response.error_code.value,
    )


async def tools_of(hass: HomeAssistant, user: str | None = None) -> APIInstance:
    """Return the tools that Home Assistant gives to a language model."""
    return await async_get_api(
        hass,
        LLM_API_ASSIST,
        LLMContext(
            platform="test",
            context=Context(user_id=user),
            language=ENGLISH,
            assistant="conversation",
            device_id=None,
        ),
    )
