"""Choosing what happens with shared costs at the end of a month."""

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.compere_prepaid.month_end import Mode, MonthEnd
from tests.flows.played import form_of, page, suggestions


async def test_it_is_chosen(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Nothing happens by itself at first; other options stay."""
    hass.config_entries.async_update_entry(entry, options={"cashiers": ["anna"]})
    assert MonthEnd.of(entry.options) == MonthEnd(mode=Mode.OFF, day=1, hour=3)
    result = await page(hass, entry, "month_end")
    assert suggestions(form_of(result)) == {"mode": "off", "day": 1, "hour": 3}
    given = {"mode": "post", "day": 5, "hour": 8}
    result = await hass.config_entries.options.async_configure(result["flow_id"], given)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {"cashiers": ["anna"], "month_end": given}
    assert MonthEnd.of(entry.options) == MonthEnd(mode=Mode.POST, day=5, hour=8)
