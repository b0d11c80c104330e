"""The dialogs as a facility manager meets them: a real site, real lines, simulated meters."""

from collections.abc import AsyncIterator
from pathlib import Path
import socket
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.site import CompereSite
from simulator.faults import Fault, FaultKind
from simulator.line import Transport
from simulator.mall import Mall
from simulator.tenants import one_line_plan
from tests.site_fixtures import (
    account_entity,
    entity_of,
    meter_subentry,
    one_line_mall,
    running_site,
    state_when,
)

LINE = {"baudrate": "9600", "parity": "even", "stopbits": "1", "timeout": 0.2}

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
async def mall() -> AsyncIterator[Mall]:
    """Open a mall of two shops behind a transparent gateway."""
    async with one_line_mall(2) as mall:
        yield mall


@pytest.fixture
async def site(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> AsyncIterator[CompereSite]:
    """Run a site that has the line and its first meter, and no account."""
    async with running_site(hass, mall, tmp_path, accounts={}) as site:
        second = meter_subentry(mall, mall.meter("A-102"))
        hass.config_entries.async_remove_subentry(site.entry, second.subentry_id)
        await hass.async_block_till_done()
        yield site


class Dialogs:
    """Opens and answers the dialogs of a site."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Use the dialogs of this site."""
        self._flows = hass.config_entries.subentries
        self._entry_id = entry_id

    async def open(self, kind: str, part_id: str | None = None) -> SubentryFlowResult:
        """Open the dialog for a new part, or for one to be changed."""
        context: Any = {"source": SOURCE_USER}
        if part_id:
            context = {"source": SOURCE_RECONFIGURE, "subentry_id": part_id}
        return await self._flows.async_init((self._entry_id, kind), context=context)

    async def answer(self, result: SubentryFlowResult, **answers: Any) -> SubentryFlowResult:
        """Fill in and send the form."""
        return await self._flows.async_configure(result["flow_id"], answers)


@pytest.fixture
def dialogs(hass: HomeAssistant, site: CompereSite) -> Dialogs:
    """Return the dialogs of the running site."""
    return Dialogs(hass, site.entry.entry_id)


async def connected(hass: HomeAssistant, owner: str, *, state: str = "on") -> None:
    """Wait until a bus or a meter is connected, or is not."""
    entity_id = entity_of(hass, "binary_sensor", f"{owner}_connectivity")
    await state_when(hass, entity_id, lambda found: found.state == state)


def gateway(mall: Mall, **changes: Any) -> dict[str, Any]:
    """Fill in the form for the mall's line."""
    answers = {"name": "East", "host": "127.0.0.1", "port": mall.port("East riser"), "line": LINE}
    return answers | changes


def meter(**changes: Any) -> dict[str, Any]:
    """Fill in the form for the mall's second meter."""
    answers = {"name": "New", "address": 2, "profile": "compere_kpm33b", "breaker": 63}
    return {"bus": "bus-east-riser", "place": {}, "register": {}} | answers | changes


async def test_from_nothing_to_a_tenant_who_is_charged(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """Site, bus, meter, account, one dialog after the other; nothing is ever reloaded."""
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    created = await hass.config_entries.flow.async_configure(
        flow["flow_id"],
        {
            "name": "Riverside Mall",
            "currency": "CNY",
            "time_zone": "Asia/Shanghai",
            "initial_price": "0.6173",
            "ledger_place": {"ledger": str(tmp_path / "ledger.db")},
        },
    )
    entry = created["result"]
    site: CompereSite = entry.runtime_data
    dialogs = Dialogs(hass, entry.entry_id)
    standard = site.book.policy("Standard")
    assert [level // site.currency.parse(1) for level in standard.warning_levels] == [100, 50]
    assert standard.adaptation_days == 21

    _, bus_flow_id = created["next_flow"]
    flows = hass.config_entries.subentries
    await flows.async_configure(bus_flow_id, {"next_step_id": "rtu_tcp"})
    result = await flows.async_configure(bus_flow_id, gateway(mall))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    (bus,) = entry.get_subentries_of_type("bus")
    await connected(hass, f"bus_{bus.subentry_id}")

    result = await dialogs.open("meter")
    result = await dialogs.answer(result, **meter(bus=bus.subentry_id, name="A-102"))
    assert result["step_id"] == "confirm"
    serial = mall.meter("A-102").serial
    assert (result["description_placeholders"] or {})["serial"] == serial
    result = await dialogs.answer(result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    await connected(hass, serial)

    result = await dialogs.open("account")
    result = await dialogs.answer(
        result,
        number="A-102",
        name="Bubble Tea",
        meters=[serial],
        tariff="Standard",
        policy="Standard",
        opening_balance="120.50",
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    balance = account_entity(hass, "number", "A-102", "balance")
    await state_when(hass, balance, lambda state: float(state.state) == 120.5)

    assert entry.runtime_data is site
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_gateway_that_is_not_there(
    hass: HomeAssistant, mall: Mall, site: CompereSite, dialogs: Dialogs
) -> None:
    """A host that nobody knows, a port that nobody serves, then the right one."""
    hass.config_entries.async_remove_subentry(site.entry, "bus-east-riser")
    await hass.async_block_till_done()
    result = await dialogs.open("bus")
    result = await dialogs.answer(result, next_step_id="rtu_tcp")
    unknown = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    with patch.object(hass.loop, "getaddrinfo", side_effect=unknown):
        result = await dialogs.answer(result, **gateway(mall, host="gatewy"))
    assert result["errors"] == {"host": "host_unknown"}
    port = mall.port("East riser")
    await mall.unplug("East riser")
    result = await dialogs.answer(result, **gateway(mall, port=port))
    assert result["errors"] == {"host": "connection_refused"}
    await mall.plug_in("East riser")
    result = await dialogs.answer(result, **gateway(mall, port=port))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_adapter_that_is_not_there(dialogs: Dialogs) -> None:
    """A port without an adapter is told as such."""
    result = await dialogs.open("bus")
    result = await dialogs.answer(result, next_step_id="serial")
    result = await dialogs.answer(result, name="Roof", device="/dev/ttyNOWHERE", line=LINE)
    assert result["errors"] == {"device": "device_missing"}


async def test_serial_line_is_tried(
    hass: HomeAssistant, site: CompereSite, dialogs: Dialogs
) -> None:
    """A port that can be opened is accepted."""
    async with Mall.build(one_line_plan(1, transport=Transport.SERIAL, pace=False)) as roof:
        result = await dialogs.open("bus")
        result = await dialogs.answer(result, next_step_id="serial")
        device = str(roof.device("East riser"))
        result = await dialogs.answer(result, name="Roof", device=device, line=LINE)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()
        bus = next(one for one in site.entry.get_subentries_of_type("bus") if one.title == "Roof")
        hass.config_entries.async_remove_subentry(site.entry, bus.subentry_id)
        await hass.async_block_till_done()


async def test_line_is_changed_under_its_meters(
    hass: HomeAssistant, mall: Mall, site: CompereSite, dialogs: Dialogs
) -> None:
    """The line that the site holds is not opened twice; the meter answers on it afterwards."""
    result = await dialogs.open("bus", "bus-east-riser")
    result = await dialogs.answer(result, next_step_id="rtu_tcp")
    changed = gateway(mall, name="Riser E", line=LINE | {"timeout": 0.3})
    with patch("custom_components.compere_prepaid.flows.bus.async_test_line") as tried:
        result = await dialogs.answer(result, **changed)
    assert result["reason"] == "reconfigure_successful"
    tried.assert_not_called()
    await hass.async_block_till_done()
    await connected(hass, mall.meter("A-101").serial)
    assert [bus.name for bus in site.buses.values()] == ["Riser E"]


@pytest.mark.parametrize(
    ("fault", "errors"),
    [
        (Fault(kind=FaultKind.SILENT), {"address": "meter_silent"}),
        (Fault(kind=FaultKind.GARBLED), {"address": "answer_garbled"}),
        (Fault(kind=FaultKind.BAD_CRC), {"address": "answer_garbled"}),
        (Fault(kind=FaultKind.EXCEPTION, code=2), {"profile": "meter_refused"}),
    ],
    ids=["silent", "wrong parity", "damaged", "another model"],
)
async def test_meter_that_does_not_tell_its_number(
    mall: Mall, site: CompereSite, dialogs: Dialogs, fault: Fault, errors: dict[str, str]
) -> None:
    """Wires, parity, model: what is wrong is told, nothing is saved, and the next try succeeds."""
    mall.meter("A-102").fail(fault)
    result = await dialogs.open("meter")
    result = await dialogs.answer(result, **meter())
    assert result["errors"] == errors
    mall.meter("A-102").heal()
    while (result := await dialogs.answer(result, **meter()))["step_id"] == "user":
        # the address is left alone for a second after a missed answer
        assert result["errors"] == {"address": "meter_silent"}
    assert result["step_id"] == "confirm"
    assert len(site.entry.get_subentries_of_type("meter")) == 1


async def test_line_that_is_down(mall: Mall, site: CompereSite, dialogs: Dialogs) -> None:
    """Where the gateway is gone, the line is to blame and not the meter."""
    await mall.unplug("East riser")
    await connected(site.hass, "bus_bus-east-riser", state="off")
    result = await dialogs.open("meter")
    result = await dialogs.answer(result, **meter())
    assert result["errors"] == {"bus": "bus_down"}


async def test_address_and_serial_number_are_taken(
    mall: Mall, site: CompereSite, dialogs: Dialogs
) -> None:
    """One meter at an address, and one place for a serial number."""
    result = await dialogs.open("meter")
    result = await dialogs.answer(result, **meter(address=1))
    assert result["errors"] == {"address": "address_occupied"}
    first = mall.meter("A-101").serial
    mall.meter("A-102").replace(first)
    result = await dialogs.answer(result, **meter())
    assert result["errors"] == {"base": "serial_configured"}
    assert len(site.meters) == 1


async def test_another_meter_answers(
    hass: HomeAssistant, mall: Mall, site: CompereSite, dialogs: Dialogs
) -> None:
    """A meter cannot be moved to where another one answers; what was configured stays."""
    present = meter_subentry(mall, mall.meter("A-101"))
    result = await dialogs.open("meter", present.subentry_id)
    result = await dialogs.answer(result, **meter(name="A-101"))
    assert result["errors"] == {"address": "other_meter"}
    assert (result["description_placeholders"] or {})["found"] == mall.meter("A-102").serial
    assert site.entry.subentries[present.subentry_id].data["address"] == 1
    result = await dialogs.answer(result, **meter(name="A-101 kitchen", address=1))
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert [meter.name for meter in site.meters.values()] == ["A-101 kitchen"]
