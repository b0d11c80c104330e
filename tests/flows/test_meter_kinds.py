"""Meters that need more than one question: mute ones, ones with channels, ones with a lock."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.compere_prepaid.core.bus.requests import NoAnswerError
from custom_components.compere_prepaid.core.errors import PrepaidError
from custom_components.compere_prepaid.core.meters.modbus_profile import RelayMode
from custom_components.compere_prepaid.core.meters.profile import Verified
from tests.flows.played import BUS_DATA, METER_DATA, PlayedSite, add_part, add_site
from tests.flows.test_meter_flow import SERIAL, answer, start, start_change

REMOTE = RelayMode(
    address=0x1E, value=0xDD22, writes=(0xDD22,), meaning="remote control", verified=Verified.VENDOR
)


@pytest.fixture
def entry(hass: HomeAssistant, site: PlayedSite) -> MockConfigEntry:
    """Add a running site with a bus; a mute meter answers at its address 1."""
    site.answers["east", 1] = ""
    entry = add_site(hass, "Riverside Mall", site)
    add_part(hass, entry, "bus", BUS_DATA, part_id="east")
    return entry


async def test_a_mute_meters_serial_number_is_typed(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """What is no serial number, or another meter's, is refused; what is typed is shown again."""
    configure = hass.config_entries.subentries.async_configure
    add_part(
        hass,
        entry,
        "meter",
        METER_DATA | {"name": "B-7", "address": 7, "serial": "M1", "profile": "four_circuits"},
        part_id="one",
    )
    result = await answer(hass, await start(hass, entry))
    assert result["step_id"] == "serial"
    for wrong in ("", "two words", "é", "x" * 33):
        result = await configure(result["flow_id"], {"serial": wrong})
        assert result["errors"] == {"serial": "serial_invalid"}
    for taken in ("M1", "M1-4"):
        result = await configure(result["flow_id"], {"serial": taken})
        assert result["errors"] == {"serial": "serial_configured"}
    result = await configure(result["flow_id"], {"serial": f" {SERIAL} "})
    assert result["step_id"] == "confirm"
    assert (result["description_placeholders"] or {})["serial"] == SERIAL
    result = await configure(result["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.get_subentries_of_type("meter")[1].data == METER_DATA


async def test_a_mute_meter_keeps_its_number_when_it_moves(
    hass: HomeAssistant, entry: MockConfigEntry, site: PlayedSite
) -> None:
    """Nothing can be compared but that something answers as the model does."""
    add_part(hass, entry, "meter", METER_DATA, part_id="one")
    site.answers["east", 9] = ""
    result = await answer(hass, await start_change(hass, entry, "one"), address=9)
    assert result["reason"] == "reconfigure_successful"
    assert entry.subentries["one"].data == METER_DATA | {"address": 9}


async def test_channels_are_shown_and_stay_as_many(
    hass: HomeAssistant, entry: MockConfigEntry, site: PlayedSite
) -> None:
    """Accounts list channels; a model with others would leave registers without an owner."""
    site.answers["east", 1] = "M1"
    result = await answer(hass, await start(hass, entry), profile="four_circuits")
    assert (result["description_placeholders"] or {})["circuits"] == "M1-1, M1-2, M1-3, M1-4"
    await hass.config_entries.subentries.async_configure(result["flow_id"], {})
    (meter,) = entry.get_subentries_of_type("meter")
    result = await start_change(hass, entry, meter.subentry_id)
    result = await answer(hass, result, profile="compere_kpm33b")
    assert result["errors"] == {"profile": "channels_differ"}


async def test_what_a_relay_needs_is_offered_and_never_written_unasked(
    hass: HomeAssistant, entry: MockConfigEntry, site: PlayedSite
) -> None:
    """Only after the meter was confirmed, and only with consent."""
    configure = hass.config_entries.subentries.async_configure
    site.answers["east", 1], site.unset = SERIAL, (REMOTE,)
    result = await answer(hass, await start(hass, entry))
    result = await configure(result["flow_id"], {})
    assert result["step_id"] == "modes"
    assert result["description_placeholders"] == {"name": "A-101", "modes": "remote control"}
    result = await configure(result["flow_id"], {"set_modes": False})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert site.modes_set == []


@pytest.mark.parametrize(
    ("outcome", "errors"),
    [((REMOTE,), {"set_modes": "modes_refused"}), (NoAnswerError(1), {"base": "unexpected"})],
)
async def test_what_a_relay_needs_is_written_with_consent(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    site: PlayedSite,
    outcome: tuple[RelayMode, ...] | PrepaidError,
    errors: dict[str, str],
) -> None:
    """A meter that does not keep it, or does not answer, is told; a second try may succeed."""
    configure = hass.config_entries.subentries.async_configure
    site.answers["east", 1], site.unset, site.stays_unset = SERIAL, (REMOTE,), outcome
    result = await answer(hass, await start(hass, entry))
    result = await configure(result["flow_id"], {})
    result = await configure(result["flow_id"], {"set_modes": True})
    assert result["errors"] == errors
    site.stays_unset = ()
    result = await configure(result["flow_id"], {"set_modes": True})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert site.modes_set == [("east", 1, "compere_kpm33b")] * 2


async def test_a_meter_that_falls_silent_is_added_all_the_same(
    hass: HomeAssistant, entry: MockConfigEntry, site: PlayedSite
) -> None:
    """It has told who it is; what its relay needs shows when the relay is tried."""
    site.answers["east", 1], site.unset = SERIAL, NoAnswerError(1)
    result = await answer(hass, await start(hass, entry))
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_site_that_stops_ends_the_dialog(
    hass: HomeAssistant, entry: MockConfigEntry, site: PlayedSite
) -> None:
    """There is no line any more on which a setting could be written."""
    site.answers["east", 1], site.unset = SERIAL, (REMOTE,)
    result = await answer(hass, await start(hass, entry))
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], {})
    entry.mock_state(hass, ConfigEntryState.NOT_LOADED)
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], {"set_modes": True}
    )
    assert result["reason"] == "entry_not_loaded"
