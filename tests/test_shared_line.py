"""A line that Home Assistant shares: the same promises about values, without one about time."""

from dataclasses import replace

from homeassistant.components.modbus import async_get_temporary_unit
from homeassistant.components.modbus.connection import async_get_connection_info
from homeassistant.core import HomeAssistant
from modbus_connection import ModbusSerialParams
import pytest

from custom_components.compere_prepaid.core.bus.bus import Bus
from custom_components.compere_prepaid.core.bus.requests import (
    Function,
    LineDownError,
    NoAnswerError,
    RefusedError,
    Request,
)
from custom_components.compere_prepaid.core.bus.scheduler import RequestClass
from custom_components.compere_prepaid.core.bus.settings import LineSettings
from custom_components.compere_prepaid.core.ids import BusId
from custom_components.compere_prepaid.shared_line import SharedLine, line_for, params_of
from tests.adapters.real_line import SystemClock, contents, read, settings_for, twelve_meters
from tests.adapters.wire import Wire
from tests.core.bus.played_line import States

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture(params=[True, False], ids=["rtu_tcp", "modbus_tcp"])
def wire(request: pytest.FixtureRequest) -> Wire:
    """Return a serial server and a gateway in turn, each with twelve meters behind it."""
    return Wire(request.param, twelve_meters())


def shared(wire: Wire, timeout_s: float = 1.0) -> LineSettings:
    """Return how to share a wire."""
    return replace(settings_for(wire, timeout_s), shared=True)


async def test_one_connection_serves_two_integrations(hass: HomeAssistant, wire: Wire) -> None:
    """Another integration's unit and our bus talk over one connection, each hears its own."""
    async with wire:
        settings = shared(wire)
        line = line_for(hass, settings)
        assert isinstance(line, SharedLine)
        bus = Bus(BusId("east"), line, settings, SystemClock(), States())
        await bus.start()
        async with async_get_temporary_unit(hass, params_of(settings), 12) as theirs:
            for round_ in range(5):
                ours = await bus.execute(read(3, round_, 20), RequestClass.DUE)
                assert ours == contents(3, round_, 20)
                others = await theirs.read_holding_registers(round_, 4)
                assert tuple(others) == contents(12, round_, 4)
        assert wire.connections == 1
        for request in (
            Request(unit=3, function=Function.READ_COILS, address=1),
            Request(unit=3, function=Function.READ_DISCRETE, address=1),
        ):
            assert await bus.execute(request, RequestClass.DUE) == (0,)
        get = Request(unit=3, function=Function.READ_INPUT, address=5)
        assert await bus.execute(get, RequestClass.DUE) == (3005,)
        for put in (
            Request(unit=3, function=Function.WRITE_COIL, address=1, values=(1,)),
            Request(unit=3, function=Function.WRITE_REGISTER, address=30, values=(7,)),
            Request(unit=3, function=Function.WRITE_REGISTERS, address=40, count=2, values=(8, 9)),
        ):
            assert await bus.execute(put, RequestClass.RELAY) == put.values
        assert wire.meters[3].coils == {1: True}
        assert [wire.meters[3].registers[address] for address in (30, 40, 41)] == [7, 8, 9]
        await bus.stop()
    assert async_get_connection_info(hass) == []


@pytest.mark.parametrize("code", [2, 11])
async def test_refusals_and_silence(hass: HomeAssistant, wire: Wire, code: int) -> None:
    """The meter's no, a gateway's, and nothing at all are told apart like on a line of our own."""
    async with wire:
        line = SharedLine(hass, shared(wire, timeout_s=0.2))
        await line.open()
        wire.meters[2].exception = code
        kind = NoAnswerError if code == 11 else RefusedError
        with pytest.raises(kind):
            await line.execute(read(2, 0, 2), 0.2)
        wire.meters[4].is_silent = True
        with pytest.raises(NoAnswerError):
            await line.execute(read(4, 0, 2), 0.2)
        assert await line.execute(read(5, 0, 2), 0.2) == contents(5, 0, 2)
        await line.close()
        await line.close()


async def test_nobody_listens(hass: HomeAssistant, wire: Wire) -> None:
    """What cannot be reached is down, with words for it; nothing stays held."""
    async with wire:
        settings = shared(wire)
    line = SharedLine(hass, settings)
    with pytest.raises(LineDownError):
        await line.open()
    assert not line.is_open
    with pytest.raises(LineDownError):
        await line.execute(read(1, 0, 1), 1)
    assert async_get_connection_info(hass) == []


async def test_other_settings_of_one_endpoint_are_refused(hass: HomeAssistant) -> None:
    """Home Assistant does not build two links to one device; the line is down and says why."""
    async with Wire(True, twelve_meters()) as wire:
        settings = shared(wire)
        params = params_of(settings)
        assert isinstance(params, ModbusSerialParams)
        slow = replace(params, baudrate=2400)
        async with async_get_temporary_unit(hass, slow, 12) as theirs:
            await theirs.read_holding_registers(0, 1)
            with pytest.raises(LineDownError) as caught:
                await SharedLine(hass, settings).open()
        assert "different link settings" in caught.value.placeholders["error"]
