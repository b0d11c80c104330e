"""Adding a bus and changing one."""

from dataclasses import replace
import errno
from pathlib import Path
import socket
from typing import Any

from homeassistant.components.modbus import async_get_temporary_unit
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntryState,
    SubentryFlowContext,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.compere_prepaid.core.bus.requests import LineDownError
from custom_components.compere_prepaid.core.bus.settings import LineSettings, Transport
from custom_components.compere_prepaid.core.meters.catalogue import load_catalogue
from custom_components.compere_prepaid.shared_line import params_of
from tests.core.meters.shipped import SHIPPED
from tests.flows.played import (
    BUS_DATA,
    METER_DATA,
    PlayedLine,
    add_part,
    add_site,
    form_of,
    section_of,
    suggestions,
)

LINE = {"baudrate": "9600", "parity": "even", "stopbits": "1", "timeout": 1.0, "spacing": 0.0}


def gateway(**changes: Any) -> dict[str, Any]:
    """Fill in the form for a line behind a gateway."""
    return {"name": "East riser", "host": "gateway", "port": 502, "line": LINE} | changes


def adapter(**changes: Any) -> dict[str, Any]:
    """Fill in the form for a line on a serial adapter."""
    return {"name": "West riser", "device": "/dev/ttyUSB7", "line": LINE} | changes


async def choose(
    hass: HomeAssistant, entry: MockConfigEntry, transport: str, part_id: str | None = None
) -> str:
    """Open the dialog for a new bus, or for one to be changed, and choose how it is reached."""
    flows = hass.config_entries.subentries
    context = SubentryFlowContext(source=SOURCE_RECONFIGURE if part_id else SOURCE_USER)
    if part_id:
        context["subentry_id"] = part_id
    result = await flows.async_init((entry.entry_id, "bus"), context=context)
    assert result["type"] is FlowResultType.MENU
    wired = ["serial", "rtu_tcp", "rtu_listen", "modbus_tcp"]
    assert result["menu_options"] == (wired if part_id else [*wired, "mqtt"])
    result = await flows.async_configure(result["flow_id"], {"next_step_id": transport})
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == transport
    return result["flow_id"]


@pytest.mark.parametrize("transport", ["rtu_tcp", "modbus_tcp"])
async def test_gateway_is_tried_and_saved(
    hass: HomeAssistant, entry: MockConfigEntry, line: PlayedLine, transport: str
) -> None:
    """The connection is tried with exactly what is saved."""
    flow_id = await choose(hass, entry, transport)
    result = await hass.config_entries.subentries.async_configure(
        flow_id, gateway(host=" Gateway ")
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (bus,) = entry.subentries.values()
    assert bus.title == "East riser"
    assert bus.unique_id == "bus:gateway:502"
    assert bus.data == BUS_DATA | {"transport": transport}
    assert line.tried == [LineSettings(transport=Transport(transport), host="gateway", port=502)]


async def test_adapter_is_tried_and_saved(
    hass: HomeAssistant, entry: MockConfigEntry, line: PlayedLine
) -> None:
    """A serial line has its wire's settings spelled out."""
    flow_id = await choose(hass, entry, "serial")
    wire = {"baudrate": "19200", "parity": "none", "stopbits": "2", "timeout": 0.5}
    result = await hass.config_entries.subentries.async_configure(flow_id, adapter(line=wire))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (bus,) = entry.subentries.values()
    assert bus.unique_id == "bus:/dev/ttyUSB7"
    assert bus.data == {
        "name": "West riser",
        "transport": "serial",
        "host": "",
        "port": 0,
        "device": "/dev/ttyUSB7",
        "baudrate": 19200,
        "parity": "N",
        "stopbits": 2,
        "timeout": 0.5,
    }
    assert line.tried[0].device == "/dev/ttyUSB7"


@pytest.mark.parametrize(
    ("cause", "errors"),
    [
        (socket.gaierror(-2, "Name or service not known"), {"host": "host_unknown"}),
        (ConnectionRefusedError(), {"host": "connection_refused"}),
        (TimeoutError(), {"host": "host_unreachable"}),
        (OSError(errno.EHOSTUNREACH, "No route to host"), {"host": "host_unreachable"}),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), {"host": "host_unreachable"}),
        (OSError(errno.EMFILE, "Too many open files"), {"base": "line_failed"}),
        (None, {"base": "line_failed"}),
    ],
)
async def test_gateway_that_cannot_be_reached(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    line: PlayedLine,
    cause: Exception | None,
    errors: dict[str, str],
) -> None:
    """Each way to fail has its own advice; the second try succeeds."""
    line.error = LineDownError("it failed")
    line.error.__cause__ = RuntimeError("wrapped")
    line.error.__cause__.__cause__ = cause
    flow_id = await choose(hass, entry, "rtu_tcp")
    result = await hass.config_entries.subentries.async_configure(flow_id, gateway())
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == errors
    assert not entry.subentries
    line.error = None
    result = await hass.config_entries.subentries.async_configure(flow_id, gateway())
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("cause", "errors"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file"), {"device": "device_missing"}),
        (OSError(errno.ENODEV, "No such device"), {"device": "device_missing"}),
        (PermissionError(errno.EACCES, "Permission denied"), {"device": "device_forbidden"}),
        (OSError(errno.EBUSY, "Busy"), {"device": "device_busy"}),
        (BlockingIOError(errno.EAGAIN, "Locked"), {"device": "device_busy"}),
        (OSError(errno.EIO, "Input/output error"), {"base": "line_failed"}),
        (ValueError("9600.5 is no baud rate"), {"base": "line_failed"}),
    ],
)
async def test_adapter_that_cannot_be_opened(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    line: PlayedLine,
    cause: Exception,
    errors: dict[str, str],
) -> None:
    """Each way to fail has its own advice; the second try succeeds."""
    line.error = LineDownError("it failed")
    line.error.__context__ = cause
    flow_id = await choose(hass, entry, "serial")
    result = await hass.config_entries.subentries.async_configure(flow_id, adapter())
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == errors
    line.error = None
    result = await hass.config_entries.subentries.async_configure(flow_id, adapter())
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_error_that_leads_back_to_itself_ends(
    hass: HomeAssistant, entry: MockConfigEntry, line: PlayedLine
) -> None:
    """However errors are wrapped, the search for the cause is bounded."""
    line.error = LineDownError("it failed")
    other = RuntimeError("round")
    line.error.__cause__, other.__cause__ = other, line.error
    flow_id = await choose(hass, entry, "rtu_tcp")
    result = await hass.config_entries.subentries.async_configure(flow_id, gateway())
    assert result["errors"] == {"base": "line_failed"}


@pytest.mark.parametrize(
    ("transport", "answers", "errors"),
    [
        ("rtu_tcp", gateway(name=" "), {"name": "name_empty"}),
        ("rtu_tcp", gateway(name="EAST RISER"), {"name": "name_in_use"}),
        ("rtu_tcp", gateway(name="New", host="gateway"), {"host": "line_in_use"}),
        ("modbus_tcp", gateway(name="New", host="GATEWAY"), {"host": "line_in_use"}),
        ("modbus_tcp", gateway(name="New", host=""), {"host": "host_not_a_name"}),
        ("modbus_tcp", gateway(name="New", host="http://gateway"), {"host": "host_not_a_name"}),
        ("modbus_tcp", gateway(name="New", host="gateway:502"), {"host": "host_not_a_name"}),
        ("modbus_tcp", gateway(name="New", host="the gateway"), {"host": "host_not_a_name"}),
        ("serial", adapter(device=" "), {"device": "device_empty"}),
        ("serial", adapter(device="socket://gateway:9"), {"device": "line_in_use"}),
    ],
)
async def test_wrong_answer_is_explained(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    line: PlayedLine,
    transport: str,
    answers: dict[str, Any],
    errors: dict[str, str],
) -> None:
    """What is wrong in itself, or taken already, is said before anything is tried."""
    add_part(hass, entry, "bus", BUS_DATA, part_id="east")
    serial = {"name": "Cellar", "transport": "serial", "device": "socket://gateway:9", "host": ""}
    add_part(hass, entry, "bus", BUS_DATA | serial, part_id="cellar")
    flow_id = await choose(hass, entry, transport)
    result = await hass.config_entries.subentries.async_configure(flow_id, answers)
    assert result["errors"] == errors
    assert not line.tried


@pytest.mark.usefixtures("line")
async def test_line_of_another_site_is_taken(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A line has one owner, whichever site it belongs to."""
    add_part(hass, add_site(hass, "Lakeside Mall"), "bus", BUS_DATA, part_id="east")
    flow_id = await choose(hass, entry, "rtu_tcp")
    result = await hass.config_entries.subentries.async_configure(flow_id, gateway())
    assert result["errors"] == {"host": "line_in_use"}
    result = await hass.config_entries.subentries.async_configure(flow_id, gateway(host="fe80::1"))
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.usefixtures("line")
async def test_one_adapter_under_two_names_is_one_line(
    hass: HomeAssistant, entry: MockConfigEntry, tmp_path: Path
) -> None:
    """A link and what it leads to are the same adapter."""
    adapter_file, link = tmp_path / "ttyUSB0", tmp_path / "by-path"
    adapter_file.touch()
    link.symlink_to(adapter_file)
    present = {"transport": "serial", "device": str(adapter_file), "host": "", "port": 0}
    add_part(hass, entry, "bus", BUS_DATA | present, part_id="east")
    flow_id = await choose(hass, entry, "serial")
    result = await hass.config_entries.subentries.async_configure(
        flow_id, adapter(device=str(link))
    )
    assert result["errors"] == {"device": "line_in_use"}


@pytest.mark.parametrize(
    ("runs", "host", "tried"),
    [(True, "gateway", 0), (True, "gateway2", 1), (False, "gateway", 1)],
)
async def test_bus_is_changed(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    line: PlayedLine,
    runs: bool,
    host: str,
    tried: int,
) -> None:
    """A line that the running site holds is not opened a second time; any other is tried."""
    if not runs:
        entry.mock_state(hass, ConfigEntryState.NOT_LOADED)
    bus = add_part(hass, entry, "bus", BUS_DATA, part_id="east")
    flow_id = await choose(hass, entry, "modbus_tcp", "east")
    result = await hass.config_entries.subentries.async_configure(
        flow_id, gateway(name="Riser E", host=host, line=LINE | {"parity": "odd"})
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    bus = entry.subentries[bus.subentry_id]
    assert bus.title == "Riser E"
    assert bus.unique_id == f"bus:{host}:502"
    changes = {"name": "Riser E", "host": host, "parity": "O", "transport": "modbus_tcp"}
    assert bus.data == BUS_DATA | changes
    assert len(line.tried) == tried


@pytest.mark.parametrize(
    ("transport", "shared", "errors"),
    [
        ("modbus_tcp", False, {"base": "dlt645_needs_raw_line"}),
        ("rtu_tcp", True, {"base": "dlt645_needs_raw_line"}),
        ("rtu_tcp", False, None),
    ],
)
async def test_a_line_must_carry_what_its_meters_speak(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    line: PlayedLine,
    transport: str,
    shared: bool,
    errors: dict[str, str] | None,
) -> None:
    """A meter that speaks something else than Modbus needs a line that passes bytes through."""
    site: Any = entry.runtime_data
    site.catalogue = load_catalogue([SHIPPED])
    add_part(hass, entry, "bus", BUS_DATA, part_id="east")
    for part_id, bus, profile in (
        ("one", "east", "dlt645_2007"),
        ("two", "east", "compere_kpm33b"),
        ("three", "west", "dlt645_2007"),
    ):
        data = {"bus": bus, "profile": profile, "name": part_id, "serial": part_id}
        add_part(hass, entry, "meter", METER_DATA | data, part_id=part_id)
    flow_id = await choose(hass, entry, transport, "east")
    result = await hass.config_entries.subentries.async_configure(
        flow_id, gateway(line=LINE | {"shared": shared})
    )
    assert result.get("errors") == errors
    assert not line.tried


async def test_change_begins_with_what_is_kept(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The form for a change is filled in with the present settings."""
    kept = BUS_DATA | {"baudrate": 19200, "parity": "N", "spacing": 0.1, "shared": True}
    add_part(hass, entry, "bus", kept, part_id="east")
    flow_id = await choose(hass, entry, "rtu_tcp", "east")
    result = await hass.config_entries.subentries.async_configure(flow_id)
    form = form_of(result)
    assert suggestions(form) == {"name": "East riser", "host": "gateway", "port": 502}
    wire = LINE | {"baudrate": "19200", "parity": "none", "spacing": 0.1, "shared": True}
    assert suggestions(section_of(form["line"])) == wire


async def test_gateway_that_dials_in_is_saved(
    hass: HomeAssistant, entry: MockConfigEntry, line: PlayedLine
) -> None:
    """It has a port of this machine, and whoever dials in is taken, or one address only."""
    flow_id = await choose(hass, entry, "rtu_listen")
    answers = {"name": "Roof", "port": 5020, "line": LINE | {"spacing": 0.25}}
    result = await hass.config_entries.subentries.async_configure(flow_id, answers)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (bus,) = entry.subentries.values()
    assert bus.unique_id == "bus:*>5020"
    changes = {"name": "Roof", "transport": "rtu_listen", "host": "", "port": 5020}
    assert bus.data == BUS_DATA | changes | {"spacing": 0.25}
    settings = LineSettings(transport=Transport.RTU_LISTEN, port=5020, spacing_s=0.25)
    assert line.tried == [settings]


async def test_port_that_is_taken(
    hass: HomeAssistant, entry: MockConfigEntry, line: PlayedLine
) -> None:
    """Somebody listens there already: the form says which port."""
    line.error = LineDownError("in use")
    line.error.__cause__ = OSError(errno.EADDRINUSE, "Address already in use")
    flow_id = await choose(hass, entry, "rtu_listen")
    answers = {"name": "Roof", "port": 5020, "line": LINE}
    result = await hass.config_entries.subentries.async_configure(flow_id, answers)
    assert result["errors"] == {"port": "port_taken"}


async def test_line_of_another_integration_is_shared_or_refused(
    hass: HomeAssistant, entry: MockConfigEntry, line: PlayedLine
) -> None:
    """An endpoint that another integration has open is not opened a second time beside it."""
    settings = LineSettings(transport=Transport.MODBUS_TCP, host="gateway", port=502)
    async with async_get_temporary_unit(hass, params_of(settings), 7):
        flow_id = await choose(hass, entry, "modbus_tcp")
        result = await hass.config_entries.subentries.async_configure(flow_id, gateway())
        assert result["errors"] == {"base": "line_of_others"}
        assert not line.tried
        wire = LINE | {"shared": True, "queues": True}
        result = await hass.config_entries.subentries.async_configure(flow_id, gateway(line=wire))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (bus,) = entry.subentries.values()
    assert (bus.data["shared"], bus.data["queues"]) == (True, True)
    assert line.tried == [replace(settings, shared=True, queues=True)]
