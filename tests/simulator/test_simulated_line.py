"""A simulated line through real sockets: framing, faults, one transaction at a time."""

import asyncio
from collections.abc import Callable

from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient
import pytest
from tmodbus.exceptions import (
    GatewayTargetDeviceFailedToRespondError,
    IllegalDataAddressError,
    IllegalDataValueError,
    IllegalFunctionError,
    ModbusConnectionError,
    ModbusResponseError,
)
from tmodbus.pdu import (
    ReadCoilsPDU,
    ReadDiscreteInputsPDU,
    ReadHoldingRegistersPDU,
    ReadInputRegistersPDU,
    WriteMultipleCoilsPDU,
    WriteMultipleRegistersPDU,
    WriteSingleCoilPDU,
    WriteSingleRegisterPDU,
)
from tmodbus.utils.crc import validate_crc16

from simulator.clock import ManualClock
from simulator.faults import Fault, FaultKind
from simulator.line import LinePlan, SimulatedLine, Transport
from simulator.mall import Mall
from simulator.registers import float_of
from simulator.tenants import one_line_plan
from tests.simulator.clients import SERIAL_NUMBER, TOTAL, Connect, RawClient

_TOTAL_FRAME = 3 + 4 + 2


async def test_a_meter_is_read_and_switched(
    mall: Mall, connect: Connect, clock: ManualClock
) -> None:
    """A client reads the register, opens the relay, reads it back, and the register stands."""
    meter = mall.meter("A-101")
    meter.set_load(3600)
    async with connect(mall) as ask:
        clock.advance(seconds=500)
        assert round(float_of(await ask(1, TOTAL)) * 1000) == meter.true_wh
        assert await ask(1, WriteSingleCoilPDU(1, value=False)) is False
        assert await ask(1, ReadCoilsPDU(1, 1)) == [False]
        before = await ask(1, TOTAL)
        clock.advance(hours=1)
        assert await ask(1, TOTAL) == before
    assert meter.delivered_wh == 500


async def test_pymodbus_reads_the_same(mall: Mall) -> None:
    """Another implementation of the protocol understands the meters too."""
    client = AsyncModbusTcpClient(
        "127.0.0.1", port=mall.port("East riser"), framer=FramerType.RTU, retries=0
    )
    assert await client.connect()
    try:
        answer = await client.read_holding_registers(0x12, count=7, device_id=2)
        text = b"".join(word.to_bytes(2) for word in answer.registers)
        assert text.rstrip(b"\0").decode() == mall.meter("A-102").serial
        coil = await client.read_coils(1, count=1, device_id=2)
        assert coil.bits[0]
    finally:
        client.close()


@pytest.mark.parametrize(
    "request_",
    [
        ReadInputRegistersPDU(0x80, 2),
        ReadDiscreteInputsPDU(1, 1),
        WriteSingleRegisterPDU(0x1E, 0xDD11),
        WriteMultipleCoilsPDU(1, [False]),
    ],
    ids=lambda pdu: f"function {pdu.function_code}",
)
async def test_other_functions_are_refused(
    mall: Mall, connect: Connect, request_: ReadInputRegistersPDU
) -> None:
    """Only 01, 03, 05 and 16 are known; the rest is exception 1 and changes nothing."""
    async with connect(mall) as ask:
        with pytest.raises(IllegalFunctionError):
            await ask(1, request_)
        assert await ask(1, ReadCoilsPDU(1, 1)) == [True]


async def test_addresses_and_lengths_are_refused(
    build: Callable[..., Mall], connect: Connect
) -> None:
    """Outside the map is exception 2, longer than the meter can is exception 3."""
    plan = one_line_plan(1)
    line = LinePlan(name="East riser", pace=False, max_registers=60)
    limited = type(plan)(lines=[line], meters=plan.meters, tenants=plan.tenants)
    async with build(limited) as mall, connect(mall) as ask:
        with pytest.raises(IllegalDataAddressError):
            await ask(1, ReadHoldingRegistersPDU(0x64, 2))
        with pytest.raises(IllegalDataAddressError):
            await ask(1, WriteSingleCoilPDU(2, value=False))
        with pytest.raises(IllegalDataValueError):
            await ask(1, ReadHoldingRegistersPDU(0x68, 61))
        assert len(await ask(1, ReadHoldingRegistersPDU(0x68, 60))) == 60
        assert await ask(1, WriteMultipleRegistersPDU(0x1D, [30])) == 1


async def test_nobody_answers_at_a_free_address(mall: Mall, connect: Connect) -> None:
    """On a transparent line an address without a meter is silent."""
    async with connect(mall, timeout=0.05) as ask:
        with pytest.raises(TimeoutError):
            await ask(99, TOTAL)


async def test_a_silent_meter_does_not_obey(mall: Mall, connect: Connect) -> None:
    """A silent meter gives no answer and does not switch; its neighbours answer."""
    mall.meter("A-101").fail(Fault(kind=FaultKind.SILENT))
    async with connect(mall, timeout=0.05) as ask:
        with pytest.raises(TimeoutError):
            await ask(1, WriteSingleCoilPDU(1, value=False))
        assert mall.meter("A-101").relay_closed
        assert await ask(2, ReadCoilsPDU(1, 1)) == [True]
        mall.meter("A-101").heal()
        assert await ask(1, ReadCoilsPDU(1, 1)) == [True]


async def test_a_lost_answer_hides_an_obeyed_command(mall: Mall, connect: Connect) -> None:
    """The command arrived, its echo did not: only reading back tells."""
    mall.meter("A-101").fail(Fault(kind=FaultKind.LOST, functions=frozenset({5})))
    async with connect(mall, timeout=0.05) as ask:
        with pytest.raises(TimeoutError):
            await ask(1, WriteSingleCoilPDU(1, value=False))
        assert await ask(1, ReadCoilsPDU(1, 1)) == [False]


async def test_bad_checksum_reaches_the_client(mall: Mall, raw: RawClient) -> None:
    """The frame is whole but its checksum is wrong, once; the next is right."""
    mall.meter("A-101").fail(Fault(kind=FaultKind.BAD_CRC, times=1))
    await raw.send(1, TOTAL)
    assert not validate_crc16(await raw.read(_TOTAL_FRAME))
    await raw.send(1, TOTAL)
    assert validate_crc16(await raw.read(_TOTAL_FRAME))


async def test_garbled_is_noise_and_not_obeyed(mall: Mall, raw: RawClient) -> None:
    """At the wrong parity the meter understands nothing and noise comes back."""
    mall.meter("A-101").fail(Fault(kind=FaultKind.GARBLED, times=1))
    await raw.send(1, WriteSingleCoilPDU(1, value=False))
    noise = await raw.read(3)
    assert noise[0] != 1
    assert mall.meter("A-101").relay_closed


@pytest.mark.parametrize("code", [1, 4, 6, 99])
async def test_a_meter_refuses_with_any_code(mall: Mall, connect: Connect, code: int) -> None:
    """Exception codes are the meter's own; a refused command is not obeyed."""
    mall.meter("A-101").fail(Fault(kind=FaultKind.EXCEPTION, code=code))
    async with connect(mall) as ask:
        with pytest.raises(ModbusResponseError) as refusal:
            await ask(1, WriteSingleCoilPDU(1, value=False))
        assert refusal.value.error_code == code
    assert mall.meter("A-101").relay_closed


async def test_a_late_answer_comes_after_another_meters(mall: Mall, raw: RawClient) -> None:
    """The line is free meanwhile, so the next meter's answer overtakes the late one."""
    mall.meter("A-101").fail(Fault(kind=FaultKind.LATE, seconds=0.05, times=1))
    await raw.send(1, TOTAL)
    await raw.send(2, TOTAL)
    first, second = await raw.read(_TOTAL_FRAME), await raw.read(_TOTAL_FRAME)
    assert (first[0], second[0]) == (2, 1)
    assert validate_crc16(first)
    assert validate_crc16(second)


async def test_a_slow_meter_holds_the_line_for_all(
    mall: Mall, connect: Connect, heard: asyncio.Event
) -> None:
    """Whoever asks over another connection waits: there is one pair of wires."""
    mall.meter("A-101").fail(Fault(kind=FaultKind.SLOW, seconds=0.1))
    async with connect(mall) as ask, connect(mall) as ask_too:
        slow = asyncio.ensure_future(ask(1, TOTAL))
        await heard.wait()
        await ask_too(2, TOTAL)
        assert slow.done()
        await slow


async def test_a_fault_of_the_line_hits_every_meter(mall: Mall, connect: Connect) -> None:
    """A line's fault hits each of its meters until it is healed."""
    line = mall.lines["East riser"]
    line.fail(Fault(kind=FaultKind.EXCEPTION, code=6))
    async with connect(mall) as ask:
        for unit in (1, 2, 3):
            with pytest.raises(ModbusResponseError):
                await ask(unit, TOTAL)
        line.heal()
        assert await ask(1, TOTAL)


async def test_a_share_of_requests_is_hit(mall: Mall, connect: Connect) -> None:
    """A fault with a share hits about that share, the same ones each time."""
    mall.meter("A-101").fail(Fault(kind=FaultKind.EXCEPTION, share=0.2))
    refused = 0
    async with connect(mall) as ask:
        for _ in range(200):
            try:
                await ask(1, SERIAL_NUMBER)
            except ModbusResponseError:
                refused += 1
    assert 20 <= refused <= 60


@pytest.mark.parametrize("kind", [FaultKind.SILENT, FaultKind.BAD_CRC, FaultKind.GARBLED])
async def test_a_modbus_tcp_gateway_reports_silence(
    build: Callable[..., Mall], connect: Connect, kind: FaultKind
) -> None:
    """Behind a Modbus TCP gateway what is not understood becomes exception 11."""
    plan = one_line_plan(2, transport=Transport.MODBUS_TCP, pace=False)
    async with build(plan) as mall, connect(mall) as ask:
        mall.meter("A-101").fail(Fault(kind=kind))
        with pytest.raises(GatewayTargetDeviceFailedToRespondError):
            await ask(1, TOTAL)
        assert await ask(2, TOTAL)


async def test_a_gateway_goes_and_comes_back(
    mall: Mall, connect: Connect, heard: asyncio.Event
) -> None:
    """Unplugged, connections drop and nobody listens; plugged in, it is at the same port."""
    port = mall.port("East riser")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    mall.meter("A-101").fail(Fault(kind=FaultKind.SLOW, seconds=60))
    async with connect(mall) as ask:
        hanging = asyncio.ensure_future(ask(1, TOTAL))
        await heard.wait()
        await mall.unplug("East riser")
        with pytest.raises((ModbusConnectionError, TimeoutError)):
            await hanging
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()
    with pytest.raises(OSError, match=r"refused|Connect call failed"):
        await asyncio.open_connection("127.0.0.1", port)
    mall.meter("A-101").heal()
    await mall.plug_in("East riser")
    assert mall.port("East riser") == port
    async with connect(mall) as ask:
        assert await ask(1, TOTAL)


@pytest.mark.parametrize(
    ("plan", "character_us", "silence_us"),
    [
        (LinePlan(name="x"), 1145.83, 4010.42),
        (LinePlan(name="x", parity="N"), 1041.67, 3645.83),
        (LinePlan(name="x", parity="N", stopbits=2), 1145.83, 4010.42),
        (LinePlan(name="x", baudrate=115200), 95.49, 1750.0),
    ],
)
def test_characters_take_their_time(plan: LinePlan, character_us: float, silence_us: float) -> None:
    """Eleven bits for 8E1, ten for 8N1; the silence has a floor above 19200 baud."""
    assert plan.character_s * 1e6 == pytest.approx(character_us, abs=0.01)
    assert plan.silence_s * 1e6 == pytest.approx(silence_us, abs=0.01)


async def test_a_paced_line_takes_bytes_and_turnaround(
    build: Callable[..., Mall], connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Request, turnaround and answer take exactly what their bytes take on the wire."""
    moments: list[float] = []
    until = SimulatedLine._until

    async def record(line: SimulatedLine, moment: float) -> None:
        moments.append(moment)
        await until(line, moment)

    monkeypatch.setattr(SimulatedLine, "_until", record)
    async with build(one_line_plan(1, baudrate=9600)) as mall, connect(mall) as ask:
        await ask(1, ReadHoldingRegistersPDU(0x80, 20))
        line = mall.lines["East riser"]
        heard, answered = moments
        assert answered - heard == pytest.approx(0.010 + 45 * 11 / 9600)
        assert line.statistics.requests == line.statistics.answers == 1
        assert line.statistics.busy_s >= 53 * 11 / 9600 + 0.010
