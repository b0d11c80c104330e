"""Adding a meter and changing one."""

from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntryState,
    SubentryFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import area_registry as ar
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.compere_prepaid.core.bus.dlt645 import Dlt645RefusedError
from custom_components.compere_prepaid.core.bus.requests import (
    GarbledAnswerError,
    LineDownError,
    NoAnswerError,
    RefusedError,
)
from custom_components.compere_prepaid.core.errors import (
    InvalidInputError,
    OperationFailedError,
    PrepaidError,
)
from custom_components.compere_prepaid.core.meters.modbus_meter import OtherModelError
from tests.flows.played import (
    BUS_DATA,
    METER_DATA,
    PlayedSite,
    add_part,
    add_site,
    form_of,
    section_of,
    suggestions,
)

SERIAL = "33B0250100001"
OTHER_SERIAL = "33B0250100002"


def answers(**changes: Any) -> dict[str, Any]:
    """Fill in the form for a meter."""
    return {
        "name": "A-101",
        "bus": "east",
        "address": 1,
        "profile": "compere_kpm33b",
        "breaker": 63,
        "place": {},
        "register": {},
    } | changes


async def start(hass: HomeAssistant, entry: MockConfigEntry) -> SubentryFlowResult:
    """Open the dialog for a new meter."""
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, "meter"), context={"source": SOURCE_USER}
    )


async def start_change(
    hass: HomeAssistant, entry: MockConfigEntry, part_id: str
) -> SubentryFlowResult:
    """Open the dialog that changes a meter."""
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, "meter"),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": part_id},
    )


async def answer(
    hass: HomeAssistant, result: SubentryFlowResult, **changes: Any
) -> SubentryFlowResult:
    """Fill in and send the form of a dialog."""
    return await hass.config_entries.subentries.async_configure(
        result["flow_id"], answers(**changes)
    )


@pytest.fixture
def entry(hass: HomeAssistant, site: PlayedSite) -> MockConfigEntry:
    """Add a running site with two buses."""
    entry = add_site(hass, "Riverside Mall", site)
    add_part(hass, entry, "bus", BUS_DATA, part_id="east")
    add_part(hass, entry, "bus", BUS_DATA | {"name": "West riser"}, part_id="west")
    return entry


async def test_meter_tells_its_serial_number_and_is_confirmed(
    hass: HomeAssistant, entry: MockConfigEntry, site: PlayedSite
) -> None:
    """The number that was read is shown with all that was said of it; only then it is saved."""
    site.answers["west", 7] = SERIAL
    area = ar.async_get(hass).async_create("Food court")
    place = {"area": area.id, "floor_area": 120, "rated_power": 22.5}
    result = await start(hass, entry)
    assert result["step_id"] == "user"
    result = await answer(hass, result, bus="west", address=7, place=place, name=" A-101 ")
    assert result["step_id"] == "confirm"
    assert result["description_placeholders"] == {
        "name": "A-101",
        "serial": SERIAL,
        "bus": "West riser",
        "address": "7",
        "profile": "Compere KPM33B",
        "circuits": SERIAL,
        "unverified": "power_a, power",
    }
    assert site.probed == [("west", 7, "compere_kpm33b")]
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (meter,) = entry.get_subentries_of_type("meter")
    assert meter.title == "A-101"
    assert meter.unique_id == f"meter:{SERIAL}"
    assert meter.data == METER_DATA | {
        "bus": "west",
        "address": 7,
        "area": "Food court",
        "floor_area": "120",
        "rated_power": "22.5",
    }


@pytest.mark.parametrize(
    ("error", "errors"),
    [
        (NoAnswerError(1), {"address": "meter_silent"}),
        (GarbledAnswerError(1, "bad CRC"), {"address": "answer_garbled"}),
        (RefusedError(1, 2), {"profile": "meter_refused"}),
        (OperationFailedError("serial_unreadable", address=1), {"profile": "serial_unreadable"}),
        (OtherModelError(1, "KPM33B", "model code"), {"profile": "other_model"}),
        (InvalidInputError("bus_address_invalid", address=0), {"address": "bus_address_invalid"}),
        (
            InvalidInputError("dlt645_address_invalid", address="A"),
            {"address": "dlt645_address_invalid"},
        ),
        (InvalidInputError("dlt645_needs_raw_line", profile="x"), {"bus": "dlt645_needs_raw_line"}),
        (Dlt645RefusedError("201000000012", 2), {"profile": "dlt645_refused"}),
        (LineDownError("refused"), {"bus": "bus_down"}),
        (OperationFailedError("bus_busy"), {"bus": "bus_busy"}),
        (InvalidInputError("bus_unknown", bus="east"), {"bus": "bus_unknown"}),
        (
            InvalidInputError("profile_unknown", profile="x", known="y"),
            {"profile": "profile_unknown"},
        ),
        (OperationFailedError("never_heard_of"), {"base": "unexpected"}),
    ],
)
async def test_meter_that_does_not_tell_its_number(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    site: PlayedSite,
    error: PrepaidError,
    errors: dict[str, str],
) -> None:
    """Each way to fail has its own advice; what was typed stays; the second try succeeds."""
    site.answers["east", 1] = error
    result = await answer(hass, await start(hass, entry), name="B-7")
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    assert result["errors"] == errors
    assert suggestions(form_of(result))["name"] == "B-7"
    site.answers["east", 1] = SERIAL
    result = await answer(hass, result)
    assert result["step_id"] == "confirm"


async def test_what_another_meter_has_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, site: PlayedSite
) -> None:
    """Name, address and serial number belong to one meter; the address alone is no obstacle."""
    add_part(hass, entry, "meter", METER_DATA, part_id="one")
    site.answers["east", 2] = SERIAL
    site.answers["west", 1] = OTHER_SERIAL
    result = await answer(hass, await start(hass, entry), name=" ")
    assert result["errors"] == {"name": "name_empty"}
    result = await answer(hass, result, name="a-101", address=2)
    assert result["errors"] == {"name": "name_in_use"}
    result = await answer(hass, result, name="B-7")
    assert result["errors"] == {"address": "address_occupied"}
    assert result["description_placeholders"] == {
        "address": "1",
        "name": "A-101",
        "serial": SERIAL,
    }
    assert not site.probed
    result = await answer(hass, result, name="B-7", address=2)
    assert result["errors"] == {"base": "serial_configured"}
    assert result["description_placeholders"] == {"serial": SERIAL, "name": "A-101"}
    result = await answer(hass, result, name="B-7", bus="west")
    assert result["step_id"] == "confirm"


async def test_meter_of_another_site_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, site: PlayedSite
) -> None:
    """A meter is charged by one site, however many reach it."""
    add_part(hass, add_site(hass, "Lakeside Mall"), "meter", METER_DATA, part_id="one")
    site.answers["east", 1] = SERIAL
    result = await answer(hass, await start(hass, entry))
    assert result["errors"] == {"base": "serial_configured"}


async def test_transformers_and_rollover(
    hass: HomeAssistant, entry: MockConfigEntry, site: PlayedSite
) -> None:
    """They are asked for at first; later the ratio is no matter of a form, and stays."""
    site.answers["east", 1] = SERIAL
    register = {"multiplier": 40, "rollover_kwh": 100_000}
    result = await answer(hass, await start(hass, entry), register=register)
    await hass.config_entries.subentries.async_configure(result["flow_id"], {})
    (meter,) = entry.get_subentries_of_type("meter")
    assert meter.data == METER_DATA | register
    result = await start_change(hass, entry, meter.subentry_id)
    asked = section_of(form_of(result)["register"])
    assert suggestions(asked) == {"rollover_kwh": 100_000}
    assert set(asked) == {"rollover_kwh"}
    result = await answer(hass, result, name="New name")
    assert result["reason"] == "reconfigure_successful"
    (meter,) = entry.get_subentries_of_type("meter")
    assert meter.data == METER_DATA | {"multiplier": 40, "name": "New name"}


@pytest.mark.parametrize("wrong", [{"multiplier": 0}, {"multiplier": 1.5}, {"rollover_kwh": 1}])
async def test_registers_that_cannot_be(
    hass: HomeAssistant, entry: MockConfigEntry, wrong: dict[str, Any]
) -> None:
    """A ratio is a whole number; no register rolls over within a month."""
    with pytest.raises(InvalidData):
        await answer(hass, await start(hass, entry), register=wrong)


async def test_two_dialogs_for_one_meter(
    hass: HomeAssistant, entry: MockConfigEntry, site: PlayedSite
) -> None:
    """The slower of two dialogs is refused at its confirmation."""
    site.answers["east", 1] = SERIAL
    slow = await answer(hass, await start(hass, entry))
    fast = await answer(hass, await start(hass, entry))
    await hass.config_entries.subentries.async_configure(fast["flow_id"], {})
    result = await hass.config_entries.subentries.async_configure(slow["flow_id"], {})
    assert result["step_id"] == "user"
    assert result["errors"] == {"name": "name_in_use"}
    assert len(entry.get_subentries_of_type("meter")) == 1


async def test_site_that_stopped_meanwhile(
    hass: HomeAssistant, entry: MockConfigEntry, site: PlayedSite
) -> None:
    """A confirmation after the site was stopped saves nothing."""
    site.answers["east", 1] = SERIAL
    result = await answer(hass, await start(hass, entry), profile="other_model")
    assert (result["description_placeholders"] or {})["unverified"] == "-"
    entry.mock_state(hass, ConfigEntryState.NOT_LOADED)
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], {})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "entry_not_loaded"


@pytest.mark.parametrize(
    "wrong",
    [
        {"breaker": 0},
        {"bus": "south"},
        {"profile": "no_such_model"},
        {"place": {"floor_area": -1}},
    ],
)
async def test_what_the_form_does_not_offer_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, wrong: dict[str, Any]
) -> None:
    """Numbers have bounds; bus and model come from lists."""
    result = await start(hass, entry)
    with pytest.raises(InvalidData):
        await answer(hass, result, **wrong)


async def test_meter_needs_a_bus(hass: HomeAssistant, site: PlayedSite) -> None:
    """Without a bus there is nowhere to look."""
    result = await start(hass, add_site(hass, "Lakeside Mall", site))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "no_bus"


async def test_meter_needs_a_running_site(hass: HomeAssistant) -> None:
    """Without the site nothing can be asked on its lines."""
    result = await start(hass, add_site(hass, "Lakeside Mall"))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "entry_not_loaded"


async def test_meter_is_changed_without_being_asked(
    hass: HomeAssistant, entry: MockConfigEntry, site: PlayedSite
) -> None:
    """Name, breaker and place can change while the meter is silent."""
    area = ar.async_get(hass).async_create("Food court")
    kept = METER_DATA | {"area": "Food court", "floor_area": "120"}
    meter = add_part(hass, entry, "meter", kept, part_id="one")
    result = await start_change(hass, entry, "one")
    assert result["step_id"] == "reconfigure"
    assert result["description_placeholders"] == {"serial_number": SERIAL}
    form = form_of(result)
    asked = ("name", "bus", "address", "profile", "breaker")
    assert suggestions(form) == {key: METER_DATA[key] for key in asked} | {"address": "1"}
    assert suggestions(section_of(form["place"])) == {"area": area.id, "floor_area": 120}
    result = await answer(hass, result, name="A-101 new", breaker=80)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    meter = entry.subentries[meter.subentry_id]
    assert meter.title == "A-101 new"
    assert meter.data == METER_DATA | {"name": "A-101 new", "breaker": 80}
    assert not site.probed


async def test_moved_meter_must_be_the_same(
    hass: HomeAssistant, entry: MockConfigEntry, site: PlayedSite
) -> None:
    """At its new address the same serial number must answer; any other changes nothing."""
    meter = add_part(hass, entry, "meter", METER_DATA, part_id="one")
    site.answers["west", 9] = OTHER_SERIAL
    site.answers["west", 10] = SERIAL
    result = await start_change(hass, entry, "one")
    result = await answer(hass, result, bus="west", address=9)
    assert result["errors"] == {"address": "other_meter"}
    assert result["description_placeholders"] == {
        "serial_number": SERIAL,
        "found": OTHER_SERIAL,
        "expected": SERIAL,
        "address": "9",
    }
    assert entry.subentries["one"].data == METER_DATA
    result = await answer(hass, result, bus="west", address=10)
    assert result["reason"] == "reconfigure_successful"
    assert entry.subentries[meter.subentry_id].data == METER_DATA | {"bus": "west", "address": 10}
    assert entry.subentries[meter.subentry_id].unique_id == meter.unique_id


async def test_a_meter_of_twelve_digits_has_the_password_of_its_relay(
    hass: HomeAssistant, entry: MockConfigEntry, site: PlayedSite
) -> None:
    """Leading zeros may be left out; the password is kept as it was typed, with usual defaults."""
    site.answers["east", "000016818505"] = SERIAL
    relay = {"password": " 123456 "}
    result = await start(hass, entry)
    wrong = await answer(hass, result, address="16818505", relay={"password": "12345"})
    assert wrong["errors"] == {"base": "relay_access_invalid"}
    assert (wrong["description_placeholders"] or {})["part"] == "password"
    result = await answer(hass, wrong, address="16818505", relay=relay)
    assert (result["description_placeholders"] or {})["address"] == "000016818505"
    await hass.config_entries.subentries.async_configure(result["flow_id"], {})
    (meter,) = entry.get_subentries_of_type("meter")
    assert meter.data["address"] == "000016818505"
    assert meter.data["relay_access"] == {
        "password": "123456",
        "level": "02",
        "operator": "00000000",
    }


async def test_a_password_that_is_kept_is_never_shown(
    hass: HomeAssistant, entry: MockConfigEntry, site: PlayedSite
) -> None:
    """Left empty it stays; another level, operator or password takes its place."""
    access = {"password": "654321", "level": "04", "operator": "0000000A"}
    kept = METER_DATA | {"address": "000016818505", "relay_access": access}
    meter = add_part(hass, entry, "meter", kept, part_id="one")
    result = await start_change(hass, entry, "one")
    form = form_of(result)
    assert suggestions(section_of(form["relay"])) == {"level": "04"}
    assert "654321" not in str(form)
    await answer(hass, result, address="000016818505", relay={"level": "04"})
    assert entry.subentries[meter.subentry_id].data["relay_access"] == access
    result = await start_change(hass, entry, "one")
    changed = {"level": "98", "operator": "0000000B", "password": "111111"}
    await answer(hass, result, address="000016818505", relay=changed)
    assert entry.subentries[meter.subentry_id].data["relay_access"] == changed
    assert site.probed == []
