"""What the engine does between frames: echoes, noise, gateways that dial in or number badly."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
import os
import tty

import pytest

from custom_components.compere_prepaid.adapters.line import framed_line
from custom_components.compere_prepaid.adapters.line.opening import open_line
from custom_components.compere_prepaid.core.bus.ports import LinePort
from custom_components.compere_prepaid.core.bus.requests import (
    BusError,
    Function,
    GarbledAnswerError,
    LineDownError,
    Request,
)
from custom_components.compere_prepaid.core.bus.scheduler import RequestClass
from custom_components.compere_prepaid.core.bus.settings import LineSettings, Transport
from simulator.gateways import free_port
from tests.adapters.real_line import (
    UNITS,
    bus_on,
    contents,
    line_to,
    read,
    settings_for,
    twelve_meters,
)
from tests.adapters.wire import Wire, WireMeter, crc16, read_rtu

pytestmark = pytest.mark.usefixtures("socket_enabled")

CLOSE = Request(unit=1, function=Function.WRITE_COIL, address=1, values=(1,))
READ_BACK = Request(unit=1, function=Function.READ_COILS, address=1)


@asynccontextmanager
async def echoing_line(meter: WireMeter, *, echoes: bool) -> AsyncIterator[LinePort]:
    """Open a line whose far end repeats the question before the answer, as two wires can."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            unit, pdu = await read_rtu(reader.readexactly)
            question, answer = bytes([unit]) + pdu, bytes([unit]) + meter.answer(pdu)
            if echoes:
                writer.write(question + crc16(question))
            writer.write(answer + crc16(answer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    line = open_line(LineSettings(transport=Transport.RTU_TCP, host="127.0.0.1", port=port))
    await line.open()
    try:
        yield line
    finally:
        await line.close()
        server.close()


@pytest.mark.parametrize("echoes", [True, False])
async def test_an_adapter_that_hears_itself(echoes: bool) -> None:
    """Reads show it; from then on a relay command is acknowledged by the meter, not by the echo."""
    meter = WireMeter({a: a for a in range(300)})
    async with echoing_line(meter, echoes=echoes) as line:
        for count in (2, 20, 3):
            answer = await line.execute(read(1, 0x80, count), 5)
            assert answer == tuple(range(0x80, 0x80 + count))
        put = Request(
            unit=1, function=Function.WRITE_REGISTERS, address=14, count=2, values=(0x42C8, 0)
        )
        assert await line.execute(put, 5) == (0x42C8, 0)
        assert await line.execute(CLOSE, 5) == (1,)
        assert await line.execute(READ_BACK, 5) == (1,)
        assert line.drained == 0  # nothing of it was left over
        assert meter.coils == {1: True}


async def test_what_comes_between_is_thrown_away_and_counted() -> None:
    """A late answer or another master: its bytes are no part of what is asked next."""
    async with Wire(True, twelve_meters()) as wire, line_to(wire) as line:
        assert await line.execute(read(1, 0, 4), 5) == contents(1, 0, 4)
        (writer,) = wire._writers
        for round_, unit in enumerate(UNITS, 1):
            stray = bytes([unit, 3, 8]) + bytes(8)
            writer.write(stray + crc16(stray))
            while line.drained < 13 * round_:  # noqa: ASYNC110  # the line tells nobody
                await asyncio.sleep(0)
            assert await line.execute(read(unit, 100, 4), 5) == contents(unit, 100, 4)


async def test_a_line_that_is_never_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an error that says so, not a wait without end; when it falls quiet all is well."""
    monkeypatch.setattr(framed_line, "BABBLE_S", 0.05)
    async with Wire(True, twelve_meters()) as wire:
        line = open_line(replace(settings_for(wire), baudrate=2400))
        await line.open()
        assert await line.execute(read(1, 0, 4), 5) == contents(1, 0, 4)
        (writer,) = wire._writers
        babbling = asyncio.create_task(_babble(writer))
        asked = [await _outcome(line) for _ in range(20)]
        assert any("never quiet" in str(outcome) for outcome in asked)
        assert {outcome for outcome in asked if isinstance(outcome, tuple)} <= {contents(1, 0, 4)}
        babbling.cancel()
        assert await line.execute(read(1, 0, 4), 5) == contents(1, 0, 4)
        await line.close()


async def _outcome(line: LinePort) -> tuple[int, ...] | BusError:
    try:
        return await line.execute(read(1, 0, 4), 5)
    except BusError as error:
        return error


async def _babble(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"\x55")
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("every", [1, 5, None], ids=["always", "each fifth", "the first only"])
async def test_a_gateway_with_wrong_transaction_numbers(every: int | None) -> None:
    """What comes under another number is nobody's answer, and the error says what is wrong."""
    asked = 0

    def renumber(frame: bytes) -> bytes:
        nonlocal asked
        asked += 1
        is_wrong = asked == 1 if every is None else asked % every == 0
        return (bytes([frame[0] ^ 0x40]) + frame[1:]) if is_wrong else frame

    wire = Wire(False, {1: WireMeter({a: 1000 + a for a in range(300)}, spoil=renumber)})
    right = named = 0
    async with wire, line_to(wire) as line:
        for round_ in range(20):
            try:
                answer = await line.execute(read(1, round_, 4), 0.1)
            except GarbledAnswerError as error:
                named += "another transaction's number" in str(error)
            else:
                right += answer == contents(1, round_, 4)
    expected = {1: 0, 5: 16, None: 19}[every]
    assert (right, named) == (expected, 20 - expected)


async def test_what_is_no_modbus_tcp_costs_the_connection() -> None:
    """A transparent serial server behind Modbus TCP settings: the message names the mistake."""
    wire = Wire(False, {1: WireMeter(spoil=lambda _: b"\x01\x03\x04\x00\x00\x00\x00\xfa")})
    async with wire, line_to(wire) as line:
        with pytest.raises(LineDownError) as caught:
            await line.execute(read(1, 0, 2), 5)
        assert "transparent serial server" in caught.value.placeholders["error"]
        assert not line.is_open


class Caller:
    """A gateway that dials in, and says something by itself first."""

    def __init__(self, meter: WireMeter) -> None:
        """Stand before a meter."""
        self.meter = meter
        self.ended = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def dial(self, port: int, local: str = "127.0.0.1") -> None:
        """Connect, register, and serve until the other end hangs up."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(local, 0))
        writer.write(b"REG:86010001")
        self._task = asyncio.create_task(self._serve(reader, writer))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                unit, pdu = await read_rtu(reader.readexactly)
                frame = bytes([unit]) + self.meter.answer(pdu)
                writer.write(frame + crc16(frame))
        except asyncio.IncompleteReadError, ConnectionError:
            pass
        finally:
            writer.close()
            self.ended.set()


async def test_a_gateway_that_dials_in() -> None:
    """It registers and is asked; when it dials in anew, the old connection is given up."""
    settings = LineSettings(transport=Transport.RTU_LISTEN, port=free_port())
    meter = WireMeter({a: 1000 + a for a in range(300)})
    async with bus_on(settings) as bus:
        first, second = Caller(meter), Caller(meter)
        await _until(partial(first.dial, settings.port))
        await bus.wait_until_up()
        answer = await bus.execute(read(1, 5, 4), RequestClass.DUE)
        assert answer == contents(1, 5, 4)
        await second.dial(settings.port)
        await asyncio.gather(first.ended.wait(), second.ended.wait())
        while not bus.health.up or bus.connection == 1:  # like any such gateway it tries again
            third = Caller(meter)
            await _until(partial(third.dial, settings.port))
            await asyncio.wait(
                [
                    asyncio.ensure_future(third.ended.wait()),
                    asyncio.ensure_future(bus.wait_until_up()),
                ],
                return_when=asyncio.FIRST_COMPLETED,
            )
            await asyncio.sleep(0.01)
        assert await bus.execute(read(1, 7, 4), RequestClass.DUE) == contents(1, 7, 4)


async def test_only_the_configured_gateway_may_dial_in() -> None:
    """Another address is hung up on; it speaks for no meter."""
    settings = LineSettings(transport=Transport.RTU_LISTEN, host="127.0.0.2", port=free_port())
    stranger, gateway = Caller(WireMeter({5: 666})), Caller(WireMeter({5: 77}))
    async with bus_on(settings) as bus:
        await _until(partial(stranger.dial, settings.port))
        await stranger.ended.wait()
        assert not bus.health.up
        await gateway.dial(settings.port, "127.0.0.2")
        await bus.wait_until_up()
        assert await bus.execute(read(1, 5, 1), RequestClass.DUE) == (77,)


async def test_a_port_that_is_taken_says_so() -> None:
    """Two lines cannot listen at one port."""
    settings = LineSettings(transport=Transport.RTU_LISTEN, port=free_port())
    one, other = open_line(settings), open_line(replace(settings, baudrate=1200))
    caller = Caller(WireMeter())
    opening = asyncio.create_task(one.open())
    await _until(partial(caller.dial, settings.port))
    await opening
    with pytest.raises(LineDownError, match="in use"):
        await other.open()
    await one.close()


async def _until(act: Callable[[], Coroutine[None, None, None]]) -> None:
    """Repeat a connection attempt until somebody listens."""
    for _ in range(1000):
        try:
            await act()
        except OSError:
            await asyncio.sleep(0.001)
        else:
            return
    raise AssertionError("nobody listens")


async def test_a_serial_port_is_not_read_before_the_answer_can_be_there() -> None:
    """A meter's pause is learned: its answer's forty-five bytes wake the program a few times."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    loop.add_reader(ours, lambda: reader.feed_data(os.read(ours, 512)))
    meter = WireMeter({a: 1000 + a for a in range(300)})
    settings = LineSettings(transport=Transport.SERIAL, device=os.ttyname(theirs), baudrate=9600)

    async def serve() -> None:
        while True:
            unit, pdu = await read_rtu(reader.readexactly)
            frame = bytes([unit]) + meter.answer(pdu)
            for byte in frame + crc16(frame):
                await asyncio.sleep(settings.character_s)
                os.write(ours, bytes([byte]))

    server = asyncio.create_task(serve())
    line = open_line(settings)
    assert isinstance(line, framed_line.FramedLine)
    chunks: list[list[int]] = []
    on_data = line.on_data

    def count(data: bytes) -> None:
        chunks[-1].append(len(data))
        on_data(data)

    line.on_data = count  # type: ignore[method-assign]  # it watches
    await line.open()
    for _ in range(12):
        chunks.append([])
        assert await line.execute(read(1, 0x80, 20), 5) == contents(1, 0x80, 20)
    await line.close()
    server.cancel()
    loop.remove_reader(ours)
    os.close(ours)
    os.close(theirs)
    assert [sum(chunk) for chunk in chunks] == [45] * 12
    assert len(chunks[0]) > 20  # nothing was known yet
    assert min(map(len, chunks[1:])) < len(chunks[0]) / 2
