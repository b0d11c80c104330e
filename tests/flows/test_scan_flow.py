"""Finding the meters of a line by the dialog: a bar, a list, and all of them at once."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from homeassistant.config_entries import SOURCE_USER, SubentryFlowResult
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.data_entry_flow import EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE, FlowResultType
from homeassistant.helpers import area_registry as ar
import pytest

from custom_components.compere_prepaid.core.ids import BusId, MeterSerial
from custom_components.compere_prepaid.site import CompereSite
from simulator.faults import Fault, FaultKind
from simulator.mall import Mall
from tests.flows.played import PlayedSite, add_site
from tests.site_fixtures import all_online, meter_subentry, one_line_mall, running_site

pytestmark = pytest.mark.usefixtures("socket_enabled")

BUS = "bus-east-riser"


@pytest.fixture
async def mall() -> AsyncIterator[Mall]:
    """Open a mall of six shops."""
    async with one_line_mall(6) as mall:
        yield mall


@pytest.fixture
async def site(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> AsyncIterator[CompereSite]:
    """Run a site that has the line and its first meter, and no account."""
    async with running_site(hass, mall, tmp_path, accounts={}) as site:
        for meter in mall.meters[1:]:
            part = meter_subentry(mall, meter)
            hass.config_entries.async_remove_subentry(site.entry, part.subentry_id)
        await hass.async_block_till_done()
        yield site


async def start(hass: HomeAssistant, site: CompereSite, **changes: Any) -> SubentryFlowResult:
    """Open the dialog, and send its first form."""
    flows = hass.config_entries.subentries
    result = await flows.async_init((site.entry.entry_id, "scan"), context={"source": SOURCE_USER})
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "user")
    answers = {"bus": BUS, "addresses": "1-8", "patient": False} | changes
    return await flows.async_configure(result["flow_id"], answers)


async def searched(hass: HomeAssistant, result: SubentryFlowResult) -> SubentryFlowResult:
    """Wait until the search is over; return what is shown then."""
    if result["type"] is not FlowResultType.SHOW_PROGRESS:
        return result
    await hass.async_block_till_done(wait_background_tasks=True)
    return await hass.config_entries.subentries.async_configure(result["flow_id"])


def listed(result: SubentryFlowResult) -> list[dict[str, Any]]:
    """Return the list that a form suggests."""
    schema = result["data_schema"]
    assert schema is not None
    (marker,) = schema.schema
    rows: list[dict[str, Any]] = marker.description["suggested_value"]
    return rows


async def test_all_meters_of_a_line_in_one_step(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Five are found, one is taken out of the list, four are added; nothing is reloaded."""
    shares: list[float] = []

    @callback
    def look(event: Event) -> None:
        shares.append(event.data["progress"])

    hass.bus.async_listen(EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE, look)
    result = await searched(hass, await start(hass, site))
    assert result["step_id"] == "found"
    assert shares == sorted(shares)
    assert (len(shares), shares[-1]) == (7, 1)  # eight addresses, of which one is known
    rows = listed(result)
    assert [(row["address"], row["serial"]) for row in rows] == [
        (meter.address, meter.serial) for meter in mall.meters[1:]
    ]
    area = ar.async_get(hass).async_create("Roof garden")
    chosen = [
        {**row, "name": f"Shop {row['address']}", "breaker": 63, "area": area.id}
        for row in rows[:4]
    ]
    flows = hass.config_entries.subentries
    result = await flows.async_configure(result["flow_id"], {"meters": chosen})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "adopted")
    assert result["description_placeholders"] == {"count": "4"}
    await hass.async_block_till_done()
    await all_online(site)
    assert [meter.name for meter in site.meters.values()] == [
        "A-101",
        *(f"Shop {number}" for number in range(2, 6)),
    ]
    assert site.entry.runtime_data is site
    added = site.meters[MeterSerial(mall.meters[1].serial)].data
    assert (added["area"], added["breaker"]) == ("Roof garden", 63)


async def test_list_that_is_wrong_adds_nothing(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """A name twice, a number that was not found there, an empty list; then the right one."""
    result = await searched(hass, await start(hass, site))
    rows = listed(result)
    flows = hass.config_entries.subentries
    wrong: list[tuple[list[dict[str, Any]], str]] = [
        ([], "none_chosen"),
        ([rows[0], {**rows[1], "name": rows[0]["name"].upper()}], "name_in_use"),
        ([{**rows[0], "name": "A-101"}], "name_in_use"),
        ([{**rows[0], "serial": "33B0025959999"}], "not_found_there"),
        ([{**rows[0], "address": rows[1]["address"]}], "not_found_there"),
        ([{**rows[0], "name": "x" * 101}], "meters_wrong"),
    ]
    for meters, error in wrong:
        result = await flows.async_configure(result["flow_id"], {"meters": meters})
        assert result["errors"] == {"meters": error}
        assert len(site.entry.get_subentries_of_type("meter")) == 1
    result = await flows.async_configure(result["flow_id"], {"meters": rows[:1]})
    assert result["reason"] == "adopted"


async def test_closing_the_dialog_ends_the_search(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Nothing more is asked, and the line can be searched again."""
    mall.meters[1].fail(Fault(kind=FaultKind.SILENT))
    result = await start(hass, site, addresses="1-247", patient=True)
    assert BusId(BUS) in site.scanning
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    hass.config_entries.subentries.async_abort(result["flow_id"])
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not site.scanning
    result = await searched(hass, await start(hass, site, addresses="3"))
    assert result["step_id"] == "found"


async def test_line_without_new_meters(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """What is there and is no meter is told by its address."""
    mall.meters[1].fail(Fault(kind=FaultKind.EXCEPTION, code=2))
    mall.meters[2].fail(Fault(kind=FaultKind.BAD_CRC))
    result = await searched(hass, await start(hass, site, addresses="1-3,8"))
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "nothing_found")
    assert result["description_placeholders"] == {"unknown": "2", "garbled": "3"}


async def test_search_is_refused_or_breaks_off(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Addresses that are none, a line that is searched already, a line that goes down."""
    result = await start(hass, site, addresses="300")
    assert result["errors"] == {"addresses": "addresses_wrong"}
    site.scanning.add(BusId(BUS))
    result = await searched(hass, await start(hass, site))
    assert result["errors"] == {"bus": "scan_running"}
    site.scanning.clear()
    await mall.unplug("East riser")
    await site.buses[BusId(BUS)].bus.stop()
    result = await searched(hass, await start(hass, site))
    assert result["errors"] == {"bus": "bus_down"}
    await site.buses[BusId(BUS)].bus.start()


async def test_site_without_lines(hass: HomeAssistant) -> None:
    """There is nothing to search, and the dialog says what comes first."""
    entry = add_site(hass, "Riverside Mall", PlayedSite())
    result = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "scan"), context={"source": SOURCE_USER}
    )
    assert result["reason"] == "no_bus"
