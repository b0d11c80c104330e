"""Choosing how fast relays close together."""

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.compere_prepaid.core.policy.closing_queue import Pace
from custom_components.compere_prepaid.reconnection import pace_of
from tests.flows.played import form_of, page, suggestions


async def test_pace_is_chosen(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """What holds is offered; other options stay; a fraction of a second is a pause, too."""
    hass.config_entries.async_update_entry(entry, options={"cashiers": ["anna"]})
    assert pace_of(entry.options) == Pace(at_once=3, spacing_s=2)
    result = await page(hass, entry, "reconnection")
    assert suggestions(form_of(result)) == {"at_once": 3, "spacing": 2}
    chosen = {"at_once": 5, "spacing": 0.5}
    result = await hass.config_entries.options.async_configure(result["flow_id"], chosen)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {"cashiers": ["anna"], "reconnection": chosen}
    assert pace_of(entry.options) == Pace(at_once=5, spacing_s=0.5)
    assert suggestions(form_of(await page(hass, entry, "reconnection"))) == chosen


@pytest.mark.parametrize("wrong", [{"at_once": 0}, {"spacing": -1}, {"spacing": 61}])
async def test_what_is_no_pace(
    hass: HomeAssistant, entry: MockConfigEntry, wrong: dict[str, float]
) -> None:
    """At least one must be able to close, and nobody waits for ever."""
    result = await page(hass, entry, "reconnection")
    with pytest.raises(InvalidData):
        await hass.config_entries.options.async_configure(
            result["flow_id"], {"at_once": 3, "spacing": 2} | wrong
        )
    assert entry.options == {}
