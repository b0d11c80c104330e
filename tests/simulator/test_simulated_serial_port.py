"""The simulated serial port: a real terminal that a client opens by its link."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tmodbus.exceptions import CRCError, ModbusConnectionError
from tmodbus.pdu import ReadCoilsPDU, ReadHoldingRegistersPDU, WriteSingleCoilPDU
from tmodbus.transport import AsyncRtuTransport

from simulator.faults import Fault, FaultKind
from simulator.line import Transport
from simulator.mall import Mall
from simulator.tenants import MallPlan, one_line_plan
from tests.simulator.clients import TOTAL, Connect

LINE = "East riser"


@pytest.fixture
def plan() -> MallPlan:
    """Hang two shops on a serial line."""
    return one_line_plan(2, transport=Transport.SERIAL, pace=False)


async def test_a_serial_line_is_read_and_switched(
    build: Callable[..., Mall], connect: Connect, plan: MallPlan, tmp_path: Path
) -> None:
    """The port is a link in the given folder; long answers arrive whole."""
    async with build(plan, serial_folder=tmp_path) as mall:
        assert mall.device(LINE) == tmp_path / "east-riser"
        async with connect(mall, LINE) as ask:
            assert len(await ask(1, ReadHoldingRegistersPDU(0x68, 120))) == 120
            assert await ask(2, WriteSingleCoilPDU(1, value=False)) is False
            assert await ask(2, ReadCoilsPDU(1, 1)) == [False]
            assert await ask(1, ReadCoilsPDU(1, 1)) == [True]
    assert not mall.device(LINE).is_symlink()


async def test_faults_reach_a_serial_client(
    build: Callable[..., Mall], connect: Connect, plan: MallPlan
) -> None:
    """Silence, broken checksums and late answers happen on a serial line too."""
    async with build(plan) as mall, connect(mall, LINE, timeout=0.3) as ask:
        meter = mall.meter("A-101")
        meter.fail(Fault(kind=FaultKind.BAD_CRC, times=1))
        with pytest.raises((CRCError, TimeoutError)):
            await ask(1, TOTAL)
        meter.fail(Fault(kind=FaultKind.LATE, seconds=0.05, times=1))
        late = await ask(1, TOTAL)
        assert late == await ask(1, TOTAL)
        meter.fail(Fault(kind=FaultKind.SILENT, times=1))
        with pytest.raises(TimeoutError):
            await ask(1, TOTAL)
        assert await ask(1, TOTAL)


@pytest.mark.usefixtures("socket_enabled")
async def test_a_wrong_baud_rate_hears_nothing(build: Callable[..., Mall], plan: MallPlan) -> None:
    """A client at another speed gets no answer."""
    async with build(plan) as mall:
        transport = AsyncRtuTransport(str(mall.device(LINE)), baudrate=19200, timeout=0.1)
        await transport.open()
        with pytest.raises(TimeoutError):
            await transport.send_and_receive(1, TOTAL)
        await transport.close()
        assert mall.lines[LINE].statistics.requests == 0


async def test_an_adapter_is_pulled_and_put_back(
    build: Callable[..., Mall], connect: Connect, plan: MallPlan
) -> None:
    """Pulled, the link is gone and the client loses its port; put back, it has the same name."""
    async with build(plan) as mall:
        device = mall.device(LINE)
        async with connect(mall, LINE) as ask:
            assert await ask(1, TOTAL)
            await mall.unplug(LINE)
            assert not device.is_symlink()
            with pytest.raises((ModbusConnectionError, TimeoutError, OSError)):
                await ask(1, TOTAL)
        await mall.plug_in(LINE)
        assert device.is_symlink()
        async with connect(mall, LINE) as ask:
            assert await ask(1, TOTAL)


@pytest.mark.usefixtures("socket_enabled")
async def test_a_file_in_the_way_is_not_replaced(
    build: Callable[..., Mall], plan: MallPlan, tmp_path: Path
) -> None:
    """What is not the simulator's own link stays, and nothing is left open."""
    (tmp_path / "east-riser").write_text("mine")
    with pytest.raises(FileExistsError, match="in the way"):
        async with build(plan, serial_folder=tmp_path):
            raise AssertionError("the doors must not open")
    assert (tmp_path / "east-riser").read_text() == "mine"
