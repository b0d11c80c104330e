"""Tools for language models that talk for Home Assistant: looking only.

There is no tool that moves money, places a hold or changes a rule, and what a model calls by other
ways is refused like everything that was spoken (`authority.async_require_manager`).
"""

from abc import abstractmethod
from collections.abc import Iterable
from operator import itemgetter
from typing import Any, override

from homeassistant.components.llm import LLMTools
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import intent
from homeassistant.helpers.llm import (
    LLM_API_ASSIST,
    LLMContext,
    Tool,
    ToolAnnotations,
    ToolInput,
    ToolResult,
)
import probatio as vol

from .account_view import AccountView
from .const import DOMAIN
from .voice.finding import Asked, async_asked, called
from .voice.knowing import (
    is_warned,
    last_top_ups,
    load_of,
    off_because,
    shop_facts,
    top_up_facts,
)

PROMPT = (
    "Compere Prepaid sells electricity in advance to the shops of a mall. Its tools tell about "
    "shops by account number, name or area. They only look: nobody can pay, switch power or "
    "change rules by talking, so tell who asks for that to use Home Assistant's pages. Amounts "
    "are decimal text in the given currency."
)

SHOP = {
    vol.Required(
        "shop", description="Account number, name or area of the shop, as it was said"
    ): intent.non_empty_string
}


class LookingTool(Tool):
    """A tool that looks and changes nothing."""

    annotations = ToolAnnotations(
        read_only=True, destructive=False, idempotent=True, open_world=False
    )
    integration = DOMAIN

    @abstractmethod
    async def look(self, asked: Asked, data: dict[str, Any]) -> ToolResult:
        """Return what there is to tell."""

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: ToolInput, llm_context: LLMContext
    ) -> ToolResult:
        """Look, within what the model's user may see."""
        try:
            data: dict[str, Any] = self.parameters(tool_input.tool_args)
        except vol.Invalid as error:
            return ToolResult(data={"error": str(error)}, error=True)
        return await self.look(await async_asked(hass, llm_context.context), data)


class ShopTool(LookingTool):
    """A tool about one shop."""

    parameters = vol.Schema(SHOP)

    @abstractmethod
    async def tell(self, shop: AccountView, data: dict[str, Any]) -> dict[str, Any]:
        """Return what there is to tell of the shop."""

    @override
    async def look(self, asked: Asked, data: dict[str, Any]) -> ToolResult:
        """Find the shop; where that fails say which there are."""
        found = asked.find_shops(data["shop"])
        if len(found.views) == 1:
            return ToolResult(data=await self.tell(found.views[0], data))
        if found.views:
            return _refusal("Several shops fit", [called(shop) for shop in found.views])
        return _refusal("No shop is called so", found.near)


class GetAccountTool(ShopTool):
    """How a shop stands."""

    name = f"{DOMAIN}__get_account"
    title = "Get prepaid account"
    description = (
        "Get a shop's prepaid balance, how many days it lasts, the date on which it ends, what it "
        "cost today and this month, and whether its power is on or why it is off."
    )

    @override
    async def tell(self, shop: AccountView, data: dict[str, Any]) -> dict[str, Any]:
        """Return the account."""
        return shop_facts(shop)


class LastTopUpsTool(ShopTool):
    """What a shop paid."""

    name = f"{DOMAIN}__last_top_ups"
    title = "Get last top-ups"
    description = "Get the latest top-ups of a shop, newest first."
    parameters = vol.Schema(
        {
            **SHOP,
            vol.Optional("count", default=1, description="How many"): vol.All(
                vol.Coerce(int), vol.Range(min=1, max=20)
            ),
        }
    )

    @override
    async def tell(self, shop: AccountView, data: dict[str, Any]) -> dict[str, Any]:
        """Return the top-ups."""
        found = await last_top_ups(shop, data["count"])
        return {"top_ups": [top_up_facts(shop, transfer) for transfer in found]}


class ListLowTool(LookingTool):
    """Who is off or warned."""

    name = f"{DOMAIN}__list_low_accounts"
    title = "List warned and disconnected shops"
    description = "List the shops that are warned of low credit, and those whose power is off."

    @override
    async def look(self, asked: Asked, data: dict[str, Any]) -> ToolResult:
        """Return both lists."""
        shops = asked.shops
        return ToolResult(
            data={
                "warned": [shop_facts(shop) for shop in shops if is_warned(shop)],
                "off": [shop_facts(shop) for shop in shops if off_because(shop)],
            }
        )


class ForecastTool(LookingTool):
    """Whose credit ends soon."""

    name = f"{DOMAIN}__forecast"
    title = "Forecast credit"
    description = "List the shops whose credit ends within some days at their usual use."
    parameters = vol.Schema(
        {
            vol.Optional("days", default=7, description="Within how many days"): vol.All(
                vol.Coerce(int), vol.Range(min=1, max=365)
            )
        }
    )

    @override
    async def look(self, asked: Asked, data: dict[str, Any]) -> ToolResult:
        """Return the shops, the most urgent first."""
        ending = [
            (left, shop)
            for shop in asked.shops
            if (left := shop.days_left) is not None and left <= data["days"]
        ]
        ending.sort(key=itemgetter(0))
        return ToolResult(data={"ending": [shop_facts(shop) for _, shop in ending]})


class GetLoadTool(LookingTool):
    """What a place draws."""

    name = f"{DOMAIN}__get_load"
    title = "Get electric load"
    description = "Get the present power of an area, a floor or, without a place, the whole mall."
    parameters = vol.Schema(
        {
            vol.Optional(
                "place", description="Name of the area, floor or mall"
            ): intent.non_empty_string
        }
    )

    @override
    async def look(self, asked: Asked, data: dict[str, Any]) -> ToolResult:
        """Return the sum of what the place's meters tell."""
        heard = data.get("place")
        place = asked.everywhere() if heard is None else asked.find_place(heard)
        if place is None:
            return _refusal("No place is called so", asked.places_like(heard or ""))
        load = load_of(place.meters)
        return ToolResult(
            data={
                "place": place.name,
                "power_w": None if load.power_mw is None else load.power_mw // 1000,
                "meters": load.meters,
                "meters_not_counted": load.silent,
            }
        )


def _refusal(error: str, candidates: Iterable[str]) -> ToolResult:
    """Return why there is no answer, and what may have been meant."""
    return ToolResult(data={"error": error, "candidates": list(candidates)}, error=True)


TOOLS = (GetAccountTool, ListLowTool, ForecastTool, LastTopUpsTool, GetLoadTool)


@callback
def async_get_tools(hass: HomeAssistant, llm_context: LLMContext, api_id: str) -> LLMTools | None:
    """Return the tools, where a site runs that they can tell of."""
    entries = hass.config_entries.async_entries(DOMAIN)
    runs = any(entry.state is ConfigEntryState.LOADED for entry in entries)
    if api_id != LLM_API_ASSIST or not runs:
        return None
    return LLMTools(tools=[tool() for tool in TOOLS], prompt=PROMPT)
