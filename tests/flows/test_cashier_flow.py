"""Naming the site's cashiers."""

from homeassistant.auth.const import GROUP_ID_READ_ONLY, GROUP_ID_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.flows.played import form_of, page, suggestions


async def test_cashiers_are_named(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Users are offered, administrators are not; who is gone is not kept."""
    await hass.auth.async_create_user("Owner")
    cashier = await hass.auth.async_create_user("Cashier", group_ids=[GROUP_ID_USER])
    guard = await hass.auth.async_create_user("Guard", group_ids=[GROUP_ID_READ_ONLY])
    await hass.auth.async_create_system_user("Supervisor")
    hass.config_entries.async_update_entry(entry, options={"cashiers": ["gone", guard.id]})
    result = await page(hass, entry, "cashiers")
    assert result["type"] is FlowResultType.FORM
    form = form_of(result)
    assert form["cashiers"][1].config["options"] == [
        {"value": cashier.id, "label": "Cashier"},
        {"value": guard.id, "label": "Guard"},
    ]
    assert suggestions(form) == {"cashiers": [guard.id]}
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], {"cashiers": [cashier.id]}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {"cashiers": [cashier.id]}


async def test_nobody_to_name(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Where there are only administrators the dialog says how to come by others."""
    await hass.auth.async_create_user("Owner")
    result = await page(hass, entry, "cashiers")
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "no_user"
