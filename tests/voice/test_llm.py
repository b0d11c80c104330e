"""The tools of language models: they look, within what their user may see, and tell no secret."""

import json
from typing import Any, NamedTuple

from homeassistant.core import HomeAssistant
from homeassistant.helpers.llm import APIInstance, ToolInput

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.llm import PROMPT
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.site_fixtures import read_again
from tests.stories.telling import ask, burn
from tests.voice.talking import tools_of

NAMES = {
    f"{DOMAIN}__{name}"
    for name in ("get_account", "last_top_ups", "list_low_accounts", "forecast", "get_load")
}


class Told(NamedTuple):
    """What a tool told, and whether that is an error."""

    data: Any
    error: bool


async def call(api: APIInstance, tool: str, **arguments: Any) -> Told:
    """Call a tool as a language model's agent does; its answer is plain JSON."""
    given = ToolInput(tool_name=f"{DOMAIN}__{tool}", tool_args=arguments)
    result = await api.async_call_tool(given)
    assert json.loads(json.dumps(result.data)) == result.data
    return Told(result.data, result.error)


async def test_tools_look_only(hass: HomeAssistant, site: CompereSite) -> None:
    """Each says that it reads only, whose it is and what it takes."""
    api = await tools_of(hass)
    ours = [tool for tool in api.tools if tool.name.startswith(f"{DOMAIN}__")]
    assert {tool.name for tool in ours} == NAMES
    for tool in ours:
        assert tool.annotations.read_only
        assert not tool.annotations.destructive
        assert tool.annotations.idempotent
        assert not tool.annotations.open_world
        assert tool.integration == DOMAIN
        assert tool.title
        assert tool.description
    assert PROMPT in api.api_prompt
    await hass.config_entries.async_unload(site.entry.entry_id)
    assert not any(tool.name in NAMES for tool in (await tools_of(hass)).tools)


async def test_what_the_tools_tell(hass: HomeAssistant, site: CompereSite, mall: Mall) -> None:
    """The book's and the meters' figures, by any name of a shop or place."""
    api = await tools_of(hass)
    await ask(hass, "top_up", account="A-101", amount="20", reference="secret-reference")
    await ask(hass, "top_up", account="A-101", amount="1.50", reference="second")
    await burn(mall, site, "A-101", 3_600)
    shop = (await call(api, "get_account", shop="A one oh one")).data
    forecast = {key: shop.pop(key) for key in list(shop) if key.startswith(("days_", "credit_"))}
    assert forecast["days_left_at_least"] <= forecast["days_left"] <= forecast["days_left_at_most"]
    assert shop == {
        "account": "A-101",
        "name": "Noodle House",
        "site": "Riverside Mall",
        "currency": "CNY",
        "balance": "217.90",
        "available_credit": "217.90",
        "supply_state": "in_credit",
        "power_off_because": [],
        "special": {},
        "cost_today": "3.60",
        "cost_month": "3.60",
    }
    ending = (await call(api, "forecast", days=30)).data["ending"]
    assert [one["account"] for one in ending] == ["A-101"]
    assert ending[0]["credit_ends_on"] == forecast["credit_ends_on"]
    paid = (await call(api, "last_top_ups", shop="noodle house", count=5)).data["top_ups"]
    assert [one["amount"] for one in paid] == ["1.50", "20.00"]
    assert "secret" not in json.dumps(paid)

    await burn(mall, site, "A-103", 150_000)
    await ask(hass, "open_dispute", account="A-102", reason="secret quarrel")
    disputed = (await call(api, "get_account", shop="A-102")).data
    assert disputed["special"] == {"disputed": True}
    assert "secret" not in json.dumps(disputed)
    await ask(hass, "place_hold", account="A-102", kind="manual", reason="rebuilding")
    low = (await call(api, "list_low_accounts")).data
    assert [one["account"] for one in low["warned"]] == ["A-103"]
    assert [one["power_off_because"] for one in low["off"]] == [["manual"]]

    mall.meter("A-101").set_load(2_000)
    await read_again(site, mall.meter("A-101").serial)
    reading = site.meters[MeterSerial(mall.meter("A-101").serial)].coordinator.data
    assert reading is not None
    assert reading.power_mw
    load = (await call(api, "get_load", place="upstairs")).data
    assert load["meters"] == 3
    assert load["power_w"] >= reading.power_mw // 1000
    assert (await call(api, "get_load")).data["place"] == "Riverside Mall"


async def test_what_is_not_known_is_said(hass: HomeAssistant, site: CompereSite) -> None:
    """A wrong name, several shops and wrong arguments are errors that help."""
    api = await tools_of(hass)
    unknown = await call(api, "get_account", shop="noodel howse")
    assert unknown.error
    assert unknown.data["candidates"] == ["A-101 Noodle House"]
    several = await call(api, "get_account", shop="food court")
    assert several.error
    assert len(several.data["candidates"]) == 3
    place = await call(api, "get_load", place="moon")
    assert place.error
    for wrong in ({}, {"shop": " "}, {"shop": "A-101", "amount": 5}):
        assert (await call(api, "get_account", **wrong)).error
    assert (await call(api, "forecast", days=0)).error
