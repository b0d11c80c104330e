"""Choosing how managers are told, and when nobody is to be disturbed."""

from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.compere_prepaid.const import DOMAIN
from tests.flows.played import form_of, page, suggestions

PHONE, FAMILY, OWN = "notify.mobile_app_pixel", "notify.family", "notify.a_101_messages"


@pytest.fixture(autouse=True)
def phones(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Have a phone, a group, and the entity of an account."""

    @callback
    def deliver(_call: ServiceCall) -> None:
        """Take a message."""

    hass.services.async_register("notify", "mobile_app_pixel", deliver)
    hass.services.async_register("notify", "send_message", deliver)
    hass.states.async_set(FAMILY, "unknown")
    own = er.async_get(hass).async_get_or_create(
        "notify", DOMAIN, "own", suggested_object_id="a_101_messages", config_entry=entry
    )
    assert own.entity_id == OWN
    hass.states.async_set(OWN, "unknown")


async def test_everything_is_chosen(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Channels that exist are offered, ours are not; other options stay."""
    hass.config_entries.async_update_entry(entry, options={"cashiers": ["anna"]})
    result = await page(hass, entry, "notifications")
    assert form_of(result)["channels"][1].config["options"] == [FAMILY, PHONE]
    chosen = {
        "channels": [PHONE, FAMILY],
        "wants": ["cuts"],
        "language": "zh-Hans",
        "quiet_from": "22:00:00",
        "quiet_to": "07:00:00",
        "digest_at": "08:00:00",
        "thanks": True,
        "grace_hours": 4,
    }
    result = await hass.config_entries.options.async_configure(result["flow_id"], chosen)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {"cashiers": ["anna"], "notifications": chosen}
    assert suggestions(form_of(await page(hass, entry, "notifications"))) == chosen


async def test_nothing_needs_to_be_chosen(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Who leaves everything as it is has no channels, and is told everything once there are."""
    result = await page(hass, entry, "notifications")
    await hass.config_entries.options.async_configure(result["flow_id"], {})
    assert entry.options["notifications"] == {
        "channels": [],
        "wants": ["warnings", "cuts", "equipment"],
        "thanks": False,
        "grace_hours": 24,
    }


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"channels": ["notify.nobody"]}, {"channels": "notify_unknown"}),
        ({"channels": ["notify.send_message"]}, {"channels": "notify_unknown"}),
        ({"channels": [OWN]}, {"channels": "notify_own"}),
        ({"quiet_from": "22:00:00"}, {"quiet_to": "quiet_incomplete"}),
        ({"quiet_to": "22:00:00"}, {"quiet_from": "quiet_incomplete"}),
        ({"quiet_from": "22:00:00", "quiet_to": "22:00:00"}, {"quiet_to": "quiet_empty"}),
    ],
)
async def test_what_is_wrong_is_said(
    hass: HomeAssistant, entry: MockConfigEntry, wrong: dict[str, Any], errors: dict[str, str]
) -> None:
    """Nothing is kept, the form stays as it was filled in, and a right answer goes on."""
    result = await page(hass, entry, "notifications")
    result = await hass.config_entries.options.async_configure(result["flow_id"], wrong)
    assert result["errors"] == errors
    assert suggestions(form_of(result)).items() >= wrong.items()
    assert entry.options == {}
    right = {"channels": [FAMILY]}
    result = await hass.config_entries.options.async_configure(result["flow_id"], right)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_phone_that_is_gone_does_not_stand_in_the_way(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """What was accepted once may stay while other things are changed."""
    hass.config_entries.async_update_entry(
        entry, options={"notifications": {"channels": ["notify.mobile_app_old"]}}
    )
    result = await page(hass, entry, "notifications")
    chosen = {"channels": ["notify.mobile_app_old"], "thanks": True}
    result = await hass.config_entries.options.async_configure(result["flow_id"], chosen)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["notifications"]["channels"] == ["notify.mobile_app_old"]
