"""The simulated line that the bus is measured on, asked by others than the bus and by the bus."""

from collections.abc import Iterator

from pymodbus import FramerType
from pymodbus.client import ModbusTcpClient
import pytest

from benchmarks.bus_cases.clients import Ours, host_and_port
from benchmarks.bus_cases.stand import Line, opened
from benchmarks.bus_line.plan import LinePlan, Way, coded
from benchmarks.bus_line.process import Simulator, simulator

pytestmark = pytest.mark.usefixtures("socket_enabled")

QUICK = 115_200


@pytest.fixture(scope="module")
def lines() -> Iterator[Simulator]:
    """Run a simulator for all tests."""
    with simulator() as running:
        yield running


@pytest.mark.parametrize(
    ("way", "framer"), [(Way.RTU_TCP, FramerType.RTU), (Way.MODBUS_TCP, FramerType.SOCKET)]
)
def test_is_understood_by_pymodbus(lines: Simulator, way: Way, framer: FramerType) -> None:
    """Another program reads the same registers, and moves the same relays."""
    line = Line.make(lines, LinePlan(way=way, baudrate=QUICK, meters=4))
    host, port = host_and_port(line.place)
    client = ModbusTcpClient(host, port=port, framer=framer)
    assert client.connect()  # type: ignore[no-untyped-call]
    try:
        for unit in range(1, 5):
            answer = client.read_holding_registers(0x100, count=20, device_id=unit)
            assert answer.registers == [coded(unit, 0x100 + place) for place in range(20)]
        assert client.write_coil(1, value=False, device_id=3).bits[0] is False
        states = [client.read_coils(1, count=1, device_id=unit).bits[0] for unit in (3, 4)]
        assert states == [False, True]
    finally:
        client.close()  # type: ignore[no-untyped-call]
    counts, moves = lines.counts(line.number), lines.moves(line.number)
    assert (counts.answered, counts.by_unit) == (7, {1: 1, 2: 1, 3: 3, 4: 2})
    assert [(move.unit, move.closed) for move in moves] == [(3, False)]
    assert (counts.broken_silences > 0) is (way is Way.RTU_TCP), "pymodbus keeps no silence"


@pytest.mark.parametrize("way", Way)
async def test_carries_the_bus(lines: Simulator, way: Way) -> None:
    """By each way our bus reads and switches, keeps the silence, and is no faster than the wire."""
    line = Line.make(lines, LinePlan(way=way, baudrate=QUICK, meters=4, adapter_s=0.001))
    async with opened(Ours(line.plan, line.place)) as client:
        for unit in range(1, 5):
            values = await client.read(unit, 0x100, 20)
            assert values == [coded(unit, 0x100 + place) for place in range(20)]
        await client.switch(2, closed=False)
        assert [await client.is_closed(unit) for unit in (2, 3)] == [False, True]
    counts = lines.counts(line.number)
    assert (counts.answered, counts.broken_silences, counts.collisions) == (7, 0, 0)
    assert 0 < counts.efficiency <= 1
    assert [(move.unit, move.closed) for move in lines.moves(line.number)] == [(2, False)]


async def test_wears_out_no_patience(lines: Simulator) -> None:
    """The dead are silent, the revived answer; who speaks too early is not heard by who insists."""
    # So slow that no machine is too busy to speak too early.
    plan = LinePlan(way=Way.RTU_TCP, baudrate=2400, meters=2, insists=True)
    line = Line.make(lines, plan)
    lines.set_dead(line.number, [2], dead=True)
    host, port = host_and_port(line.place)
    client = ModbusTcpClient(host, port=port, framer=FramerType.RTU, timeout=0.5, retries=0)
    assert client.connect()  # type: ignore[no-untyped-call]
    try:
        outcomes = [_is_answered(client, 1) for _ in range(4)]
    finally:
        client.close()  # type: ignore[no-untyped-call]
    counts = lines.counts(line.number)
    assert outcomes == [True, False, True, False]
    assert (counts.unheard, counts.broken_silences) == (2, 2)
    async with opened(Ours(plan, line.place)) as ours:
        assert await ours.read(1, 0x100, 4) == [coded(1, 0x100 + place) for place in range(4)]
        lines.set_dead(line.number, [2], dead=False)
        assert await ours.read(2, 0x100, 4) == [coded(2, 0x100 + place) for place in range(4)]


def _is_answered(client: ModbusTcpClient, unit: int) -> bool:
    try:
        return not client.read_holding_registers(0x100, count=4, device_id=unit).isError()
    except Exception:  # noqa: BLE001  # silence has many names there
        return False
