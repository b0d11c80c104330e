"""Choosing what happens with shared costs at the end of a month."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.compere_prepaid.month_end import Mode, MonthEnd
from tests.flows.played import form_of, page, suggestions


async def test_it_is_chosen(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Nothing happens by itself at first; other options stay."""
    freezer.move_to("2026-03-02T12:00:00Z")
    hass.config_entries.async_update_entry(entry, options={"cashiers": ["anna"]})
    assert MonthEnd.of(entry.options) == MonthEnd(mode=Mode.OFF, day=1, hour=3)
    given = await chosen(hass, entry, "post", suggested={"mode": "off", "day": 1, "hour": 3})
    assert entry.options == {
        "cashiers": ["anna"],
        "month_end": given | {"from": "2026-03", "post_from": "2026-03"},
    }
    assert MonthEnd.of(entry.options) == MonthEnd(
        mode=Mode.POST, day=5, hour=8, begins="2026-03", posts="2026-03"
    )


async def chosen(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    mode: str,
    suggested: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Choose what happens, from the fifth at eight on."""
    result = await page(hass, entry, "month_end")
    if suggested is not None:
        assert suggestions(form_of(result)) == suggested
    given = {"mode": mode, "day": 5, "hour": 8}
    result = await hass.config_entries.options.async_configure(result["flow_id"], given)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    return given


async def test_it_holds_from_its_month_on(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """It is remembered since when it is on, and since when it posts; both end with it."""
    freezer.move_to("2026-03-31T18:00:00Z")  # April in Shanghai
    given = await chosen(hass, entry, "propose")
    assert entry.options["month_end"] == given | {"from": "2026-04"}
    freezer.move_to("2026-06-20T12:00:00Z")
    given = await chosen(hass, entry, "post")
    assert entry.options["month_end"] == given | {"from": "2026-04", "post_from": "2026-06"}
    given = await chosen(hass, entry, "off")
    assert entry.options["month_end"] == given
    given = await chosen(hass, entry, "propose")
    assert entry.options["month_end"] == given | {"from": "2026-06"}
