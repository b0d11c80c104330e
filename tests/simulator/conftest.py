"""A small mall whose time is moved by hand, and clients that talk to it over loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from tmodbus.transport import AsyncRtuOverTcpTransport, AsyncRtuTransport, AsyncTcpTransport

from simulator.clock import ManualClock
from simulator.line import SimulatedLine, Transport
from simulator.mall import Mall
from simulator.tenants import MallPlan, one_line_plan
from tests.simulator.clients import Connect, RawClient


@pytest.fixture
def clock() -> ManualClock:
    """Stand at eleven in the morning in Shanghai, on an ordinary day."""
    return ManualClock(datetime(2026, 3, 2, 3, tzinfo=UTC))


@pytest.fixture
def build(clock: ManualClock) -> Callable[..., Mall]:
    """Build malls that answer at once."""

    def build(plan: MallPlan | None = None, **options: Any) -> Mall:
        settings = {"clock": clock, **options}
        return Mall.build(plan or one_line_plan(3, pace=False), **settings)

    return build


@pytest.fixture
async def mall(build: Callable[..., Mall], socket_enabled: None) -> AsyncIterator[Mall]:
    """Open a mall of three shops behind a transparent gateway."""
    async with build() as mall:
        yield mall


@pytest.fixture
def connect(socket_enabled: None) -> Connect:
    """Connect to a line as its transport demands."""

    @asynccontextmanager
    async def connect(mall: Mall, line: str = "East riser", timeout: float = 2) -> Any:  # noqa: ASYNC109 - the transport's own
        plan = mall.lines[line].plan
        transport: AsyncRtuOverTcpTransport | AsyncRtuTransport | AsyncTcpTransport
        match plan.transport:
            case Transport.RTU_TCP:
                transport = AsyncRtuOverTcpTransport("127.0.0.1", mall.port(line), timeout=timeout)
            case Transport.MODBUS_TCP:
                transport = AsyncTcpTransport("127.0.0.1", mall.port(line), timeout=timeout)
            case Transport.SERIAL:
                transport = AsyncRtuTransport(
                    str(mall.device(line)), baudrate=plan.baudrate, timeout=timeout
                )
        await transport.open()
        try:
            yield transport.send_and_receive
        finally:
            await transport.close()

    return connect


@pytest.fixture
async def raw(mall: Mall) -> AsyncIterator[RawClient]:
    """Open a raw connection to the mall's line."""
    reader, writer = await asyncio.open_connection("127.0.0.1", mall.port("East riser"))
    yield RawClient(reader, writer)
    writer.close()
    await writer.wait_closed()


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Tell when a request has reached a line."""
    event = asyncio.Event()
    transact = SimulatedLine._transact

    async def notice(*arguments: Any) -> Any:
        event.set()
        return await transact(*arguments)

    monkeypatch.setattr(SimulatedLine, "_transact", notice)
    return event
