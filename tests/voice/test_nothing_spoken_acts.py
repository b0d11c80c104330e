"""Nothing that is spoken moves money or a relay, whoever speaks and whatever was exposed."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from homeassistant.components.conversation.chat_log import ChatLog, current_chat_log
from homeassistant.components.homeassistant.exposed_entities import (
    async_expose_entity,
    async_should_expose,
)
from homeassistant.core import Context, HomeAssistant, async_get_hass
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, intent
from homeassistant.helpers.llm import ToolInput
from homeassistant.setup import async_setup_component
import probatio as vol
import pytest

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.adapters.ledger_books import content
from tests.site_fixtures import account_entity, entity_of
from tests.stories.telling import ask, contact, relay_settled
from tests.voice.talking import say, tools_of

ASSISTANT = "conversation"

COMMANDS = (
    "turn off {relay}",
    "turn on {relay}",
    "switch off {relay} in the food court",
    "turn off everything in the food court",
    "turn off all the switches",
    "turn off all switches in the food court",
    "press {reconnect}",
    "turn on {reconnect}",
    "set {balance} to 500",
    "set the {balance} to 500",
    "set {policy} to Standard",
    "turn on {emergency}",
    "top up A-101 with 100 yuan",
    "cut off noodle house",
    "reconnect noodle house",
)


@asynccontextmanager
async def nothing_moves(site: CompereSite, mall: Mall) -> AsyncIterator[None]:
    """Compare the whole book and every contact before and after."""

    async def stands() -> tuple[object, ...]:
        for serial in site.meters:
            await relay_settled(site.controller, serial)
        contacts = tuple(contact(meter) for meter in mall.meters)
        return content(Path(site.entry.data["ledger"])), contacts

    before = await stands()
    yield
    assert await stands() == before


def named(hass: HomeAssistant, site: CompereSite, mall: Mall) -> dict[str, str]:
    """Return the spoken names of what would act."""
    serial = mall.meter("A-101").serial
    entities = {
        "relay": entity_of(hass, "switch", f"{serial}_relay"),
        "reconnect": account_entity(hass, "button", "A-101", "reconnect"),
        "emergency": account_entity(hass, "button", "A-101", "emergency_credit"),
        "balance": account_entity(hass, "number", "A-101", "balance"),
        "policy": account_entity(hass, "select", "A-101", "policy"),
    }
    registry = er.async_get(hass)
    for name, entity_id in entities.items():
        registry.async_update_entity(entity_id, aliases=[f"noodle {name}"])
    return {name: f"noodle {name}" for name in entities}


def expose_all(hass: HomeAssistant, site: CompereSite) -> int:
    """Let voice assistants reach every entity of the site, as an owner could by hand."""
    entries = er.async_entries_for_config_entry(er.async_get(hass), site.entry.entry_id)
    for entry in entries:
        async_expose_entity(hass, ASSISTANT, entry.entity_id, should_expose=True)
    return len(entries)


async def test_nothing_of_ours_is_exposed(hass: HomeAssistant, site: CompereSite) -> None:
    """By default no entity of a site is offered to voice assistants."""
    entries = er.async_entries_for_config_entry(er.async_get(hass), site.entry.entry_id)
    assert len(entries) > 50
    exposed = [
        one.entity_id for one in entries if async_should_expose(hass, ASSISTANT, one.entity_id)
    ]
    assert exposed == []


@pytest.mark.parametrize("exposed", [False, True])
async def test_commands_are_without_effect(
    hass: HomeAssistant,
    boss: str,
    site: CompereSite,
    mall: Mall,
    figure: Callable[[str], None],
    exposed: bool,
) -> None:
    """Not even an administrator acts by voice, not even where all entities were exposed by hand."""
    names = named(hass, site, mall)
    if exposed:
        expose_all(hass, site)
    async with nothing_moves(site, mall):
        for command in COMMANDS:
            await say(hass, command.format(**names), user=boss)
            await hass.async_block_till_done()
    figure(f"voice: {len(COMMANDS)} spoken commands, all exposed={exposed}: nothing moved")


async def test_the_guard_is_what_holds(
    hass: HomeAssistant, boss: str, site: CompereSite, mall: Mall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without the guard an exposed relay would obey."""
    names = named(hass, site, mall)
    expose_all(hass, site)
    monkeypatch.setattr(f"custom_components.{DOMAIN}.authority._is_spoken", lambda _: False)
    reply = await say(hass, f"turn off {names['relay']}", user=boss)
    assert reply.kind == "action_done"
    await relay_settled(site.controller, MeterSerial(mall.meter("A-101").serial))
    assert contact(mall.meter("A-101")) == "open"


async def _spoken(work: Coroutine[Any, Any, object]) -> None:
    """Do something in the course of a conversation; refusals are expected, and not looked at."""
    token = current_chat_log.set(ChatLog(async_get_hass(), "test"))
    try:
        await work
    except HomeAssistantError, vol.Invalid:
        pass
    finally:
        current_chat_log.reset(token)


async def test_no_intent_and_no_tool_acts(
    hass: HomeAssistant,
    boss: str,
    site: CompereSite,
    mall: Mall,
    figure: Callable[[str], None],
) -> None:
    """Every intent and every tool that Home Assistant has is tried on every name of ours."""
    names = named(hass, site, mall)
    expose_all(hass, site)
    tried = 0
    async with nothing_moves(site, mall):
        for handler in list(intent.async_get(hass)):
            for name in names.values():
                slots = {"name": {"value": name}, "position": {"value": 50}}
                await _spoken(
                    intent.async_handle(
                        hass,
                        ASSISTANT,
                        handler.intent_type,
                        slots,
                        context=Context(user_id=boss),
                        assistant=ASSISTANT,
                    )
                )
                tried += 1
        api = await tools_of(hass, boss)
        for tool in api.tools:
            for name in names.values():
                for arguments in ({"name": name}, {"name": name, "domain": ["switch"]}, {}):
                    given = ToolInput(tool_name=tool.name, tool_args=arguments)
                    await _spoken(api.async_call_tool(given))
                    tried += 1
        await hass.async_block_till_done()
    figure(f"voice: {tried} calls of all intents and tools on exposed names: nothing moved")


async def test_what_a_sentence_starts_does_not_act(
    hass: HomeAssistant, site: CompereSite, mall: Mall
) -> None:
    """An automation with a sentence may answer, but not top up; the same by a button may."""
    automation = {
        "alias": "Give",
        "triggers": {"trigger": "conversation", "command": "give noodles money"},
        "actions": {
            "action": f"{DOMAIN}.top_up",
            "data": {"account": "A-101", "amount": "50", "reference": "spoken"},
        },
    }
    assert await async_setup_component(hass, "automation", {"automation": automation})
    await hass.async_block_till_done()
    async with nothing_moves(site, mall):
        await say(hass, "give noodles money")
        await hass.async_block_till_done()
    await hass.services.async_call(
        "automation", "trigger", {"entity_id": "automation.give"}, blocking=True
    )
    account = await ask(hass, "get_account", account="A-101")
    assert account["balance"] == "250.00"
