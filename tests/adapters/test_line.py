"""Modbus lines over real sockets: every way in which an answer can be wrong, late or missing."""

import asyncio
from dataclasses import replace
import fcntl
import os
import time
import tty

import pytest

from custom_components.compere_prepaid.adapters.line.opening import open_line
from custom_components.compere_prepaid.core.bus.bus import Bus
from custom_components.compere_prepaid.core.bus.requests import (
    Function,
    LineDownError,
    NoAnswerError,
    RefusedError,
    Request,
)
from custom_components.compere_prepaid.core.bus.scheduler import RequestClass
from custom_components.compere_prepaid.core.bus.settings import LineSettings, Transport
from custom_components.compere_prepaid.core.ids import BusId
from tests.adapters.real_line import (
    UNITS,
    SystemClock,
    bus_on,
    contents,
    line_to,
    read,
    settings_for,
    twelve_meters,
)
from tests.adapters.wire import Wire, WireMeter, crc16, read_rtu
from tests.core.bus.played_line import States

pytestmark = pytest.mark.usefixtures("socket_enabled")

PATIENCE_S = 0.1


@pytest.fixture(params=[True, False], ids=["rtu_tcp", "modbus_tcp"])
def wire(request: pytest.FixtureRequest) -> Wire:
    """Return a serial server and a gateway in turn, each with twelve meters behind it."""
    return Wire(request.param, twelve_meters())


async def test_every_function_goes_there_and_back(wire: Wire) -> None:
    """Reads bring what is in the meter; writes change it and are echoed."""
    async with wire, line_to(wire) as line:
        meter = wire.meters[7]
        meter.coils = {1: True, 9: True}
        assert await line.execute(read(7, 0x80, 20), 5) == contents(7, 0x80, 20)
        get = Request(unit=7, function=Function.READ_INPUT, address=5)
        assert await line.execute(get, 5) == (7005,)
        get = Request(unit=7, function=Function.READ_COILS, address=1, count=9)
        assert await line.execute(get, 5) == (1, 0, 0, 0, 0, 0, 0, 0, 1)
        get = Request(unit=7, function=Function.READ_DISCRETE, address=1)
        assert await line.execute(get, 5) == (1,)
        for value in (0, 1):
            put = Request(unit=7, function=Function.WRITE_COIL, address=1, values=(value,))
            assert await line.execute(put, 5) == (value,)
            assert meter.coils[1] is bool(value)
        put = Request(unit=7, function=Function.WRITE_REGISTER, address=30, values=(0xDD22,))
        assert await line.execute(put, 5) == (0xDD22,)
        put = Request(
            unit=7, function=Function.WRITE_REGISTERS, address=14, count=2, values=(0x42C8, 0)
        )
        assert await line.execute(put, 5) == (0x42C8, 0)
        assert [meter.registers[address] for address in (30, 14, 15)] == [0xDD22, 0x42C8, 0]


async def test_frames_are_the_vendors_own() -> None:
    """The bytes on the wire are those of the KPM33B's manual."""
    sent: list[str] = []
    async with Wire(True, {1: WireMeter(coils={1: True})}) as wire, line_to(wire) as line:
        for request in (
            Request(unit=1, function=Function.READ_COILS, address=1),
            Request(unit=1, function=Function.WRITE_COIL, address=1, values=(1,)),
            Request(unit=1, function=Function.WRITE_COIL, address=1, values=(0,)),
            read(1, 0x30, 52),
        ):
            await line.execute(request, 5)
        for pdu in wire.meters[1].asked:
            frame = b"\x01" + pdu
            sent.append((frame + crc16(frame)).hex(" ").upper())
    assert sent == [
        "01 01 00 01 00 01 AC 0A",
        "01 05 00 01 FF 00 DD FA",
        "01 05 00 01 00 00 9C 0A",
        "01 03 00 30 00 34 44 12",
    ]


@pytest.mark.parametrize("code", [1, 2, 3, 4, 6, 0x77])
async def test_exceptions_are_refusals(wire: Wire, code: int) -> None:
    """The meter's own no, with its code, also one that no standard knows; the next read is fine."""
    async with wire, line_to(wire) as line:
        wire.meters[1].exception = code
        with pytest.raises(RefusedError) as caught:
            await line.execute(read(1, 0, 2), 5)
        assert caught.value.code == code
        assert caught.value.is_busy == (code == 6)
        wire.meters[1].exception = None
        assert await line.execute(read(1, 0, 2), 5) == contents(1, 0, 2)


@pytest.mark.parametrize("code", [10, 11])
async def test_a_gateways_exceptions_are_the_meters_silence(wire: Wire, code: int) -> None:
    """It says so faster than a time-out, and shows that the line is alive."""
    async with wire, line_to(wire) as line:
        wire.meters[1].exception = code
        with pytest.raises(NoAnswerError) as caught:
            await line.execute(read(1, 0, 2), 5)
        assert caught.value.gateway_answered


async def test_an_answer_in_pieces_is_put_together(wire: Wire) -> None:
    """A network may cut a frame anywhere."""
    async with wire, line_to(wire) as line:
        held: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def hold(frame: bytes) -> bytes:
            held.set_result(frame)
            return b""

        wire.meters[3].spoil = hold
        asked = asyncio.create_task(line.execute(read(3, 0x10, 30), 5))
        frame = await held
        (writer,) = wire._writers
        for byte in frame:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        assert await asked == contents(3, 0x10, 30)


async def test_a_silent_meter_costs_no_connection(wire: Wire) -> None:
    """A sweep with a dead meter in it brings all the others, on the one connection."""
    wire.meters[5].is_silent = True
    states = States()
    async with wire, bus_on(settings_for(wire, timeout_s=0.5), states) as bus:
        for _ in range(3):
            results = await asyncio.gather(
                *(bus.execute(read(unit, 0, 20), RequestClass.ROUTINE) for unit in UNITS),
                return_exceptions=True,
            )
            assert [isinstance(result, NoAnswerError) for result in results] == [
                unit == 5 for unit in UNITS
            ]
        assert wire.connections == 1
        assert bus.health.timeouts == 3
    assert states.told == [(True, "")]


async def test_a_relay_command_overtakes_the_sweep(wire: Wire) -> None:
    """Two hundred reads wait; the command and its read-back are next."""
    async with wire, bus_on(settings_for(wire)) as bus:
        sweep = [
            asyncio.create_task(bus.execute(read(1, index, 20), RequestClass.ROUTINE))
            for index in range(200)
        ]
        await sweep[10]
        put = Request(unit=2, function=Function.WRITE_COIL, address=1, values=(1,))
        await bus.execute(put, RequestClass.RELAY)
        get = Request(unit=2, function=Function.READ_COILS, address=1)
        assert await bus.execute(get, RequestClass.RELAY) == (1,)
        assert sum(task.done() for task in sweep) <= 15
        answers = await asyncio.gather(*sweep)
        assert answers == [contents(1, index, 20) for index in range(200)]


async def test_a_gateway_that_goes_and_comes_back(wire: Wire) -> None:
    """Everybody hears that it is gone; when it is back, the bus is too, and says both once."""
    states = States()
    async with wire:
        settings = settings_for(wire)
        bus = Bus(BusId("east"), open_line(settings), settings, SystemClock(), states)
        await bus.start()
        assert await bus.execute(read(1, 0, 2), RequestClass.DUE) == contents(1, 0, 2)
        wire.meters[2].is_silent = True
        flying = asyncio.create_task(bus.execute(read(2, 0, 2), RequestClass.DUE))
        waiting = asyncio.create_task(bus.execute(read(3, 0, 2), RequestClass.DUE))
        await wire.meters[2].heard.wait()
    results = await asyncio.gather(flying, waiting, return_exceptions=True)
    assert [type(result) for result in results] == [LineDownError] * 2
    with pytest.raises(LineDownError):
        await bus.execute(read(1, 0, 2), RequestClass.RELAY)
    async with wire:
        await bus.wait_until_up()
        assert await bus.execute(read(1, 0, 2), RequestClass.DUE) == contents(1, 0, 2)
        await bus.stop()
    assert [up for up, _ in states.told] == [True, False, True]
    assert bus.health.reconnects == 1


async def test_nobody_listens(wire: Wire) -> None:
    """A refused connection is a `LineDownError` with the system's words; closing is harmless."""
    async with wire:
        settings = settings_for(wire)
    line = open_line(settings)
    with pytest.raises(LineDownError) as caught:
        await line.open()
    assert "refused" in caught.value.placeholders["error"] or "Connect" in str(caught.value)
    assert not line.is_open
    with pytest.raises(LineDownError):
        await line.execute(read(1, 0, 1), 1)
    await line.close()
    with pytest.raises(LineDownError):
        await open_line(replace(settings, port=0)).open()


async def test_opening_twice_and_closing_twice(wire: Wire) -> None:
    """A line may be opened when it is open, and used again after it was closed."""
    async with wire:
        line = open_line(settings_for(wire))
        await line.open()
        await line.open()
        assert wire.connections <= 1
        await line.close()
        await line.close()
        assert not line.is_open
        await line.open()
        assert await line.execute(read(1, 0, 2), 5) == contents(1, 0, 2)
        await line.close()


@pytest.mark.parametrize("spacing_s", [0.0, 0.03])
async def test_the_silence_is_that_of_the_wire_behind_the_server(spacing_s: float) -> None:
    """Frames are 4 ms apart at 9600 baud also over TCP, or as far as the meters want them."""
    gaps: list[float] = []
    answered_at = 0.0
    meter = WireMeter({a: a for a in range(200)})

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal answered_at
        while not reader.at_eof():
            unit, pdu = await read_rtu(reader.readexactly)
            if answered_at:
                gaps.append(time.monotonic() - answered_at)
            frame = bytes([unit]) + meter.answer(pdu)
            answered_at = time.monotonic()
            writer.write(frame + crc16(frame))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = LineSettings(
        transport=Transport.RTU_TCP, host="127.0.0.1", port=port, spacing_s=spacing_s
    )
    line = open_line(settings)
    await line.open()
    for _ in range(20):
        await line.execute(read(1, 0, 20), 5)
    await line.close()
    server.close()
    assert len(gaps) == 19
    assert min(gaps) >= (spacing_s or 3.5 * 11 / 9600)


async def test_a_serial_port() -> None:
    """The same over a real (pseudo) serial port: reads, a write, silence, and the port's end."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    loop.add_reader(ours, lambda: reader.feed_data(os.read(ours, 512)))
    meter = WireMeter({a: a for a in range(200)})

    async def serve() -> None:
        while True:
            unit, pdu = await read_rtu(reader.readexactly)
            if unit == 1:
                frame = bytes([unit]) + meter.answer(pdu)
                os.write(ours, frame + crc16(frame))

    server = asyncio.create_task(serve())
    line = open_line(
        LineSettings(transport=Transport.SERIAL, device=os.ttyname(theirs), baudrate=9600)
    )
    try:
        await line.open()
        assert await line.execute(read(1, 0x80, 20), 5) == tuple(range(0x80, 0x94))
        put = Request(unit=1, function=Function.WRITE_COIL, address=1, values=(1,))
        assert await line.execute(put, 5) == (1,)
        with pytest.raises(NoAnswerError):
            await line.execute(read(2, 0, 1), PATIENCE_S)
        assert await line.execute(read(1, 0, 2), 5) == (0, 1)
        await line.close()
        assert not line.is_open
        for _ in range(10):  # what closed has given the port back
            fcntl.flock(theirs, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(theirs, fcntl.LOCK_UN)
            await line.open()  # once more, with the same settings
            assert await line.execute(read(1, 0, 2), 5) == (0, 1)
            await line.close()
    finally:
        server.cancel()
        loop.remove_reader(ours)
        os.close(ours)
        os.close(theirs)
    with pytest.raises(LineDownError):
        await open_line(LineSettings(transport=Transport.SERIAL, device="/dev/missing")).open()
