"""Choosing from which amounts on a second person is needed at the cash desk."""

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.compere_prepaid.cash_limits import Guarded, limit_of
from custom_components.compere_prepaid.core.money.amount import Currency
from tests.flows.played import form_of, page, suggestions

CNY = Currency.of("CNY")


async def test_limits_are_chosen(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """An empty field asks for nobody; other options stay."""
    hass.config_entries.async_update_entry(entry, options={"cashiers": ["anna"]})
    assert limit_of(entry.options, CNY, Guarded.TOP_UP) is None
    result = await page(hass, entry, "cash_desk")
    given = {"top_up_limit": " 500 ", "refund_limit": "49.90", "reversal_limit": ""}
    result = await hass.config_entries.options.async_configure(result["flow_id"], given)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    kept = {"top_up_limit": "500", "refund_limit": "49.90"}
    assert entry.options == {"cashiers": ["anna"], "cash_desk": kept}
    assert limit_of(entry.options, CNY, Guarded.REFUND) == CNY.parse("49.90")
    assert limit_of(entry.options, CNY, Guarded.REVERSAL) is None
    assert suggestions(form_of(await page(hass, entry, "cash_desk"))) == kept


async def test_what_is_no_limit(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The first that is none is told at its field with what was written, and all of it stays."""
    result = await page(hass, entry, "cash_desk")
    given = {"top_up_limit": "0", "refund_limit": "much", "reversal_limit": "1.001"}
    for field, error in (
        ("top_up_limit", "amount_not_positive"),
        ("refund_limit", "amount_not_a_number"),
        ("reversal_limit", "amount_too_precise"),
    ):
        result = await hass.config_entries.options.async_configure(result["flow_id"], given)
        assert result["errors"] == {field: error}
        placeholders = result["description_placeholders"]
        assert placeholders is not None
        assert (placeholders["amount"], placeholders["currency"]) == (given[field], "CNY")
        assert suggestions(form_of(result)) == given
        given = given | {field: ""}
    assert entry.options == {}
